"""The app as a Space of Hugging Face: the same predictions as app.py, shown by gradio."""

import gradio

import app
import data
import train

MODEL = {{ model_py }}


def predict(*cells):
    said = app.predict(MODEL, {name: str(cell or "").strip() for name, cell in zip(app.COLUMNS, cells, strict=True)})
    return {{ "said" if is_class else 'f"{said:.6g}"' }}


def field(name, words):
    """What asks for a value: words to choose from, or a line with a number to go by."""
    if name in data.WORDS:
        return gradio.Dropdown(words, value=None, label=name, allow_custom_value=True)
    return gradio.Textbox(label=name, placeholder=f"such as {words[len(words) // 2]}" if words else "")


fields = [field(name, words) for name, words in app.examples().items()]
shown = gradio.{{ "Label(num_top_classes=5, " if is_class else "Textbox(" }}label=data.TARGET)
page = gradio.Interface(predict, fields, shown, title=train.PROJECT["name"], flagging_mode="never")

if __name__ == "__main__":
    page.launch()
