"""The app as a Space of Hugging Face: the same predictions as app.py, shown by gradio."""

from pathlib import Path

import gradio

import app
import data
import train

MODEL = {{ model_py }}


def predict(path):
    if not path:
        raise gradio.Error("there is no recording")
    said, _ = app.predict(MODEL, Path(path).read_bytes())
    return said


asked = gradio.Audio(type="filepath", format="wav", label="a recording")
shown = gradio.Label(num_top_classes=5, label=data.TARGET)
page = gradio.Interface(predict, asked, shown, title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
