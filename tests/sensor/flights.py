"""Movers, radars and signatures that the tests of this room share."""

from __future__ import annotations

import numpy as np
from geographiclib.geodesic import Geodesic

from watchfloor.base.truth import Truth
from watchfloor.physics.frames import Place, ecef_to_polar, enu_rotation, geodetic_to_ecef, range_rate
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import Signature


def radar(**changes) -> Radar:
    """A textbook S-band radar that reaches 300 km on 1 m2."""
    values = {
        "frequency_hz": 3e9,
        "peak_power_w": 60e3,
        "pulse_width_s": 100e-6,
        "bandwidth_hz": 1e6,
        "n_coherent": 8,
        "n_pulses": 1,
        "gain_tx": 1e4,
        "gain_rx": 1e4,
        "noise_temperature_k": 580.0,
        "losses": 6.3,
        "beamwidth_azimuth_rad": np.radians(1.2),
        "beamwidth_elevation_rad": np.radians(2.0),
        "elevation_min_rad": np.radians(-1.0),
        "elevation_max_rad": np.radians(40.0),
        "period_s": 10.0,
        "pfa": 1e-9,
        "range_min_m": 2e3,
        "range_max_m": 600e3,
        "range_rate_max_mps": 1000.0,
        "measures_elevation": True,
        "measures_range_rate": True,
    }
    return Radar.of(**(values | changes))


def signature(dbsm: float = 0.0, swerling: int = 1) -> Signature:
    """The same cross-section from everywhere in every band."""
    return Signature(
        name=f"{dbsm:g} dBsm",
        bands=("VHF", "S", "X"),
        aspect_rad=np.array([0.0, np.pi]),
        dbsm=np.full((3, 2), dbsm),
        swerling=swerling,
        sigma_db=np.zeros(3),
        origin=("assumed",) * 3,
    )


def spots(place: Place, azimuth_deg, distance_m, alt_m) -> tuple[np.ndarray, np.ndarray]:
    """ECEF positions at geodesic distances and azimuths of a place, and their east-north-up frames."""
    points = [
        Geodesic.WGS84.Direct(np.degrees(place.lat_rad), np.degrees(place.lon_rad), azimuth, distance)
        for azimuth, distance in np.broadcast(azimuth_deg, distance_m)
    ]
    lat, lon = np.radians([p["lat2"] for p in points]), np.radians([p["lon2"] for p in points])
    return geodetic_to_ecef(lat, lon, alt_m), enu_rotation(lat, lon)


def straight(position, velocity, t_s, bank_rad: float = 0.0) -> Truth:
    """Movers (n, 3) that fly straight in ECEF from time 0; knots ``t_s``."""
    t = np.asarray(t_s, float)
    n, k = len(position), len(t)
    return Truth(
        mover=np.arange(n),
        t_s=np.broadcast_to(t, (n, k)),
        position_ecef_m=position[:, None] + t[None, :, None] * velocity[:, None],
        velocity_ecef_mps=np.repeat(velocity[:, None], k, axis=1),
        bank_rad=np.full((n, k), bank_rad),
        present=np.ones((n, k), bool),
    )


def turning(place: Place, radius_m, rate_rad, start_rad, up_m, t_s, offset_m: float = 0.0) -> Truth:
    """Movers that circle, clockwise for a positive rate, about a point ``offset_m`` north of a place."""
    t = np.asarray(t_s, float)
    radius, rate, start = (np.asarray(v, float)[:, None] for v in (radius_m, rate_rad, start_rad))
    angle = start + rate * t
    up = np.broadcast_to(np.asarray(up_m, float), radius.shape[:1])[:, None] + 0.0 * angle
    enu = np.stack((radius * np.sin(angle), radius * np.cos(angle) + offset_m, up), axis=-1)
    speed = np.stack((radius * rate * np.cos(angle), -radius * rate * np.sin(angle), 0.0 * angle), axis=-1)
    n, k = angle.shape
    return Truth(
        mover=np.arange(n),
        t_s=np.broadcast_to(t, (n, k)),
        position_ecef_m=enu @ place.rotation + place.ecef_m,
        velocity_ecef_mps=speed @ place.rotation,
        bank_rad=np.zeros((n, k)),
        present=np.ones((n, k), bool),
    )


def errors(plots, origins, truth, environment, *, span_m=np.inf, span_mps=np.inf):
    """Measured less true (n, 4) of plots that show one mover of ``straight`` flights, its covariance, their rows."""
    rows = np.flatnonzero((origins.mover >= 0) & (origins.n_merged == 1))
    mover, t = origins.mover[rows], plots.t_s[rows]
    velocity = truth.velocity_ecef_mps[mover, 0]
    position = truth.position_ecef_m[mover, 0] + t[:, None] * velocity
    place = environment.place
    true = np.stack((*ecef_to_polar(position, place), range_rate(position, velocity, place)), axis=1)
    gap = plots.measurement[rows] - true
    gap[:, 1] = (gap[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
    for column, span in ((0, span_m), (3, span_mps)):
        if np.isfinite(span):
            gap[:, column] = (gap[:, column] + 0.5 * span) % span - 0.5 * span
    return gap, plots.cov[rows], rows


def consistent(gap, cov, *, sigmas=5.0) -> None:
    """Assert that normalised squared errors add up to their count, inside so many sigmas of a chi-square's mean."""
    measured = np.isfinite(gap[0])
    assert (np.isfinite(gap) == measured).all()
    gap, cov = gap[:, measured], cov[:, measured][:, :, measured]
    d2 = np.einsum("ni,nij,nj->n", gap, np.linalg.inv(cov), gap)
    dof = d2.size * int(measured.sum())
    assert dof > 500
    assert abs(d2.sum() - dof) < sigmas * np.sqrt(2.0 * dof)
    assert np.median(d2) > 0.5 * measured.sum()  # not a few large ones among many too small
