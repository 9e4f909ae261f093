"""Where a model learns: on which device, and in one process or in several."""

import os
from contextlib import nullcontext
from pathlib import Path

import torch
import yaml
from fastai.torch_core import default_device

PROJECT = yaml.safe_load((Path(__file__).parent / "project.yml").read_text(encoding="utf-8"))
CRUMB = 8  # a last batch of fewer rows (or than half a batch) is too little for BatchNorm, and for several processes


def device():
    """What `device:` in project.yml says; auto is CUDA, then Apple's MPS, then the CPU."""
    wanted = PROJECT.get("device", "auto")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted != "auto" and not there.get(wanted):
        raise SystemExit(f"project.yml says device: {wanted}; here are: auto, {', '.join(one for one in there if there[one])}")
    if there["cuda"]:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))  # each process has a GPU of its own
    return default_device({"auto": None, "cpu": False}.get(wanted, True))


def batch(rows, size):
    """The batch size from `size` up that leaves no crumb at the end."""
    crumb = min(CRUMB, size // 2)
    return next((one for one in range(size, 2 * size) if not 0 < rows % one < crumb), size)


def together(learner):
    """What to fit in: with `accelerate launch` all its processes learn as one, alone nothing changes."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return nullcontext()
    import processes  # needs accelerate

    return processes.sharing(learner)
