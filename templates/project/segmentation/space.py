"""The app as a Space of Hugging Face: the same predictions as app.py, shown by gradio."""

from pathlib import Path

import gradio

import app
import data
import train

MODEL = {{ model_py }}


def predict(path):
    if not path:
        raise gradio.Error("there is no picture")
    return app.answer(*app.predict(MODEL, Path(path).read_bytes()))


asked = gradio.Image(type="filepath", label="a picture")
page = gradio.Interface(predict, asked, gradio.HTML(label=data.TARGET), title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
