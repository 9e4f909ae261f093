"""The reproduce step: judging a scratch notebook, hints, and the gate that judges the checks."""
