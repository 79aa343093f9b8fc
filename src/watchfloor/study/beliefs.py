"""What an owner believes of the subject's type, beside what is true in this replicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.learn.curves import mean_sd_dbsm, quantiles_dbsm
from watchfloor.learn.exploit import best_rung, gate_cells, ladder
from watchfloor.learn.field import Priors, chain_nats, evidence_of, posterior, revised, solve, table_of
from watchfloor.learn.ledger import divergence_nats
from watchfloor.learn.memory import Found
from watchfloor.learn.update import LATTICE, pd_row
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.detection import pd
from watchfloor.physics.radar import Radar, snr
from watchfloor.physics.rcs import Signature, band_of, sigma_m2
from watchfloor.study.tables import Beliefs, Changes

TOLD_SD_DB = 0.5
"""How well one who has been told knows a level: the step of the grid. [dB]"""
GATE_RADIUS_M = 600.0
"""Radius of the gate that another radar's track predicts: three standard deviations of a track of two radars. [m]"""
_RANGES_M = np.geomspace(2e3, 1000e3, 240)


def nats_gained(knowledge: Knowledge, prior: Knowledge, type_row: int) -> float:
    """Return how far the beliefs about one type stand from the prior, summed over radars and cells (KL). [nat]"""
    mine = (prior.type == type_row) & (prior.configuration == 0)
    return float(divergence_nats(knowledge.log_posterior[mine], prior.log_posterior[mine]).sum())


def joint_nats(priors: Priors, knowledge: Knowledge, type_row: int) -> float:
    """Return the entropy that the joint belief about one type, clean, has lost since the catalogue. [nat]

    What cells and bands have in common counts once, as in the ledger's ``chain_nats``, which add up to this.
    """
    m = int(np.flatnonzero((priors.type == type_row) & (priors.configuration == 0))[0])
    rows = np.ascontiguousarray(evidence_of(priors, knowledge)[0][:, m])
    field = priors.fields[m]
    if not np.any(rows):
        return 0.0
    return float(chain_nats(field, field.catalogue, posterior(field, rows.reshape(-1, rows.shape[-1]))).sum())


def beliefs(
    knowledge: Knowledge,
    *,
    type_row: int,
    signature: Signature,
    radars: dict[int, Radar],
    gas: dict[int, GasTable],
    rungs: tuple[float, ...],
    false_cost: float,
    min_gain: float,
    hours: float,
    who: int = 0,
    calibration_db: Mapping[int, float] | None = None,
) -> Beliefs:
    """Lay the posterior of one type beside the true signature.

    Parameters
    ----------
    knowledge : Knowledge
        What is believed.
    type_row : int
        The type asked about.
    signature : Signature
        Its true, clean signature in this replicate.
    radars, gas : dict
        Radars asked about and their gas loss, by sensor row.
    rungs, false_cost, min_gain
        The learner's ladder of thresholds, its price of a false plot, and the gain below which it opens no gate.
    hours : float
        Exposure so far. [h]
    who : int
        Whose beliefs these are.
    calibration_db : mapping of int to float, optional
        By sensor row, by how much the owner takes the radar's echoes for weaker than they are. [dB]

    Returns
    -------
    Beliefs
        One row a radar and aspect cell, of those seen from about the wing plane.
    """
    elevation = knowledge.elevation_rad
    level = elevation == elevation[np.argmin(np.abs(elevation))] if len(elevation) else elevation == 0.0
    clean = (knowledge.type == type_row) & (knowledge.configuration == 0)
    rows = np.flatnonzero(clean & level & np.isin(knowledge.sensor, list(radars)))
    posterior, sensor, aspect = knowledge.log_posterior[rows], knowledge.sensor[rows], knowledge.aspect_rad[rows]
    true_dbsm = np.empty(len(rows))
    range_m = np.empty(len(rows))
    for row, radar in radars.items():
        mine = sensor == row
        true_dbsm[mine] = _cell_means_dbsm(signature, band_of(radar.frequency_hz), aspect[mine])
        range_m[mine] = _gated_range_m(
            radar, gas[row], posterior[mine], true_dbsm[mine], signature.swerling, rungs, false_cost, min_gain,
            error_db=(calibration_db or {}).get(row, 0.0),
        )  # fmt: skip
    p10, p50, p90 = quantiles_dbsm(posterior).T
    read = np.array([(calibration_db or {}).get(row, 0.0) for row in sensor.tolist()])
    return Beliefs(
        hours=np.full(len(rows), hours),
        who=np.full(len(rows), who),
        sensor=sensor,
        aspect_rad=aspect,
        true_dbsm=true_dbsm + read,
        p10_dbsm=p10,
        p50_dbsm=p50,
        p90_dbsm=p90,
        sd_db=mean_sd_dbsm(posterior)[1],
        n_looks=knowledge.n_looks[rows],
        range_m=range_m,
    )


def oracle(
    priors: Priors,
    signatures: Mapping[str, Signature],
    radars: Mapping[int, Radar],
    calibration_db: Mapping[int, float] | None = None,
) -> Knowledge:
    """Return the knowledge of one who has been told every clean signature: each cell's mean to half a decibel.

    ``signatures`` are those true of the types, in the run's order; ``radars`` and the errors of their calibration by
    sensor row: told levels are as these radars would read them.
    """
    log_evidence, n_looks = np.zeros(priors.shape), np.zeros(priors.shape[:3])
    azimuth, n_azimuth = priors.cells.azimuth_rad, priors.cells.n_azimuth
    fine = (np.arange(16) + 0.5) / 16.0 - 0.5
    aspects = azimuth[:n_azimuth, None] + (np.pi / n_azimuth) * fine
    for s, row in enumerate(priors.sensors.tolist()):
        band = band_of(radars[row].frequency_hz)
        for m, signature in enumerate(signatures.values()):
            level = 10.0 * np.log10(sigma_m2(signature, band, aspects)).mean(axis=1)
            level = np.tile(level, len(azimuth) // n_azimuth) + (calibration_db or {}).get(row, 0.0)
            log_evidence[s, m] = -0.5 * ((SIGMA_GRID_DBSM - level[:, None]) / TOLD_SD_DB) ** 2
            n_looks[s, m] = 1.0
    return table_of(priors, solve(priors, log_evidence), log_evidence, n_looks)


def without(priors: Priors, knowledge: Knowledge, sensor: int) -> Knowledge:
    """Return knowledge as it would be if one radar had never looked."""
    mine = knowledge.sensor == sensor
    log_evidence, n_looks = knowledge.log_evidence.copy(), knowledge.n_looks.copy()
    log_evidence[mine], n_looks[mine] = 0.0, 0.0
    return revised(priors, replace(knowledge, log_evidence=log_evidence, n_looks=n_looks))


def changes_of(found: Found) -> Changes:
    """Return a change that was noticed as a row of the record."""
    return Changes(
        type=np.array([found.type]),
        configuration=np.array([found.configuration]),
        since_month=np.array([found.change.since_month]),
        found_month=np.array([found.change.found_month]),
    )


def _cell_means_dbsm(signature: Signature, band: str, centres_rad: FloatArray) -> FloatArray:
    """Return the mean level (of decibels, as the learner's cells have it) of each aspect cell. [dBsm]"""
    width = np.pi / len(centres_rad)
    inside = (np.arange(16) + 0.5) / 16.0 - 0.5
    return (10.0 * np.log10(sigma_m2(signature, band, centres_rad[:, None] + width * inside))).mean(axis=1)


def _gated_range_m(
    radar: Radar,
    gas: GasTable,
    posterior: FloatArray,
    true_dbsm: FloatArray,
    swerling: int,
    rungs: tuple[float, ...],
    false_cost: float,
    min_gain: float,
    *,
    error_db: float,
) -> FloatArray:
    """Return the farthest range (n,) at which one look inside a predicted gate detects with probability 0.5. [m]

    The radar sets its threshold by what it believes; whether that detects is up to what is true.
    """
    pfa = ladder(radar, rungs)
    snr_1m2 = snr(radar, _RANGES_M, 1.0, gas_loss_db=gas.two_way_db(_RANGES_M, np.full(len(_RANGES_M), 0.03)))
    supposed = snr_1m2 * 10.0 ** (-0.1 * error_db)
    grid = np.stack([_pd(radar, supposed[:, None] * 10.0 ** (0.1 * SIGMA_GRID_DBSM), p, swerling) for p in pfa])
    true = np.stack([_pd(radar, snr_1m2[:, None] * 10.0 ** (0.1 * true_dbsm), p, swerling) for p in pfa])
    expected = np.einsum("krg,ng->nrk", grid, np.exp(posterior))
    cells = gate_cells(radar, _RANGES_M, np.full(len(_RANGES_M), GATE_RADIUS_M))
    chosen = np.stack(
        [best_rung(e[:, None], pfa[None], cells[:, None], false_cost, min_gain=min_gain)[0][:, 0] for e in expected]
    )
    detects = np.take_along_axis(true, np.searchsorted(pfa, chosen).T[None], axis=0)[0].T
    return np.minimum(last_above(detects, _RANGES_M), radar.range_max_m)


def _pd(radar: Radar, snr: FloatArray, pfa: float, swerling: int) -> FloatArray:
    """Probability of detection by the radar's own detector, its CFAR's loss included. [1]"""
    law = radar.processing.cfar
    if law is None:
        return pd(snr, pfa, n_pulses=radar.n_pulses, swerling=swerling)
    row = pd_row(float(pfa), radar.n_pulses, swerling, law)
    return np.interp(10.0 * np.log10(snr), LATTICE[0] + LATTICE[1] * np.arange(len(row)), row)


def last_above(p: FloatArray, range_m: FloatArray, level: float = 0.5) -> FloatArray:
    """Return the farthest range at which the rows of ``p`` (n, r) reach ``level``, straight between; 0 if none."""
    above: BoolArray = p >= level
    last = above.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    i = np.minimum(last, len(range_m) - 2)
    rows = np.arange(len(p))
    share = np.clip((p[rows, i] - level) / np.maximum(p[rows, i] - p[rows, i + 1], 1e-12), 0.0, 1.0)
    return np.where(above.any(axis=1), range_m[i] + share * (range_m[i + 1] - range_m[i]), 0.0)
