"""Luneburg-lens reflectors worn by an aircraft: how large, and in which directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watchfloor.base.units import C_MPS, FloatArray
from watchfloor.physics.rcs import luneburg_m2


def lens_sigma_m2(radius_m: float, frequency_hz: float) -> float:
    r"""Peak cross-section of one Luneburg-lens reflector, small ones included. [m2]

    Parameters
    ----------
    radius_m : float
        Radius of the lens. [m]
    frequency_hz : float
        Carrier frequency. [Hz]

    Returns
    -------
    float
        :math:`4\pi^3a^4/\lambda^2` where the lens is at least a wavelength across; below, that times
        :math:`(2a/\lambda)^2`, which falls as :math:`a^6/\lambda^4` like any body smaller than the wave. [m2]

    Notes
    -----
    The step from optics to the Rayleigh region is drawn at one wavelength without the resonances between: an
    assumption, good to a few decibels near the step. At metre waves a lens of a few centimetres gives less
    than 1e-5 m2: nothing.

    References
    ----------
    Rayleigh region: Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 3.1.
    """  # noqa: D400, D415
    across = 2.0 * radius_m * frequency_hz / C_MPS
    return float(luneburg_m2(radius_m, frequency_hz)) * min(1.0, across) ** 2


def directions_rad(axes_deg: Sequence[float]) -> FloatArray:
    """Return the directions that lenses look, starboard positive: each axis and its mirror image, once. (m,) [rad]

    Notes
    -----
    Dead ahead and dead astern are their own mirror images.
    """
    both = {round(sign * axis, 9) for axis in axes_deg for sign in (1.0, -1.0)}
    both = {180.0 if axis == -180.0 else axis + 0.0 for axis in both}
    return np.deg2rad(np.array(sorted(both)))


def lens_pattern(axes_deg: Sequence[float], n_lenses: int, half_angle_rad: float, aspect_rad: FloatArray) -> FloatArray:
    """Sum over all lenses of the Gaussian pattern of one, as seen from each aspect.

    Parameters
    ----------
    axes_deg : sequence of float
        Directions off the nose that the lenses look, mirrored port and starboard. [deg]
    n_lenses : int
        Lenses, shared out evenly over the directions.
    half_angle_rad : float
        Angle off its axis at which a lens gives half its peak. [rad]
    aspect_rad : (n,) array
        Angles off the nose. [rad]

    Returns
    -------
    (n,) array
        Multiples of one lens's peak. [1]

    Raises
    ------
    ValueError
        If the lenses do not share out evenly.

    Notes
    -----
    In the plane of the wings; powers of lenses add, their phases being unknown. A Gaussian in the angle off the axis
    stands for the pattern of a lens with a reflecting cap, which is flat to tens of degrees and then falls: fair near
    the axis, assumed far from it.
    """
    directions = directions_rad(axes_deg)
    each, rest = divmod(n_lenses, len(directions))
    if rest or each == 0:
        raise ValueError(f"{n_lenses} lenses do not share out over {len(directions)} directions")
    off = (aspect_rad[:, None] - directions + np.pi) % (2.0 * np.pi) - np.pi
    return each * np.exp(-np.log(2.0) * (off / half_angle_rad) ** 2).sum(axis=1)
