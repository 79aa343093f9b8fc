"""What surrounds one antenna, and what it looks at: `Environment` and `Targets`, the other two arguments of a look.

An environment with nothing but a place is free space over a smooth earth; each part that is given adds its effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.frames import Place
from watchfloor.physics.propagation import K_STANDARD, Surface
from watchfloor.physics.refraction import RayTable
from watchfloor.physics.terrain import VisibleHeight


@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """What is looked at; one row a target.

    Raises
    ------
    ValueError
        If the arrays do not fit together; the message says how.
    """

    ecef_m: FloatArray
    """(n, 3) WGS-84 earth-centred position. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, 3) velocity. [m/s]"""
    sigma_m2: FloatArray | float = 1.0
    """(n,) or scalar mean radar cross-section. [m2]"""
    swerling: int = 1
    """How the echo fluctuates, case 0 to 4."""

    def __post_init__(self) -> None:
        """Check the shapes."""
        position, velocity = np.shape(self.ecef_m), np.shape(self.velocity_ecef_mps)
        if len(position) != 2 or position[1] != 3 or velocity != position:
            raise ValueError(f"targets need (n, 3) positions and velocities, got {position} and {velocity}")
        if np.shape(self.sigma_m2) not in ((), position[:1]):
            raise ValueError(
                f"sigma_m2 is one number or one for each of {position[0]} targets, got {np.shape(self.sigma_m2)}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Jammers(Columns):
    """Noise jammers, at the level of power; one row an emitter."""

    ecef_m: FloatArray
    """(j, 3) position. [m]"""
    erp_w: FloatArray
    """(j,) effective radiated power towards the radar. [W]"""
    bandwidth_hz: FloatArray
    """(j,) bandwidth that the power is spread over; it covers the radar's. [Hz]"""


@dataclass(frozen=True, kw_only=True)
class SurfaceClutter:
    """What the ground or the sea sends back.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    kind: Literal["land", "sea"]
    """Constant-gamma land, or the NRL sea model."""
    gamma_db: float = -15.0
    """Land: normalised reflectivity gamma, see `clutter.sigma0_constant_gamma`. [dB]"""
    sea_state: float = 3.0
    """Sea: state 0 to 6."""
    spread_mps: float = 0.3
    """Standard deviation of the clutter's velocity, of a Gaussian spectrum. [m/s]"""
    shape: float = math.inf
    """Shape of K-distributed power; infinite for Rayleigh clutter. [1]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        if self.kind not in ("land", "sea"):
            raise ValueError(f"kind must be land or sea, got {self.kind!r}")
        if not -60.0 <= self.gamma_db <= 10.0:
            raise ValueError(f"gamma_db must lie in [-60, 10], got {self.gamma_db!r}")
        if not 0.0 <= self.sea_state <= 6.0:
            raise ValueError(f"sea_state must lie in [0, 6], got {self.sea_state!r}")
        if not 0.0 < self.spread_mps < 20.0:
            raise ValueError(f"spread_mps must lie in (0, 20), got {self.spread_mps!r}")
        if not self.shape > 0.05:
            raise ValueError(f"shape must be above 0.05, got {self.shape!r}")


@dataclass(frozen=True, kw_only=True)
class Rain:
    """Rain of one rate from the ground to its top, all round the radar.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    rate_mmph: float
    """Rain rate. [mm/h]"""
    top_m: float = 4000.0
    """Height of its top above the ground. [m]"""
    spread_mps: float = 3.0
    """Standard deviation of its velocity along the beam: turbulence and shear. [m/s]"""
    wind_mps: float = 0.0
    """Speed of the wind that carries it. [m/s]"""
    wind_to_rad: float = 0.0
    """Azimuth it is carried to. [rad]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        if not 0.0 < self.rate_mmph <= 250.0:
            raise ValueError(f"rate_mmph must lie in (0, 250], got {self.rate_mmph!r}")
        if not 0.0 < self.top_m <= 20e3:
            raise ValueError(f"top_m must lie in (0, 20000], got {self.top_m!r}")
        if not 0.0 < self.spread_mps < 30.0:
            raise ValueError(f"spread_mps must lie in (0, 30), got {self.spread_mps!r}")
        if not 0.0 <= self.wind_mps <= 100.0:
            raise ValueError(f"wind_mps must lie in [0, 100], got {self.wind_mps!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Environment:
    """What surrounds one antenna.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    place: Place
    """Where the antenna stands, mast included."""
    ground_alt_m: float = 0.0
    """Height of the smooth ground above the ellipsoid, for horizon, lobing and clutter. [m]"""
    k: float = K_STANDARD
    """Ratio of effective to true earth radius. [1]"""
    gas: GasTable | None = None
    """Loss in oxygen and vapour; None for a vacuum."""
    refraction: RayTable | None = None
    """Ray-traced corrections to the effective earth, made for the antenna's height above ground; None to go without.
    What lies beyond the horizon of either is not seen."""
    terrain: VisibleHeight | None = None
    """Least height that is seen over the terrain, by azimuth and range; None for a smooth earth."""
    surface: Surface | None = None
    """Surface that mirrors the beam (multipath lobing); None for one that does not."""
    clutter: SurfaceClutter | None = None
    """Echo of the surface; None for none."""
    rain: Rain | None = None
    """Rain; None for dry air."""
    jammers: Jammers | None = None
    """Noise jammers; None for none."""

    def __post_init__(self) -> None:
        """Check every domain."""
        if not (math.isfinite(self.k) and self.k > 0.0):
            raise ValueError(f"k must be above 0 and finite, got {self.k!r}")
        if not math.isfinite(self.ground_alt_m):
            raise ValueError(f"ground_alt_m must be finite, got {self.ground_alt_m!r}")

    @cached_property
    def site(self) -> FloatArray:
        """(5,) height above ground, ground height, 1/meridian and 1/normal radius of curvature, k, for the kernels."""
        place = self.place
        site = np.array([place.alt_m - self.ground_alt_m, self.ground_alt_m, *place.curvatures_per_m, self.k])
        site.flags.writeable = False
        return site

    @cached_property
    def is_free_space(self) -> bool:
        """Whether nothing but horizon and gas acts on an echo."""
        return all(
            part is None
            for part in (self.refraction, self.terrain, self.surface, self.clutter, self.rain, self.jammers)
        )
