import numpy as np
import pytest

from tests.plain import physics as plain
from watchfloor.physics import accuracy, cfar, detection, frames, radar
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.cfar import Cfar
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Radar

CARD = Radar.of(
    frequency_hz=3e9,
    peak_power_w=32e3,
    pulse_width_s=2e-4,
    bandwidth_hz=1e6,
    n_coherent=4,
    n_pulses=3,
    gain_tx=3e3,
    gain_rx=3e3,
    noise_temperature_k=600.0,
    losses=5.0,
    beamwidth_azimuth_rad=np.radians(1.5),
    beamwidth_elevation_rad=np.radians(3.0),
    elevation_min_rad=np.radians(-1.0),
    elevation_max_rad=np.radians(30.0),
    period_s=10.0,
    pfa=1e-6,
    range_min_m=5e3,
    range_max_m=450e3,
    range_rate_max_mps=1200.0,
    measures_elevation=True,
    measures_range_rate=True,
)


def looked(card, place, ecef_m, velocity_mps, **surroundings):
    targets = Targets(ecef_m=ecef_m, velocity_ecef_mps=velocity_mps)
    return radar.look(card, targets, Environment(place=place, **surroundings))


def test_range_equation_meets_the_published_example():
    # MATLAB Phased Array System Toolbox, radareqrng, documentation example: 10 GHz, 1 MW, 10 us, SNR 6 dB, gain 20 dB,
    # 290 K, 1 m2, no loss: 41.057 km
    card = CARD.but(
        frequency_hz=10e9,
        peak_power_w=1e6,
        pulse_width_s=10e-6,
        n_coherent=1,
        measures_range_rate=False,
        gain_tx=100.0,
        gain_rx=100.0,
        noise_temperature_k=290.0,
        losses=1.0,
    )
    np.testing.assert_allclose(10 * np.log10(radar.snr(card, 41.057e3, 1.0)), 6.0, atol=1e-3)


def test_snr_falls_with_the_fourth_power_and_with_gas():
    np.testing.assert_allclose(radar.snr(CARD, 1e5, 2.0) / radar.snr(CARD, 2e5, 1.0), 32.0, rtol=1e-12)
    np.testing.assert_allclose(radar.snr(CARD, 1e5, 1.0, gas_loss_db=3.0) / radar.snr(CARD, 1e5, 1.0), 10**-0.3)


def test_system_temperature_counts_the_receiver_from_290_k():
    np.testing.assert_allclose(radar.system_temperature_k(0.0, antenna_temperature_k=100.0), 100.0)
    np.testing.assert_allclose(radar.system_temperature_k(10.0), 2900.0, rtol=1e-12)  # T0 F for an antenna at T0


@pytest.mark.parametrize("swerling", range(5))
def test_detection_range_is_where_pd_falls_to_the_value(swerling):
    reach = radar.detection_range(CARD, [0.01, 1.0], 0.5, swerling=swerling)
    pd = detection.pd(radar.snr(CARD, reach, [0.01, 1.0]), CARD.pfa, n_pulses=CARD.n_pulses, swerling=swerling)
    np.testing.assert_allclose(pd, 0.5, rtol=1e-9)


def test_detection_range_with_gas_meets_its_own_equation():
    gas = GasTable(CARD.frequency_hz)
    reach = radar.detection_range(CARD, [0.01, 1.0, 100.0], 0.8, gas=gas, elevation_rad=0.01, pfa=1e-4)
    snr = radar.snr(CARD, reach, [0.01, 1.0, 100.0], gas_loss_db=gas.two_way_db(reach, 0.01))
    np.testing.assert_allclose(detection.pd(snr, 1e-4, n_pulses=CARD.n_pulses), 0.8, rtol=1e-9)
    assert np.all(reach < radar.detection_range(CARD, [0.01, 1.0, 100.0], 0.8, pfa=1e-4))
    assert radar.detection_range(CARD, 0.0, 0.5, gas=gas) == 0.0


def test_cells_and_times_follow_from_the_card():
    np.testing.assert_allclose(CARD.range_cell_m, 149.896229)
    assert CARD.n_beams_azimuth == 240
    assert CARD.n_beams_elevation == 11
    assert CARD.n_range_cells == 2969
    assert CARD.n_cells == 240 * 11 * 2969
    np.testing.assert_allclose(CARD.dwell_s, 10.0 / 240)
    np.testing.assert_allclose(CARD.coherent_time_s, 10.0 / 720)
    assert CARD.but(measures_elevation=False).n_beams_elevation == 1


def targets(n, seed, place):
    rng = np.random.default_rng(seed)
    slant, azimuth = rng.uniform(2e3, 500e3, n), rng.uniform(0, 2 * np.pi, n)
    lat, lon = frames.destination(place.lat_rad, place.lon_rad, azimuth, slant)
    return frames.geodetic_to_ecef(lat, lon, rng.uniform(0.0, 2e4, n)), rng.normal(0.0, 200.0, (n, 3))


@pytest.mark.parametrize(("lat_deg", "alt_m", "ground_m"), [(40.0, 920.0, 900.0), (-65.0, 30.0, 0.0), (0.0, 15.0, 0.0)])
def test_look_agrees_with_its_plain_twin(lat_deg, alt_m, ground_m):
    place = frames.Place.from_degrees(lat_deg, 32.0, alt_m)
    gas = GasTable(CARD.frequency_hz, height_m=alt_m)
    ecef, velocity = targets(300, 21, place)
    found = looked(CARD, place, ecef, velocity, gas=gas, ground_alt_m=ground_m)
    twin = np.array(
        [
            plain.look(
                CARD, place, *row, lambda *at: plain.two_way_db(gas.table_db, gas.grid, *at), ground_alt_m=ground_m
            )
            for row in zip(ecef, velocity, strict=True)
        ]
    )
    np.testing.assert_allclose(found.range_m, twin[:, 0], rtol=1e-13)
    np.testing.assert_allclose(found.azimuth_rad, twin[:, 1], atol=1e-12)
    np.testing.assert_allclose(found.elevation_rad, twin[:, 2], atol=1e-12)
    np.testing.assert_allclose(found.elevation_apparent_rad, twin[:, 3], atol=3e-5)  # one sphere for the ellipsoid
    np.testing.assert_allclose(found.range_rate_mps, twin[:, 4], atol=1e-9)
    # they may differ where the twin itself stands within a thousandth of the horizon
    clear = np.abs(twin[:, 7]) > 1e-3 * twin[:, 0]
    assert clear.mean() > 0.98
    np.testing.assert_array_equal(found.visible[clear], twin[clear, 6] == 1.0)
    both = found.visible & (twin[:, 6] == 1.0)
    assert 60 < both.sum() < 290
    np.testing.assert_allclose(found.snr_1m2[both], twin[both, 5], rtol=1e-3)
    np.testing.assert_array_equal(found.snr_1m2[~found.visible], 0.0)


def test_look_without_gas_is_the_range_equation():
    place = frames.Place.from_degrees(40.0, 32.0, 920.0)
    found = looked(CARD, place, *targets(50, 22, place), ground_alt_m=900.0)
    seen = found.visible
    assert seen.any()
    np.testing.assert_allclose(found.snr_1m2[seen], radar.snr(CARD, found.range_m[seen], 1.0), rtol=1e-12)


def test_look_ends_at_each_edge_of_the_coverage():
    place = frames.Place.from_degrees(40.0, 32.0, 20.0)
    card = CARD.but(elevation_min_rad=0.05, elevation_max_rad=0.5, range_max_m=100e3)
    slant = np.array([4.9e3, 5.1e3, 99e3, 101e3, 50e3, 50e3, 50e3, 50e3])
    elevation = np.array([0.2, 0.2, 0.2, 0.2, 0.045, 0.055, 0.495, 0.505])
    ecef = frames.polar_to_ecef(slant, np.zeros(8), elevation, place)
    found = looked(card, place, ecef, np.zeros((8, 3)))
    assert found.visible.tolist() == [False, True, True, False, False, True, True, False]


def test_look_of_no_target_is_empty():
    found = looked(CARD, frames.Place.from_degrees(0.0, 0.0, 0.0), np.zeros((0, 3)), np.zeros((0, 3)))
    assert found.range_m.shape == found.visible.shape == (0,)


def test_look_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        looked(CARD, frames.Place.from_degrees(0.0, 0.0, 0.0), np.zeros(3), np.zeros(3))


def test_error_sigmas_lie_between_the_floor_and_the_cell():
    snr = np.geomspace(1e-2, 1e8, 60)
    cells = (CARD.range_cell_m, CARD.beamwidth_azimuth_rad, CARD.beamwidth_elevation_rad, CARD.range_rate_cell_mps)
    for sigma, cell in zip(radar.error_sigmas(CARD, snr), cells, strict=True):
        assert np.all(np.diff(sigma) <= 0.0)
        np.testing.assert_allclose(sigma[-1], radar.FLOOR_FRACTION * cell, rtol=1e-3)
        np.testing.assert_allclose(sigma[0], cell * np.sqrt(1 / 12 + radar.FLOOR_FRACTION**2), rtol=1e-12)


def test_error_sigmas_without_floor_are_the_bounds():
    snr = np.array([30.0, 300.0])
    total = CARD.n_pulses * snr
    wanted = (
        accuracy.sigma_range_m(total, CARD.bandwidth_hz),
        accuracy.sigma_angle_rad(total, CARD.beamwidth_azimuth_rad),
        accuracy.sigma_angle_rad(total, CARD.beamwidth_elevation_rad),
        accuracy.sigma_range_rate_mps(total, CARD.wavelength_m, CARD.coherent_time_s),
    )
    np.testing.assert_allclose(radar.error_sigmas(CARD, snr, floor=0.0), wanted, rtol=1e-12)


def test_what_is_not_measured_has_no_sigma():
    card = CARD.but(measures_elevation=False, measures_range_rate=False)
    _, azimuth, elevation, rate = radar.error_sigmas(card, np.ones(3))
    assert np.all(np.isfinite(azimuth))
    assert np.all(np.isnan(elevation))
    assert np.all(np.isnan(rate))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peak_power_w": -1.0}, "peak_power_w"),
        ({"frequency_hz": float("nan")}, "frequency_hz"),
        ({"n_pulses": 0}, "n_pulses"),
        ({"losses": 0.5}, "losses"),
        ({"pfa": 1.0}, "pfa"),
        ({"range_min_m": 500e3}, "range_min_m"),
        ({"elevation_max_rad": 30.0}, "elevation"),
        ({"beamwidth_azimuth_rad": 15.0}, "degrees"),
        ({"bandwidth_hz": 1e3}, "bandwidth_hz"),
        ({"n_coherent": 1}, "measures_range_rate"),
    ],
)
def test_a_bad_card_is_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        CARD.but(**changes)


def test_negative_arguments_are_refused():
    with pytest.raises(ValueError, match="range_m"):
        radar.snr(CARD, 0.0, 1.0)
    with pytest.raises(ValueError, match="sigma_m2"):
        radar.detection_range(CARD, -1.0, 0.5)
    with pytest.raises(ValueError, match="noise_figure_db"):
        radar.system_temperature_k(-1.0)


def test_a_radar_with_a_cfar_detects_by_its_law():
    adaptive = CARD.but(cfar=Cfar(kind="ca", n_reference=16))
    snr = np.array([0.5, 5.0, 50.0])
    np.testing.assert_allclose(
        radar.pd(adaptive, snr), cfar.pd(adaptive.processing.cfar, snr, CARD.pfa, n_pulses=3), rtol=1e-12
    )
    ratio = radar.detection_range(adaptive, 1.0, 0.5) / radar.detection_range(CARD, 1.0, 0.5)
    loss_db = cfar.loss_db(adaptive.processing.cfar, 0.5, CARD.pfa, n_pulses=3)
    np.testing.assert_allclose(-40.0 * np.log10(ratio), loss_db, rtol=1e-6)
