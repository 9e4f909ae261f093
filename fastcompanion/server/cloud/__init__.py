"""A machine of one's own at Amazon EC2: what it costs, launching, stopping, ending; exports for others."""

from __future__ import annotations
