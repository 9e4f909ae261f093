"""What would be lost with a machine: commits that were not pushed, changes without one, files never fetched.

What git ignores is what gets lost: models and data lie there because they are too large for it. Folders whose
name begins with a dot are looked into as well. Left out is what programs put there by themselves, and what is a
secret of the learner's that lies elsewhere, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.server import syncing
from fastcompanion.server.comparing import Entry, alike
from fastcompanion.server.connection import Connection
from fastcompanion.server.syncing import THERE

_LISTED = 20
_SECONDS = 300
_THERE = "there"
# Clocks of laptops are wrong at times; what came with the machine's image is weeks old.
_MARGIN = 24 * 3600
# Outside of the home folder: disks, and the folders that people make beside those of the system.
_SYSTEM = "bin boot dev etc home init lib lib32 lib64 libx32 lost+found mnt media opt proc root run sbin snap srv sys tmp usr var"
_DISKS = "mnt media srv opt/dlami/nvme"
# One line for each finding: kind, count, bytes, path, divided by tabs. Files whose last change (of anything:
# times of copied files lie) is older than the moment `$1` came with the machine. Those in the folder `$2`, where
# syncs go, are told one by one: bytes, time, path. `$3` is where the system's folders begin.
_LOOK = rf"""
set -u
shopt -s dotglob nullglob
cd "$HOME" || exit 3
since=$1 there=$2 root=$3
made=(-name .cache -o -name .local -o -name .venvs -o -name venv -o -name .venv -o -name .conda -o -name node_modules
  -o -name __pycache__ -o -name .ipynb_checkpoints -o -name .pytest_cache -o -name .mypy_cache -o -name .ruff_cache)
hidden=(.gitconfig .bash_history .bash_logout .bashrc .bashrc.d .profile .zshrc .zsh_history .inputrc .lesshst .viminfo .wget-hsts
  .sudo_as_admin_successful .python_history .selected_editor .hushlogin .Xauthority .ssh .gnupg .aws .kaggle .netrc
  .git-credentials .dotfiles .dotfiles-backup .tmux.conf .nv .npm .ipython .jupyter .keras .triton .torch .cargo
  .rustup .vscode-server .cursor-server .motd_shown .cloud-locale-test.skip)
settings=(htop procps jgit uv pip matplotlib)
repos=() prune=()

row() {{ printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${{4//[[:cntrl:]]/?}}"; }}
whole() {{ printf '%s' "$1" | sed 's/[][*?\\]/\\&/g'; }}
total() {{ awk '{{ n += 1; b += $1 }} END {{ printf "%d %.0f", n, b }}'; }}
among() {{ local one=$1 each; shift; for each; do [[ $one == "$each" ]] && return 0; done; return 1; }}
within() {{ # within KIND PATH SHOWN [FIND-TEST...]: what is new in there
  local kind=$1 at=$2 shown=$3 n b
  shift 3
  read -r n b < <(find "$at" \( -type d \( "${{made[@]}}" -o -name .git "${{prune[@]}}" \) \) -prune -o -type f -newerct "@$since" "$@" -printf '%s\n' 2>/dev/null | total)
  if ((n)); then row "$kind" "$n" "$b" "$shown"; fi
}}
ours() {{ git -c safe.directory='*' -C "$@" 2>/dev/null; }}

while IFS= read -r -d '' git; do
  at=${{git%/.git}}
  repos+=("$at")
  prune+=(-o -path "$(whole "$at")")
  if ! ours "$at" rev-parse --git-dir >/dev/null; then row unreadable 1 0 "$at"; continue; fi
  changed=$(ours "$at" status --porcelain | wc -l)
  ahead=$(ours "$at" log --branches --not --remotes --oneline | wc -l)
  loose=$(ours "$at" log HEAD --not --branches --remotes --oneline | wc -l)
  stashed=$(ours "$at" stash list | wc -l)
  ((changed)) && row uncommitted "$changed" 0 "$at"
  ((ahead + loose)) && row unpushed $((ahead + loose)) 0 "$at"
  ((stashed)) && row stashed "$stashed" 0 "$at"
done < <(find . -maxdepth 6 \( "${{made[@]}}" \) -prune -o -name .git -print0 2>/dev/null)

# What git ignores, by the first folder below each repository; another repository in there speaks for itself.
for at in "${{repos[@]}}"; do
  [[ $at == . ]] && continue
  skip=("${{made[@]}}" -o -name .git)
  for one in "${{repos[@]}}"; do [[ $one == "$at"/* ]] && skip+=(-o -path "./$(whole "${{one#"$at"/}}")"); done
  while IFS=$'\t' read -r n b first; do row ignored "$n" "$b" "$at/$first"; done < <(
    ours "$at" ls-files -z --others --ignored --exclude-standard --directory | (
      cd "$at" || exit 1
      told=/
      while IFS= read -r -d '' path; do # git names a folder, and then what is in it once more
        if [[ $path == "$told"* || $path == */ && -e $path/.git ]]; then continue; fi
        printf './%s\0' "$path"
        if [[ $path == */ ]]; then told=$path; fi
      done |
        xargs -0 -r bash -c 'find "${{@:$((2 + $1))}}" \( -type d \( "${{@:2:$1}}" \) \) -prune -o -type f -newerct "@$0" -printf "%s\t%H\0"' "$since" ${{#skip[@]}} "${{skip[@]}}" 2>/dev/null
    ) | tr '\n\0' '?\n' |
      awk -F '\t' '{{ split($2, part, "/"); n[part[2]] += 1; b[part[2]] += $1 }}
        END {{ for (one in n) printf "%d\t%.0f\t%s\n", n[one], b[one], one }}'
  )
done

for at in *; do
  [[ -e $at/.git || $at == .git ]] && continue
  among "$at" "${{hidden[@]}}" .cache .local .venvs .conda && continue
  if [[ $at == "$there" ]]; then
    find "$at" \( "${{made[@]}}" -o -name .git \) -prune -o -type f -newerct "@$since" -printf 'there\t%s\t%T@\t%p\n' 2>/dev/null
  elif [[ $at == .config ]]; then
    for one in .config/*; do among "${{one#*/}}" "${{settings[@]}}" || within files "./$one" "$one"; done
  elif [[ $at == .fastai ]]; then # full of what was fetched; models are what learners put there
    within files ./.fastai .fastai \( -name '*.pkl' -o -name '*.pth' -o -name '*.pt' -o -name '*.safetensors' -o -name '*.onnx' \)
  else
    within files "./$at" "$at"
  fi
done
for at in "$root"*/; do
  one=${{at%/}}
  among "${{one#"$root"}}" {_SYSTEM} || [[ -L $one || $HOME/ == "$at"* ]] || within files "$one" "$one"
done
for one in {_DISKS}; do [[ -d $root$one ]] && within files "$root$one" "$root$one"; done
echo looked
"""


@frozen
class Unsaved:
    """One finding: its kind, how many, how large, where.

    The kinds are "uncommitted", "unpushed", "stashed", "ignored" (by git), "unreadable" (to git), "files".
    """

    kind: str
    count: int
    bytes: int
    path: str


@frozen
class Look:
    """What was found, or why nobody could look; `more` is how many findings are not told."""

    found: tuple[Unsaved, ...]
    looked: bool
    why_not: str = ""
    more: int = 0

    @property
    def clean(self) -> bool:
        """Whether it is certain that nothing is lost."""
        return self.looked and not self.found


def look(way: Connection, since: float, *, root: str = "/") -> Look:
    """Look over ssh; `since` is when the machine was made, in seconds since 1970."""
    moments = [f"{max(0.0, since - _MARGIN):.3f}", THERE, root]
    try:
        done = way.script(_LOOK, args=moments, root=False, timeout=_SECONDS)
    except CompanionError as error:
        return Look((), False, error.message)
    lines = done.out.splitlines()
    if "looked" not in lines:
        return Look((), False, "the look came to no end")
    rows = [line.split("\t", 3) for line in lines if line.count("\t") >= 3]
    here = {path: Entry(int(size), float(at)) for kind, size, at, path in rows if kind == _THERE}
    found = [*_findings(rows), *_not_synced(way.server.name, here)]
    found.sort(key=lambda one: (one.kind == "files", -one.bytes))
    return Look(tuple(found[:_LISTED]), True, more=max(0, len(found) - _LISTED))


def _findings(rows: Iterable[list[str]]) -> list[Unsaved]:
    return [
        Unsaved(kind, int(count), int(size), path)
        for kind, count, size, path in rows
        if kind != _THERE and count.isdigit() and size.isdigit()
    ]


def _not_synced(name: str, files: Mapping[str, Entry]) -> tuple[Unsaved, ...]:
    """Add up what is not as the last sync left it; what was never synced is not, whenever it was made."""
    known = {
        f"{folder}/{path}": entry
        for folder, base in syncing.bases(name)
        for path, entry in base.items()
    }
    sizes = [one.size for path, one in files.items() if not _same(one, known.get(path))]
    return (Unsaved("files", len(sizes), sum(sizes), THERE),) if sizes else ()


def _same(one: Entry, known: Entry | None) -> bool:
    return known is not None and alike(one, known)
