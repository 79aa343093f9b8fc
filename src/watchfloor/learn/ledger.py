r"""The ledger: what each flight taught, by sensor, type and aspect cell.

Three measures, because no single one says all. With :math:`p_k` the posterior after flight k and :math:`p_0` the
catalogue:

- ``nats`` :math:`= \mathrm{KL}(p_k\,\|\,p_{k-1})`, how far the flight moved the belief; never negative.
- ``entropy_nats`` :math:`= H(p_{k-1}) - H(p_k)`, how much narrower the belief became; can be negative (a surprise
  widens it). **Flights add up exactly**: the sum over flights is :math:`H(p_0) - H(p_n)`.
- ``total_nats`` :math:`= \mathrm{KL}(p_k\,\|\,p_0)`, how far the belief stands from the public catalogue.

Averaged over what could be the case, sums of all three over flights agree: each is then the mutual information between
cross-section and looks, and the chain rule splits it by flight (Cover & Thomas, *Elements of Information Theory*, 2nd
ed., 2006, theorem 2.5.2). In one realised history only ``entropy_nats`` adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.library import Library, normalised


@dataclass(frozen=True, kw_only=True, eq=False)
class LedgerRows(Columns):
    """What one flight taught; one row a sensor x type x aspect cell that was looked at.

    Counts are weighted by the probability that the track was of the type.
    """

    sensor: IntArray
    """(n,) row of the sensor."""
    type: IntArray
    """(n,) row of the type in the run's type list."""
    aspect_rad: FloatArray
    """(n,) centre of the cell. [rad]"""
    nats: FloatArray
    """(n,) KL divergence of the belief after the flight from that before. [nat]"""
    entropy_nats: FloatArray
    """(n,) entropy before less entropy after; adds up over flights. [nat]"""
    total_nats: FloatArray
    """(n,) KL divergence of the belief after the flight from the catalogue's. [nat]"""
    n_effective: FloatArray
    """(n,) effective independent looks. [1]"""
    n_looks: FloatArray
    """(n,) looks. [1]"""
    n_hits: FloatArray
    """(n,) looks that detected. [1]"""
    n_misses: FloatArray
    """(n,) looks that did not. [1]"""
    n_labelled: FloatArray
    """(n,) looks at a track whose type a transponder or flight plan declared. [1]"""
    exposure_s: FloatArray
    """(n,) looks times the rotation period: time spent in the cell under the radar's eye. [s]"""


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


def ledger(library: Library) -> LedgerRows:
    """Draw up the ledger of the flight that ``library`` has taken in so far.

    Returns
    -------
    LedgerRows
        One row a cell that was looked at, by sensor, type, aspect.
    """
    s, t, c = library.touched()
    before = library.start[s, t, c]
    after = normalised(before + library.taught())
    counts = library.counts[s, t, c]
    return LedgerRows(
        sensor=library.sensors[s],
        type=t,
        aspect_rad=library.centres_rad[c],
        nats=divergence_nats(after, before),
        entropy_nats=entropy_nats(before) - entropy_nats(after),
        total_nats=divergence_nats(after, library.prior[s, t, c]),
        n_effective=counts[:, 0],
        n_looks=counts[:, 1],
        n_hits=counts[:, 2],
        n_misses=counts[:, 3],
        n_labelled=counts[:, 4],
        exposure_s=counts[:, 5],
    )
