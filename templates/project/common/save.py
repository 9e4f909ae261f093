"""Keep what a model has learned from all rows: python save.py baseline

Plain data go to runs/NAME/model.json, tensors to model.pt, which is read with weights_only: nothing in
these files can run when they are loaded, as it could in a pickle.
"""

import json
import sys

import data
import train


def main(name, seed=train.PROJECT["seed"]):
    _, inputs, targets = data.load()
    learned = train.find(name).fit(inputs, targets, seed)
    if not train.FIRST:
        return
    path = save(learned, train.HERE / "runs" / name)
    print(f"{path.relative_to(train.HERE)}: learned from {len(targets)} rows, {path.stat().st_size} bytes")


def save(learned, folder):
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "model.part"  # an old model goes when the new one is whole
    try:
        part.write_text(json.dumps(learned), encoding="utf-8")
        path = folder / "model.json"
    except TypeError:
        import torch

        torch.save(learned, part)
        path = folder / "model.pt"
    part.replace(path)
    for old in {folder / "model.json", folder / "model.pt"} - {path}:
        old.unlink(missing_ok=True)
    return path


def load(folder):
    """What was saved; nothing where nothing was."""
    if (folder / "model.json").exists():
        return json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if not (folder / "model.pt").exists():
        return None
    import torch

    return torch.load(folder / "model.pt", weights_only=True)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["baseline"]))
