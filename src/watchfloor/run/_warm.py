"""Compile or load every kernel once, so that no run pays for it."""

from __future__ import annotations

import importlib
import importlib.util

ROOMS = ("physics", "world", "sensor", "track", "learn", "command", "engage", "assess")


def warm() -> tuple[str, ...]:
    """Call the ``warm()`` of every room that has one; return their names.

    A room's ``warm()`` calls each of its kernels once on tiny arrays of the types it is used with.
    """
    done = []
    for room in ROOMS:
        if importlib.util.find_spec(f"watchfloor.{room}") is None:
            continue
        call = getattr(importlib.import_module(f"watchfloor.{room}"), "warm", None)
        if call is not None:
            call()
            done.append(room)
    return tuple(done)
