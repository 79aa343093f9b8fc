"""Evidence passed from one owner to another: what a flight said, without what its owner believed before.

Evidence is a log-likelihood, so it adds to whatever its receiver knows and counts once however it travels; posteriors
would count the common prior twice. A parcel carries a flight's evidence; a link delays it and may lose it whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.picture import Knowledge
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.library import normalised


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence(Columns):
    """Log-likelihood of the mean radar cross-section gathered in one flight; one row a sensor x type x aspect cell."""

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


@dataclass(frozen=True)
class Parcel:
    """Evidence on its way."""

    due_month: float
    """When it arrives, on the sender's calendar. [months]"""
    evidence: Evidence
    """What is in it."""


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
    arrived = [parcel.evidence for parcel in parcels if parcel.due_month <= month]
    return arrived, [parcel for parcel in parcels if parcel.due_month > month]


def receive(knowledge: Knowledge, evidence: Iterable[Evidence]) -> Knowledge:
    """Add evidence to what an owner knows.

    Parameters
    ----------
    knowledge : Knowledge
        Before.
    evidence : iterable of Evidence
        What arrived; order does not matter.

    Returns
    -------
    Knowledge
        After; the same rows.

    Raises
    ------
    ValueError
        If the evidence is of a sensor, type, cell or grid that the knowledge does not have.
    """
    row = {key: n for n, key in enumerate(_keys(knowledge.sensor, knowledge.type, knowledge.aspect_rad))}
    log_posterior, n_looks = knowledge.log_posterior.copy(), knowledge.n_looks.copy()
    for one in evidence:
        if len(one) == 0:
            continue
        if one.log_likelihood.shape[1] != log_posterior.shape[1]:
            raise ValueError(f"evidence has {one.log_likelihood.shape[1]} levels, knowledge {log_posterior.shape[1]}")
        keys = _keys(one.sensor, one.type, one.aspect_rad)
        strange = [key for key in keys if key not in row]
        if strange:
            sensor, type_, micro = strange[0]
            raise ValueError(
                f"evidence of sensor row {sensor}, type row {type_}, aspect {1e-6 * micro:.3f} rad, "
                "which the receiver's knowledge does not have"
            )
        at = np.array([row[key] for key in keys])
        np.add.at(log_posterior, at, one.log_likelihood)
        np.add.at(n_looks, at, one.n_looks)
    return Knowledge(
        sensor=knowledge.sensor,
        type=knowledge.type,
        aspect_rad=knowledge.aspect_rad,
        log_posterior=normalised(log_posterior),
        n_looks=n_looks,
    )


def _keys(sensor: IntArray, type_: IntArray, aspect_rad: FloatArray) -> list[tuple[int, int, int]]:
    micro = np.round(1e6 * np.asarray(aspect_rad)).astype(np.int64)
    return list(zip(sensor.tolist(), type_.tolist(), micro.tolist(), strict=True))
