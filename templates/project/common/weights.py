"""Pretrained weights: found on this machine and verified, else fetched, else it is said what is missing.

Nothing falls back in silence: a network that begins with noise is another model (`pretrained: false` asks for it).
"""

import hashlib
import json
import os
from pathlib import Path

HERE = Path(__file__).parent
# From where, and MiB. The digits in a name begin the SHA-256; wt103-fwd has its bytes and the MD5 of their first MiB.
KNOWN = {
    "resnet18": ("https://download.pytorch.org/models/resnet18-f37072fd.pth", 44.661, ""),
    "resnet34": ("https://download.pytorch.org/models/resnet34-b627a593.pth", 83.275, ""),
    "resnet50": ("https://download.pytorch.org/models/resnet50-11ad3fa6.pth", 97.79, ""),
    "resnet101": ("https://download.pytorch.org/models/resnet101-cd907fc2.pth", 170.53, ""),
    "squeezenet1_1": ("https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth", 4.729, ""),
    "mobilenet_v3_small": ("https://download.pytorch.org/models/mobilenet_v3_small-047dcff4.pth", 9.829, ""),
    "mobilenet_v3_large": ("https://download.pytorch.org/models/mobilenet_v3_large-5c1a4163.pth", 21.107, ""),
    "efficientnet_b0": ("https://download.pytorch.org/models/efficientnet_b0_rwightman-7f5810bc.pth", 20.451, ""),
    "convnext_tiny": ("https://download.pytorch.org/models/convnext_tiny-983f1562.pth", 109.119, ""),
    "awd_lstm": ("https://s3.amazonaws.com/fast-ai-modelzoo/wt103-fwd.tgz", 100.2, "105067061 7d1114cd9684bf9d1ca3c9f6a54da6f9"),
}
TIMM = "https://huggingface.co/timm/{}/resolve/main/model.safetensors"  # any other name, given with its tag


def find(arch):
    """The verified file of an architecture's weights; without one the program ends and says what to do."""
    if arch not in KNOWN and "." not in arch:
        raise SystemExit(f"no weights are known for {arch}: there are {', '.join(KNOWN)}, and those of timm, named with their tag")
    url, size, first = KNOWN.get(arch, (TIMM.format(arch), None, ""))
    name = url.rpartition("/")[2] if arch in KNOWN else f"{arch}.safetensors"
    looked = {}
    for path in places(arch, name):
        looked[path] = wrong(path, name, size, first)
        if not looked[path]:
            return path
    if os.environ.get("HF_HUB_OFFLINE", "0") == "0":
        path = places(arch, name)[1]
        looked[url] = fetch(url, path) or wrong(path, name, size, first)
        if not looked[url]:
            return path
    raise SystemExit(
        f"{arch} begins with pretrained weights, {name}{f' ({size} MiB)' if size else ''}, and they are not here:\n"
        + "".join(f"  {place}: {why}\n" for place, why in looked.items())
        + f"On a machine with a network: fastcompanion weights fetch {arch} --to FOLDER, or take {url}\n"
        f"Then put {name} into {HERE / 'weights'}\n"
        "To go on without, with another model: pretrained: false in project.yml"
    )


def places(arch, name):
    """The project's own folder, the one of all projects, the caches of torch, fastai and Hugging Face."""
    shared, cache = os.environ.get("FASTCOMPANION_WEIGHTS"), Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    torch = Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub" / "checkpoints"
    fastai = Path(os.environ.get("FASTAI_HOME") or "~/.fastai") / "archive"
    hub = Path(os.environ.get("HF_HOME") or cache / "huggingface").expanduser() / "hub"
    folders = [HERE / "weights", *([Path(shared)] if shared else []), torch, fastai]
    return [one.expanduser() / name for one in folders] + sorted(hub.glob(f"models--timm--{arch}/snapshots/*/model.safetensors"))


def wrong(path, name, size, first):
    """What is wrong with a file; nothing where it is what its name says."""
    if not path.is_file():
        return "not there"
    length = path.stat().st_size
    if size and round(length / 2**20, 3) != size:
        return f"has {length / 2**20:.3f} MiB: torn off, or another file"
    with path.open("rb") as file:
        if first:
            good = f"{length} {hashlib.md5(file.read(2**20)).hexdigest()}" == first
        elif name.endswith(".safetensors"):
            good = fits(file, length)
        else:
            good = hashlib.file_digest(file, "sha256").hexdigest().startswith(Path(name).stem.rpartition("-")[2])
    return "" if good else "broken, or another file under this name"


def fits(file, length):
    """Whether the header of safetensors tells of the bytes that are there, without a gap."""
    try:
        begin = 8 + int.from_bytes(file.read(8), "little")
        told = json.loads(file.read(begin - 8)) if begin <= length else {}
        spans = sorted(one["data_offsets"] for tensor, one in told.items() if tensor != "__metadata__")
        return [0, *(end for _, end in spans)] == [*(start for start, _ in spans), length - begin] != [0]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def fetch(url, path):
    """Put a file from the network in its place, whole or not at all; gives what kept it from coming."""
    from torch.hub import download_url_to_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(url, path)
    except (OSError, ValueError) as error:
        return f"could not be fetched: {error}"
    return ""
