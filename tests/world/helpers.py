"""What the tests of this room share."""

from __future__ import annotations

import numpy as np

from watchfloor.base.truth import Effects, Outcome
from watchfloor.physics.frames import ecef_to_geodetic, enu_rotation
from watchfloor.scenario.cards import TypeCard


def card(*, speed_max_mps=500.0, load_factor_max=5.0, **more) -> TypeCard:
    """A type that exists nowhere."""
    fields = {
        "title": "test type",
        "speed_mps": 250.0,
        "speed_max_mps": speed_max_mps,
        "altitude_m": 9000.0,
        "load_factor_max": load_factor_max,
        "length_m": 15.0,
        "swerling": 1,
        "signature": {
            "X": {
                "origin": "assumed",
                "aspect_deg": [0, 180],
                "sigma_dbsm": [0, 0],
                "offset_db": 0.0,
                "source": "scenario",
            }
        },
        "cell_sigma_db": 0.0,
    }
    return TypeCard.model_validate({**fields, **more})


def sample(trajectory, t_s):
    """Position and velocity of a trajectory at any times, by SciPy."""
    from scipy.interpolate import CubicHermiteSpline

    spline = CubicHermiteSpline(trajectory.t_s, trajectory.position_ecef_m, trajectory.velocity_ecef_mps)
    return spline(t_s), spline(t_s, 1)


def ground(position_ecef_m, velocity_ecef_mps):
    """Altitude [m], horizontal speed [m/s], course [rad], climb [m/s]."""
    lat, lon, alt = ecef_to_geodetic(position_ecef_m)
    east, north, up = np.einsum("...ij,...j->i...", enu_rotation(lat, lon), velocity_ecef_mps)
    return alt, np.hypot(east, north), np.arctan2(east, north), up


def kill(mover: int, arrival_s: float, outcome: int = Outcome.KILL) -> Effects:
    """One shot that ended."""
    whole, real = np.zeros(1, np.int64), np.zeros(1)
    return Effects(
        order=whole,
        launcher=whole,
        track=whole,
        mover=np.array([mover]),
        launch_s=real,
        arrival_s=np.array([arrival_s]),
        range_m=real,
        pk=real,
        draw=real,
        outcome=np.array([int(outcome)]),
    )
