"""The pages that show code show code that runs."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from watchfloor.base.config import Config
from watchfloor.base.picture import Tasks
from watchfloor.base.registry import AnyKind, kinds
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place, polar_to_ecef

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "howto" / "add-a-sensor-kind.md").read_text("utf-8")
(CODE,) = re.findall(r"```python\n(# src/watchfloor/sensor/lookout\.py\n.*?)```", PAGE, re.DOTALL)
(SCENARIO,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
HILL = Place.from_degrees(48.0, 11.0, 500.0)


@pytest.fixture
def lookout(monkeypatch):
    """Define the page's kind as a module, and forget it afterwards."""
    registry = kinds("sensor")
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    module = types.ModuleType("lookout_of_the_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(CODE, "add-a-sensor-kind.md", "exec"), module.__dict__)
    return module


@pytest.fixture
def config(lookout):
    """Read the page's scenario as the program does."""
    (entry,) = yaml.safe_load(SCENARIO)["sensors"]
    return TypeAdapter(Annotated[Config, AnyKind("sensor")]).validate_python(entry)


def flight(range_m, *, until_s=60.0, speed_mps=200.0):
    """Straight flights due north of the hill, towards it, at 10 degrees of elevation; knots every 2 s."""
    t_s = np.arange(0.0, until_s + 1.0, 2.0)
    range_m = np.asarray(range_m, float)[:, None] - speed_mps * t_s
    position = polar_to_ecef(range_m, np.zeros_like(range_m), np.full_like(range_m, np.deg2rad(10.0)), HILL)
    velocity = np.gradient(position, t_s, axis=1)
    n, k = range_m.shape
    return Truth(
        mover=np.arange(n),
        t_s=np.broadcast_to(t_s, (n, k)),
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        bank_rad=np.zeros((n, k)),
        present=np.ones((n, k), bool),
    )


def test_the_kind_of_the_page_declares_honest_plots_of_what_is_in_range(config):
    truth = flight([50e3, 30e3, 90e3, 30e3])
    sensor = kinds("sensor").make(
        config.model_copy(update={"pd": 1.0}), environment=Environment(place=HILL), row=3, streams=Streams(1)
    )
    plots, origins = sensor.observe(truth, Tasks.empty(), until_s=60.0)
    assert len(plots) == 3 * 12  # 60 s in looks of 5 s; the third flies beyond 60 km
    assert set(origins.mover.tolist()) == {0, 1, 3}
    assert set(plots.sensor.tolist()) == {3}
    assert np.all(np.diff(plots.t_s) >= 0.0)
    same_time = np.diff(plots.t_s) == 0.0
    assert np.all(np.diff(plots.measurement[:, 0])[same_time] >= 0.0)
    expected_m = np.array([50e3, 30e3, 90e3, 30e3])[origins.mover] - 200.0 * plots.t_s
    assert np.abs(plots.measurement[:, 0] - expected_m).max() < 5.0 * config.range_sd_m  # 36 normals: 2e-5
    assert np.abs(plots.measurement[:, 2] - np.deg2rad(10.0)).max() < 5.0 * np.deg2rad(config.angle_sd_deg)
    assert np.all(np.isnan(plots.measurement[:, 3]))


def test_the_kind_of_the_page_detects_with_its_probability(config):
    truth = flight(np.full(500, 40e3))
    sensor = kinds("sensor").make(config, environment=Environment(place=HILL), row=0, streams=Streams(2))
    plots, _ = sensor.observe(truth, Tasks.empty(), until_s=60.0)
    n = 500 * 12
    assert abs(len(plots) - n * config.pd) < 4.5 * np.sqrt(n * config.pd * (1.0 - config.pd))


def test_the_cubic_of_the_page_meets_a_curved_path_between_knots(lookout):
    t_s = np.array([0.0, 2.0, 4.0])
    angle = 0.1 * t_s  # a turn of 0.1 rad/s and 2 km radius: 2 g
    position = np.stack([2e3 * np.cos(angle), 2e3 * np.sin(angle), 0.0 * t_s], axis=-1)[None]
    velocity = 0.1 * np.stack([-2e3 * np.sin(angle), 2e3 * np.cos(angle), 0.0 * t_s], axis=-1)[None]
    truth = Truth(
        mover=np.array([0]),
        t_s=t_s[None],
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        bank_rad=np.zeros((1, 3)),
        present=np.array([[True, True, False]]),
    )
    found, present = lookout.at(truth, np.array([1.0, 3.0]))
    # the error of a cubic Hermite piece is at most h^4/384 times the fourth derivative: 16/384 * 2e3 * 1e-4 m
    np.testing.assert_allclose(found[0, 0], [2e3 * np.cos(0.1), 2e3 * np.sin(0.1), 0.0], atol=0.01)
    np.testing.assert_array_equal(present, [[True], [False]])


def test_the_program_of_the_readme_plays_three_different_runs(monkeypatch, capsys):
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(program.splitlines()) <= 12
    monkeypatch.chdir(ROOT)
    exec(compile(program, "README.md", "exec"), {"__name__": "readme"})
    counts = [int(n) for n in re.findall(r"^run \w: (\d+) plots$", capsys.readouterr().out, re.MULTILINE)]
    assert len(counts) == 3
    # two aircraft in range and a few false plots a turn, over 60 turns of 10 s
    assert all(60 <= n <= 2000 for n in counts)
    assert len(set(counts)) == 3, "runs with streams of their own draw their own parameters"


def test_the_kind_of_the_page_refuses_an_unknown_key(lookout):
    with pytest.raises(ValidationError, match="range_max_nm"):
        lookout.LookoutConfig(
            name="x", place="y", period_s=5, range_max_km=60, range_max_nm=30, pd=0.5, range_sd_m=1, angle_sd_deg=1
        )


def test_azimuths_of_the_page_stay_within_a_turn(config):
    sensor = kinds("sensor").make(config, environment=Environment(place=HILL), row=0, streams=Streams(3))
    plots, _ = sensor.observe(flight(np.full(50, 40e3)), Tasks.empty(), until_s=60.0)
    azimuth_rad = plots.measurement[:, 1]
    assert np.all((azimuth_rad >= 0.0) & (azimuth_rad < 2.0 * np.pi))
    assert azimuth_rad.max() > 6.0  # due north: noise falls on both sides of 0
