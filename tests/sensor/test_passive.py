"""The bistatic receiver, judged by counting and by its covariance."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, errors, radar, signature, spots, straight
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.physics import bistatic, detection
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place, aspect, ecef_to_polar, enu_rotation
from watchfloor.physics.radar import system_temperature_k
from watchfloor.physics.rcs import Signature
from watchfloor.sensor.passive import PassiveReceiver, PassiveReceiverConfig

TX = Place.from_degrees(40.0, 32.5, 853.0)
RX = Place.from_degrees(40.3, 33.0, 900.0)  # 54 km to the north-east
KNOTS = np.arange(0.0, 60.1, 2.0)


def listener(signatures, *, seed=1, model=None, gas=None, **config) -> PassiveReceiver:
    values = {
        "gain_db": 35.0, "noise_figure_db": 3.0, "losses_db": 8.0, "beamwidth_azimuth_deg": 3.0,
        "beamwidth_elevation_deg": 6.0, "range_max_km": 300.0,
    }  # fmt: skip
    model = model or radar()
    around = Environment(place=TX, ground_alt_m=843.0, gas=gas)
    return PassiveReceiver(
        PassiveReceiverConfig(name="ear", place="hill", transmitter="north", **(values | config)),
        environment=Environment(place=RX, ground_alt_m=890.0, gas=gas), signatures=signatures, streams=Streams(seed),
        row=1, stations={"north": (model, around, 0.3)},
    )  # fmt: skip


def ring(n, distance_m=80e3, speed_mps=0.0, alt_m=9e3):
    position, frame = spots(TX, np.arange(n) * 360.0 / n + 1.0, distance_m, alt_m)
    return straight(position, speed_mps * frame[:, 0], KNOTS)


def test_power_follows_the_bistatic_range_equation():
    ear = listener([signature(30.0, 0)] * 36)
    truth = ring(36)
    plots, origins = ear.observe(truth, Tasks.empty(), until_s=60.0)
    real = origins.mover >= 0
    assert real.sum() > 180
    mover = origins.mover[real]
    tx, rx = (np.linalg.norm(truth.position_ecef_m[mover, 0] - place.ecef_m, axis=1) for place in (TX, RX))
    model = radar()
    mean = bistatic.snr(
        tx, rx, 1e3, energy_j=60e3 * 100e-6 * 8, gain_tx=1e4, gain_rx=10.0**3.5, wavelength_m=model.wavelength_m,
        noise_temperature_k=system_temperature_k(3.0), losses=10.0**0.8,
    )  # fmt: skip
    assert mean.max() / mean.min() > 5.0
    residual = (10.0 ** (0.1 * plots.snr_db[real]) - 1.0 - mean) / np.sqrt(1.0 + 2.0 * mean)
    assert abs(residual.mean()) < 5.0 / np.sqrt(len(residual))
    assert abs(residual.var() - 1.0) < 5.0 * np.sqrt(2.0 / len(residual))


def test_hits_are_as_many_as_the_exact_pd_says():
    truth = ring(72, 150e3)
    tx, rx = (np.linalg.norm(truth.position_ecef_m[:, 0] - place.ecef_m, axis=1) for place in (TX, RX))
    unit = bistatic.snr(
        tx, rx, 1.0, energy_j=60e3 * 100e-6 * 8, gain_tx=1e4, gain_rx=10.0**3.5, wavelength_m=radar().wavelength_m,
        noise_temperature_k=system_temperature_k(3.0), losses=10.0**0.8,
    )  # fmt: skip
    level = 10.0 * np.log10(float(detection.required_snr(0.6, 1e-6)) / np.median(unit))
    expected = 6 * detection.pd(unit * 10.0 ** (0.1 * level), 1e-6).sum()
    ear, hits = listener([signature(level)] * 72), 0
    for _ in range(5):
        hits += int((ear.observe(truth, Tasks.empty(), until_s=60.0)[1].mover >= 0).sum())
    assert abs(hits - 5 * expected) < 5.0 * np.sqrt(5 * 432 * 0.25)


def test_errors_are_as_large_as_the_correlated_covariance_says():
    truth = ring(72, 100e3, 200.0)
    ear = listener([signature(25.0, 0)] * 72, beamwidth_azimuth_deg=1.0, beamwidth_elevation_deg=1.5)
    plots, origins = ear.observe(truth, Tasks.empty(), until_s=60.0)
    gap, cov, _ = errors(plots, origins, truth, ear.environment)
    consistent(gap, cov)
    correlation = cov[:, 0, 1] / np.sqrt(cov[:, 0, 0] * cov[:, 1, 1])
    assert np.abs(correlation).max() > 0.5
    assert np.isnan(plots.measurement[:, 3]).all()


def test_the_range_slope_is_the_derivative_of_the_range():
    ear = listener([])
    rng = np.random.default_rng(4)
    total, azimuth, elevation = rng.uniform(8e4, 4e5, 50), rng.uniform(0.0, 6.28, 50), rng.uniform(0.0, 0.6, 50)
    _, slope = ear._range(total, azimuth, elevation)
    for column, step in enumerate((1.0, 1e-6, 1e-6)):
        values = [total, azimuth, elevation]
        low, high = ([v - (i == column) * s for i, v in enumerate(values)] for s in (step, -step))
        np.testing.assert_allclose(
            slope[:, column], (ear._range(*high)[0] - ear._range(*low)[0]) / (2 * step), rtol=1e-4
        )


def test_the_cross_section_is_that_of_the_bisector():
    shaped = Signature(
        name="shaped", bands=("S",), aspect_rad=np.array([0.0, 1.0, np.pi]), dbsm=np.array([[20.0, 40.0, 30.0]]),
        swerling=0, sigma_db=np.zeros(1), origin=("assumed",),
    )  # fmt: skip
    ear = listener([shaped])
    position, frame = spots(TX, [10.0, 60.0, 200.0], 90e3, 9e3)
    velocity = 200.0 * frame[:, 0]
    towards = ear._bisector(position)
    to_tx, to_rx = TX.ecef_m - position, RX.ecef_m - position
    along = towards - position
    cosines = [
        np.einsum("ij,ij->i", along, to) / np.linalg.norm(along, axis=1) / np.linalg.norm(to, axis=1)
        for to in (to_tx, to_rx)
    ]
    np.testing.assert_allclose(cosines[0], cosines[1], rtol=1e-12)
    found = ear._receiver.sigma_m2(position, velocity, np.zeros(3), np.zeros(3, np.int64), observer=towards)
    nose, _ = aspect(position, velocity, towards, np.zeros(3))
    expected = 10.0 ** (0.1 * np.interp(np.abs(nose), [0.0, 1.0, np.pi], [20.0, 40.0, 30.0]))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_what_either_station_cannot_see_gives_no_plot():
    # low over the horizon of the receiver: 250 km south-west of the transmitter, 300 km from the receiver
    position, frame = spots(TX, [220.0, 220.0], [240e3, 240e3], [4e3, 12e3])
    truth = straight(position, 0.0 * frame[:, 0], KNOTS)
    _, origins = listener([signature(50.0, 0)] * 2, range_max_km=400.0).observe(truth, Tasks.empty(), until_s=60.0)
    assert set(origins.mover[origins.mover >= 0].tolist()) == {1}


def test_false_plots_are_cells_times_pfa_a_turn():
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)
    assert len(listener([]).observe(nobody, Tasks.empty(), until_s=60.0)[0]) == 0  # no truth, no time has passed
    ear = listener([signature(-200.0)], pfa=1e-4)
    truth = ring(1)
    n = sum(len(ear.observe(truth, Tasks.empty(), until_s=60.0)[0]) for _ in range(5))
    expected = 30 * ear._n_cells * 1e-4
    assert expected > 500
    # those whose range about the receiver is beyond its limit are not reported
    assert 0.3 * expected < n < expected + 5.0 * np.sqrt(expected)


def test_a_transmitter_that_does_not_turn_is_refused():
    config = PassiveReceiverConfig(
        name="ear", place="hill", transmitter="south", gain_db=30, noise_figure_db=3, losses_db=5,
        beamwidth_azimuth_deg=3, beamwidth_elevation_deg=6, range_max_km=200,
    )  # fmt: skip
    with pytest.raises(ValueError, match="'ear' listens to 'south', which is no rotating radar"):
        PassiveReceiver(
            config, environment=Environment(place=RX), signatures=[], streams=Streams(1), row=0, stations={}
        )


def test_the_places_of_the_stations_are_apart():
    slant, _, _ = ecef_to_polar(TX.ecef_m[None], RX)
    assert listener([])._baseline_m == pytest.approx(float(slant[0]))
    assert np.allclose(enu_rotation(RX.lat_rad, RX.lon_rad), RX.rotation)
