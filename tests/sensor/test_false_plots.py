"""Plots that no target causes: spiky clutter crosses where it stands, scan after scan."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import radar, straight
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins
from watchfloor.physics import cfar, clutter_law, detection, filters, reception, terrain
from watchfloor.physics.cfar import Cfar, detect
from watchfloor.physics.environment import Environment, SurfaceClutter
from watchfloor.physics.frames import Place
from watchfloor.sensor.false_plots import ClutterMap, surplus_pfa
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 100.0)
KNOTS = np.arange(0.0, 60.1, 2.0)
PULSED = {
    "pulse_width_s": 20e-6, "peak_power_w": 300e3, "prf_hz": (1500.0,), "doppler": "bank", "window": "hann",
    "n_coherent": 8, "pfa": 1e-6, "range_min_m": 4e3,
}  # fmt: skip
NOBODY = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)


def around(shape=0.7, spread_mps=0.4):
    clutter = SurfaceClutter(kind="land", gamma_db=-45.0, shape=shape, spread_mps=spread_mps)
    return Environment(place=PLACE, ground_alt_m=60.0, clutter=clutter)


def sensor(model, environment, *, seed=1, ground=5) -> RotatingRadar:
    return RotatingRadar(
        RotatingRadarConfig(name="north", card="none", place="site"), environment=environment, radar=model,
        signatures=[], streams=Streams(seed), row=0, ground=np.random.default_rng(ground),
    )  # fmt: skip


def played(north, turns, tick_s=60.0):
    parts, t = [], 0.0
    while t < 10.0 * turns - 1e-6:
        t += tick_s
        parts.append(north.observe(NOBODY, Tasks.empty(), until_s=t))
    return Plots.concat(p for p, _ in parts), PlotOrigins.concat(o for _, o in parts)


def test_spikes_are_as_many_as_the_k_law_says():
    model, environment = radar(**PULSED), around()
    found = np.mean([ClutterMap(model, environment, np.random.default_rng(s)).n_extra for s in range(3)])
    slant = model.range_min_m + model.range_cell_m * (np.arange(model.n_range_cells) + 0.5)
    slant = slant[slant < 40e3]
    cnr = reception.surface_clutter_to_noise(model, environment, slant)
    passed = filters.clutter_response(model.waveform, model.processing, 2.0 * 0.4 / (model.wavelength_m * 1500.0))
    limit = float(detection.threshold(model.pfa))
    expected = model.n_beams_azimuth * sum(
        float(clutter_law.compound_pfa(limit, shape=0.7, cnr=level * one)) - model.pfa
        for level in cnr[cnr > 0.0]
        for one in passed
        if level * one > 0.02
    )
    # cells below their surroundings are counted at the design rate, which adds a little
    assert expected > 5.0
    assert found == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("tick_s", [60.0, 10.0, 1.5])
def test_they_come_turn_by_turn_whatever_the_ticks(tick_s):
    model, environment = radar(**PULSED), around()
    plots, origins = played(sensor(model, environment), 12, tick_s)
    extra = ClutterMap(model, environment, np.random.default_rng(5)).n_extra
    noise = model.n_cells * model.pfa
    assert (origins.mover == -1).all()
    expected = 12 * (extra + noise)
    assert abs(len(plots) - expected) < 5.0 * np.sqrt(expected) + 0.03 * expected  # neighbours merge
    stood = (plots.measurement[:, 1] - 2.0 * np.pi * plots.t_s / 10.0 + np.pi) % (2.0 * np.pi) - np.pi
    assert np.abs(stood).max() < 1.01 * model.beamwidth_azimuth_rad
    assert (np.diff(plots.t_s) >= 0.0).all()


def test_the_map_is_the_grounds_and_stays():
    model, environment = radar(**PULSED), around()
    tables = [played(sensor(model, environment, seed=s, ground=g), 30)[0] for s, g in ((1, 5), (2, 5), (3, 6))]

    def cells(plots):
        near = plots.measurement[:, 0] < 25e3
        r = np.floor((plots.measurement[near, 0] - model.range_min_m) / model.range_cell_m)
        a = np.floor(plots.measurement[near, 1] / (2.0 * np.pi / model.n_beams_azimuth))
        values, counts = np.unique(r * 1000 + a, return_counts=True)
        return set(values[counts >= 5].tolist())

    first, again, other = map(cells, tables)
    assert len(first) > 20
    assert len(first & again) > 0.6 * min(len(first), len(again))
    assert len(first & other) < 0.2 * len(first)


def test_their_range_rate_is_that_of_slow_ground_and_their_place_is_near():
    model, environment = radar(**PULSED), around()
    plots, _ = played(sensor(model, environment), 12)
    spikes = plots.take(plots.measurement[:, 0] < 20e3)
    cell = 0.5 * model.wavelength_m * 1500.0 / 8
    assert len(spikes) > 50
    # the window spreads it over two filters on either side
    assert np.median(np.abs(spikes.measurement[:, 3])) < 2.5 * cell
    top = model.elevation_min_rad + model.beamwidth_elevation_rad
    assert (spikes.measurement[:, 2] < top + 0.2 * model.beamwidth_elevation_rad).mean() > 0.8


def test_smooth_clutter_makes_no_spikes():
    model = radar(**PULSED)
    plots, _ = played(sensor(model, around(shape=np.inf)), 12)
    expected = 12 * model.n_cells * model.pfa
    assert abs(len(plots) - expected) < 5.0 * np.sqrt(expected)


@pytest.mark.parametrize("n_pulses", [1, 3])
def test_a_cells_chance_to_cross_is_that_of_an_exponential_echo(n_pulses):
    rho = np.array([[1.0, 2.0, 5.0]])
    model = radar(n_pulses=n_pulses, pfa=1e-3)
    z = rho[0][:, None] * np.random.default_rng(3).standard_gamma(n_pulses, (3, 400_000))
    found = (z > float(detection.threshold(1e-3, n_pulses))).mean(axis=1) - 1e-3
    around, surplus = surplus_pfa(model, rho, np.ones((1, 3)))
    assert (around == 1.0).all()
    np.testing.assert_allclose(found, surplus[0], rtol=0.0, atol=5.0 * np.sqrt(found.max() / 400_000))


@pytest.mark.parametrize("law", [Cfar(kind="ca", n_reference=32), Cfar(kind="go", n_reference=16, n_guard=2)])
@pytest.mark.parametrize("n_pulses", [1, 3])
def test_even_clutter_has_no_surplus_and_a_spike_has_the_laws_own(law, n_pulses):
    model = radar(n_pulses=n_pulses, pfa=1e-4, cfar=law)
    own = np.full((2, 200), 30.0)
    own[1, 100] = 150.0
    _, surplus = surplus_pfa(model, own, own)
    inside = slice(40, 150)  # the far end meets noise
    assert surplus[0, inside].max() < 1e-9
    expected = cfar.pd(law, 4.0, 1e-4, n_pulses=n_pulses, swerling=2 if n_pulses > 1 else 1)
    assert surplus[1, 100] == pytest.approx(expected, rel=0.02 if law.kind == "ca" else 0.9)


@pytest.mark.parametrize("kind", ["ca", "go", "os"])
def test_a_sliding_window_lets_the_edges_of_shadows_through(kind, monkeypatch):
    law = Cfar(kind=kind, n_reference=16, n_guard=1, rank=12 if kind == "os" else None)
    model, environment = radar(**(PULSED | {"cfar": law, "pfa": 1e-4})), around(np.inf)
    monkeypatch.setattr(terrain, "ground_visible", lambda _, azimuth, slant: np.floor(slant / 900.0) % 3 == 0)
    shaded = Environment(place=PLACE, ground_alt_m=60.0, clutter=environment.clutter, terrain=object())
    found = ClutterMap(model, shaded, np.random.default_rng(1)).n_extra
    assert found > 20.0 * ClutterMap(model, environment, np.random.default_rng(1)).n_extra
    # against samples: exponential echoes of the same mean levels under the same detector
    slant = model.range_min_m + model.range_cell_m * (np.arange(model.n_range_cells) + 0.5)
    cnr = reception.surface_clutter_to_noise(model, environment, slant) * (np.floor(slant / 900.0) % 3 == 0)
    passed = filters.clutter_response(model.waveform, model.processing, 2.0 * 0.4 / (model.wavelength_m * 1500.0))
    level = (1.0 + cnr * passed[:, None])[:, :400]
    turns = 100
    power = level * np.random.default_rng(2).standard_exponential((turns, *level.shape))
    crossed = detect(law, power, 1e-4, axis=-1).sum() / turns - level.size * 1e-4
    assert found / model.n_beams_azimuth == pytest.approx(crossed, rel=0.25)
    known = ClutterMap(model.but(cfar=Cfar(kind="map", weight=0.1)), shaded, np.random.default_rng(1))
    assert known.n_extra == 0.0


def test_clutter_without_stated_filters_is_refused():
    with pytest.raises(ValueError, match="prf_hz"):
        sensor(radar(), around()).observe(NOBODY, Tasks.empty(), until_s=10.0)
