r"""Knowledge passed from owner to owner: sites, allies, the maker, and what each link lets through.

A link passes one of three things, or nothing:

- **plots**: the tracks and looks themselves. The receiver runs its own learner, with its own prior and identities;
  looks get lost one by one, at random, which is no bias, since a lost look is none and not a miss.
- **evidence**: a flight's log-likelihoods, without what anybody believed before. They add to whatever the receiver
  knows, and count once for each flight and sensor however many ways they come.
- **posterior**: what the sender believes. It holds the sender's prior: multiplied with the receiver's belief, the
  public catalogue would count twice (and everything that both know). So a declared prior is divided out
  (`implied_evidence`), a sender's later posterior takes the place of its earlier one, and where two bodies of knowledge
  may overlap they are pooled instead of multiplied: the geometric mean :math:`p_a^{1-w}\,p_b^w` counts nothing twice,
  whatever they share.

Links delay and lose, and redact: bands, types, labels, or the place on the aspect sphere (`coarsened`). `Network` moves
parcels along the links, several in a row, and keeps the account of what each taught its receiver (`Transfers`).

References
----------
Julier & Uhlmann, "A non-divergent estimation algorithm in the presence of unknown correlations", *ACC*, 1997; Hurley,
"An information theoretic justification for covariance intersection and its generalization", *Fusion*, 2002 (geometric
mean of densities, weight of least entropy); Chong, Mori & Chang, "Distributed multitarget multisensor tracking", in
Bar-Shalom (ed.), *Multitarget-Multisensor Tracking*, 1990, ch. 8 (common prior divided out).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from watchfloor.base.columns import Columns, filled
from watchfloor.base.picture import Knowledge, LabelSource, Looks, Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.ledger import divergence_nats, entropy_nats
from watchfloor.learn.levels import normalised
from watchfloor.scenario.model import LinkConfig

Revise = Callable[[Knowledge], Knowledge]
"""Posteriors anew from ``log_evidence``; None where a function is given none: cells that do not teach each other."""
Ticks = Sequence[tuple[Tracks, Looks]]
"""Raw plots as the learner meets them: what the tracker made of them, tick by tick."""
_LOG_TINY = -700.0
_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_WHOLE = ("link", "hop", "sortie", "arrived")
_REAL = ("sent_month", "due_month", "n_looks", "nats_offered", "nats_sent", "nats_gained")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence(Columns):
    """Log-likelihood of the mean radar cross-section gathered in one flight.

    One row a sensor x type x configuration x cell, or several a sector that hides the cell (``width_rad``).
    """

    sensor: IntArray
    """(n,) row of the sensor."""
    type: IntArray
    """(n,) row of the type in the run's type list."""
    aspect_rad: FloatArray
    """(n,) centre of the cell: angle off the nose, port and starboard alike. [rad]"""
    log_likelihood: FloatArray
    """(n, g) natural log of the likelihood of each level of ``SIGMA_GRID_DBSM``, up to a constant. [1]"""
    n_looks: FloatArray
    """(n,) effective looks behind it, weighted by how sure the type was. [1]"""
    elevation_rad: FloatArray = filled(0.0)
    """(n,) centre of the cell: angle above the wing plane from which the radar looks. [rad]"""
    configuration: IntArray = filled(0)
    """(n,) 0: clean; 1: with reflectors."""
    width_rad: FloatArray = filled(0.0)
    """(n,) 0, or the width in azimuth of a sector of which the row is one cell, unsaid which. [rad]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Transfers(Columns):
    """Parcels sent; one row a parcel, in the order of sending."""

    link: IntArray
    """(n,) row of the link in the scenario's list ``sharing``."""
    hop: IntArray
    """(n,) how many links it has come along: 1 straight from the owner of the sensors."""
    sortie: IntArray
    """(n,) the flight it is of; of a posterior, the last flight in it."""
    sent_month: FloatArray
    """(n,) when it was sent. [months]"""
    due_month: FloatArray
    """(n,) when it was due; NaN if it was lost. [months]"""
    arrived: IntArray
    """(n,) 1: it had arrived at the time asked; 0: lost, or on its way."""
    n_looks: FloatArray
    """(n,) effective looks behind what was sent; NaN while the receiver has not made evidence of plots. [1]"""
    nats_offered: FloatArray
    """(n,) what it would have taught somebody with the catalogue alone before redaction; of a posterior, how far its
    cells stand from the catalogue (KL, summed). [nat]"""
    nats_sent: FloatArray
    """(n,) the same after redaction. [nat]"""
    nats_gained: FloatArray
    """(n,) what it taught its receiver when it arrived; 0 if it did not, or was known. [nat]"""


FlightId = tuple[str, int]
"""Owner of the sensors, and sortie."""
Id = tuple[str, int, int]
"""What is counted once: owner of the sensors, sortie, row of the sensor."""


@dataclass(frozen=True)
class Parcel:
    """Something on its way from owner to owner."""

    due_month: float
    """When it arrives, on the sender's calendar. [months]"""
    evidence: Evidence | None
    """A flight's evidence, or none."""
    posterior: Knowledge | None = None
    """What the sender believes, or none."""
    ticks: Ticks | None = None
    """A flight's tracks and looks, or none."""
    flight: FlightId = ("", 0)
    """Which flight; of a posterior, the last one in it."""
    reader: str = ""
    """Who made evidence of the flight's looks."""
    holds: frozenset[Id] = frozenset()
    """What a posterior rests on."""
    path: tuple[str, ...] = ()
    """Owners that it has come from; it is not sent to them again."""


# ---- redaction


def redacted(evidence: Evidence, link: LinkConfig, *, bands: Sequence[str], types: Sequence[str]) -> Evidence:
    """Take from evidence what a link does not let through.

    Parameters
    ----------
    evidence : Evidence
        What a flight said.
    link : LinkConfig
        Its ``without_bands``, ``without_types`` and ``coarsen_deg`` count.
    bands, types : sequence of str
        Band of each sensor and name of each type of the run, in its order.
    """
    keep = _passed(evidence.sensor, link.without_bands, bands) & _passed(evidence.type, link.without_types, types)
    kept = evidence if np.all(keep) else evidence.take(keep)
    return coarsened(kept, np.deg2rad(link.coarsen_deg)) if link.coarsen_deg else kept


def coarsened(evidence: Evidence, width_rad: float) -> Evidence:
    """Hide in which cell of a sector of azimuth a row belongs.

    Parameters
    ----------
    evidence : Evidence
        Rows of cells; those of sectors at least as wide stay.
    width_rad : float
        Width of the sectors, from the nose to the tail; the last may be narrower. [rad]

    Raises
    ------
    ValueError
        If the width is not above 0.

    Notes
    -----
    The row stays as sharp as it was: an audit that rounds the aspect does not blur the echo. What is lost is where it
    belongs; `receive` weighs every cell of the sector.
    """
    if not width_rad > 0.0:
        raise ValueError(f"width_rad must be above 0, got {width_rad!r}")
    first = np.floor(evidence.aspect_rad / width_rad + 1e-9) * width_rad
    last = np.minimum(first + width_rad, np.pi)
    wide = evidence.width_rad >= last - first
    columns = dict(evidence.items())
    columns["aspect_rad"] = np.where(wide, evidence.aspect_rad, 0.5 * (first + last))
    columns["width_rad"] = np.where(wide, evidence.width_rad, last - first)
    return Evidence(**columns)


def thinned(
    ticks: Iterable[tuple[Tracks, Looks]],
    link: LinkConfig,
    *,
    bands: Sequence[str],
    types: Sequence[str],
    rng: np.random.Generator,
) -> list[tuple[Tracks, Looks]]:
    """Return tracks and looks as they come through a link that passes plots.

    Parameters
    ----------
    ticks : iterable of (Tracks, Looks)
        A flight.
    link : LinkConfig
        ``loss`` of each look, ``without_bands``, ``without_types`` (by declared type) and ``without_labels``.
    bands, types : sequence of str
        Band of each sensor and name of each type of the run, in its order.
    rng : numpy.random.Generator
        Stream of the link; one uniform number a look is drawn whatever the link lets through.
    """
    out = []
    for tracks, looks in ticks:
        keep = rng.random(len(looks)) >= link.loss
        keep &= _passed(looks.sensor, link.without_bands, bands)
        if link.without_types and len(tracks):
            said = ~_passed(tracks.label, link.without_types, types)
            keep &= ~np.isin(looks.track, tracks.number[said])
        if link.without_labels:
            none = np.full(len(tracks), -1)
            tracks = replace(tracks, label=none, address=none, label_source=np.full(len(tracks), int(LabelSource.NONE)))
        out.append((tracks, looks.take(keep)))
    return out


def _passed(row: IntArray, without: Sequence[str], names: Sequence[str]) -> Any:
    """Mark the rows (n,) whose name is not left out."""
    if not without:
        return np.ones(len(row), np.bool_)
    return ~np.isin(row, [i for i, name in enumerate(names) if name in without])


def relearn(learner: Any, ticks: Iterable[tuple[Tracks, Looks]]) -> Evidence:
    """Let a learner make its own evidence of somebody's tracks and looks, and end the flight."""
    for tracks, looks in ticks:
        learner.step(tracks, looks)
    evidence = learner.evidence()
    learner.close_flight()
    return evidence


class Listening:
    """A learner that also keeps the tracks and looks of the flight, for links that pass plots.

    Parameters
    ----------
    learner : Learner
        Does all the work.
    """

    def __init__(self, learner: Any) -> None:
        self._learner = learner
        self.ticks: list[tuple[Tracks, Looks]] = []
        """What came in since the last ``close_flight``."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)

    def step(self, tracks: Tracks, looks: Looks) -> Any:
        """Keep the tick, and pass it on."""
        self.ticks.append((tracks, looks))
        return self._learner.step(tracks, looks)

    def close_flight(self) -> Any:
        """End the flight; its ticks are let go."""
        self.ticks = []
        return self._learner.close_flight()


# ---- sending


def pass_on(
    evidence: Evidence, *, month: float, delay_months: float, loss: float, rng: np.random.Generator
) -> Parcel | None:
    """Send the evidence of a flight over a link.

    Parameters
    ----------
    evidence : Evidence
        What the flight said.
    month : float
        When it is sent. [months]
    delay_months : float
        Time it takes, at least 0. [months]
    loss : float
        Chance that it never arrives, 0 to 1. [1]
    rng : numpy.random.Generator
        Stream of the link; exactly one uniform number is drawn whatever the loss, so that paired runs stay paired.

    Returns
    -------
    Parcel or None
        None when it is lost.

    Raises
    ------
    ValueError
        If delay or loss is outside its domain.
    """
    if not (delay_months >= 0.0 and 0.0 <= loss <= 1.0):
        raise ValueError(f"delay_months must be at least 0 and loss in 0 to 1, got {delay_months!r} and {loss!r}")
    lost = float(rng.random()) < loss
    return None if lost else Parcel(month + delay_months, evidence)


def due(parcels: Sequence[Parcel], month: float) -> tuple[list[Evidence], list[Parcel]]:
    """Split parcels into the evidence that has arrived by ``month``, as sent, and those still on their way."""
    arrived = [p.evidence for p in parcels if p.due_month <= month and p.evidence is not None]
    return arrived, [parcel for parcel in parcels if parcel.due_month > month]


# ---- receiving


def receive(knowledge: Knowledge, evidence: Iterable[Evidence], revise: Revise | None = None) -> Knowledge:
    r"""Add evidence to what an owner knows.

    Parameters
    ----------
    knowledge : Knowledge
        Before.
    evidence : iterable of Evidence
        What arrived. Rows of cells add in any order; a row of a sector is weighed by what is believed when its turn
        comes: sectors after cells.
    revise : callable, optional
        Posteriors anew from ``log_evidence``. Left out, cells are taken not to teach each other.

    Returns
    -------
    Knowledge
        After; the same rows.

    Raises
    ------
    ValueError
        If the evidence is of a sensor, type, cell or grid that the knowledge does not have.

    Notes
    -----
    A row L of a sector of k cells, with nothing to say which, has the likelihood :math:`\frac1k\sum_i L(\sigma_i)`.
    To cell i alone it says :math:`\frac1k\,(L(\sigma_i) + \sum_{j\ne i} Z_j)` with :math:`Z_j` the mean of L over
    what is believed of cell j: exact for one row and independent cells; several are taken in one after another.
    """
    given = [one for one in evidence if len(one)]
    if not given:
        return knowledge
    for one in given:
        if one.log_likelihood.shape[1] != knowledge.log_posterior.shape[1]:
            raise ValueError(
                f"evidence has {one.log_likelihood.shape[1]} levels, knowledge {knowledge.log_posterior.shape[1]}"
            )
    rows = Evidence.concat(given)
    fine, coarse = rows.take(rows.width_rad == 0.0), rows.take(rows.width_rad > 0.0)
    added, n_looks = np.zeros_like(knowledge.log_posterior), knowledge.n_looks.copy()
    if len(fine):
        at = _find(knowledge, fine)
        np.add.at(added, at, fine.log_likelihood - fine.log_likelihood.max(axis=1, keepdims=True))
        np.add.at(n_looks, at, fine.n_looks)
    if len(coarse):
        sectors = [_sector(knowledge, coarse, i) for i in range(len(coarse))]
        cells = np.unique(np.concatenate(sectors))
        believed = knowledge.log_posterior + added
        believed[cells] = normalised(believed[cells])
        for i, at in enumerate(sectors):
            said = coarse.log_likelihood[i] - coarse.log_likelihood[i].max()
            z = np.exp(believed[at] + said).sum(axis=1)
            others = np.maximum(z.sum() - z, 0.0)[:, None]
            says = np.log(np.maximum((np.exp(said) + others) / len(at), np.exp(_LOG_TINY)))
            added[at] += says
            n_looks[at] += coarse.n_looks[i] * z / z.sum() if z.sum() > 0.0 else coarse.n_looks[i] / len(at)
            believed[at] = normalised(believed[at] + says)
    return _with(knowledge, knowledge.log_evidence + added, n_looks, revise, added)


def _with(
    knowledge: Knowledge, log_evidence: FloatArray, n_looks: FloatArray, revise: Revise | None, added: FloatArray
) -> Knowledge:
    """Return knowledge with other evidence, ``added`` to what its posteriors rest on."""
    changed = replace(knowledge, log_evidence=log_evidence, n_looks=n_looks)
    if revise is not None:
        return revise(changed)
    return replace(changed, log_posterior=normalised(knowledge.log_posterior + added))


def implied_evidence(
    posterior: Knowledge, prior: Knowledge, revise: Revise | None = None, *, sweeps: int = 60, tolerance: float = 1e-3
) -> FloatArray:
    """Find the evidence by which a declared prior becomes a posterior.

    Parameters
    ----------
    posterior : Knowledge
        What the sender believes; only ``log_posterior`` and ``n_looks`` are read.
    prior : Knowledge
        What the sender says it started from; the same rows, without evidence.
    revise : callable, optional
        As for `receive`.
    sweeps : int
        Most rounds of correction where cells teach each other.
    tolerance : float
        Total variation between the posterior given and that reached at which to stop, the worst cell's. [1]

    Returns
    -------
    (n, g) array
        Log-likelihoods, 0 for cells that were never looked at. [1]

    Raises
    ------
    ValueError
        If the tables' rows differ.

    Notes
    -----
    Of independent cells the ratio of posterior to prior. Where cells teach each other, each ratio also holds what the
    neighbours taught, so ratios alone would count that many times: the evidence is corrected, a step at a time, until
    the prior and it together give the posterior. What has not been looked at has none of its own.
    """
    if len(posterior) != len(prior) or not np.array_equal(_keys(posterior), _keys(prior)):
        raise ValueError(f"posterior and prior must have the same rows, got {len(posterior)} and {len(prior)}")
    seen = posterior.n_looks > 0.0
    out = np.zeros_like(prior.log_posterior)
    ratio = np.maximum(posterior.log_posterior, _LOG_TINY) - np.maximum(prior.log_posterior, _LOG_TINY)
    if revise is None or not np.any(seen):
        out[seen] = ratio[seen]
        return out
    wanted = np.exp(posterior.log_posterior[seen])
    step, best, kept, short = 1.0, np.inf, out, ratio[seen]
    trial = out.copy()
    trial[seen] = ratio[seen] / np.sqrt(np.count_nonzero(seen))
    for _ in range(sweeps):
        reached = revise(replace(prior, log_evidence=trial, n_looks=posterior.n_looks)).log_posterior[seen]
        off = 0.5 * np.abs(np.exp(reached) - wanted).sum(axis=1)
        worst = float(off.max())
        if worst < best:
            best, kept, step = worst, trial, min(1.5 * step, 1.0)
            short = np.maximum(posterior.log_posterior[seen], _LOG_TINY) - np.maximum(reached, _LOG_TINY)
        else:
            step *= 0.5
        if best < tolerance or step < 1e-3:
            break
        trial = kept.copy()
        trial[seen] += step * short
        trial[seen] -= trial[seen].max(axis=1, keepdims=True)
    return kept


def pooled(
    prior: Knowledge,
    a: FloatArray,
    b: FloatArray,
    n_looks_a: FloatArray,
    n_looks_b: FloatArray,
    revise: Revise | None = None,
) -> Knowledge:
    """Pool two bodies of evidence that may rest on the same looks.

    Parameters
    ----------
    prior : Knowledge
        What the receiver believed before either.
    a, b : (n, g) arrays
        Log-likelihoods over its rows. [1]
    n_looks_a, n_looks_b : (n,) arrays
        Effective looks behind them. [1]
    revise : callable, optional
        As for `receive`.

    Returns
    -------
    Knowledge
        The geometric mean of the two posteriors, :math:`p_a^{1-w} p_b^w`, at the weight of least entropy.

    Notes
    -----
    Counts nothing twice whatever the two share (Hurley 2002), and says less than both where they share nothing.
    """
    best: tuple[float, Knowledge] | None = None
    for w in _WEIGHTS:
        mixed = (1.0 - w) * a + w * b
        n_looks = np.maximum((1.0 - w) * n_looks_a, w * n_looks_b)
        after = _with(prior, mixed, n_looks, revise, mixed)
        entropy = float(entropy_nats(after.log_posterior).sum())
        if best is None or entropy < best[0] - 1e-9:
            best = entropy, after
    assert best is not None
    return best[1]


def _keys(rows: Any) -> IntArray:
    """Return one whole number (n,) a row: sensor, type, configuration and cell."""
    aspect = np.round(1e6 * rows.aspect_rad).astype(np.int64)
    elevation = np.round(1e6 * rows.elevation_rad).astype(np.int64) + 2_000_000
    return (((rows.sensor * 256 + rows.type) * 4 + rows.configuration) << 44) + (aspect << 22) + elevation


def _find(knowledge: Knowledge, rows: Evidence) -> IntArray:
    """Return the row of ``knowledge`` (n,) that each row of evidence is of."""
    have, wanted = _keys(knowledge), _keys(rows)
    order = np.argsort(have, kind="stable")
    at = order[np.minimum(np.searchsorted(have[order], wanted), len(have) - 1)] if len(have) else np.zeros(0, np.int64)
    strange = np.flatnonzero(have[at] != wanted) if len(have) else np.arange(len(rows))
    if len(strange):
        raise ValueError(_stranger(rows, int(strange[0])))
    return at


def _sector(knowledge: Knowledge, rows: Evidence, i: int) -> IntArray:
    """Return the rows of ``knowledge`` that are cells of the sector of one row of evidence."""
    at = np.flatnonzero(
        (knowledge.sensor == rows.sensor[i])
        & (knowledge.type == rows.type[i])
        & (knowledge.configuration == rows.configuration[i])
        & (np.abs(knowledge.elevation_rad - rows.elevation_rad[i]) < 1e-6)
        & (np.abs(knowledge.aspect_rad - rows.aspect_rad[i]) <= 0.5 * rows.width_rad[i] + 1e-9)
    )
    if len(at) == 0:
        raise ValueError(_stranger(rows, i))
    return at


def _stranger(rows: Evidence, i: int) -> str:
    return (
        f"evidence of sensor row {rows.sensor[i]}, type row {rows.type[i]} in configuration {rows.configuration[i]}, "
        f"aspect {rows.aspect_rad[i]:.3f} rad, elevation {rows.elevation_rad[i]:.3f} rad, "
        "which the receiver's knowledge does not have"
    )


def gain_nats(before: Knowledge, after: Knowledge) -> float:
    """Return how far knowledge moved: KL divergence of each cell's belief, summed. [nat]"""
    return float(divergence_nats(after.log_posterior, before.log_posterior).sum())


# ---- what an owner has been given


@dataclass
class Holdings:
    """What an owner has been given, and what it makes of it together with its prior."""

    prior: Knowledge
    """What it believed before anything came."""
    revise: Revise | None = None
    """As for `receive`."""
    flights: dict[tuple[FlightId, int, str], list[Evidence]] = field(default_factory=dict)
    """Evidence held, by flight, sensor and who made it of the looks."""
    beliefs: dict[str, tuple[FloatArray, FloatArray, frozenset[Id], bool]] = field(default_factory=dict)
    """By sender: evidence and looks behind its last posterior, what that rests on, whether its prior was declared."""
    _known: Knowledge | None = None

    @property
    def holds(self) -> frozenset[Id]:
        """What has been counted, once each."""
        own = {(*flight, sensor) for flight, sensor, _ in self.flights}
        return frozenset(own.union(*(ids for _, _, ids, _ in self.beliefs.values())))

    def take_evidence(self, flight: FlightId, reader: str, evidence: Evidence) -> Evidence:
        """Take in the evidence of a flight; return what of it was new.

        A flight and sensor count once: rows that are held, or were made of the same looks by another reader, are left
        out; rows of cells take the place of rows of a sector that hid them.
        """
        fresh = []
        for sensor in np.unique(evidence.sensor).tolist():
            rows = evidence.take(evidence.sensor == sensor)
            if any(f == flight and s == sensor and r != reader for f, s, r in self.flights):
                continue
            held = self.flights.setdefault((flight, sensor, reader), [])
            rows = self._unheld(held, rows)
            if len(rows):
                held.append(rows)
                fresh.append(rows)
        if not fresh:
            return evidence.take(np.zeros(len(evidence), np.bool_))
        out = Evidence.concat(fresh)
        if self._known is not None and not self.beliefs:
            self._known = receive(self._known, [out], self.revise)
        else:
            self._known = None
        return out

    def _unheld(self, held: list[Evidence], rows: Evidence) -> Evidence:
        """Return the rows that are not held; rows of sectors that ``rows`` tells in full are let go."""
        have = Evidence.concat(held) if held else rows.take(np.zeros(len(rows), np.bool_))
        fine, coarse = have.take(have.width_rad == 0.0), have.take(have.width_rad > 0.0)
        new_fine = rows.take((rows.width_rad == 0.0) & ~np.isin(_keys(rows), _keys(fine)))
        new_coarse = rows.take((rows.width_rad > 0.0) & ~np.isin(_keys(rows), _keys(coarse)))
        hidden = _within(coarse, new_fine)
        if np.any(hidden):
            held[:] = [one for one in (fine, coarse.take(~hidden)) if len(one)]
            self._known = None
        return Evidence.concat((new_fine, new_coarse.take(~_within(new_coarse, fine))))

    def take_posterior(
        self, sender: str, posterior: Knowledge, holds: frozenset[Id], *, declared: Knowledge | None
    ) -> None:
        """Take in what a sender believes; it takes the place of what that sender said before.

        ``declared`` is the prior that it says it started from; None if it does not say.
        """
        start = self.prior if declared is None else declared
        implied = implied_evidence(posterior, start, self.revise)
        self.beliefs[sender] = implied, posterior.n_looks, holds, declared is not None
        self._known = None

    @property
    def knowledge(self) -> Knowledge:
        """What it believes now."""
        if self._known is None:
            known = receive(self.prior, [one for held in self.flights.values() for one in held], self.revise)
            ids = {(*flight, sensor) for flight, sensor, _ in self.flights}
            for said, n_looks, theirs, declared in self.beliefs.values():
                total, looks = known.log_evidence - self.prior.log_evidence, known.n_looks - self.prior.n_looks
                if declared and ids.isdisjoint(theirs):
                    known = _with(self.prior, total + said, looks + n_looks, self.revise, total + said)
                elif declared and theirs >= ids:
                    known = _with(self.prior, said, n_looks, self.revise, said)
                elif not theirs <= ids:
                    known = pooled(self.prior, total, said, looks, n_looks, self.revise)
                ids |= theirs
            self._known = known
        return self._known


def _within(coarse: Evidence, fine: Evidence) -> Any:
    """Mark the rows of sectors (n,) of which any row of ``fine`` is a cell."""
    same = (coarse.type[:, None] == fine.type) & (coarse.configuration[:, None] == fine.configuration)
    same &= coarse.sensor[:, None] == fine.sensor
    same &= np.abs(coarse.elevation_rad[:, None] - fine.elevation_rad) < 1e-6
    same &= np.abs(coarse.aspect_rad[:, None] - fine.aspect_rad) <= 0.5 * coarse.width_rad[:, None] + 1e-9
    return same.any(axis=1)


# ---- the network


class Network:
    """Owners and links: moves parcels, several links in a row, and keeps account of what they taught.

    Parameters
    ----------
    links : sequence of LinkConfig
        The scenario's ``sharing``; links that are cut, or pass nothing, carry nothing.
    prior : Knowledge
        What every receiver believed before: the public catalogue.
    bands, types : sequence of str
        Band of each sensor (empty for what is no primary radar) and name of each type, in the run's order.
    rng : callable
        Stream of a link and sortie, ``rng(link name, sortie)``; a new one each call.
    revise : callable, optional
        As for `receive`.
    learner : callable, optional
        Learner of a receiver, ``learner(owner, knowledge)``, for links that pass plots: without the sites' survey.
    gain : callable
        What one knowledge has more than another, ``gain(before, after)``; KL of the cells, summed, by default. [nat]
    account : bool
        False: nats of parcels are NaN and knowledge is worked out only when asked for, which is quicker.

    Raises
    ------
    ValueError
        If a link passes plots and there is no ``learner``.
    """

    def __init__(
        self,
        links: Sequence[LinkConfig],
        *,
        prior: Knowledge,
        bands: Sequence[str],
        types: Sequence[str],
        rng: Callable[[str, int], np.random.Generator],
        revise: Revise | None = None,
        learner: Callable[[str, Knowledge], Any] | None = None,
        gain: Callable[[Knowledge, Knowledge], float] = gain_nats,
        account: bool = True,
    ) -> None:
        self._links = [(i, link) for i, link in enumerate(links) if link.enabled and link.passes != "nothing"]
        if learner is None and any(link.passes == "plots" for _, link in self._links):
            raise ValueError("a link passes plots: Network needs learner, which makes evidence of them")
        self._prior, self._bands, self._types = prior, tuple(bands), tuple(types)
        self._rng, self._revise, self._learner, self._gain, self._account = rng, revise, learner, gain, account
        self._owners: dict[str, Holdings] = {}
        self._flown: dict[str, set[FlightId]] = {}
        self._way: list[tuple[float, int, LinkConfig, Parcel, int, int]] = []
        self._rows: list[dict[str, float]] = []
        self._sent = 0

    @property
    def wants_ticks(self) -> bool:
        """Whether `fly` needs the tracks and looks of flights."""
        return any(link.passes == "plots" for _, link in self._links)

    @property
    def wants_knowledge(self) -> bool:
        """Whether `fly` needs what the owner believes."""
        return any(link.passes == "posterior" for _, link in self._links)

    def knowledge(self, owner: str) -> Knowledge:
        """Return what an owner makes of what has reached it."""
        return self._holdings(owner).knowledge

    def n_flights(self, owner: str) -> int:
        """Return the number of flights of others of which something has reached an owner."""
        return len({(who, sortie) for who, sortie, _ in self._holdings(owner).holds if who != owner})

    def fly(
        self,
        owner: str,
        sortie: int,
        *,
        month: float,
        evidence: Evidence,
        knowledge: Knowledge,
        ticks: Ticks | None = None,
    ) -> None:
        """Send what a flight gave along the links of its owner.

        Parameters
        ----------
        owner : str
            Whose sensors saw it.
        sortie : int
            Which flight.
        month : float
            When it was flown; what is due before is delivered first. [months]
        evidence : Evidence
            What it said.
        knowledge : Knowledge
            What the owner believes after it; any will do unless `wants_knowledge`.
        ticks : sequence of (Tracks, Looks), optional
            Its tracks and looks; needed if a link of the owner passes plots.
        """
        self.until(month)
        flown = self._flown.setdefault(owner, set())
        flown.add((owner, sortie))
        ids = frozenset((owner, s, sensor) for _, s in flown for sensor in range(len(self._bands)))
        self._send(
            owner, (owner, sortie), month, 1, reader=owner, evidence=evidence, ticks=ticks,
            knowledge=lambda: (knowledge, ids),
        )  # fmt: skip

    def until(self, month: float) -> None:
        """Deliver what is due by ``month``, and send it on where links go on."""
        while self._way and self._way[0][0] <= month:
            _, _, link, parcel, row, hop = heapq.heappop(self._way)
            self._deliver(link, parcel, row, hop)

    def transfers(self) -> Transfers:
        """Return the account of all parcels so far."""
        columns = {name: np.array([row[name] for row in self._rows], float) for name in (*_WHOLE, *_REAL)}
        whole: dict[str, Any] = {name: columns.pop(name).astype(np.int64) for name in _WHOLE}
        return Transfers(**whole, **columns)

    def _holdings(self, owner: str) -> Holdings:
        if owner not in self._owners:
            self._owners[owner] = Holdings(self._prior, self._revise)
        return self._owners[owner]

    def _worth(self, evidence: Evidence) -> float:
        """What evidence teaches somebody with the catalogue alone; NaN where no account is kept. [nat]"""
        if not self._account:
            return float("nan")
        return self._gain(self._prior, receive(self._prior, [evidence], self._revise)) if len(evidence) else 0.0

    def _send(
        self,
        sender: str,
        flight: FlightId,
        month: float,
        hop: int,
        *,
        reader: str,
        evidence: Evidence | None,
        ticks: Ticks | None,
        knowledge: Callable[[], tuple[Knowledge, frozenset[Id]]],
        path: tuple[str, ...] = (),
    ) -> None:
        path = (*path, sender)
        for i, link in self._links:
            has = {"plots": ticks is not None, "evidence": evidence is not None, "posterior": True}[link.passes]
            if link.sender != sender or link.receiver in path or not has:
                continue
            rng = self._rng(link.name, flight[1])
            offered = sent = looks = float("nan")
            arrives = month + link.delay_months
            parcel: Parcel | None
            if link.passes == "plots":
                assert ticks is not None
                assert evidence is not None
                passed = thinned(ticks, link, bands=self._bands, types=self._types, rng=rng)
                offered = self._worth(evidence)
                parcel = Parcel(arrives, None, ticks=passed, flight=flight, path=path)
            else:
                lost = float(rng.random()) < link.loss
                if link.passes == "evidence":
                    assert evidence is not None
                    told = redacted(evidence, link, bands=self._bands, types=self._types)
                    offered, looks = self._worth(evidence), float(told.n_looks.sum())
                    sent = offered if told is evidence else self._worth(told)
                    parcel = Parcel(arrives, told, flight=flight, reader=reader, path=path)
                else:
                    known, ids = knowledge()
                    shown, left = self._shown(known, ids, link)
                    if self._account:  # of a posterior, by its cells alone: the rest of it is not shown
                        offered, sent = gain_nats(self._prior, known), gain_nats(self._prior, shown)
                    looks = float((shown.n_looks - self._prior.n_looks).sum())
                    parcel = Parcel(arrives, None, posterior=shown, flight=flight, holds=left, path=path)
                if lost:
                    parcel = None
            self._rows.append(
                {
                    "link": i, "hop": hop, "sortie": flight[1], "sent_month": month,
                    "due_month": arrives if parcel is not None else float("nan"), "arrived": 0,
                    "n_looks": looks, "nats_offered": offered, "nats_sent": sent, "nats_gained": 0.0,
                }
            )  # fmt: skip
            if parcel is not None:
                heapq.heappush(self._way, (arrives, self._sent, link, parcel, len(self._rows) - 1, hop))
                self._sent += 1

    def _shown(self, known: Knowledge, ids: frozenset[Id], link: LinkConfig) -> tuple[Knowledge, frozenset[Id]]:
        """Return a posterior as a link shows it: rows it leaves out are as in the catalogue; no evidence goes along."""
        keep = _passed(known.sensor, link.without_bands, self._bands)
        ids = frozenset(one for one in ids if not link.without_bands or self._bands[one[2]] not in link.without_bands)
        keep &= _passed(known.type, link.without_types, self._types)
        return replace(
            known,
            log_posterior=np.where(keep[:, None], known.log_posterior, self._prior.log_posterior),
            log_evidence=self._prior.log_evidence,
            n_looks=np.where(keep, known.n_looks, self._prior.n_looks),
        ), ids

    def _deliver(self, link: LinkConfig, parcel: Parcel, row: int, hop: int) -> None:
        owner = link.receiver
        holdings, account = self._holdings(owner), self._rows[row]
        account["arrived"] = 1
        before = holdings.knowledge if self._account else None
        fresh, ticks = parcel.evidence, parcel.ticks
        reader = parcel.reader
        if ticks is not None:
            assert self._learner is not None
            fresh, reader = relearn(self._learner(owner, holdings.knowledge), ticks), owner
            account["nats_sent"], account["n_looks"] = self._worth(fresh), float(fresh.n_looks.sum())
        if fresh is not None:
            own = parcel.flight in self._flown.get(owner, ())  # what comes back to its owner is no news
            fresh = None if own else holdings.take_evidence(parcel.flight, reader, fresh)
        else:
            assert parcel.posterior is not None
            declared = self._prior if link.declares_prior else None
            holdings.take_posterior(link.sender, parcel.posterior, parcel.holds, declared=declared)
        if before is not None:
            account["nats_gained"] = self._gain(before, holdings.knowledge)
        else:
            account["nats_gained"] = float("nan")
        if parcel.posterior is not None or (fresh is not None and len(fresh)):
            self._send(
                owner, parcel.flight, parcel.due_month, hop + 1, reader=reader, evidence=fresh, ticks=ticks,
                knowledge=lambda: (holdings.knowledge, holdings.holds), path=parcel.path,
            )  # fmt: skip
