r"""Rays through a spherically layered atmosphere: traced exactly, inverted, tabulated, and the error of the 4/3 earth.

Snell's law on a sphere keeps :math:`n r \cos e` along a ray (n index, r distance to the earth's centre, e elevation).
With :math:`p = n r \sin e` as the variable of integration,

.. math:: ds = \frac{dp}{n + r n'}, \qquad d\phi = \frac{C}{n r^2} ds, \qquad C = n_0 r_0 \cos e_0,

nothing is singular where the ray is level, and a ray that first falls and then rises is one interval like any other. It
asks that :math:`n r` grows with height, that is, for no duct: more than 157 N-units less a kilometre. Refractivity is
in N-units, :math:`N = 10^6 (n - 1)`; heights are above the sphere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.errors import NumericsError
from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics._domain import agree, together, within
from watchfloor.physics._kernels import refraction as kernels
from watchfloor.physics.propagation import K_STANDARD, MEAN_RADIUS_M, apparent_elevation_rad

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS
_CHUNK = 4096  # rays traced at once: the work arrays stay in the cache


class Atmosphere(Protocol):
    """Refractivity by height."""

    @property
    def levels_m(self) -> FloatArray:
        """Rising heights between which the profile is smooth; rays are integrated piece by piece. [m]"""  # noqa: D400, D415
        ...

    def profile(self, height_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Index less 1, and its slope over height. [1, 1/m]"""  # noqa: D400, D415
        ...


def crpl_decay_per_m(n_surface: ArrayLike) -> FloatArray:
    """Decay of the CRPL exponential reference atmosphere.

    Parameters
    ----------
    n_surface : array_like
        Refractivity at the surface, 200 to 450. [N-units]

    Returns
    -------
    array
        ``ln(N / (N + dN)) / 1 km`` with the fall over the first kilometre ``dN = -7.32 exp(0.005577 N)``. [1/m]

    Raises
    ------
    ValueError
        If the refractivity is outside the fit.

    References
    ----------
    Bean & Thayer, *CRPL Exponential Reference Atmosphere*, NBS Monograph 4, 1959, appendix A.

    Examples
    --------
    >>> (1e3 * crpl_decay_per_m([200.0, 313.0, 450.0])).round(4)
    array([0.1184, 0.1439, 0.2233])
    """
    n = within("n_surface", n_surface, least=200.0, most=450.0, remedy="N-units")
    return 1e-3 * np.log(n / (n - 7.32 * np.exp(0.005577 * n)))


@dataclass(frozen=True)
class Exponential:
    """Refractivity that falls exponentially with height; the CRPL reference atmosphere unless told otherwise.

    Below the surface the straight line of the surface's gradient goes on.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    n_surface: float = 313.0
    """Refractivity at the surface. [N-units]"""
    scale_height_m: float | None = None
    """Height over which it falls to 1/e; None for CRPL's own of ``n_surface``, 6.95 km for 313. ITU-R P.453 has 315
    N-units and 7.35 km as the mean of the world. [m]"""
    surface_m: float = 0.0
    """Height of the surface at which ``n_surface`` holds. [m]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        within("n_surface", self.n_surface, least=0.0, most=1000.0, remedy="N-units")
        if self.scale_height_m is not None:
            within("scale_height_m", self.scale_height_m, above=0.0)
        else:
            crpl_decay_per_m(self.n_surface)
        within("surface_m", self.surface_m)

    @property
    def decay_per_m(self) -> float:
        """Reciprocal of the scale height. [1/m]"""  # noqa: D400, D415
        if self.scale_height_m is not None:
            return 1.0 / self.scale_height_m
        return float(crpl_decay_per_m(self.n_surface))

    @property
    def levels_m(self) -> FloatArray:
        """As in `Atmosphere`: smooth throughout, cut so that no piece holds many scale heights."""
        return self.surface_m + np.array([0.0, 4.0, 20.0]) / self.decay_per_m

    def profile(self, height_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `Atmosphere`."""
        decay = self.decay_per_m
        depth = decay * (np.asarray(height_m, dtype=np.float64) - self.surface_m)
        air = 1e-6 * self.n_surface * np.exp(-np.maximum(depth, 0.0))
        return air - 1e-6 * self.n_surface * np.minimum(depth, 0.0), -decay * air


@dataclass(frozen=True, eq=False)
class Tabulated:
    """Refractivity read from a table, a straight line between entries; below it the first line goes on.

    Above the last entry it falls exponentially with the scale height of `Exponential`, 6.95 km.

    Raises
    ------
    ValueError
        If the arrays are not equally long, heights do not rise or a value is not finite.
    """

    height_m: FloatArray
    """(n,) rising heights, at least two. [m]"""
    refractivity: FloatArray
    """(n,) refractivity. [N-units]"""

    def __post_init__(self) -> None:
        """Check the table."""
        height = within("height_m", self.height_m)
        n = within("refractivity", self.refractivity, least=0.0, most=1000.0, remedy="N-units, not the modified M")
        if height.ndim != 1 or n.shape != height.shape or height.size < 2:
            raise ValueError(
                f"height_m and refractivity need (n,) entries, at least 2, got {height.shape} and {n.shape}"
            )
        if not np.all(np.diff(height) > 0.0):
            raise ValueError("height_m must rise from entry to entry: sort the table and drop repeated heights")
        object.__setattr__(self, "height_m", height)
        object.__setattr__(self, "refractivity", n)

    @property
    def levels_m(self) -> FloatArray:
        """As in `Atmosphere`: the entries, and steps above them."""
        return np.concatenate((self.height_m, self.height_m[-1] + np.array([20e3, 60e3])))

    def profile(self, height_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `Atmosphere`."""
        height = np.asarray(height_m, dtype=np.float64)
        i = np.clip(np.searchsorted(self.height_m, height, side="right") - 1, 0, self.height_m.size - 2)
        slope = (np.diff(self.refractivity) / np.diff(self.height_m))[i]
        n = self.refractivity[i] + slope * (height - self.height_m[i])
        above = height > self.height_m[-1]
        decay = float(crpl_decay_per_m(313.0))
        tail = self.refractivity[-1] * np.exp(-decay * np.where(above, height - self.height_m[-1], 0.0))
        return 1e-6 * np.where(above, tail, n), 1e-6 * np.where(above, -decay * tail, slope)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ray:
    """Where traced rays end; arrays of one shape."""

    ground_range_m: FloatArray
    """Distance along the ground from the antenna's foot. [m]"""
    height_m: FloatArray
    """Height of the end. [m]"""
    elevation_true_rad: FloatArray
    """Elevation at the antenna of the straight line to the end. [rad]"""
    range_m: FloatArray
    """Length of that straight line. [m]"""
    path_m: FloatArray
    """Length of the bent ray. [m]"""
    range_apparent_m: FloatArray
    """What a radar measures: c times the time of travel, the integral of the index along the ray. [m]"""
    bending_rad: FloatArray
    """Angle between the ray's directions at its ends, positive towards the earth. [rad]"""
    elevation_end_rad: FloatArray
    """Local elevation of the ray at its end. [rad]"""
    above_ground: BoolArray
    """Whether the ray stays at or above height 0."""


def trace(
    atmosphere: Atmosphere,
    height_m: ArrayLike,
    elevation_rad: ArrayLike,
    *,
    ground_range_m: ArrayLike | None = None,
    range_apparent_m: ArrayLike | None = None,
    target_height_m: ArrayLike | None = None,
    earth_radius_m: float = MEAN_RADIUS_M,
) -> Ray:
    """Trace rays from an antenna up to a ground range, an apparent range or a height.

    Parameters
    ----------
    atmosphere : Atmosphere
        `Exponential`, `Tabulated` or another profile.
    height_m : array_like
        Height of the antenna. [m]
    elevation_rad : array_like
        Apparent elevation at the antenna, -pi/2 to pi/2. [rad]
    ground_range_m, range_apparent_m, target_height_m : array_like
        Where the ray ends, exactly one of them: distance along the ground (for elevations within 1.5 rad), range as
        a radar measures it, or the height it *rises* to, or to which it falls when that is below the antenna. [m]
    earth_radius_m : float
        Radius of the sphere. [m]

    Returns
    -------
    Ray
        Everything about the ends; broadcasts. A ray that meets the ground goes on in air of the profile continued
        below it and says so in ``above_ground``.

    Raises
    ------
    ValueError
        If an argument is outside its domain, not exactly one end is given, a ray never comes to ``target_height_m``, or
        the atmosphere ducts where rays pass (no ray trace by layers is unique there).

    Notes
    -----
    Gauss-Legendre quadrature in ``n r sin(e)``, piece by piece between the atmosphere's levels; ends are found by
    Newton's method. Errors below 1e-9 of the range and 1e-10 rad against quadrature at 30 digits.

    References
    ----------
    Bean & Dutton, *Radio Meteorology*, NBS Monograph 92, 1966, ch. 3; Blake, "Ray height computation for a continuous
    nonlinear atmospheric refractive-index profile", *Radio Science* 3 (1), 1968, pp. 85-92.

    Examples
    --------
    >>> ray = trace(Exponential(), 0.0, np.radians(0.5), ground_range_m=339e3)
    >>> float(ray.height_m.round(-1)), float(np.degrees(ray.elevation_true_rad).round(2))
    (10010.0, 0.16)
    """
    ends = {"ground_range_m": ground_range_m, "range_apparent_m": range_apparent_m, "target_height_m": target_height_m}
    given = [name for name, value in ends.items() if value is not None]
    if len(given) != 1:
        raise ValueError(f"trace needs exactly one of {', '.join(ends)}, got {', '.join(given) or 'none'}")
    name = given[0]
    end = within(name, ends[name], least=-np.inf if name == "target_height_m" else 0.0)  # type: ignore[arg-type]
    start, elevation = _antenna(height_m, elevation_rad)
    radius = float(within("earth_radius_m", earth_radius_m, above=0.0))
    if name == "ground_range_m" and np.any(np.abs(elevation) > 1.5):
        raise ValueError("ground_range_m cannot end a ray as steep as that: give range_apparent_m or target_height_m")
    start, elevation, end = together(height_m=start, elevation_rad=elevation, **{name: end})
    shape = start.shape
    flat = [np.ravel(v) for v in (start, elevation, end)]
    parts = [
        _trace(atmosphere, *(v[i : i + _CHUNK] for v in flat), name=name, radius=radius)
        for i in range(0, max(start.size, 1), _CHUNK)
    ]
    columns = [np.concatenate(column).reshape(shape) for column in zip(*parts, strict=True)]
    return Ray(**dict(zip(Ray.__dataclass_fields__, columns, strict=True)))


def apparent_elevation(
    atmosphere: Atmosphere,
    height_m: ArrayLike,
    target_height_m: ArrayLike,
    ground_range_m: ArrayLike,
    *,
    earth_radius_m: float = MEAN_RADIUS_M,
) -> FloatArray:
    """Apparent elevation at which an antenna sees a target: the inverse of `trace`.

    Parameters
    ----------
    atmosphere : Atmosphere
        `Exponential`, `Tabulated` or another profile.
    height_m, target_height_m : array_like
        Heights of antenna and target. [m]
    ground_range_m : array_like
        Distance along the ground. [m]
    earth_radius_m : float
        Radius of the sphere. [m]

    Returns
    -------
    array
        Elevation at which the ray leaves; broadcasts. Rays beyond the horizon pass below the ground. [rad]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the atmosphere ducts where rays pass.
    NumericsError
        If the iteration does not settle; the message names the row.

    References
    ----------
    As `trace`.

    Examples
    --------
    >>> float(np.degrees(apparent_elevation(Exponential(), 0.0, 10e3, 339e3)).round(2))
    0.5
    """
    return _inverse(atmosphere, height_m, target_height_m, ground_range_m, earth_radius_m)[0]


def horizon_m(
    atmosphere: Atmosphere, height1_m: ArrayLike, height2_m: ArrayLike, *, earth_radius_m: float = MEAN_RADIUS_M
) -> FloatArray:
    """Longest ground distance at which two heights see each other: the ray that grazes height 0.

    Parameters
    ----------
    atmosphere : Atmosphere
        `Exponential`, `Tabulated` or another profile.
    height1_m, height2_m : array_like
        Heights, at least 0. [m]
    earth_radius_m : float
        Radius of the sphere. [m]

    Returns
    -------
    array
        Distance along the ground. [m]

    Raises
    ------
    ValueError
        If a height is negative or the atmosphere ducts.

    References
    ----------
    As `trace`.
    """
    agree(height1_m=height1_m, height2_m=height2_m)
    h1, h2 = within("height1_m", height1_m, least=0.0), within("height2_m", height2_m, least=0.0)
    sides = [
        trace(atmosphere, 0.0, 0.0, target_height_m=h, earth_radius_m=earth_radius_m).ground_range_m for h in (h1, h2)
    ]
    return sides[0] + sides[1]


def four_thirds_height_error_m(
    atmosphere: Atmosphere,
    height_m: ArrayLike,
    elevation_rad: ArrayLike,
    range_apparent_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: float = MEAN_RADIUS_M,
) -> FloatArray:
    """Height that the effective earth makes of a radar's range and elevation, less the traced one.

    Parameters
    ----------
    atmosphere : Atmosphere
        The truth.
    height_m : array_like
        Height of the antenna. [m]
    elevation_rad, range_apparent_m : array_like
        What the radar measures: apparent elevation and range. [rad, m]
    k : float
        Ratio of effective to true earth radius. [1]
    earth_radius_m : float
        Radius of the sphere. [m]

    Returns
    -------
    array
        Error of the quick form; negative where it is low. [m]

    Raises
    ------
    ValueError
        As `trace`.

    Notes
    -----
    In the CRPL atmosphere of 313 N-units, at 0.5 degrees: -268 m for a target 10 km high, 339 km away, and -1226 m for
    one 20 km high, 496 km away. Up to 100 km and 2 degrees the quick form is good to 30 m.

    References
    ----------
    Doviak & Zrnic, *Doppler Radar and Weather Observations*, 2nd ed., 1993, eq. (2.28b) (the quick form).

    Examples
    --------
    >>> four_thirds_height_error_m(Exponential(), 0.0, np.radians(0.5), [100e3, 339.3e3, 495.8e3]).round()
    array([   18.,  -268., -1227.])
    """
    ray = trace(atmosphere, height_m, elevation_rad, range_apparent_m=range_apparent_m, earth_radius_m=earth_radius_m)
    start, elevation = _antenna(height_m, elevation_rad)
    radius = k * earth_radius_m + start
    rise = ray.range_apparent_m * (ray.range_apparent_m + 2.0 * radius * np.sin(elevation))
    return start + rise / (np.sqrt(radius * radius + rise) + radius) - ray.height_m


class RayTable:
    """Ray-traced corrections of one antenna by ground distance and target height, tabulated once.

    Two layers: apparent elevation less that on the effective earth (`propagation.apparent_elevation_rad`), and apparent
    range less the straight line's length. The look-up is bilinear in the square root of the distance and in
    asinh((height - antenna) / 300 m); inside the horizon the elevation is within 1e-5 rad + 0.3 % of the correction and
    the range within 0.3 m + 1 % of the ray trace. Beyond the edges the edge answers.

    Parameters
    ----------
    atmosphere : Atmosphere
        `Exponential`, `Tabulated` or another profile.
    height_m : float
        Height of the antenna above the ground, at least 0. [m]
    range_max_m : float
        Longest ground distance. [m]
    target_height_max_m : float
        Greatest height of a target. [m]
    k : float
        Ratio of effective to true earth radius of the quick form that is corrected. [1]
    earth_radius_m : float
        Radius of the sphere. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the atmosphere ducts.

    References
    ----------
    As `trace`.
    """

    table: FloatArray
    """(2, n_ground, n_height) corrections of elevation and range. [rad, m]"""
    grid: FloatArray
    """(5,) for the kernel `watchfloor.physics._kernels.refraction.lookup`."""
    dip_rad: float
    """Apparent elevation of the horizon, at most 0: what is lower and farther than `tangent_m` is hidden. [rad]"""
    tangent_m: float
    """Ground distance to the point that the horizon's ray grazes. [m]"""

    def __init__(
        self,
        atmosphere: Atmosphere,
        height_m: float,
        *,
        range_max_m: float = 600e3,
        target_height_max_m: float = 40e3,
        k: float = K_STANDARD,
        earth_radius_m: float = MEAN_RADIUS_M,
    ) -> None:
        height = float(within("height_m", height_m, least=0.0, most=20e3))
        reach = float(within("range_max_m", range_max_m, above=0.0, most=2e6))
        top = float(within("target_height_max_m", target_height_max_m, above=height, most=200e3))
        n_ground, n_height = 97, 65
        first, last = np.arcsinh((np.array([0.0, top]) - height) / _TABLE_SCALE_M)
        self.grid = np.array(
            [(n_ground - 1) / np.sqrt(reach), height, _TABLE_SCALE_M, (n_height - 1) / (last - first), first]
        )
        ground = (np.arange(n_ground) / self.grid[0]) ** 2
        target = height + _TABLE_SCALE_M * np.sinh(first + np.arange(n_height) / self.grid[3])
        ground[0] = 1e-3 * ground[1]
        elevation, excess = _inverse(atmosphere, height, target, ground[:, None], earth_radius_m)
        quick = apparent_elevation_rad(height, target, ground[:, None], k=k, earth_radius_m=earth_radius_m)
        self.table = np.stack((elevation - quick, excess))
        horizon = trace(atmosphere, 0.0, 0.0, target_height_m=height, earth_radius_m=earth_radius_m)
        self.dip_rad, self.tangent_m = -float(horizon.elevation_end_rad), float(horizon.ground_range_m)
        self._k, self._radius = k, earth_radius_m
        self.table.flags.writeable = self.grid.flags.writeable = False

    def corrections(self, ground_range_m: ArrayLike, target_height_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Look both corrections up.

        Parameters
        ----------
        ground_range_m, target_height_m : array_like
            Distance along the ground and height of the target. [m]

        Returns
        -------
        elevation_rad, range_m : arrays
            What to add to the apparent elevation on the effective earth, and to the straight line's length.
        """
        agree(ground_range_m=ground_range_m, target_height_m=target_height_m)
        ground, height = np.broadcast_arrays(
            np.asarray(ground_range_m, dtype=np.float64), np.asarray(target_height_m, dtype=np.float64)
        )
        rows = kernels.lookup_rows(self.table, self.grid, np.array(ground).reshape(-1), np.array(height).reshape(-1))
        return rows[0].reshape(ground.shape), rows[1].reshape(ground.shape)

    def apparent_elevation(self, ground_range_m: ArrayLike, target_height_m: ArrayLike) -> FloatArray:
        """Apparent elevation of targets; arguments as `corrections`. [rad]"""  # noqa: D400, D415
        quick = apparent_elevation_rad(
            float(self.grid[1]), target_height_m, ground_range_m, k=self._k, earth_radius_m=self._radius
        )
        return quick + self.corrections(ground_range_m, target_height_m)[0]


_TABLE_SCALE_M = 300.0


def _inverse(
    atmosphere: Atmosphere,
    height_m: ArrayLike,
    target_height_m: ArrayLike,
    ground_range_m: ArrayLike,
    earth_radius_m: float,
) -> tuple[FloatArray, FloatArray]:
    """Apparent elevation, and apparent range less the straight line's length; arguments as `apparent_elevation`."""
    start, _ = _antenna(height_m, 0.0)
    end = within("target_height_m", target_height_m, least=-10e3)
    ground = within("ground_range_m", ground_range_m, least=0.0, most=5e6)
    radius = float(within("earth_radius_m", earth_radius_m, above=0.0))
    start, end, ground = together(height_m=start, target_height_m=end, ground_range_m=ground)
    flat = [np.ravel(v) for v in (start, end, ground)]
    rows = range(0, max(start.size, 1), _CHUNK)
    parts = [_invert(atmosphere, *(v[i : i + _CHUNK] for v in flat), radius=radius) for i in rows]
    elevation, excess = (np.concatenate(column).reshape(start.shape) for column in zip(*parts, strict=True))
    return elevation, excess


def _antenna(height_m: ArrayLike, elevation_rad: ArrayLike) -> tuple[FloatArray, FloatArray]:
    return (
        within("height_m", height_m, least=-1e3, most=1e6),
        within("elevation_rad", elevation_rad, least=-0.5 * np.pi, most=0.5 * np.pi, remedy="radians"),
    )


class _Rays:
    """Rays from n antennas in one atmosphere: what stays the same while their ends are sought.

    In units of n0 r0: ``q = n r sin(e) / (n0 r0)``, and ``q**2 = sin(e0)**2 + x (2 + x)`` with
    ``x = n r / (n0 r0) - 1``.
    """

    def __init__(self, atmosphere: Atmosphere, height: FloatArray, radius: float) -> None:
        self.atmosphere, self.height, self.radius = atmosphere, height, radius
        self.m0, _ = atmosphere.profile(height)
        self.unit = (1.0 + self.m0) * (radius + height)  # n0 r0
        fixed = np.asarray(atmosphere.levels_m, dtype=np.float64)
        self.levels = fixed
        self.x_levels = self.rise(fixed[None, :], column=True)
        low, high = min(float(fixed[0]), float(height.min(initial=0.0)), 0.0) - 2e3, max(2e6, float(fixed[-1]) + 1e5)
        steps = np.concatenate((np.arange(low, 12e4, 250.0), np.geomspace(12e4, high, 60)))
        middles = 0.5 * (fixed[1:] + fixed[:-1])  # a slope seen in every piece
        self.guess_h = np.unique(np.concatenate((steps, fixed, middles)))
        m, slope = atmosphere.profile(self.guess_h)
        self.guess_nr = np.maximum.accumulate(m * (radius + self.guess_h) + self.guess_h)  # n r - radius
        self.grows = 1.0 + m + (radius + self.guess_h) * slope

    def rise(self, height: FloatArray, *, column: bool = False) -> FloatArray:
        """``n r / (n0 r0) - 1`` at heights, without the cancellation."""
        h0, m0, unit = (v[:, None] if column else v for v in (self.height, self.m0, self.unit))
        m, _ = self.atmosphere.profile(height)
        return ((1.0 + m) * (height - h0) + (m - m0) * (self.radius + h0)) / unit

    def height_of(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Height, index less 1 and ``n + r n'`` where ``n r / (n0 r0) - 1`` is x; x is (n, ...)."""
        tail = (slice(None), *(None,) * (x.ndim - 1))
        h0, m0, unit = self.height[tail], self.m0[tail], self.unit[tail]
        wanted = x * unit  # n r - n0 r0
        height = np.interp(wanted + (m0 * (self.radius + h0) + h0), self.guess_nr, self.guess_h)
        for _ in range(3):
            m, slope = self.atmosphere.profile(height)
            grows = 1.0 + m + (self.radius + height) * slope
            height = height - ((1.0 + m) * (height - h0) + (m - m0) * (self.radius + h0) - wanted) / grows
        m, slope = self.atmosphere.profile(height)
        return height, m, 1.0 + m + (self.radius + height) * slope

    def check_ducts(self, low: float, high: float) -> None:
        """Refuse an atmosphere that ducts between two heights."""
        inside = (self.guess_h >= low - 250.0) & (self.guess_h <= high + 250.0) & ~(self.grows > 0.0)
        if inside.any():
            worst = self.guess_h[inside]
            raise ValueError(
                f"the atmosphere ducts between {worst[0]:.0f} and {worst[-1]:.0f} m (refractivity falls by more than "
                "157 N-units/km): rays are trapped there; smooth the profile or keep the rays above it"
            )

    def integrate(self, sine: FloatArray, q1: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Angle at the earth's centre, length and optical length from q = sine to q1; arrays (n,)."""
        squares = sine[:, None] ** 2 + self.x_levels * (2.0 + self.x_levels)
        roots = np.sqrt(np.maximum(squares, 0.0))
        edges = np.concatenate((-roots[:, ::-1], roots), axis=1)
        edges = np.clip(edges, np.minimum(sine, q1)[:, None], np.maximum(sine, q1)[:, None])
        edges = np.concatenate((sine[:, None], np.sort(edges, axis=1), q1[:, None]), axis=1)
        used = np.flatnonzero(np.any(np.diff(edges, axis=1) > 0.0, axis=0))
        phi, path, optical = np.zeros(sine.shape), np.zeros(sine.shape), np.zeros(sine.shape)
        cosine = np.sqrt((1.0 - sine) * (1.0 + sine))
        for j in used:
            width = edges[:, j + 1] - edges[:, j]
            step = width[:, None] * _NODES
            q = edges[:, j][:, None] + step
            x2 = (q - sine[:, None]) * (q + sine[:, None])
            height, m, grows = self.height_of(x2 / (1.0 + np.sqrt(1.0 + x2)))
            r = self.radius + height
            ds = (width * self.unit)[:, None] * _WEIGHTS / grows
            path += ds.sum(axis=1)
            optical += (ds * (1.0 + m)).sum(axis=1)
            phi += (cosine * self.unit) * (ds / ((1.0 + m) * r * r)).sum(axis=1)
        return phi, path, optical

    def end(self, sine: FloatArray, q1: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Height, index less 1 and ``n + r n'`` at q1."""
        x2 = (q1 - sine) * (q1 + sine)
        return self.height_of(x2 / (1.0 + np.sqrt(1.0 + x2)))


def _straight(height: FloatArray, end: FloatArray, phi: FloatArray, radius: float) -> tuple[FloatArray, FloatArray]:
    """Length and elevation of the straight line between two heights an angle phi apart."""
    up = end - height - 2.0 * (radius + end) * np.sin(0.5 * phi) ** 2
    along = (radius + end) * np.sin(phi)
    return np.hypot(up, along), np.arctan2(up, along)


def _trace(
    atmosphere: Atmosphere, height: FloatArray, elevation: FloatArray, end: FloatArray, name: str, radius: float
) -> tuple[FloatArray | BoolArray, ...]:
    """Columns of `Ray` for n rays."""
    rays = _Rays(atmosphere, height, radius)
    sine = np.sin(elevation)
    falls = elevation < 0.0
    if name == "target_height_m":
        x = rays.rise(end)
        square = sine**2 + x * (2.0 + x)
        if np.any((square < 0.0) | (~falls & (end < height))):
            worst = int(np.flatnonzero((square < 0.0) | (~falls & (end < height)))[0])
            raise ValueError(
                f"target_height_m {end[worst]:.6g} is never reached: the ray from {height[worst]:.6g} m at "
                f"{elevation[worst]:.4g} rad does not come so low"
            )
        q1 = np.where(end < height, -1.0, 1.0) * np.sqrt(square)
        rays.check_ducts(
            float(np.minimum(height, end).min(initial=np.inf)), float(np.maximum(height, end).max(initial=-np.inf))
        )
        phi, path, optical = rays.integrate(sine, q1)
    else:
        rays.check_ducts(float(height.min(initial=np.inf)), float(height.max(initial=-np.inf)) + 1.0)
        unit = rays.unit
        q1 = sine + end / unit * np.where(name == "ground_range_m", 1.0 / np.maximum(np.cos(elevation), 0.05), 1.0)
        phi = path = optical = np.zeros_like(sine)
        for _ in range(12):
            phi, path, optical = rays.integrate(sine, q1)
            there, m, grows = rays.end(sine, q1)
            slope = unit / grows
            if name == "ground_range_m":
                off = radius * phi - end
                slope = slope * radius * np.cos(elevation) * unit / ((1.0 + m) * (radius + there) ** 2)
            else:
                off, slope = optical - end, slope * (1.0 + m)
            if not np.any(np.abs(off) > 1e-12 * end + 1e-7):
                break
            q1 = np.maximum(q1 - off / slope, sine)
        top = float(rays.end(sine, q1)[0].max(initial=-np.inf))
        rays.check_ducts(float(height.min(initial=np.inf)), top)
    last, m, _ = rays.end(sine, q1)
    turning = np.where((sine < 0.0) & (q1 > 0.0), rays.height_of(_lowest(sine))[0], np.minimum(height, last))
    rays.check_ducts(float(turning.min(initial=np.inf)), float(last.max(initial=-np.inf)))
    length, true = _straight(height, last, phi, radius)
    cosine = np.sqrt((1.0 - sine) * (1.0 + sine))
    final = np.arctan2(q1, cosine)
    return (
        radius * phi,
        last,
        true,
        length,
        path,
        optical,
        elevation + phi - final,
        final,
        (turning >= -1e-6) & (height >= 0.0),
    )


def _lowest(sine: FloatArray) -> FloatArray:
    """``n r / (n0 r0) - 1`` where a falling ray is level."""
    return -sine * sine / (1.0 + np.sqrt((1.0 - sine) * (1.0 + sine)))


def _invert(
    atmosphere: Atmosphere, height: FloatArray, end: FloatArray, ground: FloatArray, radius: float
) -> tuple[FloatArray, FloatArray]:
    """Apparent elevation of n targets and the excess of the apparent range, by the secant method."""
    rays = _Rays(atmosphere, height, radius)
    rays.check_ducts(
        float(np.minimum(height, end).min(initial=np.inf)), float(np.maximum(height, end).max(initial=-np.inf))
    )
    x = rays.rise(end)
    fall = x * (2.0 + x)  # q1**2 - sin(e0)**2
    phi_wanted = ground / radius
    _, true = _straight(height, end, phi_wanted, radius)
    quick = np.asarray(apparent_elevation_rad(height, end, ground, earth_radius_m=radius))
    # Low rays: the advance d = q1 - sin(e0) is the unknown, for q1 + sin(e0) = fall / d leaves no choice of sign.
    # Steep rays: the elevation itself, q1 having the sign of the way to go.
    steep = np.abs(quick) > 0.2

    def ends(unknown: FloatArray) -> tuple[FloatArray, FloatArray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(unknown > 0.0, fall / unknown, 0.0)
        sine = np.where(steep, np.sin(np.clip(unknown, -0.5 * np.pi, 0.5 * np.pi)), 0.5 * (ratio - unknown))
        sine = np.clip(sine, -1.0, 1.0)
        q1 = np.where(steep, np.sign(quick) * np.sqrt(np.maximum(sine * sine + fall, 0.0)), 0.5 * (ratio + unknown))
        return sine, q1

    def off(unknown: FloatArray) -> FloatArray:
        phi, _, _ = rays.integrate(*ends(unknown))
        return np.where(steep, _straight(height, end, phi, radius)[1] - true, phi - phi_wanted)

    first = np.where(steep, quick, _advance(np.sin(quick), fall, ground / rays.unit))
    second = np.where(steep, quick + 1e-5, first * (1.0 + 1e-5))
    sine, q1 = ends(_secant(off, first, second))
    return np.arcsin(sine), rays.integrate(sine, q1)[2] - _straight(height, end, phi_wanted, radius)[0]


def _advance(sine: FloatArray, fall: FloatArray, straight: FloatArray) -> FloatArray:
    """``q1 - sin(e0)``, positive, of both solutions of ``q1**2 - sin(e0)**2 = fall`` the one nearer to a guess."""
    root = np.sqrt(np.maximum(sine * sine + fall, 0.0))
    up, down = root - sine, -root - sine
    return np.maximum(np.where(np.abs(up - straight) <= np.abs(down - straight), up, down), 1e-12)


def _secant(off: Callable[[FloatArray], FloatArray], first: FloatArray, second: FloatArray) -> FloatArray:
    """Unknowns at which ``off`` vanishes; every row by itself."""
    f1, f2 = off(first), off(second)
    for _ in range(30):
        gap = f2 - f1
        step = np.where(gap != 0.0, f2 * (second - first) / np.where(gap != 0.0, gap, 1.0), 0.0)
        first, f1 = second, f2
        second = second - step
        f2 = off(second)
        if np.all(np.abs(f2) <= 1e-14):
            break
    stuck = ~(np.abs(f2) <= 1e-10)
    if stuck.any():
        row = int(np.flatnonzero(stuck)[0])
        raise NumericsError(f"apparent elevation of row {row} did not settle: {f2[row]:.3g} rad are left")
    return second
