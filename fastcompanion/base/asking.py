"""Asking a kernel something without a trace: the learner's names, history and chance stay as is."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.outputs import plain

_TEXT = 10_000
# Runs in the learner's kernel, in a namespace of its own.
_HELPER = """
def answer(code):
    import ast, json, random, sys
    from IPython import get_ipython
    undo = [(random.setstate, random.getstate())]
    numpy, torch = sys.modules.get("numpy.random"), sys.modules.get("torch")
    if hasattr(numpy, "get_state"):
        undo.append((numpy.set_state, numpy.get_state()))
    if hasattr(torch, "get_rng_state"):
        undo.append((torch.set_rng_state, torch.get_rng_state()))
        if torch.cuda.is_initialized():
            undo.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    try:
        names = dict(get_ipython().user_ns)
        tree = ast.parse(code, "<fastcompanion>")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<fastcompanion>", "exec"), names)
        if last is None:
            return "null"
        last = ast.Expression(last.value)
        return json.dumps(eval(compile(last, "<fastcompanion>", "eval"), names))
    finally:
        for put_back, state in undo:
            put_back(state)
"""


def question(code: str) -> dict[str, str]:
    """Put code into the expression that a kernel is to evaluate."""
    run = f"__import__('builtins').exec({_HELPER!r}, space)"
    return {"answer": f"(lambda space: ({run}, space['answer']({code!r}))[1])({{}})"}


def answer(reply: Mapping[str, Any]) -> Any:
    """Read the answer out of a kernel's reply; a failure in the kernel is an error here."""
    found = (reply.get("user_expressions") or {}).get("answer") or reply
    if found.get("status") != "ok" or "data" not in found:
        name, value = plain(str(found.get("ename"))), plain(str(found.get("evalue")))
        raise CompanionError(f"the kernel could not answer: {name}: {value[:_TEXT]}")
    return json.loads(ast.literal_eval(found["data"]["text/plain"]))
