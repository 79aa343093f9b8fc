"""Kind ``jpda``: as ``gnn``, but a track moves to the mean of what all its plots would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from watchfloor.base.picture import Looks, Plots, Tasks, Tracks
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import Radar
from watchfloor.track.base import trackers
from watchfloor.track.gnn import GnnTracker, GnnTrackerConfig


class JpdaTrackerConfig(GnnTrackerConfig):
    """Joint probabilistic data association over extended Kalman filters; keys as for ``gnn``, for comparison with it.

    Sources: Fortmann, Bar-Shalom & Scheffe, "Sonar tracking of multiple targets using joint probabilistic data
    association", *IEEE Journal of Oceanic Engineering* 8(3), 1983, pp. 173-184; Bar-Shalom & Fortmann, *Tracking and
    Data Association*, Academic Press, 1988, sections 6.4 and 9.3; Williams & Lau, *IEEE Transactions on Aerospace and
    Electronic Systems* 50(4), 2014, pp. 2942-2959 (large clusters).
    """

    kind: Literal["jpda"] = "jpda"  # pyright: ignore[reportIncompatibleVariableOverride]
    """Joint probabilistic data association."""


@trackers.register("jpda", JpdaTrackerConfig)
class JpdaTracker:
    """One picture from several sensors, plots shared by probability.

    Everything but the association is as in ``GnnTracker``: turns, gates, looks, M-of-N start, deletion. Confirmed
    tracks share the plots of a turn by their joint marginals (exact in small clusters, belief propagation in large
    ones: see ``watchfloor.track.marginals``); tentative tracks share what is then likely to be left. A track's new
    state has the mean and covariance of the mixture over its plots and its miss, so the spread of what they say widens
    it (the update of probabilistic data association).

    A look is a hit if it is more likely than not that one of its plots is the track's; the look's amplitude is that of
    the likeliest. A plot starts a track if it is more likely than not to be no track's. Address and label pass on only
    with a plot that more likely than not is the track's.

    Tracks that fly closer than their errors for long come together (coalescence): they share the same plots alike.
    Kinds ``gnn`` and ``pmb`` do not average so; this one is kept as the yardstick that it is in the literature.

    Parameters
    ----------
    config : JpdaTrackerConfig
        Settings.
    places, radars, periods_s, phases_rad, active, offsets_s, environments
        As in ``GnnTracker``.

    Raises
    ------
    ValueError
        As in ``GnnTracker``.
    """

    def __init__(
        self,
        config: JpdaTrackerConfig,
        *,
        places: Sequence[Place],
        radars: Sequence[Radar | None],
        periods_s: Sequence[float],
        phases_rad: Sequence[float],
        active: Sequence[bool] | None = None,
        offsets_s: Sequence[float] | None = None,
        environments: Sequence[Environment] | None = None,
    ) -> None:
        self._tracker = GnnTracker(
            config,
            places=places,
            radars=radars,
            periods_s=periods_s,
            phases_rad=phases_rad,
            active=active,
            offsets_s=offsets_s,
            environments=environments,
            joint=True,
        )

    @property
    def n_rejected(self) -> int:
        """Plots refused so far, as in ``GnnTracker``."""
        return self._tracker.n_rejected

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        """Take the plots of one tick; see ``Tracker.step``.

        Raises
        ------
        ValueError
            If ``until_s`` goes back in time.
        """
        return self._tracker.step(plots, tasks, until_s=until_s)
