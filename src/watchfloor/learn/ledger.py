r"""The ledger: what each flight taught, by sensor, type, configuration and cell, and what one more hour would.

Four measures, because no single one says all. With :math:`p_k` the posterior after flight k and :math:`p_0` the
catalogue:

- ``nats`` :math:`= \mathrm{KL}(p_k\,\|\,p_{k-1})`, how far the flight moved the belief of that cell; never negative.
- ``entropy_nats`` :math:`= H(p_{k-1}) - H(p_k)`, how much narrower the belief of that cell became; can be negative (a
  surprise widens it). One cell's flights add up.
- ``chain_nats``: the cell's share of what the *joint* belief of all cells lost in entropy, by the chain rule. **Cells,
  radars and flights add up exactly**, whether or not cells teach each other; what a cell teaches its neighbours is
  booked where it was seen.
- ``total_nats`` :math:`= \mathrm{KL}(p_k\,\|\,p_0)`, how far the belief stands from the public catalogue.

Averaged over what could be the case, sums over flights agree: each is then the mutual information between cross-section
and looks, and the chain rule splits it (Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, theorem
2.5.2). In one realised history only ``chain_nats`` adds.

``marginal_nats_per_h`` looks ahead: what an hour more, flown as this flight was, would teach (`next_hour_nats`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns, filled
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.field import STEP_DB, FieldPosterior, chain_nats
from watchfloor.learn.library import Library

COUNTS = (
    "n_effective",
    "n_looks",
    "n_hits",
    "n_misses",
    "exposure_s",
    "n_transponder",
    "n_flight_plan",
    "n_visual",
)
"""What is counted of a cell in a flight, in this order; each weighted by the probability of the type."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LedgerRows(Columns):
    """What one flight taught; one row a sensor x type x configuration x cell that was looked at.

    Counts are weighted by the probability that the track was of the type.
    """

    sensor: IntArray
    """(n,) row of the sensor."""
    type: IntArray
    """(n,) row of the type in the run's type list."""
    aspect_rad: FloatArray
    """(n,) centre of the cell. [rad]"""
    nats: FloatArray
    """(n,) KL divergence of the cell's belief after the flight from that before. [nat]"""
    entropy_nats: FloatArray
    """(n,) entropy of the cell's belief before less after; adds up over the flights of a cell. [nat]"""
    total_nats: FloatArray
    """(n,) KL divergence of the cell's belief after the flight from the catalogue's. [nat]"""
    chain_nats: FloatArray
    """(n,) share of the joint belief's loss of entropy; adds up over cells, radars and flights. [nat]"""
    n_effective: FloatArray
    """(n,) effective independent looks. [1]"""
    n_looks: FloatArray
    """(n,) looks. [1]"""
    n_hits: FloatArray
    """(n,) looks that detected. [1]"""
    n_misses: FloatArray
    """(n,) looks that did not. [1]"""
    n_labelled: FloatArray
    """(n,) looks at a track whose type somebody declared. [1]"""
    exposure_s: FloatArray
    """(n,) looks times the rotation period: time spent in the cell under the radar's eye. [s]"""
    elevation_rad: FloatArray = filled(0.0)
    """(n,) centre of the cell, above the wing plane. [rad]"""
    configuration: IntArray = filled(0)
    """(n,) 0: clean; 1: with reflectors."""
    n_transponder: FloatArray = filled(0.0)
    """(n,) of the labelled looks, those at a track declared by a transponder. [1]"""
    n_flight_plan: FloatArray = filled(0.0)
    """(n,) likewise by a flight plan. [1]"""
    n_visual: FloatArray = filled(0.0)
    """(n,) likewise by somebody who saw it. [1]"""
    marginal_nats_per_h: FloatArray = filled(0.0)
    """(n,) what one more hour, flown as this flight was, would teach here; an hour is one in which the type that was
    shown most is under the radar's eye. [nat/h]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class BookedRows(LedgerRows):
    """Ledger rows as a record holds them: with the names that a reader asks for."""

    radar: np.ndarray
    """(n,) name of the sensor."""
    band: np.ndarray
    """(n,) its band."""
    type_name: np.ndarray
    """(n,) name of the type."""


def divergence_nats(log_p: FloatArray, log_q: FloatArray) -> FloatArray:
    """Kullback-Leibler divergence of ``p`` from ``q`` over the last axis, both normalised logs. [nat]

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, eq. 2.26.

    Examples
    --------
    >>> float(divergence_nats(np.log([0.5, 0.5]), np.log([0.25, 0.75])).round(4))
    0.1438
    """
    return np.maximum((np.exp(log_p) * (log_p - log_q)).sum(axis=-1), 0.0)


def entropy_nats(log_p: FloatArray) -> FloatArray:
    """Shannon entropy over the last axis of normalised logs. [nat]

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, eq. 2.1.

    Examples
    --------
    >>> float(entropy_nats(np.log([0.5, 0.5])).round(4))
    0.6931
    """
    return -(np.exp(log_p) * log_p).sum(axis=-1)


def precision_per_db2(log_likelihood: FloatArray, log_posterior: FloatArray, times: FloatArray) -> FloatArray:
    r"""Say how sharply more of the same looks would speak of a level.

    Parameters
    ----------
    log_likelihood : (n, g) array
        What the looks so far say of the levels of ``SIGMA_GRID_DBSM``, up to a constant. [1]
    log_posterior : (n, g) array
        Normalised log probabilities of the levels. [1]
    times : (n,) array
        How many times as many looks, at least 0. [1]

    Returns
    -------
    (n,) array
        The precision :math:`d` that a normal law would need to gain as much: with the curvature
        :math:`\tau = -\ell''(\sigma)` (0 where it bends up), m ``times`` and v the variance believed,
        :math:`\tfrac12\ln(1 + d\,v) = \mathrm{E}\,\tfrac12\ln(1 + m\,\tau(\sigma)\,v)`. [1/dB2]

    Notes
    -----
    On average over looks the curvature is the Fisher information on the level in decibels: 1/4.34 squared a look for a
    Swerling 1 target far above the noise (10 / ln 10 is 4.34), less near it and next to nothing below,
    which is why the gain, not the curvature, is averaged over the levels believed. Second differences on the grid.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 11.10 (Fisher information).
    """
    bend = np.maximum(-np.diff(log_likelihood, 2, axis=-1) / (STEP_DB * STEP_DB), 0.0)
    variance = np.maximum(variance_db2(log_posterior), 1e-12)
    more = (np.asarray(times, float) * variance)[..., None] * bend
    return np.expm1((np.exp(log_posterior[..., 1:-1]) * np.log1p(more)).sum(axis=-1)) / variance


def variance_db2(log_posterior: FloatArray) -> FloatArray:
    """Return the variance of the level (n,) under normalised log probabilities (n, g). [dB2]"""
    weight = np.exp(log_posterior)
    mean = weight @ SIGMA_GRID_DBSM
    return (weight * (SIGMA_GRID_DBSM - mean[..., None]) ** 2).sum(axis=-1)


def next_hour_nats(precision_per_db2_h: FloatArray, covariance_db2: FloatArray) -> FloatArray:
    r"""Information that the next hour is expected to bring, cell by cell.

    Parameters
    ----------
    precision_per_db2_h : (n,) array
        Precision that the hour will add on the level of each cell. [1/dB2/h]
    covariance_db2 : (n,) or (n, n) array
        What is not known of the levels now: variances of cells that do not teach each other, or the covariance of
        cells that do. [dB2]

    Returns
    -------
    (n,) array
        Shares of the cells; their sum is the hour's whole. [nat/h]

    Raises
    ------
    ValueError
        If a precision or variance is negative or NaN, or the shapes do not fit.

    Notes
    -----
    For a normal level :math:`\tfrac12\ln\det(I + D^{1/2} V D^{1/2})` with D the precisions; the chain rule splits it by
    the pivots of the Cholesky factor, in the order of the rows: what two cells would both teach is booked on the
    first. With variances alone :math:`\tfrac12\ln(1 + d\,v)` each. A forecast: levels are not quite normal. Flown in
    simulation it holds within a tenth where most looks detect, and is up to a quarter too high where few do.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 9.4 (parallel Gaussian channels).

    Examples
    --------
    >>> next_hour_nats(np.array([1.0]), np.array([np.e**2 - 1.0])).round(6).tolist()
    [1.0]
    """
    d, v = np.asarray(precision_per_db2_h, float), np.asarray(covariance_db2, float)
    if v.shape not in ((len(d),), (len(d), len(d))):
        raise ValueError(f"covariance_db2 must have shape ({len(d)},) or ({len(d)}, {len(d)}), got {v.shape}")
    if not np.all(d >= 0.0):
        raise ValueError(f"precision_per_db2_h must be at least 0, got {d.min():.3g}")
    variance = v if v.ndim == 1 else np.diagonal(v)
    if not np.all(variance >= 0.0):
        raise ValueError(f"covariance_db2 must have variances of at least 0, got {variance.min():.3g}")
    if v.ndim == 1:
        return 0.5 * np.log1p(d * v)
    root = np.sqrt(d)
    return np.log(np.diagonal(np.linalg.cholesky(np.eye(len(d)) + root[:, None] * v * root)))


def draw_up(
    *,
    sensor: IntArray,
    type_: IntArray,
    configuration: IntArray,
    aspect_rad: FloatArray,
    elevation_rad: FloatArray,
    before: FloatArray,
    after: FloatArray,
    public: FloatArray,
    log_likelihood: FloatArray,
    counts: FloatArray,
    shares: FloatArray | None = None,
    covariance_db2: FloatArray | None = None,
) -> LedgerRows:
    """Draw up the ledger of a flight from the cells that were looked at.

    Parameters
    ----------
    sensor, type_, configuration : (n,) arrays
        Which sensor, type and configuration a cell is of.
    aspect_rad, elevation_rad : (n,) arrays
        Its centre. [rad]
    before, after, public : (n, g) arrays
        Normalised log probabilities of its levels before and after the flight, and in the catalogue. [1]
    log_likelihood : (n, g) array
        What the flight's looks say of it, up to a constant. [1]
    counts : (n, 8) array
        As named in ``COUNTS``.
    shares : (n,) array, optional
        Shares of the joint loss of entropy; left out, cells are independent and a cell's own loss is its share. [nat]
    covariance_db2 : (n, n) array, optional
        Covariance of the levels after the flight; left out, cells are independent. [dB2]

    Raises
    ------
    ValueError
        If the columns' lengths differ or ``counts`` is not of eight columns.
    """
    if counts.shape != (len(sensor), len(COUNTS)):
        raise ValueError(f"counts must have shape ({len(sensor)}, {len(COUNTS)}), got {counts.shape}")
    lost = entropy_nats(before) - entropy_nats(after)
    book = dict(zip(COUNTS, counts.T, strict=True))
    key, group = np.unique(np.stack([sensor, type_, configuration]), axis=1, return_inverse=True)
    seen = np.bincount(group.reshape(-1), book["exposure_s"], minlength=key.shape[1]) / 3600.0
    flown = np.zeros(int(sensor.max(initial=-1)) + 1)
    np.maximum.at(flown, key[0], seen)  # as long as the type that was shown most
    hours = flown[sensor]
    d = precision_per_db2(log_likelihood, after, 1.0 / np.maximum(hours, 1e-9))
    return LedgerRows(
        sensor=sensor,
        type=type_,
        configuration=configuration,
        aspect_rad=aspect_rad,
        elevation_rad=elevation_rad,
        nats=divergence_nats(after, before),
        entropy_nats=lost,
        total_nats=divergence_nats(after, public),
        chain_nats=lost if shares is None else shares,
        n_labelled=book["n_transponder"] + book["n_flight_plan"] + book["n_visual"],
        marginal_nats_per_h=next_hour_nats(d, variance_db2(after) if covariance_db2 is None else covariance_db2),
        **book,
    )


def booked(rows: LedgerRows, *, radars: Sequence[str], bands: Sequence[str], types: Sequence[str]) -> BookedRows:
    """Name what the rows are of, for a record.

    Parameters
    ----------
    rows : LedgerRows
        A flight's ledger.
    radars, bands : sequence of str
        Name and band of each sensor of the run, in its order; an empty band for what is no primary radar.
    types : sequence of str
        The run's list of types.
    """
    columns = dict(rows.items())
    return BookedRows(
        **columns,
        radar=np.array(radars, object)[rows.sensor],
        band=np.array(bands, object)[rows.sensor],
        type_name=np.array(types, object)[rows.type],
    )


def ledger(library: Library, fields: Sequence[FieldPosterior]) -> LedgerRows:
    """Draw up the ledger of the flight whose evidence and counts ``library`` holds.

    Parameters
    ----------
    library : Library
        What was known when the flight began, and what the flight has added.
    fields : sequence of FieldPosterior
        (m,) posteriors after the flight.

    Returns
    -------
    LedgerRows
        One row a cell that was looked at, by sensor, type, configuration and cell.

    Notes
    -----
    New evidence also moves how a field stands for older evidence; that part of the joint loss of entropy belongs to the
    flight and is spread evenly over the cells that it looked at, so that the sum stays exact. What a flight says of
    cells where reflectors add nothing is booked once, under the clean type.
    """
    priors = library.priors
    n_cells, parts = priors.shape[2], []
    for m, (prior, before, after) in enumerate(zip(priors.fields, library.fields, fields, strict=True)):
        s, c = np.nonzero(library.counts[:, m, :, 1] > 0.0)
        at = s * n_cells + c
        share = chain_nats(prior, before, after)
        rest = share.sum() - share[at].sum()
        if priors.configuration[m] == 1:  # where reflectors add nothing, the clean class has it booked
            rest -= share[library.same[:, m].reshape(-1)].sum()
        parts.append(
            draw_up(
                sensor=priors.sensors[s],
                type_=np.full(len(at), priors.type[m]),
                configuration=np.full(len(at), priors.configuration[m]),
                aspect_rad=priors.cells.azimuth_rad[c],
                elevation_rad=priors.cells.elevation_rad[c],
                before=before.log_posterior[at],
                after=after.log_posterior[at],
                public=prior.catalogue.log_posterior[at],
                log_likelihood=library.gain[s, m, c],
                counts=library.counts[s, m, c],
                shares=share[at] + rest / max(len(at), 1),
                covariance_db2=after.cov[np.ix_(at, at)],
            )
        )
    rows = LedgerRows.concat(parts)
    return rows.take(np.lexsort((rows.aspect_rad, rows.elevation_rad, rows.configuration, rows.type, rows.sensor)))
