#@title fastcompanion: run this cell first, and again after each restart { display-mode: "form" }
# {{ mark }} {{ id }}
# It installs fastcompanion {{ version }} beside what is here (nothing that is here is replaced), unpacks what
# the checks of {{ lesson }} need, and loads %checkpoint, %check and %hint. It carries your results and minutes
# home in its output, and is taken out again there: fastcompanion server notebook home FILE.ipynb
def fastcompanion_first_cell():
    import importlib
    import os
    import subprocess
    import sys
    from importlib import metadata, util
    from pathlib import Path

    wanted, source, drive = {{ version_py }}, {{ source_py }}, {{ drive_py }}
    root = Path.home() / ".fastcompanion-travel"
    if drive:
        from google.colab import drive as google_drive

        google_drive.mount("/content/drive")
        root = Path("/content/drive/MyDrive/fastcompanion-travel")
    os.environ["FASTCOMPANION_HOME"] = str(root)
    site = Path.home() / ".fastcompanion-travel" / f"python{sys.version_info[0]}{sys.version_info[1]}"
    if sys.version_info < (3, 11):
        print("fastcompanion needs Python 3.11 or newer; here is", sys.version.split()[0])
        return
    loaded = getattr(sys.modules.get("fastcompanion"), "__version__", wanted)
    if loaded != wanted:
        print(f"fastcompanion {loaded} is loaded, and this notebook is of {wanted}: restart the kernel, then run this cell")
        return
    if source and Path(source).is_dir():
        sys.path.insert(0, source)
    elif site.is_dir():
        sys.path.insert(0, str(site))
    importlib.invalidate_caches()

    def missing():
        found = [name for module, name in {{ needs_py }} if util.find_spec(module) is None]
        try:
            fits = metadata.version("fastcompanion") == wanted
        except metadata.PackageNotFoundError:
            fits = False
        here = util.find_spec("fastcompanion") is not None
        fits = here and (fits or bool(source and Path(source).is_dir()))
        return found if fits else [*found, source or "fastcompanion==" + wanted]

    if missing():
        pip = [sys.executable, "-m", "pip"] if util.find_spec("pip") else ["uv", "pip"]
        words = ["install", "--quiet", "--no-deps", "--upgrade", "--target", str(site), *missing()]
        try:
            done = subprocess.run([*pip, *words], capture_output=True, text=True)
        except OSError:
            print("There is no pip here: %pip install", *missing(), "  (as far as your server lets you)")
            return
        if str(site) not in sys.path:
            sys.path.insert(0, str(site))
        importlib.invalidate_caches()
        if done.returncode:
            print(done.stderr.strip()[-1500:])
            print("fastcompanion could not be installed. {{ no_network }}")
            return
    # Line breaks do not matter, every other change does.
    packed = """
{{ packed }}
"""
    from fastcompanion.notebook.travelling import arrive

    arrive(packed, get_ipython())


fastcompanion_first_cell()
del fastcompanion_first_cell
