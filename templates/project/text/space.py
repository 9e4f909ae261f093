"""The app as a Space of Hugging Face: the same predictions as app.py, shown by gradio."""

import gradio

import app
import data
import train

MODEL = {{ model_py }}


def predict(text):
    return app.asked(MODEL, text or "")


asked = gradio.Textbox(lines=8, label="a text")
page = gradio.Interface(predict, asked, gradio.HTML(label=data.TARGET), title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
