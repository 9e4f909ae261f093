"""The app as a Space of Hugging Face: the same predictions as app.py, shown by gradio."""

from pathlib import Path

import gradio

import app
import data
import train
{% if says == "points" %}from PIL import ImageDraw
{% endif %}
MODEL = {{ model_py }}


def predict(path):
    if not path:
        raise gradio.Error("there is no picture")
    (said,) = train.find(MODEL).predict(app.learned(MODEL), [Path(path)])
{% if says == "points" %}    image = data.opened(Path(path)).convert("RGB")
    size = max(image.size) / 60
    for x, y in zip(said[::2], said[1::2], strict=True):
        ImageDraw.Draw(image).ellipse((x - size, y - size, x + size, y + size), fill="#f0f", outline="white")
    return image, app.answer(said)
{% else %}    return {{ 'f"{said:.6g}"' if says == "number" else "said" }}
{% endif %}

asked = gradio.Image(type="filepath", label="a picture")
{% if says == "points" %}shown = [gradio.Image(label=data.TARGET), gradio.Textbox(label=data.TARGET)]
{% else %}shown = gradio.{{ "Textbox(" if says == "number" else "Label(num_top_classes=5, " }}label=data.TARGET)
{% endif %}page = gradio.Interface(predict, asked, shown, title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
