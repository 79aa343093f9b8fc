"""Compile or load every kernel once, so that no run pays for it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchfloor.base.picture import Plots

ROOMS = ("physics", "formats.asterix", "world", "sensor", "track", "learn", "command", "engage", "assess", "run")


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
    """Track one aircraft for a few turns with every kind of tracker: what a run of a scenario calls is called once."""
    import numpy as np

    from watchfloor.base.picture import Tasks
    from watchfloor.base.registry import kinds
    from watchfloor.physics.frames import Place
    from watchfloor.scenario import catalog
    from watchfloor.sensor.card import environment_for, radar_from
    from watchfloor.track import registration, strobes, track_plots
    from watchfloor.track._kernels import ambiguity, before_detect, fuse
    from watchfloor.track.motion import models_for

    place = Place(0.7, 0.5, 0.0)
    radar = radar_from(catalog.radars()["s-band-acquisition"], None)
    plots = _plots(radar.period_s)
    track_plots(plots, places=[place], periods_s=[radar.period_s], phases_rad=[0.0])
    fast = models_for({"any": {"speed_mps": 250.0, "load_factor_max": 3.0}}, interval_s=radar.period_s)
    registry = kinds("track")
    pmb: Any = registry.config("pmb")
    for config, knows in (
        (registry.config("gnn")(), radar),
        (pmb(motion=fast), radar),
        (pmb(motion=fast, detection="physics", power=True, power_expected=True, births="learned"), radar),
        (pmb(motion=fast, hidden_s=10.0), None),
    ):
        tracker = registry.make(
            config,
            places=[place],
            radars=[knows],
            periods_s=[radar.period_s],
            phases_rad=[0.0],
            environments=[environment_for(radar, place, 10.0)],
        )
        for turn in range(6):
            now = (plots.t_s >= turn * radar.period_s) & (plots.t_s < (turn + 1) * radar.period_s)
            tracker.step(plots.take(np.flatnonzero(now)), Tasks.empty(), until_s=(turn + 1) * radar.period_s)
    for part in (registration, strobes, ambiguity, fuse, before_detect):
        part.warm()


def _plots(period_s: float) -> Plots:
    """Return an aircraft that flies in from the north, seen once a turn."""
    import numpy as np

    from watchfloor.base.picture import Plots

    n = 6
    whole = np.full(n, -1)
    z, cov = np.full((n, 4), np.nan), np.full((n, 4, 4), np.nan)
    z[:, :3] = 0.0, 0.0, 0.1
    z[:, 0] = 50e3 - 200.0 * period_s * np.arange(n)
    cov[:, :3, :3] = np.diag([1e4, 1e-6, 1e-5])
    return Plots(
        t_s=np.linspace(0.001, n - 0.999, n) * period_s,
        sensor=np.zeros(n, np.int64),
        measurement=z,
        cov=cov,
        snr_db=np.full(n, 15.0),
        pfa=np.full(n, 1e-6),
        address=whole,
        label=whole,
    )
