"""The app as a Space of Hugging Face: the same predictions as app.py, shown by gradio."""

import gradio

import app
import data
import train

MODEL = {{ model_py }}


def predict(*pair):
    return app.answer(*app.predict(MODEL, {name: str(cell or "").strip() for name, cell in zip(app.COLUMNS, pair, strict=True)}))


fields = [gradio.Dropdown(words, value=None, label=name, allow_custom_value=True) for name, words in app.examples().items()]
page = gradio.Interface(predict, fields, gradio.Textbox(label=data.TARGET), title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
