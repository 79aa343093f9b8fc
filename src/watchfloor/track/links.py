"""Links from sites to the centre: when a report arrives, if at all.

A tracker draws no random numbers, so the luck of a link comes to it as data: a table of numbers spread evenly over 0 to
1, one pair a report, that a run draws from the link's named stream (``luck``). Without a table the pairs follow an
additive recurrence (``even_luck``): the shares of lost and late reports are then met almost exactly, in an order that
looks irregular and is always the same. One pair decides about one report whatever delay and loss are, so two settings
compared meet the same luck.
"""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from pydantic import Field, NonNegativeFloat, model_validator

from watchfloor.base.config import Config
from watchfloor.base.units import FloatArray, IntArray

_PLASTIC = 1.324_717_957_244_746
"""The root of g^3 = g + 1; 1/g and 1/g^2 spread pairs evenly."""


class SiteLinkConfig(Config):
    """A link from a site to the centre."""

    delay_s: NonNegativeFloat = 0.0
    """Least time from a report to its arrival. [s]"""
    jitter_s: NonNegativeFloat = 0.0
    """Greatest further time; evenly spread, so that reports may overtake each other. [s]"""
    loss: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of reports that never arrive. [1]"""
    outages_s: tuple[tuple[float, float], ...] = ()
    """Times from and to which nothing that is sent arrives. [s]"""

    @model_validator(mode="after")
    def _outages_end(self) -> Self:
        for start_s, end_s in self.outages_s:
            if not end_s > start_s:
                raise ValueError(f"an outage ends after it begins, got {start_s!r} to {end_s!r}")
        return self


def even_luck(report: IntArray, site: int) -> FloatArray:
    r"""Numbers 0 to 1 for reports of a site, evenly spread and always the same.

    Parameters
    ----------
    report : (n,) array
        Count of each report since time 0; may be negative.
    site : int
        Row of the site, from 0.

    Returns
    -------
    (n, 2) array
        Numbers in [0, 1): for loss, for jitter. [1]

    Notes
    -----
    The additive recurrence :math:`(k\,g^{-1}, k\,g^{-2}) \bmod 1` with the plastic number g, shifted by
    :math:`\sqrt{2}\,(\mathrm{site} + 1)`. Any stretch of n reports meets a share to about :math:`\log n / n`, which a
    draw would to :math:`1/\sqrt{n}`: good for an example, wrong for statistics of bursts. Counts are taken modulo
    2^20, so that no digits are lost.

    References
    ----------
    Kuipers & Niederreiter, *Uniform Distribution of Sequences*, Wiley, 1974, ch. 2.3 (discrepancy of n alpha).

    Examples
    --------
    >>> even_luck(np.array([0, 1]), 0).round(3)
    array([[0.414, 0.414],
           [0.169, 0.984]])
    """
    count = np.mod(np.asarray(report, np.int64), 2**20)[:, None]
    return np.mod(math.sqrt(2.0) * (site + 1) + count * np.array([1.0 / _PLASTIC, 1.0 / _PLASTIC**2]), 1.0)


def arrivals(config: SiteLinkConfig, sent_s: FloatArray, luck: FloatArray) -> FloatArray:
    """When reports arrive.

    Parameters
    ----------
    config : SiteLinkConfig
        The link.
    sent_s : (n,) array
        When each report leaves the site. [s]
    luck : (n, 2) array
        Numbers in [0, 1), for loss and for jitter. [1]

    Returns
    -------
    (n,) array
        Times of arrival; inf for a report that never does. [s]

    Raises
    ------
    ValueError
        If ``luck`` does not fit or is not inside [0, 1).

    Examples
    --------
    >>> link = SiteLinkConfig(delay_s=2.0, jitter_s=4.0, loss=0.25, outages_s=((25.0, 35.0),))
    >>> arrivals(link, np.array([10.0, 20.0, 30.0]), np.array([[0.9, 0.5], [0.1, 0.5], [0.9, 0.5]]))
    array([14., inf, inf])
    """
    sent, drawn = np.asarray(sent_s, np.float64), np.asarray(luck, np.float64)
    if drawn.shape != (len(sent), 2):
        raise ValueError(f"luck must have one pair a report, ({len(sent)}, 2), got {drawn.shape}")
    if not ((drawn >= 0.0) & (drawn < 1.0)).all():
        raise ValueError("luck must lie inside [0, 1)")
    out = sent + config.delay_s + config.jitter_s * drawn[:, 1]
    lost = drawn[:, 0] < config.loss
    for start_s, end_s in config.outages_s:
        lost |= (sent >= start_s) & (sent < end_s)
    return np.where(lost, math.inf, out)
