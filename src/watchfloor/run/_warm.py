"""Compile or load every kernel once, so that no run pays for it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

ROOMS = ("physics", "formats.asterix", "world", "sensor", "track", "learn", "command", "engage", "assess")


def warm(progress: Callable[[int, int], None] | None = None) -> tuple[str, ...]:
    """Call the ``warm()`` of every room that has one, in the package or in its ``_kernels``; return their names.

    A room's ``warm()`` calls each of its kernels once on tiny arrays of the types it is used with. ``progress`` is
    called with (rooms done, rooms in all).
    """
    done = []
    for i, room in enumerate(ROOMS):
        if progress:
            progress(i, len(ROOMS))
        for name in (f"watchfloor.{room}", f"watchfloor.{room}._kernels"):
            if importlib.util.find_spec(name) is None:
                continue
            call = getattr(importlib.import_module(name), "warm", None)
            if call is not None:
                call()
                done.append(room)
                break
    if "track" not in done:
        _track()
        done.append("track")
    return tuple(done)


def _track() -> None:
    """Track one aircraft for a few scans: every kernel of the tracker is called once."""
    import numpy as np

    from watchfloor.base.picture import Plots
    from watchfloor.physics.frames import Place
    from watchfloor.track import track_plots

    n = 6
    whole = np.full(n, -1)
    z, cov = np.full((n, 4), np.nan), np.full((n, 4, 4), np.nan)
    z[:, :3] = 0.0, 0.0, 0.1
    z[:, 0] = 50e3 - 2e3 * np.arange(n)
    cov[:, :3, :3] = np.diag([1e4, 1e-6, 1e-5])
    plots = Plots(
        t_s=np.linspace(0.0, 10.0 * (n - 1), n),
        sensor=np.zeros(n, np.int64),
        measurement=z,
        cov=cov,
        snr_db=np.full(n, 15.0),
        pfa=np.full(n, 1e-6),
        address=whole,
        label=whole,
    )
    track_plots(plots, places=[Place(0.7, 0.5, 0.0)], periods_s=[10.0], phases_rad=[0.0])
