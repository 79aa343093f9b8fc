"""How dangerous a track is to what is defended."""

from __future__ import annotations

import numpy as np

from watchfloor.base.units import FloatArray


def closest_approach(
    position_m: FloatArray, velocity_mps: FloatArray, place_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return when and how near straight flight passes a place.

    Parameters
    ----------
    position_m, velocity_mps : (n, 3) array
        Tracks, any Cartesian frame at rest with the place. [m, m/s]
    place_m : (3,) array
        The place. [m]

    Returns
    -------
    time_s : (n,) array
        Time to the closest point, 0 for a receding or resting track. [s]
    distance_m : (n,) array
        Distance there. [m]
    """
    offset = position_m - place_m
    speed2 = np.maximum(np.sum(velocity_mps**2, axis=1), 1e-9)
    time_s = np.maximum(-np.sum(offset * velocity_mps, axis=1) / speed2, 0.0)
    return time_s, np.linalg.norm(offset + time_s[:, None] * velocity_mps, axis=1)


def threat(
    time_s: FloatArray, distance_m: FloatArray, p_hostile: FloatArray, *, horizon_s: float, keep_out_m: float
) -> FloatArray:
    r"""Threat value of tracks, 0 to 1.

    Parameters
    ----------
    time_s, distance_m : (n,) array
        Closest approach to the defended place, from ``closest_approach``. [s, m]
    p_hostile : (n,) array
        Probability that the type is hostile. [1]
    horizon_s : float
        Warning time at which urgency has fallen to one half. [s]
    keep_out_m : float
        Miss distance at which concern has fallen to one half. [m]

    Returns
    -------
    (n,) array
        :math:`p_h \cdot (1 + t/t_h)^{-1} \cdot (1 + (d/d_k)^2)^{-1}`: rises with hostility, falls with time to go and
        with miss distance. [1]

    Notes
    -----
    The three cues (identity, time to go, closest point of approach) are the usual ones; their combination is a choice.

    References
    ----------
    Roux and van Vuuren, "Threat evaluation and weapon assignment decision support: a review of the state of the art",
    ORiON 23(2), 2007, pp. 151-187 (the cues).
    """
    return p_hostile / (1.0 + time_s / horizon_s) / (1.0 + (distance_m / keep_out_m) ** 2)
