"""Kind ``distributed``: every site tracks on its own, a centre associates the sites' tracks and fuses them."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator
from scipy.special import gammaincinv

from watchfloor.base.config import Config
from watchfloor.base.picture import Looks, Plots, Status, Tasks, Tracks
from watchfloor.base.registry import AnyKind
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import fuse as k
from watchfloor.track._kernels.gnn import assign
from watchfloor.track.base import Associations, trackers
from watchfloor.track.fuse import CRITERIA, Criterion
from watchfloor.track.gnn import GnnTrackerConfig
from watchfloor.track.links import SiteLinkConfig, arrivals, even_luck
from watchfloor.track.looks import coded, label_of, source_of

_METHODS = {
    "covariance_intersection": k.INTERSECTION,
    "equivalent_measurements": k.TRACKLETS,
    "best_site": k.BEST,
}
_WIDE = 4.0
"""How far equal addresses stretch the gate (its squared distance)."""
_RING = 4
_NOT_YET = -1
"""Number of a fused track that has none yet."""
_SITES_MAX = 62
_NOBODY = 1 << _SITES_MAX
"""Bit of the fused tracks that no site holds."""
_MARGIN_S = 1.0
_BACKLOG = 10_000
"""Plots so many reports back are of a wrong clock; no report is sent for them."""


class SiteConfig(Config):
    """Sensors that are tracked together, and their link to the centre."""

    sensors: tuple[int | str, ...] = Field(min_length=1)
    """Names of the scenario's sensors (or their rows, from 0)."""
    link: SiteLinkConfig | None = None
    """Link to the centre; the tracker's own ``link`` when left out."""


class DistributedTrackerConfig(Config):
    """Each site tracks its own plots; tracks of the same target are found and fused, nothing being counted twice.

    Sources: Bar-Shalom & Li, *Multitarget-Multisensor Tracking*, YBS, 1995, ch. 8 (association and fusion of tracks);
    Julier & Uhlmann, Proc. American Control Conference, 1997, pp. 2369-2373 (covariance intersection); Drummond, Proc.
    SPIE 3163, 1997, pp. 512-524 (tracklets); Blackman & Popoli, *Design and Analysis of Modern Tracking Systems*,
    Artech House, 1999, ch. 9 (sites one after the other).
    """

    kind: Literal["distributed"] = "distributed"
    """Tracks of several sites, fused."""
    site: Annotated[Any, AnyKind("track")] = GnnTrackerConfig()
    """The tracker at each site."""
    sites: tuple[SiteConfig, ...] = Field(default=(), max_length=_SITES_MAX)
    """Which sensors form a site; each sensor that none of them names is a site of its own."""
    method: Literal["covariance_intersection", "equivalent_measurements", "best_site"] = "covariance_intersection"
    """How tracks of one target become one: consistent whatever they share; exact where the centre knows how the sites
    move their tracks and each report holds one update; or not at all: the surest site's alone."""
    weights: Criterion = "fast"
    """What the weights of covariance intersection make least; `fast` needs no search and comes nearest to the truth."""
    report_s: PositiveFloat | None = None
    """Time between a site's reports; a turn of its quickest sensor when left out. [s]"""
    link: SiteLinkConfig = SiteLinkConfig()
    """Link from each site to the centre."""
    window_s: NonNegativeFloat | None = None
    """How far back in validity a report may reach and still be used; the longest delay and a turn when left out. [s]"""
    gate_probability: float = Field(default=0.999, gt=0.5, lt=1.0)
    """Chance that two tracks of one target lie inside the gate about each other. [1]"""
    break_updates: int = Field(default=3, ge=1, le=30)
    """A track leaves its fused track after so many updates in a row outside that gate."""
    coast_s: PositiveFloat = 60.0
    """A fused track that no site holds any more ends so long after its last estimate; a site's track of which nothing
    is heard any more, so long after its last report. [s]"""
    use_identity: bool = True
    """Whether cooperative addresses help to find tracks of the same target and keep others apart."""
    manoeuvre_mps2: PositiveFloat | None = None
    """1-sigma horizontal acceleration by which tracks are moved to a common time; the site tracker's own when left
    out. [m/s2]"""
    climb_manoeuvre_mps2: PositiveFloat | None = None
    """1-sigma vertical acceleration, likewise. [m/s2]"""
    manoeuvre_time_s: PositiveFloat | None = None
    """How long a manoeuvre lasts, likewise. [s]"""

    @field_validator("site")
    @classmethod
    def _sites_hold_no_sites(cls, value: Any) -> Any:
        if isinstance(value, DistributedTrackerConfig):
            raise ValueError("a site tracks by itself: its tracker must be of another kind than 'distributed'")
        return value

    @field_validator("sites")
    @classmethod
    def _one_site_a_sensor(cls, value: tuple[SiteConfig, ...]) -> tuple[SiteConfig, ...]:
        named = [name for site in value for name in site.sensors]
        if len(set(named)) < len(named):
            twice = next(name for name in named if named.count(name) > 1)
            raise ValueError(f"each sensor belongs to one site, sensor {twice!r} stands twice")
        return value


def motion_row(config: DistributedTrackerConfig) -> FloatArray:
    """How the centre moves tracks: as the sites do, where they say it; (5,), columns of ``_kernels.fuse``."""
    usual = GnnTrackerConfig()

    def of(name: str) -> float:
        own = getattr(config, name, None)
        return float(own if own is not None else getattr(config.site, name, getattr(usual, name)))

    out = np.zeros(k.N_MOTION)
    time_s = of("manoeuvre_time_s")
    out[k.Q_H] = 2.0 * of("manoeuvre_mps2") ** 2 * time_s
    out[k.Q_V] = 2.0 * of("climb_manoeuvre_mps2") ** 2 * time_s
    if isinstance(config.site, GnnTrackerConfig):  # whose tracks doubt their height no more than this
        out[k.ALTITUDE], out[k.ALTITUDE_SD] = config.site.altitude_m, config.site.altitude_sd_m
        out[k.CLIMB_SD] = config.site.climb_sd_mps
    return out


@dataclass(frozen=True, kw_only=True)
class _Report:
    """What a site sends: its confirmed tracks, and what its radars' looks at them brought since the last report."""

    site: int
    sent_s: float
    arrives_s: float
    tracks: Tracks
    looks: Looks
    associations: Associations


def grouped(sites: Sequence[SiteConfig], names: Sequence[str]) -> list[tuple[list[int], SiteLinkConfig | None]]:
    """Rows of the sensors of each site, and its own link; sensors that no site names follow, each by itself.

    Raises
    ------
    ValueError
        If a site names a sensor that is not there or that another one has.
    """
    n = len(names)
    rows_of: dict[int | str, int] = {row: row for row in range(n)} | {name: row for row, name in enumerate(names)}
    out: list[tuple[list[int], SiteLinkConfig | None]] = []
    left = set(range(n))
    for site in sites:
        rows = []
        for name in site.sensors:
            if name not in rows_of:
                raise ValueError(f"a site holds sensors of {list(names)} (or rows 0 to {n - 1}), got {name!r}")
            if rows_of[name] not in left:
                raise ValueError(f"each sensor belongs to one site, sensor {name!r} stands twice")
            rows.append(rows_of[name])
            left.remove(rows_of[name])
        out.append((rows, site.link))
    return out + [([row], None) for row in sorted(left)]


def _checked(luck: FloatArray) -> FloatArray:
    """Return a table of luck, after a look at it: a bad one would only be noticed when its row's turn comes."""
    table = np.array(luck, np.float64)
    if table.ndim != 2 or table.shape[1] != 2 or len(table) == 0 or not ((table >= 0.0) & (table < 1.0)).all():
        raise ValueError(f"luck must hold tables (n, 2), n at least 1, of numbers in [0, 1); got {table.shape}")
    return table


class _Site:
    """One site: its sensors, its tracker, its link."""

    STATE = ("_until_s", "_sent", "_looks", "_associations")

    def __init__(
        self, row: int, sensors: IntArray, tracker: Any, *, interval_s: float, offset_s: float, link: SiteLinkConfig,
        luck: FloatArray | None, n_sensors: int,
    ) -> None:  # fmt: skip
        self.row, self.sensors, self.tracker = row, sensors, tracker
        self._interval_s, self._offset_s = interval_s, offset_s
        self._link, self.luck = link, luck
        self._local = np.full(n_sensors + 1, -1)
        self._local[sensors] = np.arange(len(sensors))
        self._until_s, self._sent = -math.inf, -(2**62)
        self._looks: list[Looks] = []
        self._associations: list[Associations] = []

    def track(self, plots: Plots, tasks: Tasks, *, until_s: float) -> list[_Report]:
        """Track to ``until_s``, in strides that end with the reports; return what was sent."""
        last = math.floor((until_s - self._offset_s) / self._interval_s + 1e-9)
        t_s = plots.t_s[(plots.t_s > until_s - _BACKLOG * self._interval_s) & (plots.t_s <= until_s)]
        due = np.unique(np.ceil((t_s - self._offset_s) / self._interval_s - 1e-9).astype(np.int64))
        due = due[(due < last) & (due > self._sent)]
        if last > self._sent:
            due = np.append(due, last)
            self._sent = last
        reports: list[_Report] = []
        first, end_s = 0, -math.inf
        for number in due.tolist():
            end_s = max(min(self._offset_s + number * self._interval_s, until_s), self._until_s)
            after = int(np.searchsorted(plots.t_s, end_s, side="right"))
            reports.append(self._send(number, end_s, self._step(plots.take(slice(first, after)), tasks, end_s)))
            first = after
        if end_s < until_s or first < len(plots):
            self._step(plots.take(slice(first, len(plots))), tasks, until_s)
        return reports

    def _step(self, plots: Plots, tasks: Tasks, until_s: float) -> Tracks:
        tracks, looks = self.tracker.step(plots, tasks, until_s=until_s)
        self._until_s = until_s
        if len(looks):
            self._looks.append(looks)
        found = getattr(self.tracker, "associations", None)
        if found is not None and len(found):
            self._associations.append(found)
        return tracks

    def _send(self, number: int, sent_s: float, tracks: Tracks) -> _Report:
        drawn = self.luck
        luck = even_luck(np.array([number]), self.row) if drawn is None else drawn[[number % len(drawn)]]
        report = _Report(
            site=self.row,
            sent_s=sent_s,
            arrives_s=float(arrivals(self._link, np.array([sent_s]), luck)[0]),
            tracks=tracks.take(tracks.status == Status.CONFIRMED),
            looks=Looks.concat(self._looks) if self._looks else Looks.empty(),
            associations=Associations.concat(self._associations) if self._associations else Associations.empty(),
        )
        self._looks, self._associations = [], []
        return report

    def plots(self, plots: Plots, order: IntArray) -> Plots:
        """Return this site's plots, in order of time, by its own rows of sensors."""
        local = self._local[np.clip(plots.sensor[order], -1, len(self._local) - 1)]
        mine = order[local >= 0]
        return _with(plots.take(mine), sensor=self._local[plots.sensor[mine]])

    def tasks(self, tasks: Tasks, number: IntArray) -> Tasks:
        """Return this site's tasks by its own rows and numbers; ``number`` is its own track of each task, -1 none."""
        local = self._local[np.clip(tasks.sensor, -1, len(self._local) - 1)]
        keep = np.flatnonzero((local >= 0) & (number >= 0))
        keep = keep[np.lexsort((local[keep], number[keep]))]
        return _with(tasks.take(keep), sensor=local[keep], track=number[keep])


def _with(table: Any, **columns: Any) -> Any:
    return type(table)(**(dict(table.items()) | columns))


@trackers.register("distributed", DistributedTrackerConfig)
class DistributedTracker:
    """Sites that track by themselves, and a centre that makes one picture of theirs.

    A site steps its own tracker over its own plots and reports, once a turn, all tracks that it has confirmed. At the
    centre each track of a site belongs to one fused track, and a fused track holds at most one of each site. A track
    that is new to the centre goes to the fused track (without one of that site) that it fits best, all of a report at
    once at the least total cost; else it starts one. Two fused tracks that share no site and meet the same test become
    one, under the lower number. Once together, tracks stay together until one lies outside the gate of the others for
    several updates. Decisions are taken as reports arrive and are not taken back; estimates are worked out anew from
    what was valid when, so the order of arrival does not matter to them within the window.

    Sites report tracks that they have confirmed, so every fused track is confirmed from its start. Looks travel with
    the reports, and are delayed and lost with them. Tasks reach the sites at once.

    Parameters
    ----------
    config : DistributedTrackerConfig
        Settings.
    places : sequence of Place
        Where each sensor stands; rows as in ``Plots.sensor``.
    radars : sequence of Radar or None
        Each sensor's own data; None for a secondary sensor.
    periods_s : sequence of float
        Time of one turn. [s]
    phases_rad : sequence of float
        Azimuth of the beam at time 0, NaN where the beam's direction is unknown. [rad]
    active : sequence of bool, optional
        Sensors that are switched on; all when left out.
    offsets_s : sequence of float, optional
        Start of a frame where the phase is NaN; 0 when left out. [s]
    environments : sequence of Environment, optional
        What surrounds each sensor, for the trackers of the sites.
    names : sequence of str, optional
        What the configuration calls each sensor; its row when left out.
    luck : sequence of (n, 2) array, optional
        For each site (those of the configuration, then the sensors that none of them names), numbers in [0, 1) that
        decide loss and jitter of its reports, begun anew when used up; an even pattern when left out
        (``links.even_luck``).

    Raises
    ------
    ValueError
        If the sequences differ in length, or a site names a sensor that is not there or that another one has.
    """

    def __init__(
        self,
        config: DistributedTrackerConfig,
        *,
        places: Sequence[Place],
        radars: Sequence[Radar | None],
        periods_s: Sequence[float],
        phases_rad: Sequence[float],
        active: Sequence[bool] | None = None,
        offsets_s: Sequence[float] | None = None,
        environments: Sequence[Environment] | None = None,
        names: Sequence[str] | None = None,
        luck: Sequence[FloatArray] | None = None,
    ) -> None:
        n = len(places)
        on = [True] * n if active is None else [bool(a) for a in active]
        offsets = [0.0] * n if offsets_s is None else [float(o) for o in offsets_s]
        for name, column in (("radars", radars), ("periods_s", periods_s), ("phases_rad", phases_rad), ("active", on),
                             ("offsets_s", offsets)):  # fmt: skip
            if len(column) != n:
                raise ValueError(f"{name} must have one entry a place, {n}, got {len(column)}")
        called = [str(row) for row in range(n)] if names is None else list(names)
        if len(called) != n:
            raise ValueError(f"names must have one entry a place, {n}, got {len(called)}")
        groups = grouped(config.sites, called)
        if len(groups) > _SITES_MAX:
            raise ValueError(f"at most {_SITES_MAX} sites, got {len(groups)}: group sensors in sites")
        if luck is not None and len(luck) != len(groups):
            raise ValueError(f"luck must have one table a site, {len(groups)}, got {len(luck)}")
        self._sites: list[_Site] = []
        late_s = self._delay_s = 0.0
        for row, (rows, own) in enumerate(groups):
            quick = min(rows, key=lambda r: periods_s[r])
            interval_s = float(periods_s[quick]) if config.report_s is None else config.report_s
            phase_rad = float(phases_rad[quick])
            # a turn ends when the beam passes north
            turned = -phase_rad / (2.0 * math.pi) * float(periods_s[quick])
            link = config.link if own is None else own
            self._delay_s = max(self._delay_s, link.delay_s + link.jitter_s)
            # what is valid at the beginning of a turn is sent with the first report after the turn's end
            turn_s = max(float(periods_s[r]) for r in rows)
            wait_s = 0.0 if len(rows) == 1 and config.report_s is None else interval_s
            late_s = max(late_s, link.delay_s + link.jitter_s + turn_s + wait_s + _MARGIN_S)
            self._sites.append(
                _Site(
                    row,
                    np.array(rows, np.int64),
                    trackers.make(
                        config.site,
                        places=[places[r] for r in rows],
                        radars=[radars[r] for r in rows],
                        periods_s=[periods_s[r] for r in rows],
                        phases_rad=[phases_rad[r] for r in rows],
                        active=[on[r] for r in rows],
                        offsets_s=[offsets[r] for r in rows],
                        environments=None if environments is None else [environments[r] for r in rows],
                    ),
                    interval_s=interval_s,
                    offset_s=turned if math.isfinite(phase_rad) else offsets[quick],
                    link=link,
                    luck=None if luck is None else _checked(luck[row]),
                    n_sensors=n,
                )
            )
        self._window_s = late_s if config.window_s is None else config.window_s
        self._method, self._criterion = _METHODS[config.method], CRITERIA[config.weights]
        self._motion = motion_row(config)
        self._limit = 2.0 * float(gammaincinv(3.0, config.gate_probability))
        self._break, self._coast_s, self._use_identity = config.break_updates, config.coast_s, config.use_identity
        self._n_sensors = n
        self._queue: list[_Report] = []
        self._associations = Associations.empty()
        self._until_s, self._cut_s, self._next = -math.inf, -math.inf, 1
        self._n_unknown = self._n_late = self._n_unsound = 0
        m = len(groups)
        self._newest_s = np.full(m, -math.inf)
        self._known = [(np.empty(0, np.int64), np.empty(0, np.int64)) for _ in range(m)]
        # one row a site's track
        self._s_used = np.zeros(0, bool)
        self._s_number, self._s_group, self._s_hits, self._s_fails, self._s_news = (np.empty(0, np.int64),) * 5
        self._s_joined, self._s_seen, self._s_existence, self._base_t = (np.empty(0),) * 4
        self._count = np.empty(0, np.int64)
        self._heard_t, self._heard_x = np.empty((0, _RING)), np.empty((0, _RING, 6))
        self._heard_p = np.empty((0, _RING, 6, 6))
        self._gain = np.empty((0, _RING, k.N_GAIN if self._method == k.TRACKLETS else 0))
        # one row a fused track, in order of their numbers
        self._number, self._hits, self._address, self._label = (np.empty(0, np.int64),) * 4
        self._member = np.empty((0, m), np.int64)
        self._shown, self._ended, self._dirty = (np.empty(0, bool),) * 3
        self._t, self._x, self._p = np.empty(0), np.empty((0, 6)), np.empty((0, 6, 6))
        self._keep_t, self._keep_x, self._keep_p = np.empty(0), np.empty((0, 6)), np.empty((0, 6, 6))
        self._existence, self._updated = np.empty(0), np.empty((0, n))

    _SLOT = (
        "_s_used", "_s_number", "_s_group", "_s_hits", "_s_fails", "_s_news", "_s_joined", "_s_seen", "_s_existence",
        "_base_t", "_count", "_heard_t", "_heard_x", "_heard_p", "_gain",
    )  # fmt: skip
    _GROUP = (
        "_number", "_hits", "_address", "_label", "_member", "_shown", "_ended", "_dirty", "_t", "_x", "_p",
        "_keep_t", "_keep_x", "_keep_p", "_existence", "_updated",
    )  # fmt: skip

    _REST = (
        "_queue", "_known", "_newest_s", "_associations", "_until_s", "_cut_s", "_next", "_n_unknown", "_n_late",
        "_n_unsound",
    )  # fmt: skip

    @property
    def n_rejected(self) -> int:
        """Plots refused so far, by the sites or because no site has such a sensor."""
        return self._n_unknown + sum(int(getattr(site.tracker, "n_rejected", 0)) for site in self._sites)

    @property
    def n_late(self) -> int:
        """Estimates that came to the centre too late to be used (older than the window)."""
        return self._n_late

    @property
    def n_unsound(self) -> int:
        """Estimates that the centre refused: not finite, or a covariance that is not positive definite."""
        return self._n_unsound

    @property
    def luck(self) -> tuple[FloatArray | None, ...]:
        """Numbers that decide about each site's reports; None for the even pattern."""
        return tuple(site.luck for site in self._sites)

    @property
    def window_s(self) -> float:
        """How far back in validity a report may reach. [s]"""
        return self._window_s

    @property
    def associations(self) -> Associations:
        """Plots given to tracks, of the reports that arrived in the last step, by fused number."""
        return self._associations

    def members(self) -> dict[int, tuple[tuple[int, int], ...]]:
        """Return for each fused number the (site, number there) of the tracks that it holds now."""
        return {
            int(number): tuple((s, int(self._s_number[slot])) for s, slot in enumerate(row) if slot >= 0)
            for number, row in zip(self._number, self._member, strict=True)
        }

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        """Take the plots of one tick; see ``Tracker.step``.

        Raises
        ------
        ValueError
            If ``until_s`` is not finite or goes back in time.
        """
        if not (until_s >= self._until_s and math.isfinite(until_s)):
            raise ValueError(f"time goes forward: until_s {until_s!r} comes after {self._until_s!r}")
        unknown = (plots.sensor < 0) | (plots.sensor >= self._n_sensors)
        if unknown.any():
            self._n_unknown += int(unknown.sum())
            plots = plots.take(~unknown)
        order = np.argsort(plots.t_s, kind="stable")
        group = self._row_of(tasks.track)
        for site in self._sites:
            number = np.full(len(group), -1)
            if len(self._number):
                slot = np.where(group >= 0, self._member[group, site.row], -1)
                number[slot >= 0] = self._s_number[slot[slot >= 0]]
            reports = site.track(site.plots(plots, order), site.tasks(tasks, number), until_s=until_s)
            self._queue += [report for report in reports if report.arrives_s < math.inf]
        self._until_s = until_s
        arrived = sorted((r for r in self._queue if r.arrives_s <= until_s), key=lambda r: (r.sent_s, r.site))
        self._queue = [r for r in self._queue if r.arrives_s > until_s]
        looks, associations = [], []
        for report in arrived:
            for table, kept in zip(self._receive(report), (looks, associations), strict=True):
                if len(table):
                    kept.append(table)
        self._leave_silent()
        self._leave_strangers()
        self._cut_s = until_s - self._window_s
        self._estimate(np.flatnonzero(self._dirty & ~self._ended))
        self._forget()
        tracks = self._picture()
        self._associations = Associations.concat(associations) if associations else Associations.empty()
        return tracks, _sorted(Looks.concat(looks)) if looks else Looks.empty()

    def picture(self, at_s: float) -> Tracks:
        """Return the fused picture of one time, from what is known by now and valid by then.

        Parameters
        ----------
        at_s : float
            Time of the picture: after the last step (predicted), or before it by at most the window. [s]

        Returns
        -------
        Tracks
            Live tracks, all at ``at_s``, sorted by number. One that began later is left out.

        Raises
        ------
        ValueError
            If ``at_s`` is not finite or lies before the window.
        """
        if not (math.isfinite(at_s) and at_s >= self._cut_s):
            raise ValueError(f"at_s must be finite and not before {self._cut_s!r}, got {at_s!r}")
        rows = np.flatnonzero(~self._ended)
        held = (self._member[rows] >= 0).any(axis=1)
        t, x, p = self._t[rows].copy(), self._x[rows].copy(), self._p[rows].copy()
        if held.any():
            some = self._fused(rows[held], at_s, -math.inf)
            t[held], x[held], p[held] = some
        keep = np.isfinite(t) & (t <= at_s)
        rows, t, x, p = rows[keep], t[keep], x[keep], p[keep]
        k.move_rows(x, p, at_s - t, self._motion)
        return self._table(rows, np.full(len(rows), float(at_s)), x, p)

    def _row_of(self, number: IntArray) -> IntArray:
        """Row of each fused number, -1 where there is none."""
        if len(self._number) == 0:
            return np.full(len(number), -1)
        at = np.minimum(np.searchsorted(self._number, number), len(self._number) - 1)
        return np.where(self._number[at] == number, at, -1)

    def save(self) -> dict[str, Any]:
        """Return all that ``restore`` needs to go on bit for bit; it can be pickled."""
        state = {name: getattr(self, name) for name in (*self._SLOT, *self._GROUP, *self._REST)}
        sites = []
        for site in self._sites:
            own = site.tracker.save() if hasattr(site.tracker, "save") else site.tracker
            sites.append((own, {name: getattr(site, name) for name in _Site.STATE}))
        return copy.deepcopy({"centre": state, "sites": sites, "sensors": [s.sensors.tolist() for s in self._sites]})

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what ``save`` returned.

        Raises
        ------
        ValueError
            If it is of other sites.
        """
        mine = [site.sensors.tolist() for site in self._sites]
        if saved.get("sensors") != mine:
            raise ValueError(f"saved state is of sites {saved.get('sensors')}, these are {mine}")
        saved = copy.deepcopy(dict(saved))
        for name, value in saved["centre"].items():
            setattr(self, name, value)
        for site, (own, state) in zip(self._sites, saved["sites"], strict=True):
            if hasattr(site.tracker, "restore"):
                site.tracker.restore(own)
            else:
                site.tracker = own
            for name, value in state.items():
                setattr(site, name, value)

    # what arrives

    def _receive(self, report: _Report) -> tuple[Looks, Associations]:
        """File a report; return its looks and associations under fused numbers."""
        s, tracks = report.site, report.tracks
        numbers, slots = self._known[s]
        at = np.searchsorted(numbers, tracks.number)
        hit = at < len(numbers)
        hit[hit] = numbers[at[hit]] == tracks.number[hit]
        slot = np.full(len(tracks), -1)
        slot[hit] = slots[at[hit]]
        fresh = report.sent_s > self._newest_s[s]
        gone = np.empty(0, np.int64)
        if fresh:
            self._newest_s[s] = report.sent_s
            still = np.zeros(len(numbers), bool)
            still[at[hit]] = True
            gone = slots[~still]
            new = np.flatnonzero(~hit)
            if len(new):
                slot[new] = self._open(s, tracks.number[new], report.sent_s)
        rows = np.flatnonzero(slot >= 0)
        self._file(s, slot[rows], tracks.take(rows), fresh=fresh, sent_s=report.sent_s, new=~hit[rows])
        before, theirs = numbers[:0], self._number[:0]
        if len(gone):  # their last looks still carry the number that they had
            before, theirs = self._s_number[gone].copy(), self._number[self._s_group[gone]].copy()
            self._leave(gone)
        if fresh:
            self._associate(s)
            self._name()
        numbers, slots = self._known[s]
        names = np.concatenate([numbers, before])
        fused = np.concatenate([self._number[self._s_group[slots]], theirs])
        order = np.argsort(names)
        names, fused = names[order], fused[order]
        site = self._sites[s]
        return tuple(_renumbered(table, names, fused, site.sensors) for table in (report.looks, report.associations))  # type: ignore[return-value]

    def _open(self, s: int, numbers: IntArray, sent_s: float) -> IntArray:
        """Make room for tracks of a site, each in a fused track of its own that has no number yet."""
        n, free = len(numbers), np.flatnonzero(~self._s_used)
        if len(free) < n:
            have = len(self._s_used)
            self._lengthen(self._SLOT, max(n - len(free), have, 64))
            self._s_used[have:] = False
            free = np.flatnonzero(~self._s_used)
        slot = free[:n]
        self._s_used[slot] = True
        self._s_number[slot], self._s_hits[slot], self._s_fails[slot], self._s_news[slot] = numbers, 0, 0, 0
        self._count[slot], self._s_joined[slot], self._s_existence[slot] = 0, sent_s, math.nan
        self._base_t[slot], self._s_seen[slot] = -math.inf, sent_s
        self._found(s, slot)
        old, slots = self._known[s]
        all_numbers, all_slots = np.concatenate([old, numbers]), np.concatenate([slots, slot])
        order = np.argsort(all_numbers)
        self._known[s] = all_numbers[order], all_slots[order]
        return slot

    def _found(self, s: int, slot: IntArray) -> None:
        """Start fused tracks without a number, one a slot."""
        n, have = len(slot), len(self._number)
        self._lengthen(self._GROUP, n)
        new = slice(have, have + n)
        self._number[new], self._hits[new], self._address[new], self._label[new] = _NOT_YET, 0, -1, -1
        self._member[new] = -1
        self._member[new, s] = slot
        self._shown[new] = self._ended[new] = False
        self._dirty[new] = True
        self._t[new] = self._existence[new] = math.nan
        self._keep_t[new] = -math.inf
        self._keep_x[new] = self._keep_p[new] = 0.0
        self._updated[new] = -math.inf
        self._s_group[slot] = np.arange(have, have + n)

    def _file(self, s: int, slot: IntArray, tracks: Tracks, *, fresh: bool, sent_s: float, new: BoolArray) -> None:
        """Keep the estimates of a report, and what else it says of its tracks."""
        if len(slot) == 0:
            return
        group = self._s_group[slot]
        oldest = np.maximum(self._cut_s, self._keep_t[group])
        if fresh:  # its latest word counts whatever time it speaks of, but for what has been made use of for good
            oldest = np.where(new | (self._method != k.TRACKLETS), -math.inf, self._keep_t[group])
        x = np.concatenate([tracks.position_ecef_m, tracks.velocity_ecef_mps], axis=1)
        t, p, fate = np.ascontiguousarray(tracks.t_s), np.ascontiguousarray(tracks.cov), np.zeros(len(slot), np.int64)
        while not k.hear(
            slot, t, x, p, oldest, fresh, self._count, self._heard_t, self._heard_x, self._heard_p, self._gain, fate
        ):
            for name in ("_heard_t", "_heard_x", "_heard_p", "_gain"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros_like(old)], axis=1))
        self._n_late += int((fate == 3).sum())
        self._n_unsound += int((fate == 4).sum())
        self._s_news[slot] += fate == 1
        self._dirty[group] |= (fate == 1) | (fate == 2)
        if not fresh:
            return
        self._s_seen[slot] = sent_s
        self._s_existence[slot] = tracks.existence
        self._hits[group] += np.maximum(tracks.n_hits - self._s_hits[slot], 0)
        self._s_hits[slot] = tracks.n_hits
        heard = tracks.address >= 0
        self._address[group[heard]] = tracks.address[heard]
        said = tracks.label >= 0
        self._label[group[said]] = coded(tracks.label[said], tracks.label_source[said])
        columns = np.ix_(group, self._sites[s].sensors)
        self._updated[columns] = np.maximum(self._updated[columns], tracks.updated_s)
        fused = group[new]
        if len(fused):
            self._t[fused], self._x[fused], self._p[fused] = t[new], x[new], p[new]
            empty = self._count[slot] == 0  # all that it said was unsound
            if empty.any():
                self._ended[group[empty]] = True
                self._leave(slot[empty])

    # who belongs to whom

    def _associate(self, s: int) -> None:
        """Join fused tracks that hold a track of site ``s`` with ones that hold none, where they may be one target."""
        held = self._member >= 0
        usable = ~self._ended & np.isfinite(self._t)
        new = self._number == _NOT_YET
        rows = np.flatnonzero(usable & held[:, s] & (new | ~held.all(axis=1)))
        columns = np.flatnonzero(usable & ~held[:, s] & ~new)
        if len(rows) == 0 or len(columns) == 0:
            return
        for some in (rows, columns):
            self._estimate(some[self._dirty[some]])
        at_s = max(float(self._t[rows].max()), float(self._t[columns].max()))
        sites = held @ (1 << np.arange(held.shape[1]))
        # a fused track that nobody holds is for new tracks to take up: what lived beside it is something else
        bits = np.where(new, sites, sites | _NOBODY)[rows], np.where(sites > 0, sites, _NOBODY)[columns]
        address = self._address if self._use_identity else np.full(len(self._number), -1)
        parts = []
        for some, theirs in zip((rows, columns), bits, strict=True):
            x, p = self._x[some], self._p[some]
            k.move_rows(x, p, at_s - self._t[some], self._motion)
            parts += [x, p, theirs, address[some]]
        start_of = np.empty(len(rows) + 1, np.int64)
        column, cost = np.empty(4 * len(rows) + 64, np.int64), np.empty(4 * len(rows) + 64)
        while True:
            found = k.pairs(*parts, self._limit, _WIDE, start_of, column, cost)  # pyright: ignore[reportCallIssue]
            if found <= len(column):
                break
            column, cost = np.empty(found, np.int64), np.empty(found)
        if found == 0:
            return
        chosen = assign(start_of, column, cost, len(columns))
        paired = chosen >= 0
        one, two = rows[paired], columns[chosen[paired]]
        older = (self._number[one] != _NOT_YET) & (self._number[one] < self._number[two])
        self._merge(np.where(older, one, two), np.where(older, two, one), at_s)

    def _merge(self, into: IntArray, other: IntArray, at_s: float) -> None:
        """Move all tracks of ``other`` to ``into``; the others end."""
        moved = self._member[other]
        row, _ = np.nonzero(moved >= 0)
        slot = moved[moved >= 0]
        # what they tell begins anew: with their first word, whenever it comes, if they are new, else with their latest
        known = self._number[other][row] != _NOT_YET
        latest = self._heard_t[slot, np.maximum(self._count[slot] - 1, 0)]
        self._base_t[slot] = np.where(known, latest, -math.inf)
        self._s_group[slot], self._s_fails[slot] = into[row], 0
        self._s_joined[slot] = np.maximum(at_s, self._s_joined[slot])
        self._member[into] = np.where(moved >= 0, moved, self._member[into])
        self._member[other] = -1
        self._hits[into] += self._hits[other]
        for column in (self._address, self._label):
            column[into] = np.where(column[into] >= 0, column[into], column[other])
        self._updated[into] = np.maximum(self._updated[into], self._updated[other])
        self._dirty[into] = True
        self._ended[other] = True

    def _name(self) -> None:
        """Number the new fused tracks that stand, and forget those that were joined before they had a number."""
        new = (self._number == _NOT_YET) & ~self._ended
        n = int(new.sum())
        if n:
            self._number[new] = self._next + np.arange(n)
            self._next += n
        if (self._number == _NOT_YET).any():
            self._drop(self._number == _NOT_YET)

    def _leave(self, slot: IntArray) -> None:
        """Take tracks that their sites no longer hold out of their fused tracks."""
        group = self._s_group[slot]
        self._estimate(np.unique(group[~self._ended[group]]), absorb=True)
        row, column = np.nonzero(np.isin(self._member, slot))
        self._member[row, column] = -1
        self._dirty[row] |= (self._member[row] >= 0).any(axis=1)
        self._s_used[slot], self._count[slot] = False, 0
        for s, (numbers, slots) in enumerate(self._known):
            stay = ~np.isin(slots, slot)
            if not stay.all():
                self._known[s] = numbers[stay], slots[stay]

    def _leave_silent(self) -> None:
        """Give up tracks of which no report speaks any more, and fused tracks that nobody holds."""
        used = np.flatnonzero(self._s_used)
        silent = used[self._until_s - self._s_seen[used] > self._coast_s + self._delay_s]
        if len(silent):
            self._leave(silent)
        alone = ~(self._member >= 0).any(axis=1) & ~self._ended
        self._ended[alone & (self._until_s - self._t > self._coast_s + self._delay_s)] = True

    def _leave_strangers(self) -> None:
        """Let tracks go that have disagreed with their fused track for several updates."""
        if len(self._number) == 0:
            return
        rows = np.flatnonzero(self._dirty & ~self._ended & ((self._member >= 0).sum(axis=1) > 1))
        if len(rows) == 0:
            self._s_news[:] = 0
            return
        k.disagreements(
            rows, self._s_news, self._limit, self._motion, self._member, self._s_joined, self._count, self._heard_t,
            self._heard_x, self._heard_p, self._s_fails,
        )  # fmt: skip
        self._s_news[:] = 0
        strange = np.flatnonzero(self._s_used & (self._s_fails >= self._break))
        if len(strange) == 0:
            return
        row, column = np.nonzero(np.isin(self._member, strange))
        slot = self._member[row, column]
        self._member[row, column] = -1
        # what it said is in what was kept: the rest begins anew
        self._keep_t[row] = -math.inf
        self._dirty[row] = True
        stay = self._member[row]
        stay = stay[stay >= 0]
        self._base_t[stay] = self._heard_t[stay, self._count[stay] - 1]
        self._s_fails[slot] = 0
        for s in np.unique(column):
            out = slot[column == s]
            have = len(self._number)
            self._found(int(s), out)
            last = self._count[out] - 1
            self._base_t[out] = self._heard_t[out, last]
            new = slice(have, have + len(out))
            self._t[new], self._x[new] = self._heard_t[out, last], self._heard_x[out, last]
            self._p[new], self._hits[new] = self._heard_p[out, last], self._s_hits[out]
        self._name()

    # what is known

    def _fused(self, rows: IntArray, at_s: float, cut_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        n = len(rows)
        t, x, p = np.empty(n), np.empty((n, 6)), np.empty((n, 6, 6))
        k.estimate(
            rows, at_s, cut_s, self._method, self._criterion, self._motion, self._member, self._count, self._heard_t,
            self._heard_x, self._heard_p, self._gain, self._base_t, self._keep_t, self._keep_x, self._keep_p, t, x, p,
        )  # fmt: skip
        return t, x, p

    def _estimate(self, rows: IntArray, *, absorb: bool = False) -> None:
        """Bring the fused estimates up to date; ``absorb`` keeps all that was heard, so that its source may go."""
        rows = rows[(self._member[rows] >= 0).any(axis=1)]
        if len(rows) == 0:
            return
        t, x, p = self._fused(rows, math.inf, math.inf if absorb else self._cut_s)
        sound = np.isfinite(t)
        done = rows[sound]
        self._t[done], self._x[done], self._p[done] = t[sound], x[sound], p[sound]
        if not absorb:
            self._dirty[done] = False

    def _forget(self) -> None:
        """Drop estimates that no picture will need again."""
        used = np.flatnonzero(self._s_used)
        if len(used) == 0:
            return
        oldest = np.full(len(used), self._cut_s)
        if self._method == k.TRACKLETS:
            oldest = np.minimum(self._keep_t[self._s_group[used]], self._cut_s)
        k.forget(used, oldest, self._count, self._heard_t, self._heard_x, self._heard_p, self._gain)

    def _picture(self) -> Tracks:
        """Return the tracks, and forget those that ended."""
        rows = np.flatnonzero(~self._ended | self._shown)
        tracks = self._table(rows, self._t[rows], self._x[rows], self._p[rows])
        self._shown[:] = True
        if self._ended.any():
            self._drop(self._ended)
        return tracks

    def _table(self, rows: IntArray, t: FloatArray, x: FloatArray, p: FloatArray) -> Tracks:
        member = self._member[rows]
        if len(self._s_existence):
            each = np.where(member >= 0, self._s_existence[np.maximum(member, 0)], math.nan)
            best = np.fmax.reduce(each, axis=1) if member.shape[1] else np.full(len(rows), math.nan)
            held = (member >= 0).any(axis=1)
            self._existence[rows[held]] = best[held]
        return Tracks(
            number=self._number[rows],
            t_s=t,
            position_ecef_m=np.ascontiguousarray(x[:, :3]),
            velocity_ecef_mps=np.ascontiguousarray(x[:, 3:]),
            cov=p,
            status=np.where(self._ended[rows], int(Status.DROPPED), int(Status.CONFIRMED)),
            existence=self._existence[rows],
            n_hits=self._hits[rows],
            updated_s=self._updated[rows],
            address=self._address[rows],
            label=label_of(self._label[rows]),
            label_source=source_of(self._label[rows]),
        )

    # room

    def _lengthen(self, names: tuple[str, ...], more: int) -> None:
        for name in names:
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)]))

    def _drop(self, which: BoolArray) -> None:
        """Take rows out of the table of fused tracks."""
        stay = ~which
        for name in self._GROUP:
            setattr(self, name, getattr(self, name)[stay])
        used = np.flatnonzero(self._s_used)
        self._s_group[used] = (np.cumsum(stay) - 1)[self._s_group[used]]


def _renumbered(table: Any, names: IntArray, fused: IntArray, sensors: IntArray) -> Any:
    """Rows of a site's table by fused numbers and the run's rows of sensors; those of unknown tracks are left out."""
    if len(table) == 0 or len(names) == 0:
        return table.take(slice(0, 0))
    at = np.minimum(np.searchsorted(names, table.track), len(names) - 1)
    known = names[at] == table.track
    some = table.take(known)
    return _with(some, track=fused[at[known]], sensor=sensors[some.sensor])


def _sorted(looks: Looks) -> Looks:
    return looks.take(np.lexsort((looks.sensor, looks.t_s)))
