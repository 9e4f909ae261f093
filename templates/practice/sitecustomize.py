"""Leads the kaggle client to the practice server; whatever goes wrong here, it gets nowhere else.

Python imports this file at its start, as its folder stands in PYTHONPATH. The client's addresses are
changed when it imports them, and an address that is not of this machine is never set.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

_MODULE = "kagglesdk.kaggle_env"
_ENDPOINT = os.environ.get("FASTCOMPANION_PRACTICE", "")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds that one module as everybody does, and changes its addresses when it was loaded."""

    def find_spec(self, name, path=None, target=None):
        """Find a module; None leaves it to the others."""
        if name != _MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            # A client that keeps its addresses elsewhere ends here, with an error.
            for known in list(module._env_to_endpoint):
                module._env_to_endpoint[known] = _ENDPOINT
            if module.get_endpoint(module.get_env()) != _ENDPOINT:
                raise ImportError("the kaggle client can't be led to the practice server")

        spec.loader.exec_module = exec_module
        return spec


def _next_one():
    """Run the sitecustomize that this one hides, where there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if _ENDPOINT.startswith("http://127.0.0.1:"):
    sys.meta_path.insert(0, _Finder())
_next_one()
