"""The app as a Space of Hugging Face: the same forecast as app.py, shown by gradio."""

import gradio

import app
import data
import train

MODEL = {{ model_py }}


def predict(steps):
    return "".join(app.asked(MODEL, str(int(steps or 0))))


steps = gradio.Number(app.USUAL, label="steps ahead", precision=0, minimum=1, maximum=app.MOST)
page = gradio.Interface(predict, steps, gradio.HTML(label=data.TARGET), title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
