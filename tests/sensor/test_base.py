from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from tests.sensor.flights import radar, signature, spots, straight
from watchfloor.base.picture import Tasks
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.physics.frames import Place
from watchfloor.sensor.base import SensorSuite
from watchfloor.sensor.card import environment_for

PLACE = Place.from_degrees(50.0, 8.0, 120.0)


def test_both_kinds_are_made_from_their_configuration_with_the_same_parts():
    registry = kinds("sensor")
    assert {"rotating", "secondary"} <= set(registry.names)
    n = 5
    position, frame = spots(PLACE, np.arange(n) * 70.0, 80e3, 9e3)
    truth = straight(position, 200.0 * frame[:, 0], np.arange(0.0, 60.1, 2.0))
    configs = [
        registry.config("rotating")(name="acq", card="x", place="site"),
        registry.config("secondary")(name="ssr", place="site"),
    ]
    made = [
        registry.make(
            config,
            environment=environment_for(model, PLACE, 10.0),
            radar=model,
            signatures=[signature()] * n,
            address=np.arange(n),
            label=np.zeros(n, int),
            transponder=np.ones(n, bool),
            row=row,
            streams=Streams(4),
        )
        for row, (config, model) in enumerate(zip(configs, (radar(), None), strict=True))
    ]
    plots, origins = SensorSuite(made).observe(truth, Tasks.empty(), until_s=60.0)
    assert set(plots.sensor.tolist()) == {0, 1}
    np.testing.assert_array_equal(np.lexsort((plots.measurement[:, 0], plots.t_s)), np.arange(len(plots)))
    for row, sensor in enumerate(made):
        own, causes = plots.take(plots.sensor == row), origins.take(plots.sensor == row)
        assert len(own) > 20
        # the beam stood at each plot's azimuth at its time, by what the sensor tells of itself
        beam = sensor.phase_rad + 2.0 * np.pi * own.t_s / sensor.period_s
        gap = (own.measurement[:, 1] - beam + np.pi) % (2.0 * np.pi) - np.pi
        assert np.abs(gap).max() < 0.02
        assert (causes.n_merged <= 1).all()


def test_no_sensors_see_nothing():
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), np.array([0.0, 1.0]))
    plots, origins = SensorSuite([]).observe(nobody, Tasks.empty(), until_s=1.0)
    assert len(plots) == len(origins) == 0


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("rotating", {"mast_m": -1.0}),
        ("rotating", {"mast_m": float("nan")}),
        ("rotating", {"mast_km": 0.01}),
        ("rotating", {"name": "no spaces please"}),
        ("secondary", {"reply_probability": 1.1}),
        ("secondary", {"period_s": 0.0}),
        ("secondary", {"range_sigma_m": -70.0}),
    ],
)
def test_a_configuration_refuses_what_makes_no_sense(kind, wrong):
    config = kinds("sensor").config(kind)
    right = {"name": "north", "place": "site"} | ({"card": "x"} if kind == "rotating" else {})
    config(**right)
    with pytest.raises(ValidationError):
        config(**(right | wrong))
