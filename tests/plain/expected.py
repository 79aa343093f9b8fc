"""Slow twin of the detection model: `physics.radar.look` itself, averaged draw by draw."""

from dataclasses import replace

import numpy as np

from watchfloor.physics import radar as radars
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import polar_to_ecef


def seen(radar, environment, z):
    """Look at n places (n, 4) range, azimuth, elevation, range rate; samples on average beside the peak."""
    place = environment.place
    at = polar_to_ecef(z[:, 0], z[:, 1], z[:, 2], place)
    line = (at - place.ecef_m) / z[:, :1]
    targets = Targets(ecef_m=at, velocity_ecef_mps=line * z[:, 3:])
    return radars.look(radar, targets, replace(environment, jammers=None), straddle="mean")


def expected_pd(radar, environment, z, sd, level_dbsm, doubt_db, *, swerling=1, n=401):
    """Mean Pd over n equally spread places of one prediction z (4,), sd (4,), and over 201 levels."""
    share = (np.arange(n) + 0.5) / n
    from_normal = np.sqrt(2.0) * np.array([_erfinv(2.0 * s - 1.0) for s in share])
    places = z + sd * from_normal[:, None]
    snr_1m2 = seen(radar, environment, places).snr_1m2
    t = np.linspace(-5.0, 5.0, 201)
    w = np.exp(-0.5 * t * t) / np.exp(-0.5 * t * t).sum()
    sigma = 10.0 ** (0.1 * (level_dbsm + doubt_db * t))
    pd = radars.pd(radar, snr_1m2[:, None] * sigma, swerling=swerling) * (snr_1m2 > 0.0)[:, None]
    return float((pd @ w).mean())


def _erfinv(x):
    from scipy.special import erfinv

    return float(erfinv(x))
