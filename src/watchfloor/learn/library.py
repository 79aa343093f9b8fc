"""What is believed of each type's mean radar cross-section, and where that belief starts.

One posterior a (sensor, type, aspect cell), on the levels of ``SIGMA_GRID_DBSM``. The prior is the public catalogue:
the median curve of the sensor's band averaged over the cell in decibels, with a two-piece normal spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import band_of
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import BandSignature, TypeCard
from watchfloor.scenario.spread import Spread

Z90 = 1.281_551_565_544_600_4
"""Standard normal score of 90 %. [1]"""
SD_MIN_DB = 0.25
"""Least prior deviation: half a step of the grid. [dB]"""
_N_FINE = 16


def cell_centres(cell_deg: float) -> FloatArray:
    """Centres of equal aspect cells over 0 (nose-on) to pi.

    Parameters
    ----------
    cell_deg : float
        Width of a cell; divides 180. [deg]

    Returns
    -------
    (c,) array
        Centres. [rad]

    Raises
    ------
    ValueError
        If the width does not divide 180 degrees.
    """
    n = round(180.0 / cell_deg)
    if n < 1 or abs(n * cell_deg - 180.0) > 1e-9:
        raise ValueError(f"cell_deg must divide 180 degrees, got {cell_deg!r}")
    return (np.arange(n, dtype=np.float64) + 0.5) * (np.pi / n)


def two_piece(spread: Spread) -> tuple[float, float, float]:
    """Return median and the deviations below and above it that meet the spread's 10 and 90 % points."""
    p10, p50, p90 = spread.quantile_range()
    return p50, (p50 - p10) / Z90, (p90 - p50) / Z90


def normalised(log_weight: FloatArray) -> FloatArray:
    """Return log weights shifted so that their exponentials sum to one over the last axis; shape kept. [1]"""
    top = log_weight.max(axis=-1, keepdims=True)
    return log_weight - top - np.log(np.exp(log_weight - top).sum(axis=-1, keepdims=True))


def broad(mean_dbsm: float, sd_db: float) -> FloatArray:
    """Return the (g,) log prior of a thing of which nothing is known but a normal level. [1]"""
    return normalised(-0.5 * ((SIGMA_GRID_DBSM - mean_dbsm) / sd_db) ** 2)


def cell_levels_db(signature: BandSignature, centres_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Average a catalogue curve over aspect cells, in decibels, and say how far it strays inside each.

    Parameters
    ----------
    signature : BandSignature
        Curve of one band.
    centres_rad : (c,) array
        Centres of equal cells over 0 to pi. [rad]

    Returns
    -------
    mean_dbsm, sd_db : (c,) arrays
        Mean of the curve over each cell; standard deviation of the curve about it. [dBsm, dB]
    """
    if signature.table is None:
        aspect_deg, level = np.array(signature.aspect_deg), np.array(signature.sigma_dbsm)
    else:
        table = catalog.table(signature.table)
        aspect_deg, level = table["aspect_deg"], table["sigma_dbsm"]
    n = len(centres_rad)
    fine_deg = (np.arange(n * _N_FINE) + 0.5) * (180.0 / (n * _N_FINE))
    fine = np.interp(fine_deg, aspect_deg, level).reshape(n, _N_FINE)
    return fine.mean(axis=1), fine.std(axis=1)


def prior(card: TypeCard, band: str, centres_rad: FloatArray) -> FloatArray:
    """Prior of one type in one band, from the public catalogue.

    Parameters
    ----------
    card : TypeCard
        The type.
    band : str
        Radar band, one of the card's.
    centres_rad : (c,) array
        Centres of the aspect cells. [rad]

    Returns
    -------
    (c, g) array
        Log probability of each level. [1]

    Raises
    ------
    ValueError
        If the card has no signature in that band.

    Notes
    -----
    Two half normals about the cell's median level, each with probability one half, so that the median is the
    catalogue's even when the spread leans to one side. The deviation of each half is the root of the sum of the squares
    of the curve's offset on that side (from its 10 and 90 % points) and of the scatter of a cell about the curve (with
    the doubt about that scatter). How the curve runs inside the cell is not part of it: see ``inside_db``. Cells are
    held independent of each other, although a common offset ties them: learning one cell teaches its neighbours
    nothing.

    References
    ----------
    Wallis, "The two-piece normal, binormal, or double Gaussian distribution", *Statistical Science* 29 (1), 2014, here
    with the two halves scaled to equal probability.
    """
    if band not in card.signature:
        raise ValueError(f"{card.title!r} has no signature in band {band}, only {', '.join(card.signature)}")
    signature = card.signature[band]  # type: ignore[index]
    mean, _ = cell_levels_db(signature, centres_rad)
    offset, below, above = two_piece(signature.offset_db)
    cell, cell_below, cell_above = two_piece(card.cell_sigma_db)
    scatter2 = cell * cell + (0.5 * (cell_below + cell_above)) ** 2
    away = SIGMA_GRID_DBSM - (mean[:, None] + offset)
    low, high = (max(np.sqrt(sd * sd + scatter2), SD_MIN_DB) for sd in (below, above))
    sd = np.where(away < 0.0, low, high)
    return normalised(-0.5 * (away / sd) ** 2 - np.log(sd))


def inside_db(card: TypeCard, band: str, centres_rad: FloatArray) -> FloatArray:
    """Return how far the level at one aspect strays from its cell's (c,), one standard deviation. [dB]

    The catalogue's curve about its mean over the cell, and the scatter of cells: deviations that run straight from one
    centre to the next are, over the cell, sqrt(2/12) of the cells' own away from the centre's.
    """
    _, curve = cell_levels_db(card.signature[band], centres_rad)  # type: ignore[index]
    return np.sqrt(curve * curve + card.cell_sigma_db.median**2 / 6.0)


def blurred(log_weight: FloatArray, sd_db: FloatArray) -> FloatArray:
    """Blur distributions or likelihoods over the levels.

    Parameters
    ----------
    log_weight : (n, g) array
        Natural logs of the weights of the levels of ``SIGMA_GRID_DBSM``; rows may span thousands of nats. [1]
    sd_db : (n,) array
        Standard deviation of the normal law that each row is blurred with; 0 leaves a row as it is. [dB]

    Returns
    -------
    (n, g) array
        Logs of the blurred rows; beyond the grid a row goes on as at its ends. [1]
    """
    out, step_db = log_weight.copy(), float(SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0])
    for i in np.flatnonzero(sd_db > 0.1 * step_db):
        reach = int(np.ceil(4.0 * sd_db[i] / step_db))
        tap = -0.5 * (np.arange(-reach, reach + 1) * step_db / sd_db[i]) ** 2
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(log_weight[i], reach, mode="edge"), 2 * reach + 1)
        terms = windows + (tap - np.log(np.exp(tap).sum()))
        top = terms.max(axis=1)
        out[i] = top + np.log(np.exp(terms - top[:, None]).sum(axis=1))
    return out


class Library:
    """Knowledge of one owner: what a flight started with, and the log-likelihood it has added since.

    Parameters
    ----------
    sensors : (s,) array
        Rows of the primary radars in the run's sensor list.
    start : (s, t, c, g) array
        Log posteriors at the start. [1]
    prior : (s, t, c, g) array
        Log prior of the catalogue, for the ledger. [1]
    other : (g,) array
        Log prior of a thing of no known type. [1]
    n_looks : (s, t, c) array
        Effective looks behind ``start``. [1]
    centres_rad : (c,) array
        Centres of the aspect cells. [rad]
    inside : (s, t, c) array
        How far the level at one aspect strays from its cell's, one standard deviation. [dB]

    Notes
    -----
    A cell has a level; at one aspect the level is another, by a normal deviation (``inside``). A flight shows one such
    aspect of a cell, so what it says of the cell is blurred by that deviation, and what the cell says of a track is
    blurred by it again: a flight can teach a cell's level no better than a cell has one.
    """

    def __init__(
        self,
        *,
        sensors: IntArray,
        start: FloatArray,
        prior: FloatArray,
        other: FloatArray,
        n_looks: FloatArray,
        centres_rad: FloatArray,
        inside: FloatArray,
    ) -> None:
        self.sensors = sensors
        self.prior = prior
        self.start = start
        """(s, t, c, g) log posterior when the flight began. [1]"""
        self.start_probability = np.empty((start.shape[0], start.shape[1] + 1, *start.shape[2:]))
        """(s, t + 1, c, g) probabilities of the level at one aspect when the flight began, "other" last. [1]"""
        self.start_probability[:, -1] = np.exp(other)
        self.inside = inside
        self._predict()
        self.centres_rad = centres_rad
        self.start_looks = n_looks
        self.gain = np.zeros_like(start)
        """(s, t, c, g) log-likelihood of the level at the aspects flown since the flight began. [1]"""
        self.counts = np.zeros((*n_looks.shape, 6))
        """(s, t, c, 6) of this flight, weighted by the type's probability: effective looks, looks, hits, misses, looks
        under a label, exposure. [1, 1, 1, 1, 1, s]"""
        s, t, c, _ = start.shape
        row = np.indices((s, t, c)).reshape(3, -1)
        self._keys = (np.asarray(sensors)[row[0]], row[1], centres_rad[row[2]])

    def _predict(self) -> None:
        """Blur the levels' posteriors into those of the level at one aspect, all rows at once.

        Through the Fourier transform, whose rounding hides tails below 1e-15 of the peak: enough for a prediction.
        """
        g, step_db = self.start.shape[-1], float(SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0])
        omega = 2.0 * np.pi * np.fft.rfftfreq(2 * g)
        transfer = np.exp(-0.5 * ((self.inside / step_db)[..., None] * omega) ** 2)
        blurred_rows = np.fft.irfft(np.fft.rfft(np.exp(self.start), 2 * g) * transfer, 2 * g)[..., :g]
        blurred_rows = np.maximum(blurred_rows, 1e-18)
        at_one_aspect = np.where(self.inside[..., None] > 0.1 * step_db, blurred_rows, np.exp(self.start))
        self.start_probability[:, :-1] = at_one_aspect / at_one_aspect.sum(axis=-1, keepdims=True)

    def touched(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return the indices (sensor, type, cell) of the rows that this flight has looked at."""
        return np.nonzero(self.counts[..., 1] > 0.0)  # type: ignore[return-value]

    def taught(self) -> FloatArray:
        """Return the log-likelihood (n, g) of the cells' levels that this flight adds, of the rows ``touched``. [1]"""
        rows = self.touched()
        return blurred(self.gain[rows], self.inside[rows])

    def posterior(self) -> FloatArray:
        """Return the log posterior (s, t, c, g), this flight included. [1]"""
        out, rows = self.start.copy(), self.touched()
        out[rows] = normalised(self.start[rows] + self.taught())
        return out

    def table(self) -> Knowledge:
        """Return the knowledge as a table, rows by sensor, type, aspect."""
        return Knowledge(
            sensor=self._keys[0],
            type=self._keys[1],
            aspect_rad=self._keys[2],
            log_posterior=self.posterior().reshape(-1, self.start.shape[-1]),
            n_looks=(self.start_looks + self.counts[..., 0]).reshape(-1),
        )

    def restart(self) -> None:
        """Begin a new flight from what is known now."""
        self.start_looks = self.start_looks + self.counts[..., 0]
        self.start = self.posterior()
        self._predict()
        self.gain[:] = 0.0
        self.counts[:] = 0.0


def make_library(
    *,
    radars: Sequence[Radar | None],
    types: Sequence[str],
    cards: Mapping[str, TypeCard],
    cell_deg: float,
    other: FloatArray,
    knowledge: Knowledge | None,
) -> Library:
    """Start a library from the public catalogue, or from knowledge handed over.

    Parameters
    ----------
    radars : sequence
        One a sensor; None for what is no primary radar.
    types : sequence of str
        The run's list of types.
    cards : mapping
        Card of each type.
    cell_deg : float
        Width of an aspect cell. [deg]
    other : (g,) array
        Log prior of a thing of no known type. [1]
    knowledge : Knowledge or None
        Rows that replace the catalogue's; a sensor, type or cell without a row starts from the catalogue.

    Returns
    -------
    Library
        Ready for a flight.

    Raises
    ------
    ValueError
        If a card is missing, or the knowledge is of other sensors, types, cells or levels.
    """
    centres = cell_centres(cell_deg)
    rows = np.array([row for row, radar in enumerate(radars) if radar is not None], np.int64)
    missing = [name for name in types if name not in cards]
    if missing:
        raise ValueError(f"no card for type {', '.join(missing)}")
    by_band: dict[tuple[str, str], tuple[FloatArray, FloatArray]] = {}
    catalogue = np.empty((len(rows), len(types), len(centres), len(SIGMA_GRID_DBSM)))
    inside = np.empty(catalogue.shape[:3])
    for s, row in enumerate(rows):
        band = band_of(radars[row].frequency_hz)  # type: ignore[union-attr]
        for t, name in enumerate(types):
            if (band, name) not in by_band:
                by_band[band, name] = prior(cards[name], band, centres), inside_db(cards[name], band, centres)
            catalogue[s, t], inside[s, t] = by_band[band, name]
    start, n_looks = catalogue.copy(), np.zeros(catalogue.shape[:3])
    if knowledge is not None:
        s, t, c = locate(knowledge.sensor, knowledge.type, knowledge.aspect_rad, rows, len(types), centres)
        if knowledge.log_posterior.shape[1] != len(SIGMA_GRID_DBSM):
            raise ValueError(
                f"knowledge has {knowledge.log_posterior.shape[1]} levels, wanted the grid's {len(SIGMA_GRID_DBSM)}"
            )
        if not np.all(np.isfinite(knowledge.log_posterior)):
            raise ValueError("knowledge holds a log probability that is not finite")
        total = np.exp(knowledge.log_posterior).sum(axis=1, keepdims=True)
        whole = np.abs(total - 1.0) < 1e-9  # already normalised: keep every bit
        start[s, t, c] = np.where(whole, knowledge.log_posterior, normalised(knowledge.log_posterior))
        n_looks[s, t, c] = knowledge.n_looks
    return Library(
        sensors=rows,
        start=start,
        prior=catalogue,
        other=other,
        n_looks=n_looks,
        centres_rad=centres,
        inside=inside,
    )


def locate(
    sensor: IntArray, type_: IntArray, aspect_rad: FloatArray, rows: IntArray, n_types: int, centres_rad: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Find the library's indices (sensor, type, cell) of table rows; ``ValueError`` names the first that has none."""
    if len(sensor) == 0:
        return sensor, type_, np.zeros(0, np.int64)
    place = np.searchsorted(rows, sensor)
    known = (place < len(rows)) & (rows[np.minimum(place, len(rows) - 1)] == sensor) if len(rows) else sensor < 0
    if not np.all(known):
        raise ValueError(f"knowledge of sensor row {sensor[~known][0]}, which is no primary radar of this run")
    if not np.all((type_ >= 0) & (type_ < n_types)):
        raise ValueError(f"knowledge of type row {type_.max()}, but the run lists {n_types} types")
    width = np.pi / len(centres_rad)
    cell = np.clip((aspect_rad / width).astype(np.int64), 0, len(centres_rad) - 1)
    if not np.allclose(centres_rad[cell], aspect_rad, atol=1e-9):
        raise ValueError("knowledge has other aspect cells than this learner (cell_deg)")
    return place, type_, cell
