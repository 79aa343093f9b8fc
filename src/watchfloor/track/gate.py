"""Gates: how far from its expected measurement a plot may lie."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from watchfloor.base.units import FloatArray


def gate_limits(probability: float) -> FloatArray:
    r"""Limits of the squared normalised innovation, by how many components were measured.

    Parameters
    ----------
    probability : float
        Chance that a track's own plot lies inside the gate, inside (0, 1). [1]

    Returns
    -------
    (5,) array
        Limit for 0 to 4 components; the first is 0. [1]

    Raises
    ------
    ValueError
        If ``probability`` is not inside (0, 1).

    Notes
    -----
    Quantiles of the chi-square law with d degrees of freedom: :math:`2\,P^{-1}(d/2, p)` with the inverse of the
    regularised lower incomplete gamma function.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*, Wiley, 2001, section 1.5.4
    (table of quantiles).

    Examples
    --------
    >>> gate_limits(0.99).round(2)
    array([ 0.  ,  6.63,  9.21, 11.34, 13.28])
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"a gate's probability must lie inside (0, 1), got {probability!r}")
    return np.concatenate([[0.0], 2.0 * gammaincinv(0.5 * np.arange(1, 5), probability)])
