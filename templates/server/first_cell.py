#@title fastcompanion: run this cell first, and again after each restart { display-mode: "form" }
# {{ mark }} {{ id }}
# It unpacks the part of fastcompanion {{ version }} that checks notebooks into ~/.fastcompanion-travel (nothing that
# is here is replaced) and what the checks of {{ lesson }} need, and loads %checkpoint, %check and %hint. It carries
# your results and minutes home in its output, and is taken out again there:
# fastcompanion server notebook home FILE.ipynb
from __future__ import annotations


def fastcompanion_first_cell():
    import base64
    import hashlib
    import importlib
    import io
    import os
    import subprocess
    import sys
    from importlib import util
    from pathlib import Path

    if sys.version_info < (3, 11):
        print("fastcompanion needs Python 3.11 or newer; here is", sys.version.split()[0])
        return
    home = Path.home() / ".fastcompanion-travel"
    root = home
    if {{ drive_py }}:
        from google.colab import drive as google_drive

        google_drive.mount("/content/drive")
        root = Path("/content/drive/MyDrive/fastcompanion-travel")
    os.environ["FASTCOMPANION_HOME"] = str(root)

    # The program. Line breaks do not matter, every other change does.
    packed = base64.b64decode("""
{{ program }}
""")
    if hashlib.sha256(packed).hexdigest()[:16] != "{{ digest }}":
        print("This cell is damaged. At home, this makes the copy anew: fastcompanion server notebook {{ door }}")
        return
    site = home / "{{ digest }}"
    loaded = getattr(sys.modules.get("fastcompanion"), "__file__", None)
    if loaded and site not in Path(loaded).parents:
        print("Another fastcompanion is loaded here already: restart the kernel, then run this cell first")
        return
    if not site.is_dir():
        import lzma
        import tempfile
        import zipfile

        home.mkdir(exist_ok=True)
        coming = Path(tempfile.mkdtemp(dir=home))
        zipfile.ZipFile(io.BytesIO(lzma.decompress(packed))).extractall(coming)
        try:
            coming.rename(site)
        except OSError:  # another notebook was faster
            pass
    if str(site) not in sys.path:
        sys.path.insert(0, str(site))
    importlib.invalidate_caches()

    # Servers with notebooks have it all the same, as a rule.
    missing = [name for module, name in {{ needs_py }} if util.find_spec(module) is None]
    if missing:
        others = home / f"python{sys.version_info[0]}{sys.version_info[1]}"
        pip = [sys.executable, "-m", "pip"] if util.find_spec("pip") else ["uv", "pip"]
        words = ["install", "--quiet", "--no-deps", "--target", str(others), *missing]
        try:
            done = subprocess.run([*pip, *words], capture_output=True, text=True)
        except OSError:
            print("There is no pip here: %pip install", *missing, "  (as far as your server lets you)")
            return
        sys.path.append(str(others))
        importlib.invalidate_caches()
        if done.returncode:
            print(done.stderr.strip()[-1500:])
            print(*missing, "could not be installed. {{ no_network }}")
            return
    # What the checks need, sealed in the same way.
    packed = """
{{ packed }}
"""
    from fastcompanion.notebook.travelling import arrive

    arrive(packed, get_ipython())


fastcompanion_first_cell()
del fastcompanion_first_cell
