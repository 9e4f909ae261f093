"""Setting a machine up: one script, rendered here, run over ssh, by cloud-init or by hand."""

from __future__ import annotations
