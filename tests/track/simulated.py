"""A plain rotating radar over straight flights, for the tests of the tracker."""

from dataclasses import dataclass

import numpy as np

from watchfloor.base.picture import Plots
from watchfloor.physics.frames import Place, ecef_to_polar, polar_to_ecef, range_rate
from watchfloor.physics.radar import Radar

SITE = Place.from_degrees(40.0, 32.5, 850.0)
SD = np.array([50.0, 0.003, 0.004, 2.0])
TWO_PI = 2.0 * np.pi


def make_radar(**changes):
    values = dict(
        frequency_hz=3e9, peak_power_w=1e5, pulse_width_s=5e-5, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
        gain_tx=1e4, gain_rx=1e4, noise_temperature_k=600.0, losses=5.0, beamwidth_azimuth_rad=0.026,
        beamwidth_elevation_rad=0.05, elevation_min_rad=-0.02, elevation_max_rad=0.8, period_s=10.0, pfa=1e-6,
        range_min_m=3e3, range_max_m=400e3, range_rate_max_mps=1000.0,
        measures_elevation=True, measures_range_rate=True,
    )  # fmt: skip
    return Radar.of(**(values | changes))


@dataclass
class Flights:
    """Straight, level-started flights: position at time 0 and velocity."""

    start_m: np.ndarray
    velocity_mps: np.ndarray

    def at(self, t_s):
        return self.start_m + self.velocity_mps * np.asarray(t_s)[..., None]


def flights(n, rng, *, near_m=50e3, far_m=250e3, altitude_m=9e3, speed_mps=220.0):
    """Draw n flights around SITE."""
    ground, azimuth = rng.uniform(near_m, far_m, n), rng.uniform(0.0, TWO_PI, n)
    heading = rng.uniform(0.0, TWO_PI, n)
    return flights_from(ground, azimuth, heading, altitude_m=altitude_m, speed_mps=speed_mps)


def flights_from(ground_m, azimuth_rad, heading_rad, *, altitude_m=9e3, speed_mps=220.0):
    ground, azimuth, heading = (np.atleast_1d(np.asarray(v, float)) for v in (ground_m, azimuth_rad, heading_rad))
    elevation = np.arctan2(altitude_m - SITE.alt_m - ground**2 / (2.0 * 6.37e6), ground)
    start = polar_to_ecef(np.hypot(ground, altitude_m), azimuth, elevation, SITE)
    up = start / np.linalg.norm(start, axis=1)[:, None]
    east, north = SITE.rotation[0], SITE.rotation[1]
    velocity = np.sin(heading)[:, None] * east + np.cos(heading)[:, None] * north
    velocity -= up * (velocity * up).sum(axis=1)[:, None]
    velocity *= speed_mps / np.linalg.norm(velocity, axis=1)[:, None]
    return Flights(start, velocity)


def scan(
    flown, number, rng, *, pd=0.9, n_false=0, place=SITE, period_s=10.0, phase_rad=0.0, sensor=0, sd=SD, flat=False,
    address=None, seen=None, pfa=1e-6,
):  # fmt: skip
    """Plots of turn ``number`` (north to north) of a radar; ``seen`` overrules ``pd``. Rows by time, then range."""
    n = len(flown.start_m)
    t0 = (number - phase_rad / TWO_PI) * period_s
    t = np.full(n, t0 + 0.5 * period_s)
    for _ in range(30):
        at = flown.at(t)
        r, azimuth, elevation = ecef_to_polar(at, place)
        t = t0 + period_s * azimuth / TWO_PI
    z = np.stack([r, azimuth, elevation, range_rate(at, flown.velocity_mps, place)], axis=1)
    z += rng.normal(size=(n, 4)) * sd
    found = rng.random(n) < pd if seen is None else np.asarray(seen, bool)
    clutter = rng.uniform([5e3, 0.0, 0.0, -900.0], [300e3, TWO_PI, 0.2, 900.0], (n_false, 4))
    z = np.concatenate([z[found], clutter])
    z[:, 1] %= TWO_PI
    when = np.concatenate([t[found], t0 + period_s * clutter[:, 1] / TWO_PI])
    who = np.concatenate([np.full(found.sum(), -1) if address is None else address[found], np.full(n_false, -1)])
    cov = np.broadcast_to(np.diag(sd**2), (len(z), 4, 4)).copy()
    if flat:
        z[:, 2] = np.nan
        cov[:, 2, :] = cov[:, :, 2] = np.nan
    rows = len(z)
    plots = Plots(
        t_s=when,
        sensor=np.full(rows, sensor),
        measurement=z,
        cov=cov,
        snr_db=np.full(rows, 15.0) + np.arange(rows),
        pfa=np.full(rows, pfa),
        address=who,
        label=np.where(who >= 0, who % 7, -1),
    )
    return plots.take(np.lexsort((z[:, 0], when)))
