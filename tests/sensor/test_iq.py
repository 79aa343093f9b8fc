"""The signal level's parts: kernels against their twins, folding, sidelobes, beams, clutter, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.plain import iq as plain
from tests.sensor.dwells import AZIMUTH, BANK, ELEVATION, FREE, MTI, NONE, SITE, flock
from watchfloor.physics import waveform
from watchfloor.physics.cfar import Cfar
from watchfloor.physics.environment import Environment, SurfaceClutter, Targets
from watchfloor.physics.frames import Place, polar_to_ecef
from watchfloor.physics.parts import Antenna
from watchfloor.physics.radar import look
from watchfloor.physics.terrain import VisibleHeight
from watchfloor.sensor import _kernels_iq as kernels
from watchfloor.sensor.iq import check_memory, cube_bytes, dwell_plots, iq, process, synthesise
from watchfloor.sensor.iq_chain import Beam, chain
from watchfloor.sensor.iq_synthesis import directions, offsets

PENCIL = BANK.but(
    motion="electronic", face_azimuth_rad=0.2, face_tilt_rad=0.3, azimuth_width_rad=2.0, elevation_min_rad=-0.05
)
HILL = Place.from_degrees(57.5, 11.6, 500.0)


def at(range_m, *, rate_mps=0.0, azimuth_rad=AZIMUTH, elevation_rad=ELEVATION, sigma_m2=1.0, swerling=0):
    """Targets at polar places."""
    range_m = np.atleast_1d(np.asarray(range_m, float))
    ecef = polar_to_ecef(range_m, azimuth_rad, elevation_rad, SITE)
    away = (ecef - SITE.ecef_m) / np.linalg.norm(ecef - SITE.ecef_m, axis=1)[:, None]
    velocity = away * np.broadcast_to(rate_mps, len(range_m))[:, None]
    return Targets(ecef_m=ecef, velocity_ecef_mps=velocity, sigma_m2=sigma_m2, swerling=swerling)


def strong(radar, range_m, snr_db, **more):
    """Steady targets of given free-space SNR."""
    range_m = np.atleast_1d(np.asarray(range_m, float))
    sigma = 10.0 ** (0.1 * np.asarray(snr_db)) * range_m**4 / radar.snr_1m2_1m
    return at(range_m, sigma_m2=np.broadcast_to(sigma, range_m.shape), **more)


# -- kernels


@pytest.mark.parametrize("code", ["lfm", "barker", "plain"])
def test_kernels_are_their_twins(code):
    rng = np.random.default_rng(1)
    n, product = (7, 7.3) if code == "lfm" else (13, 13.0)
    chips = {
        "lfm": np.zeros(0, complex),
        "barker": waveform.barker(13, unit_energy=False),
        "plain": np.ones(13, complex),
    }[code]
    i, pulses, samples = 4, 5, 40
    slow = rng.normal(size=(i, pulses)) + 1j * rng.normal(size=(i, pulses))
    ratio, delay = rng.normal(size=(3, i)), np.array([-3.3, 12.0, 17.5, 35.2])
    drift, turn = np.array([0.0, 0.3, -0.7, 1e-3]), rng.normal(size=i)
    ratio[0, 2] = 0.0
    out = np.zeros((3, pulses, samples), np.complex64)
    kernels.add_echoes(out, slow, ratio, delay, drift, turn, chips, n, product, 3, 37)
    wanted = plain.add_echoes(out.shape, slow, ratio, delay, drift, turn, chips, n, product, 3, 37)
    assert np.abs(wanted).max() > 0.5
    # the kernel builds a pulse anew once its target has moved 1/128 of a sample: half a one, times the greatest slope
    np.testing.assert_allclose(out, wanted, atol=0.5 / 128 * 4.0)
    np.testing.assert_array_equal(out[:, :, :3], 0.0)
    np.testing.assert_array_equal(out[:, :, 37:], 0.0)
    weights = rng.normal(size=(4, pulses)) + 1j * rng.normal(size=(4, pulses))
    cube = (rng.normal(size=out.shape) + 1j * rng.normal(size=out.shape)).astype(np.complex64)
    found = kernels.filter_at(cube, weights, delay, turn, chips, n, product)
    np.testing.assert_allclose(found, plain.filter_at(cube, weights, delay, turn, chips, n, product), atol=2e-5)


@pytest.mark.parametrize(
    ("modulation", "n", "sent"),
    [
        ("lfm", 50, waveform.lfm(50e-6, 1e6, 1e6)),
        ("barker", 13, waveform.barker(13)),
        ("frank", 16, waveform.frank(4)),
        ("plain", 1, np.ones(1)),
    ],
)
def test_a_pulse_on_the_grid_is_the_waveform(modulation, n, sent):
    c = chain(BANK.but(modulation=modulation, pulse_width_s=n * 1e-6))
    samples, first = c.pulse(5.0)
    assert first == 5
    np.testing.assert_allclose(samples[:n], sent, atol=1e-12)
    assert samples[n] == 0.0


@given(st.floats(-0.5, 0.5), st.sampled_from([16, 50, 120]))
def test_a_pulse_between_samples_loses_what_the_sinc_says(fraction, n):
    c = chain(BANK.but(pulse_width_s=n * 1e-6))
    samples, first = c.pulse(200.0 + fraction)
    record = np.zeros(500, complex)
    record[first : first + n + 1] = samples
    heard = np.abs(np.vdot(c.reference, record[200 : 200 + n])) ** 2
    assert np.sinc(fraction) ** 2 * (1.0 - 1.5 / n) <= heard <= np.sinc(fraction) ** 2 * (1.0 + 1.5 / n)


# -- beams


def test_the_monopulse_ratio_of_a_gaussian_beam_is_a_straight_line_of_the_stated_slope():
    beam = Beam(Antenna(gain_tx=1, gain_rx=1, beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.02), 0.02)
    u = np.linspace(-0.015, 0.015, 31)
    # 1.6 a beamwidth as a number, not by its name: Barton & Ward 1969, ch. 2, of a uniform aperture 1.607
    np.testing.assert_allclose(beam.ratio(u), 1.6 * u / 0.02, rtol=2e-3, atol=1e-9)
    np.testing.assert_allclose(beam.offset(beam.ratio(u)), u, atol=4e-6)


@pytest.mark.parametrize("taper", ["gaussian", "uniform", "cosine", "taylor"])
def test_the_offset_is_the_inverse_of_the_ratio_over_the_main_lobe(taper):
    antenna = Antenna(
        gain_tx=1, gain_rx=1, beamwidth_azimuth_rad=0.03, beamwidth_elevation_rad=0.03, taper=taper, sidelobe_db=-30.0
    )
    beam = Beam(antenna, 0.03)
    u = np.linspace(-0.022, 0.022, 101)
    np.testing.assert_allclose(beam.offset(beam.ratio(u)), u, atol=5e-6)  # 2e-4 of a beamwidth
    np.testing.assert_allclose(beam.sum(np.array([np.sin(0.015)])) ** 2, 0.5, atol=1e-3)


@given(st.floats(-0.5, 0.5), st.floats(0.0, 0.7), st.booleans())
def test_directions_are_the_inverse_of_offsets(turn, elevation, fixed):
    radar, pointing = (PENCIL if fixed else BANK), (0.1, 0.25)
    azimuth = np.array([turn % (2.0 * np.pi)])
    across, above = offsets(radar, azimuth, np.array([elevation]), pointing)
    back = directions(radar, across, above, pointing)
    np.testing.assert_allclose(np.mod(back[0] - azimuth + np.pi, 2.0 * np.pi), np.pi, atol=1e-9)
    np.testing.assert_allclose(back[1], elevation, atol=1e-9)


@pytest.mark.parametrize("radar", [BANK, PENCIL, BANK.but(taper="taylor")], ids=["turning", "face", "taylor"])
def test_a_target_beside_the_axis_is_weaker_by_the_pattern_and_measured_where_it_is(radar):
    radar = radar.but(beam_shape_loss=1.5)
    far = 100 * radar.range_cell_m
    target = strong(radar, far, 80.0, azimuth_rad=AZIMUTH + 0.006, elevation_rad=ELEVATION - 0.007)
    seen = look(radar.but(doppler="matched"), target, FREE)
    pointing = (AZIMUTH, float(seen.elevation_apparent_rad[0]) + 0.007)
    played = iq(radar, target, FREE, np.random.default_rng(5), pointing=pointing)
    truth = [seen.range_m[0], seen.azimuth_rad[0], seen.elevation_rad[0], 0.0]
    np.testing.assert_allclose(played.plots.measurement[0], truth, atol=2e-4, rtol=1e-5)
    if radar is not PENCIL and radar.antenna.face_azimuth_rad is None:
        antenna = radar.antenna
        across = Beam(antenna, 0.02).sum(np.sin([0.006]))[0] ** 4
        above = Beam(antenna, 0.03).sum(np.sin([0.007]))[0] ** 2  # stacked beams are formed on reception alone
        expected = 10.0 * np.log10(1.5 * across * above)
        assert 10.0 * np.log10(played.plots.power[0] / seen.snr[0]) == pytest.approx(expected, abs=0.05)


# -- ranges and range rates that fold


def test_an_echo_of_the_pulse_before_last_comes_in_at_the_folded_range():
    radar = BANK.but(prf_hz=(3000.0,), range_max_m=300e3)
    unambiguous = 299_792_458.0 / 6000.0
    played = iq(radar, strong(radar, 2 * unambiguous + 20e3, 30.0), FREE, np.random.default_rng(6))
    assert played.range_m[-1] < unambiguous
    assert len(played.plots) == 1
    assert played.plots.measurement[0, 0] == pytest.approx(20e3, abs=30.0)
    assert played.target[0] == 0


def test_several_pulse_repetition_frequencies_resolve_range_and_range_rate_without_ghosts():
    # intervals of 100, 107 and 113 range cells: 15 km unambiguous each, 200 km together
    prf = tuple(1e6 / n for n in (100, 107, 113))
    radar = BANK.but(
        prf_hz=prf, n_pulses=3, pulse_width_s=10e-6, range_max_m=200e3, n_coherent=16, range_min_m=2e3, pfa=1e-7
    )
    target = strong(radar, [93.4e3, 161.7e3], [25.0, 22.0], rate_mps=[212.0, -640.0])
    played = iq(radar, target, FREE, np.random.default_rng(7))
    assert played.target.tolist() == [0, 1]
    seen = look(radar.but(doppler="matched"), target, FREE)
    error = played.plots.measurement - np.stack(
        [seen.range_m, seen.azimuth_rad, seen.elevation_rad, seen.range_rate_mps], axis=1
    )
    assert np.abs(error[:, [0, 3]] / played.plots.sigmas[:, [0, 3]]).max() < 5.0


def test_a_blind_speed_is_blind_and_the_next_is_not():
    blind = 0.5 * MTI.wavelength_m * MTI.waveform.prf_hz[0]
    far = 200 * MTI.range_cell_m
    for rate, seen in ((0.0, False), (blind, False), (0.5 * blind, True), (1.5 * blind, True)):
        played = iq(MTI.but(pfa=1e-6), strong(MTI, far, 20.0, rate_mps=rate), FREE, np.random.default_rng(8))
        assert bool(np.any(played.target == 0)) == seen
        assert np.all(np.isnan(played.plots.measurement[:, 3]))


PAIR = BANK.but(
    prf_hz=(1500.0, 1700.0), n_pulses=2, n_coherent=32, range_max_m=80e3, pulse_width_s=20e-6, window="chebyshev"
)
CELLS = Cfar(kind="ca", n_reference=32, n_guard=2)


def on_land(gamma_db):
    """Surroundings with land clutter."""
    surface = SurfaceClutter(kind="land", gamma_db=gamma_db, spread_mps=0.3)
    return Environment(place=SITE, ground_alt_m=0.0, clutter=surface)


def measured(radar, environment, range_m, rate_mps, rng, snr_db=30.0):
    """Errors of range and range rate over their sigmas, and the errors, of the plot that a target caused."""
    target = strong(radar, range_m, snr_db, rate_mps=rate_mps, elevation_rad=0.01)
    played = iq(radar, target, environment, rng, pointing=(AZIMUTH, 0.0115))
    own = np.flatnonzero(played.target == 0)
    assert len(own) == 1
    error = played.plots.measurement[own[0], [0, 3]] - [range_m, rate_mps]
    return error / played.plots.sigmas[own[0], [0, 3]], error


@pytest.mark.parametrize("cell", [None, CELLS], ids=["known", "ca"])
@pytest.mark.parametrize("gamma_db", [-10.0, -25.0])
def test_clutter_does_not_choose_the_range_rate_of_several_pulse_repetition_frequencies(gamma_db, cell):
    radar, rng = PAIR.but(pfa=1e-6, cfar=cell), np.random.default_rng(17)
    for _ in range(6):
        # four filters from clutter in either look
        _, error = measured(radar, on_land(gamma_db), 25018.0, -160.0, rng)
        assert abs(error[0]) < 0.1 * radar.range_cell_m
        assert abs(error[1]) < 0.2 * radar.range_rate_cell_mps


@pytest.mark.parametrize("cell", [None, CELLS], ids=["known", "ca"])
@pytest.mark.parametrize("gamma_db", [-10.0, -25.0])
def test_sigmas_are_those_of_the_errors_in_clutter_at_several_pulse_repetition_frequencies(gamma_db, cell):
    radar, rng, ratios = PAIR.but(pfa=1e-6, cfar=cell), np.random.default_rng(18), []
    fold = 0.5 * radar.wavelength_m * np.array(radar.waveform.prf_hz)
    while len(ratios) < 40:
        rate = rng.uniform(-400.0, 400.0)
        off = np.abs(np.mod(rate / fold + 0.5, 1.0) - 0.5) * radar.n_coherent
        if off.min() > 7.0:
            ratios.append(measured(radar, on_land(gamma_db), rng.uniform(18e3, 29e3), rate, rng)[0])
    d2 = np.square(ratios)
    low, high = stats.chi2.ppf([0.0005, 0.9995], len(d2)) / len(d2)
    assert np.all(d2.mean(axis=0) > low)
    assert np.all(d2.mean(axis=0) < high)


@pytest.mark.parametrize("cell", [None, CELLS], ids=["known", "ca"])
@pytest.mark.parametrize("window", ["none", "hann"])
@pytest.mark.parametrize("prf_hz", [(1500.0, 1700.0), (600.0, 550.0, 510.0), (3000.0, 2700.0, 2500.0)])
def test_a_strong_echo_is_one_plot_at_several_pulse_repetition_frequencies(prf_hz, window, cell):
    radar = PAIR.but(prf_hz=prf_hz, n_pulses=len(prf_hz), n_coherent=16, window=window, cfar=cell, pfa=1e-9)
    rng = np.random.default_rng(19)
    for _ in range(12):
        target = strong(radar, rng.uniform(15e3, 75e3), 45.0, rate_mps=rng.uniform(-300.0, 300.0))
        assert iq(radar, target, FREE, rng).target.tolist() == [0]


# -- one plot an echo


@pytest.mark.parametrize("snr_db", [20.0, 40.0, 60.0])
def test_a_strong_echo_is_one_plot_whatever_its_sidelobes(snr_db):
    radar, rng = BANK.but(pfa=1e-7), np.random.default_rng(9)
    for _ in range(5):
        target = strong(radar, 80e3 + rng.uniform(0.0, 300.0), snr_db, rate_mps=rng.uniform(-12.0, 12.0))
        assert len(iq(radar, target, FREE, rng).plots) == 1


def test_two_targets_three_cells_apart_are_two_plots():
    radar = BANK.but(pfa=1e-6)
    gate = 400
    target = strong(radar, [gate * radar.range_cell_m, (gate + 3) * radar.range_cell_m], 22.0)
    played = iq(radar, target, FREE, np.random.default_rng(10))
    assert sorted(played.target.tolist()) == [0, 1]


def test_two_targets_in_one_cell_are_one_plot_of_two():
    target = strong(BANK, [400.1 * BANK.range_cell_m, 400.2 * BANK.range_cell_m], 30.0)
    found = dwell_plots(BANK.but(pfa=1e-7), FREE, target, AZIMUTH, np.random.default_rng(11))
    assert len(found) == 1
    assert found.n_merged[0] == 2


# -- clutter


def test_k_clutter_has_the_spread_that_its_shape_says():
    surface = SurfaceClutter(kind="land", gamma_db=0.0, spread_mps=0.3, shape=2.0)
    environment = Environment(place=HILL, ground_alt_m=0.0, clutter=surface)
    radar = BANK.but(
        prf_hz=(1500.0,),
        range_max_m=90e3,
        pulse_width_s=2e-6,
        modulation="plain",
        cfar=Cfar(kind="ca", n_reference=16, n_guard=1),
    )
    rng, ratios = np.random.default_rng(12), []
    for _ in range(100):
        cube = synthesise(radar, NONE, environment, rng, pointing=(AZIMUTH, 0.0), channels=1)
        cell = np.abs(cube.samples[0, 0, 0, 100:400]) ** 2
        ratios.append(cell / cube.level[0][0, 100:400])
    ratios = np.array(ratios)
    ratios /= ratios.mean()
    # a pulse of two samples adds two neighbouring cells of equal power: the texture's share of the variance halves
    expected = 2.0 * (1.0 + 0.5 / 2.0)
    assert np.mean(ratios**2) == pytest.approx(expected, rel=0.05)  # 3e4 cells, fourth moments


def test_clutter_keeps_its_phase_from_pulse_to_pulse_as_its_spectrum_says():
    surface = SurfaceClutter(kind="land", gamma_db=0.0, spread_mps=1.0)
    environment = Environment(place=HILL, ground_alt_m=0.0, clutter=surface)
    radar = BANK.but(prf_hz=(1500.0,), range_max_m=60e3)
    rng, product = np.random.default_rng(13), 0.0
    for _ in range(40):
        x = synthesise(radar, NONE, environment, rng, pointing=(AZIMUTH, 0.0), channels=1).samples[0, 0, :, 60:300]
        product = product + np.array([np.mean(x[m:] * np.conj(x[: len(x) - m])).real for m in range(8)])
    lag_s = np.arange(8) / 1500.0
    wanted = np.exp(-0.5 * (4.0 * np.pi * 1.0 * lag_s / radar.wavelength_m) ** 2)
    np.testing.assert_allclose(
        product / product[0], wanted, atol=0.05
    )  # about 40 x 5 independent pulses' worth of cells


def test_a_ridge_hides_the_clutter_and_the_targets_behind_it():
    azimuth, ground = np.radians(np.arange(0.0, 360.0, 2.0)), np.arange(0.0, 200e3, 500.0)
    lowest = np.zeros((len(azimuth), len(ground)), np.float32) + np.where(ground > 30e3, 2000.0, 0.0).astype(np.float32)
    ridge = VisibleHeight(
        place=HILL,
        k=4.0 / 3.0,
        azimuth_rad=azimuth,
        range_m=ground,
        height_m=lowest,
        mask_rad=np.zeros(len(azimuth)),
        ground_m=np.zeros_like(lowest),
    )
    environment = Environment(place=HILL, terrain=ridge, clutter=SurfaceClutter(kind="land", gamma_db=0.0))
    radar = MTI.but(range_min_m=1e3)
    ecef = polar_to_ecef(np.array([25e3, 50e3]), AZIMUTH, np.array([0.01, -0.005]), HILL)
    target = Targets(ecef_m=ecef, velocity_ecef_mps=0.0 * ecef, sigma_m2=10.0, swerling=0)
    cube = synthesise(radar, target, environment, np.random.default_rng(1), pointing=(AZIMUTH, 0.005), channels=1)
    strength = np.abs(cube.echoes.slow[0, :, 0])
    assert strength[0] > 0.0
    assert strength[1] == 0.0
    power = np.mean(np.abs(cube.samples[0, 0]) ** 2, axis=0)
    assert power[100:190].mean() > 100.0
    np.testing.assert_allclose(power[260:].mean(), 1.0, atol=4.0 / np.sqrt(3 * len(power[260:])))


# -- a turning radar's dwell


def test_a_target_between_two_elevation_beams_is_declared_once_at_its_elevation():
    radar = BANK.but(pfa=1e-7)
    edge = radar.elevation_min_rad + 3.0 * radar.beamwidth_elevation_rad
    target = strong(radar, 80e3, 30.0, elevation_rad=edge, azimuth_rad=AZIMUTH + 0.004)
    found = dwell_plots(radar, FREE, target, AZIMUTH, np.random.default_rng(14))
    assert len(found) == 1
    seen = look(radar.but(doppler="matched"), target, FREE)
    truth = np.array([seen.range_m[0], seen.azimuth_rad[0], seen.elevation_rad[0], 0.0])
    assert np.abs((found.measurement[0] - truth) / found.sigmas[0]).max() < 4.5
    assert found.target.tolist() == [0]


def test_a_strong_target_comes_in_by_the_sidelobes_at_the_wrong_azimuth():
    radar = BANK.but(pfa=1e-7, taper="taylor", sidelobe_db=-25.0)
    target = strong(radar, 80e3, 75.0, azimuth_rad=AZIMUTH + 0.05, elevation_rad=0.005)
    found = dwell_plots(radar, FREE, target, AZIMUTH, np.random.default_rng(15))
    assert np.any(found.target == 0)
    assert np.all(np.abs(found.measurement[:, 1] - AZIMUTH) < 0.03)


def test_a_dwell_without_targets_declares_noise_as_often_as_its_cells_say():
    radar = BANK.but(pfa=1e-4, elevation_max_rad=0.05)
    rng, n = np.random.default_rng(16), 0
    for _ in range(8):
        found = dwell_plots(radar, FREE, NONE, AZIMUTH, rng)
        assert np.all(found.target == -1)
        n += len(found)
    expected = 8 * radar.n_range_cells * radar.n_beams_elevation * radar.n_coherent * radar.pfa
    assert abs(n - expected) < 4.0 * np.sqrt(expected) + 0.05 * expected  # now and then two crossings touch


# -- bad input, and the same numbers twice


def test_the_same_seed_gives_the_same_plots():
    targets, _ = flock(BANK, 100.0, swerling=1)
    one, two = (iq(BANK, targets, FREE, np.random.default_rng(3)).plots for _ in range(2))
    for name, column in one.items():
        np.testing.assert_array_equal(column, getattr(two, name))


def test_filters_that_are_not_stated_are_refused_with_the_keys_to_add():
    with pytest.raises(ValueError, match="'matched'.*state prf_hz, and doppler 'mti' or 'bank'"):
        iq(BANK.but(doppler="matched"), at(50e3), FREE, np.random.default_rng(1))


def test_a_clutter_map_is_refused():
    with pytest.raises(ValueError, match="map.*choose ca, go, so or os"):
        iq(BANK.but(cfar=Cfar(kind="map", weight=0.1)), at(50e3), FREE, np.random.default_rng(1))


def test_a_cube_larger_than_memory_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match="fidelity: measurement"):
        iq(BANK, at(50e3), FREE, np.random.default_rng(1), limit_bytes=1e5)
    huge = BANK.but(n_coherent=512, n_pulses=512, bandwidth_hz=1e9, pulse_width_s=1e-7)
    assert cube_bytes(huge) > 1e12
    with pytest.raises(ValueError, match="range_max_m.*n_coherent or n_pulses"):
        check_memory(huge)


def test_the_bytes_foretold_hold_the_samples():
    cube = synthesise(BANK, at(50e3), FREE, np.random.default_rng(1))
    assert cube.samples.nbytes <= cube_bytes(BANK) < 10 * cube.samples.nbytes


@pytest.mark.parametrize("pointing", [(np.nan, 0.1), (0.1, np.inf)])
def test_a_pointing_that_is_no_direction_is_refused(pointing):
    with pytest.raises(ValueError, match="pointing"):
        iq(BANK, at(50e3), FREE, np.random.default_rng(1), pointing=pointing)


def test_a_dwell_without_targets_needs_a_pointing():
    with pytest.raises(ValueError, match="pointing"):
        iq(BANK, NONE, FREE, np.random.default_rng(1))


def test_a_false_alarm_probability_outside_its_domain_is_refused():
    cube = synthesise(BANK, at(50e3), FREE, np.random.default_rng(1))
    for pfa in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="pfa"):
            process(BANK, cube, FREE, pfa=pfa)
