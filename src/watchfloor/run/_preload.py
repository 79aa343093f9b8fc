"""Imported once by the process that worker processes are forked from: they start with every kernel loaded."""

from __future__ import annotations

from watchfloor.run._warm import warm

warm()
