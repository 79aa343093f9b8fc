r"""How far a set of pulse repetition frequencies resolves range and range rate.

Each frequency folds a quantity by its own span: range by :math:`c/2f`, range rate by :math:`\lambda f/2`. Two true
values that every frequency folds to the same place, within the tolerance of the cells, cannot be told apart; the least
distance at which that happens is the joint span of the set. `mti` has the folding itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import C_MPS
from watchfloor.physics._domain import within

if TYPE_CHECKING:
    from watchfloor.physics.radar import Radar


def joint_span(spans: ArrayLike, *, extent: float, tolerance: float = 0.0) -> float:
    """Least distance at which two values fold alike in every one of several spans.

    Parameters
    ----------
    spans : (k,) array_like
        What each repetition frequency folds by, above 0. [m or m/s]
    extent : float
        How far to look, above 0. [m or m/s]
    tolerance : float
        How far two folded values may lie apart and still be taken for one, at least 0: a resolution cell.
        [m or m/s]

    Returns
    -------
    float
        The distance; infinite if there is none up to ``extent``: there, every value is resolved. [m or m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Without tolerance it is the least common multiple of the spans (the Chinese remainder theorem). The target is taken
    to be detected in every frequency.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.9; Hovanessian, "An algorithm for calculation of
    range in a multiple PRF radar", *IEEE Trans. Aerosp. Electron. Syst.* 12 (2), 1976, pp. 287-290.

    Examples
    --------
    >>> joint_span([7.0, 8.0, 9.0], extent=1000.0)
    504.0
    """
    span = within("spans", spans, above=0.0)
    reach, slack = float(within("extent", extent, above=0.0)), float(within("tolerance", tolerance, least=0.0))
    if span.ndim != 1 or not span.size:
        raise ValueError(f"spans must be a (k,) array with at least one value, got shape {span.shape}")
    longest = float(span.max())
    steps = longest * np.arange(1, math.floor(reach / longest * (1.0 + 1e-12)) + 1)
    apart = steps[:, None] / span
    apart = np.abs(apart - np.rint(apart)) * span
    alike = np.flatnonzero((apart <= slack + 1e-9 * longest).all(axis=1))
    return float(steps[alike[0]]) if alike.size else math.inf


def folding(radar: Radar) -> tuple[float, float]:
    """Spans by which a radar's plots fold in range and in range rate.

    Parameters
    ----------
    radar : Radar
        The radar: the repetition frequencies of its looks, its cells, instrumented range and greatest range rate.

    Returns
    -------
    range_m, range_rate_mps : float
        Infinite where the set resolves all that the radar reports, or none is stated. [m, m/s]

    Notes
    -----
    A radar with one frequency folds by that one; the looks of one dwell work together, two cells apart being two.

    References
    ----------
    As `joint_span`.
    """
    prf = radar.waveform.prf_hz
    if not prf:
        return math.inf, math.inf
    used = np.unique([prf[look % len(prf)] for look in range(radar.n_pulses)])
    delays, speeds = 0.5 * C_MPS / used, 0.5 * radar.wavelength_m * used
    alone = len(used) == 1
    return (
        joint_span(delays, extent=radar.range_max_m, tolerance=0.0 if alone else radar.range_cell_m),
        joint_span(
            speeds,
            extent=2.0 * radar.range_rate_max_mps,
            tolerance=0.0 if alone else min(radar.range_rate_cell_mps, 0.25 * float(speeds.min())),
        ),
    )
