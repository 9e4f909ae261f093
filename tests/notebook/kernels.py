"""A bare ipykernel with a home of its own, driven as a front end does: cells with ids, no study."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any, Self

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

SECONDS = 120.0


@dataclass(frozen=True)
class Said:
    """What one cell put out: its streams, the text of its result, its error."""

    out: str = ""
    err: str = ""
    shown: str = ""
    error: str = ""

    @property
    def flat(self) -> str:
        """What was printed, on one line: where lines are broken does not matter."""
        return " ".join(self.out.split())


class BareKernel:
    """`with BareKernel(folder) as kernel: kernel.run("1 + 1")`; nothing of ours is on its way in."""

    def __init__(self, cwd: Path, home: Path, python: str = sys.executable, **more: str) -> None:
        self.cwd = cwd
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.env = {
            **kept,
            "HOME": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "FASTCOMPANION_HOME": str(home / "fastcompanion"),
            "GIT_CONFIG_GLOBAL": os.environ.get("GIT_CONFIG_GLOBAL", os.devnull),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            **more,
        }
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]

        class OneKernel(KernelSpecManager):
            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                return KernelSpec(argv=argv)

        self.manager = KernelManager(kernel_name="bare", kernel_spec_manager=OneKernel())

    def __enter__(self) -> Self:
        self.manager.start_kernel(cwd=str(self.cwd), env=self.env)
        self.client: Any = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, source: str, cell_id: str = "") -> Said:
        """Run one cell, with the id that JupyterLab would send along."""
        content = {"code": source, "silent": False, "store_history": True,
                   "user_expressions": {}, "allow_stdin": False, "stop_on_error": False}  # fmt: skip
        metadata = {"cellId": cell_id} if cell_id else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        own = message["header"]["msg_id"]
        found = {"out": "", "err": "", "shown": "", "error": ""}
        while True:
            try:
                heard = self.client.get_iopub_msg(timeout=SECONDS)
            except Empty:
                raise AssertionError(f"the kernel said nothing for {SECONDS} s: {source}") from None
            if heard["parent_header"].get("msg_id") != own:
                continue
            kind, told = heard["msg_type"], heard["content"]
            if kind == "stream":
                found["out" if told["name"] == "stdout" else "err"] += told["text"]
            elif kind in ("execute_result", "display_data"):
                found["shown"] += told["data"].get("text/plain", "")
            elif kind == "error":
                found["error"] = f"{told['ename']}: {told['evalue']}"
            elif kind == "status" and told["execution_state"] == "idle":
                return Said(**found)
