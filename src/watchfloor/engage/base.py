"""The registry of batteries."""

from __future__ import annotations

from watchfloor.base.registry import Registry

batteries = Registry("engage")
