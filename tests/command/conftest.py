"""A commander with one battery at the equator, and tracks to show it."""

import numpy as np
import pytest

from watchfloor.base.picture import Identities, Readiness, Status, Tracks
from watchfloor.command.base import LauncherView
from watchfloor.command.greedy import GreedyCommander, GreedyCommanderConfig
from watchfloor.physics.frames import Place, polar_to_ecef

HOME = Place.from_degrees(0.0, 0.0, 0.0)


def view():
    """Return a battery of 100 km reach whose rounds fly 1000 m/s."""
    return LauncherView(
        name="b",
        place=HOME,
        range_min_m=2e3,
        range_max_m=1e5,
        altitude_min_m=10.0,
        altitude_max_m=27e3,
        flight_range_m=np.array([0.0, 2e5]),
        flight_time_s=np.array([0.0, 200.0]),
        pk=0.7,
        reaction_s=10.0,
    )


@pytest.fixture
def commander():
    """Return a function that makes a commander with any configuration."""

    def make(*, weapons_free=True, **keys):
        return GreedyCommander(
            GreedyCommanderConfig(defended="home", fire_control=("fc",), **keys),
            hostile=np.array([True, False, False]),
            launchers=[view()],
            defended=HOME,
            fire_control=[0],
            weapons_free=weapons_free,
        )

    return make


@pytest.fixture
def picture():
    """Return a function that makes tracks flying at the defended place, and their identities."""

    def make(*, range_m=(8e4,), p_hostile=(0.95,), t_s=0.0, updated_s=0.0, sd_m=100.0, status=Status.CONFIRMED):
        n = len(range_m)
        azimuth = np.linspace(0.0, 1.0, n)
        position = polar_to_ecef(np.array(range_m), azimuth, np.full(n, 0.1), HOME)
        towards = (HOME.ecef_m - position) / np.linalg.norm(HOME.ecef_m - position, axis=1)[:, None]
        tracks = Tracks(
            number=np.arange(n) + 10,
            t_s=np.full(n, t_s),
            position_ecef_m=position,
            velocity_ecef_mps=250.0 * towards,
            cov=np.tile(np.diag([sd_m**2] * 3 + [25.0] * 3), (n, 1, 1)),
            status=np.full(n, int(status)),
            existence=np.ones(n),
            n_hits=np.full(n, 5),
            updated_s=np.full((n, 1), updated_s),
            address=np.full(n, -1),
            label=np.full(n, -1),
        )
        p = np.array(p_hostile)
        identities = Identities(
            track=tracks.number, t_s=tracks.t_s, probability=np.stack([p, 1.0 - p, np.zeros(n)], axis=1)
        )
        return tracks, identities

    return make


@pytest.fixture
def ready():
    """Return a function that makes a readiness report."""

    def make(rounds=32, channels=6):
        return Readiness(launcher=np.array([0]), rounds=np.array([rounds]), channels_free=np.array([channels]))

    return make
