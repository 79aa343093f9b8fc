"""One radar, two evaluators: the signal level against `look`, `detection`, `cfar` and `accuracy`.

Tolerances follow from the number of trials: ``SIGMAS`` standard deviations of the count or mean. Where the closed form
itself is an approximation, what it leaves out is stated and added.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.sensor.dwells import AZIMUTH, BANK, FREE, MTI, NONE, SITE, flock
from watchfloor.physics import accuracy, cfar, filters, reception
from watchfloor.physics.cfar import Cfar
from watchfloor.physics.environment import Environment, Jammers, Rain, SurfaceClutter
from watchfloor.physics.frames import Place, polar_to_ecef
from watchfloor.physics.radar import look, pd
from watchfloor.sensor.iq_chain import chain
from watchfloor.sensor.iq_processing import look_powers, process, range_doppler
from watchfloor.sensor.iq_synthesis import synthesise

SIGMAS = 4.0
CA = Cfar(kind="ca", n_reference=32, n_guard=2)
HILL = Place.from_degrees(57.5, 11.6, 500.0)


def statistic(radar, targets, environment, rng, pointing=None):
    """Range-Doppler map of one dwell, and the cube's known levels."""
    cube = synthesise(radar, targets, environment, rng, pointing=pointing, channels=1)
    return range_doppler(radar, look_powers(radar, cube)), cube


def thresholds(radar, power):
    """Threshold of each cell."""
    if radar.processing.cfar is None:
        return np.full(power.shape, radar.threshold)
    return cfar.threshold_map(radar.processing.cfar, power, radar.pfa, axis=-1, n_pulses=radar.n_pulses)


def own_row(radar, rate_mps):
    """Row of the map whose filter is nearest to a range rate, one pulse repetition frequency."""
    step = -2.0 * rate_mps / (radar.wavelength_m * radar.waveform.prf_hz[0])
    return np.rint(step * radar.n_coherent).astype(int) % radar.n_coherent


def share_detected(radar, swerling, snr, n_dwells, rng, environment=FREE, **offsets):
    """Share of targets whose own cell crosses the threshold, trials, and what `look` says of them."""
    hits = n = 0
    expected = []
    for _ in range(n_dwells):
        drawn = {name: offset(rng) if callable(offset) else offset for name, offset in offsets.items()}
        targets, gate = flock(radar, snr, swerling=swerling, **drawn)
        power, _ = statistic(radar, targets, environment, rng)
        rate = np.broadcast_to(drawn.get("rate_mps", 0.0), len(gate))
        row = own_row(radar, rate) if radar.processing.doppler == "bank" else np.zeros(len(gate), int)
        hits += int(np.sum(power[row, gate] > thresholds(radar, power)[row, gate]))
        n += len(gate)
        expected.append(look(radar, targets, environment).pd)
    return hits / n, n, float(np.mean(np.concatenate(expected)))


def assert_share(share, n, expected, allowance=0.0):
    """Hold a share of n trials against its expectation."""
    assert abs(share - expected) <= SIGMAS * np.sqrt(expected * (1.0 - expected) / n) + allowance


# -- signal-to-noise ratio


@pytest.mark.parametrize(
    "radar", [BANK, BANK.but(window="chebyshev"), BANK.but(modulation="barker", pulse_width_s=13e-6)]
)
def test_the_signal_to_noise_ratio_is_that_of_the_range_equation(radar):
    # 60 dB: noise moves the ratio by less than 0.02 dB
    targets, gate = flock(radar, 1e6)
    power, _ = statistic(radar, targets, FREE, np.random.default_rng(1))
    seen = look(radar, targets, FREE)
    np.testing.assert_allclose(10.0 * np.log10((power[0, gate] - 1.0) / seen.snr), 0.0, atol=0.1)


def test_the_mean_power_over_noise_is_the_signal_to_noise_ratio():
    rng, snr, found = np.random.default_rng(2), 30.0, []
    for _ in range(60):
        targets, gate = flock(BANK, snr, swerling=1)
        found.append(statistic(BANK, targets, FREE, rng)[0][0, gate] - 1.0)
    mean, n = np.mean(found), np.size(found)
    assert abs(mean - snr) < SIGMAS * (snr + 1.0) / np.sqrt(n)  # power of a Swerling 1 echo in noise is exponential


@pytest.mark.parametrize("window", ["none", "hann"])
def test_straddling_and_scalloping_out_of_the_samples_are_those_of_look(window):
    radar = BANK.but(window=window)
    rng = np.random.default_rng(3)
    fold = 0.5 * radar.wavelength_m * radar.waveform.prf_hz[0]
    differences = []
    for _ in range(10):
        n = len(flock(radar, 1.0)[1])
        rate, cells = rng.uniform(-1.5 * fold, 1.5 * fold, n), rng.uniform(-0.45, 0.45, n)
        targets, gate = flock(radar, 1e7, cells=cells, rate_mps=rate)
        power, _ = statistic(radar, targets, FREE, rng)
        # linear FM moves the peak with the Doppler shift: the nearest sample may be the next one
        peak = np.max([power[own_row(radar, rate), gate + step] for step in (-1, 0, 1)], axis=0)
        expected = look(radar, targets, FREE).snr
        differences.append(10.0 * np.log10(peak / expected))
    # the sinc leaves out the pulse's ends: up to 1 - 1/2n in amplitude halfway between two of its n samples
    difference = np.concatenate(differences)
    assert -20.0 * np.log10(1.0 + 1.0 / 50) - 0.05 < difference.min()
    assert difference.max() < 0.05


def test_half_an_eclipsed_echo_keeps_a_quarter_of_its_signal_to_noise_ratio():
    radar = BANK.but(range_min_m=1e3)
    targets, _ = flock(radar, 1e6)
    near = polar_to_ecef(np.array([25.0 * radar.range_cell_m]), AZIMUTH, np.radians(10.0), SITE)
    one = type(targets)(ecef_m=near, velocity_ecef_mps=0.0 * near, sigma_m2=1.0, swerling=0)
    power, _ = statistic(radar, one, FREE, np.random.default_rng(4))
    seen = look(radar, one, FREE)
    whole = radar.snr_1m2_1m / seen.range_m[0] ** 4
    assert abs(10.0 * np.log10(power[0, 25] / (0.25 * whole))) < 0.1
    assert abs(10.0 * np.log10(power[0, 25] / seen.snr[0])) < 0.1


# -- detection


@pytest.mark.parametrize("swerling", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(("n_looks", "cell"), [(1, None), (4, None), (1, CA), (4, CA)])
def test_the_share_detected_is_pd(swerling, n_looks, cell):
    radar = BANK.but(n_pulses=n_looks, cfar=cell, pulse_width_s=30e-6)
    rng = np.random.default_rng(100 * swerling + 10 * n_looks + (cell is None))
    snr = 10.0 ** (0.1 * (9.0 if n_looks == 4 else 13.0))
    share, n, expected = share_detected(radar, swerling, snr, 40, rng)
    assert expected == pytest.approx(float(pd(radar, snr, swerling=swerling)), rel=1e-9)
    assert_share(share, n, expected)


@pytest.mark.parametrize(("swerling", "window"), [(0, "none"), (1, "hann"), (3, "none")])
def test_the_share_detected_of_targets_anywhere_between_samples_and_filters_is_that_of_look(swerling, window):
    radar = BANK.but(window=window, pfa=1e-5)
    rng = np.random.default_rng(7 + swerling)
    n = len(flock(radar, 1.0)[1])
    share, n, expected = share_detected(
        radar,
        swerling,
        10.0**1.6,
        80,
        rng,
        cells=lambda rng: rng.uniform(-0.5, 0.5, n),
        rate_mps=lambda rng: rng.uniform(-60.0, 60.0, n),
    )
    assert_share(share, n, expected, allowance=0.01)  # the sinc of `filters.range_response`


def test_looks_at_several_pulse_repetition_frequencies_add_up_as_look_says():
    radar = BANK.but(n_pulses=3, prf_hz=(600.0, 550.0, 510.0))
    rng, hits, n, expected = np.random.default_rng(11), 0, 0, []
    c = chain(radar)
    for _ in range(60):
        rate = rng.uniform(-300.0, 300.0, len(flock(radar, 1.0)[1]))
        targets, gate = flock(radar, 10.0**1.1, swerling=1, rate_mps=rate)
        power, _ = statistic(radar, targets, FREE, rng)
        number = np.rint(-2.0 * rate[:, None] / (radar.wavelength_m * c.prf_hz) * radar.n_coherent) % radar.n_coherent
        row = np.array([np.flatnonzero((c.row_filter == each).all(axis=1))[0] for each in number])
        hits += int(np.sum(power[row, gate] > radar.threshold))
        n += len(gate)
        expected.append(look(radar, targets, FREE).pd)
    # the range walk of up to 15 m within the dwell is a tenth of a cell; no other difference
    assert_share(hits / n, n, float(np.mean(expected)), allowance=0.01)


# -- false alarms


def count_alarms(radar, environment, n_dwells, rng, gates=slice(None)):
    """False alarms over their expectation, and how many are expected; pointing low for clutter."""
    alarms = cells = 0
    for _ in range(n_dwells):
        power, _ = statistic(radar, NONE, environment, rng, pointing=(AZIMUTH, 0.005))
        crossing = (power > thresholds(radar, power))[:, gates]
        alarms, cells = alarms + int(crossing.sum()), cells + crossing.size
    return alarms / (cells * radar.pfa), cells * radar.pfa


@pytest.mark.parametrize(
    "radar",
    [
        BANK,
        BANK.but(n_pulses=4),
        BANK.but(cfar=CA),
        BANK.but(cfar=Cfar(kind="go", n_reference=32, n_guard=2), n_pulses=2),
        BANK.but(cfar=Cfar(kind="os", n_reference=24, n_guard=2, rank=18)),
        BANK.but(window="hann", n_pulses=3, prf_hz=(600.0, 550.0, 510.0)),
        BANK.but(doppler="mti", n_coherent=3, n_pulses=2, cfar=CA, measures_range_rate=False, pfa=1e-3),
    ],
    ids=["known", "looks", "ca", "go", "os", "prfs", "mti"],
)
def test_false_alarms_come_as_designed(radar):
    radar = radar.but(pfa=max(radar.pfa, 1e-3))
    ratio, expected = count_alarms(radar, FREE, 2000 // radar.n_coherent // radar.n_pulses, np.random.default_rng(21))
    # rows of several frequencies share filters, and neighbours the noise of a pulse: twice the spread of single cells
    n_rows = chain(radar).shape[0]
    spread = 1.0 if n_rows <= radar.n_coherent else np.sqrt(n_rows / radar.n_coherent)
    assert abs(ratio - 1.0) < min(0.1, SIGMAS * spread / np.sqrt(expected) + 0.02)


CLUTTERED = Environment(
    place=HILL, ground_alt_m=0.0, clutter=SurfaceClutter(kind="land", gamma_db=-3.0, spread_mps=1.5)
)


@pytest.mark.parametrize(
    ("radar", "environment"),
    [
        (MTI.but(pfa=1e-2, n_pulses=4), CLUTTERED),
        (MTI.but(pfa=1e-2, n_pulses=4, cfar=CA), CLUTTERED),
        (BANK.but(prf_hz=(1500.0,), range_max_m=90e3, pfa=1e-2, window="chebyshev", cfar=CA), CLUTTERED),
        (BANK.but(prf_hz=(1500.0,), range_max_m=90e3, pfa=1e-2, window="hann"), CLUTTERED),
        (BANK.but(prf_hz=(1500.0, 1700.0), n_pulses=2, range_max_m=80e3, pfa=1e-2, window="hann"), CLUTTERED),
        (
            BANK.but(prf_hz=(1500.0,), range_max_m=90e3, pfa=1e-2),
            Environment(place=HILL, rain=Rain(rate_mmph=20.0, wind_mps=15.0, wind_to_rad=AZIMUTH)),
        ),
    ],
    ids=["mti", "mti-ca", "bank-ca", "bank", "prfs", "rain"],
)
def test_false_alarms_come_as_designed_in_clutter(radar, environment):
    # beyond 35 km, where the clutter's slope over a CFAR window is small
    gates = slice(240, None)
    ratio, expected = count_alarms(radar, environment, 200, np.random.default_rng(22), gates)
    # clutter of one cell is spread over the pulse's sidelobes: neighbours are not wholly independent
    assert abs(ratio - 1.0) < min(0.1, SIGMAS * 1.5 / np.sqrt(expected) + 0.02)


def test_what_is_left_of_clutter_is_what_the_filters_weights_say():
    for radar in (MTI, BANK.but(prf_hz=(1500.0,), range_max_m=90e3, cfar=CA, window="hann")):
        radar = radar.but(cfar=CA)  # powers stay in units of noise
        rng, total, n_dwells = np.random.default_rng(23), 0.0, 150
        for _ in range(n_dwells):
            power, cube = statistic(radar, NONE, CLUTTERED, rng, pointing=(AZIMUTH, 0.005))
            total = total + power
        level = cube.level[0]
        gates = np.arange(150, power.shape[1])
        ratio = (total / n_dwells / level)[:, gates].mean(axis=1)
        # exponential powers; the pulse's sidelobes tie neighbours together
        tolerance = SIGMAS * 1.5 / np.sqrt(n_dwells * len(gates)) + 0.02
        assert np.abs(ratio - 1.0).max() < tolerance
        assert level[:, 200].max() > 3.0  # there was clutter to speak of


def test_the_share_detected_in_clutter_behind_a_canceller_is_that_of_look():
    # targets on the beam's axis above the surface; clutter as the lowest beam sees it, in both evaluators
    radar = MTI.but(pfa=1e-3, n_pulses=2)
    environment = Environment(place=SITE, ground_alt_m=-440.0, clutter=CLUTTERED.clutter)
    blind = 0.5 * radar.wavelength_m * radar.waveform.prf_hz[0]
    rng = np.random.default_rng(24)
    share, n, expected = share_detected(
        radar, 1, 10.0**1.5, 250, rng, environment, rate_mps=lambda rng: rng.uniform(0.2, 0.8) * blind
    )
    assert 0.1 < expected < 0.9
    assert_share(share, n, expected, allowance=0.01)


PAIR = BANK.but(prf_hz=(1500.0, 1700.0), n_pulses=2, range_max_m=80e3, window="hann", pulse_width_s=20e-6)


def test_the_share_detected_in_clutter_at_several_pulse_repetition_frequencies_is_that_of_look():
    # some targets have one look in clutter and the other clear of it; `look` takes of each look the filter that is best
    radar = PAIR.but(pfa=1e-3)
    environment = Environment(place=SITE, ground_alt_m=-440.0, clutter=CLUTTERED.clutter)
    rng, hits, n, expected = np.random.default_rng(26), 0, 0, []
    for _ in range(250):
        rate = rng.uniform(-300.0, 300.0, len(flock(radar, 1.0)[1]))
        targets, gate = flock(radar, 10.0**1.3, swerling=1, rate_mps=rate)
        cube = synthesise(radar, targets, environment, rng, channels=1)
        total = np.zeros(len(gate))
        for look_power, level, prf_hz in zip(look_powers(radar, cube), cube.level, radar.waveform.prf_hz, strict=True):
            step = -2.0 * rate / (radar.wavelength_m * prf_hz)
            passed = filters.signal_response(radar.waveform, radar.processing, step)
            total += look_power[np.argmax(passed / level[:, gate].T, axis=1), gate]
        hits += int(np.sum(total > radar.threshold))
        n += len(gate)
        expected.append(look(radar, targets, environment).pd)
    assert 0.1 < np.mean(expected) < 0.9
    assert np.std(expected) > 0.05  # clutter tells
    assert_share(hits / n, n, float(np.mean(expected)), allowance=0.01)


def test_jamming_takes_from_the_signal_what_look_says():
    jammer = polar_to_ecef(np.array([150e3]), AZIMUTH + 0.05, np.radians(10.0), SITE)
    jammers = Jammers(ecef_m=jammer, erp_w=np.array([2e4]), bandwidth_hz=np.array([20e6]))
    environment = Environment(place=SITE, jammers=jammers)
    targets, _ = flock(BANK, 1.0)
    assert look(BANK, targets, environment).jamming[0] > 1.0
    share, n, expected = share_detected(BANK, 1, 10.0**2.2, 40, np.random.default_rng(25), environment)
    assert_share(share, n, expected)


# -- accuracy


def declared(radar, plots, range_m):
    """Strongest plot within 1.5 cells of each target, and the targets that have one; plots come strongest first."""
    near = np.abs(plots.measurement[:, :1] - range_m) < 1.5 * radar.range_cell_m
    target = np.flatnonzero(near.any(axis=0))
    return np.argmax(near[:, target], axis=0), target


@pytest.mark.parametrize("snr_db", [17.0, 24.0, 32.0])
@pytest.mark.parametrize(
    "radar", [BANK, BANK.but(taper="taylor"), BANK.but(n_pulses=2)], ids=["gaussian", "taylor", "looks"]
)
def test_errors_reach_the_cramer_rao_bounds(radar, snr_db):
    snr, rng, errors = 10.0 ** (0.1 * snr_db), np.random.default_rng(int(10 * snr_db)), []
    fold = 0.5 * radar.wavelength_m * radar.waveform.prf_hz[0]
    for _ in range(25):
        n = len(flock(radar, snr)[1])
        targets, _ = flock(
            radar,
            snr,
            cells=rng.uniform(-0.5, 0.5, n),
            rate_mps=rng.uniform(-0.4, 0.4, n) * fold,
            azimuth_rad=rng.uniform(-0.001, 0.001, n),
        )
        seen = look(radar.but(doppler="matched"), targets, FREE)
        pointing = (AZIMUTH, float(np.mean(seen.elevation_apparent_rad)))
        plots, _ = process(radar, synthesise(radar, targets, FREE, rng, pointing=pointing), FREE)
        truth = np.stack([seen.range_m, seen.azimuth_rad, seen.elevation_rad, seen.range_rate_mps], axis=1)
        plot, target = declared(radar, plots, seen.range_m)
        errors.append(plots.measurement[plot] - truth[target])
    error = np.concatenate(errors)
    energy = radar.n_pulses * snr
    bound = np.array(
        [
            accuracy.sigma_range_m(energy, radar.bandwidth_hz),
            accuracy.sigma_angle_rad(energy, radar.beamwidth_azimuth_rad),
            accuracy.sigma_angle_rad(energy, radar.beamwidth_elevation_rad),
            accuracy.sigma_range_rate_mps(energy, radar.wavelength_m, radar.coherent_time_s),
        ]
    )
    # an echo half a cell and half a filter from the sample is 7.5 dB weaker there: near the threshold some are missed
    # and a false alarm beside them is taken for them
    gross = np.any(np.abs(error) > 6.0 * bound, axis=1)
    assert np.mean(gross) < (0.01 if snr_db < 20.0 else 1e-9)
    n = int(np.sum(~gross))
    assert n > 300
    ratio = np.mean(error[~gross] ** 2, axis=0) / bound**2
    low, high = stats.chi2.ppf([0.0005, 0.9995], n) / n
    # 8 pulses reach a variance 1 / (1 - 1/64) above the bound for many; the rest is for terms of order 1/SNR
    assert np.all(ratio > low)
    assert np.all(ratio < high / (1.0 - 1.0 / 64.0) * (1.0 + 4.0 / energy))


def test_sigmas_that_come_with_plots_are_those_of_their_errors():
    radar = BANK.but(n_pulses=3, prf_hz=(600.0, 550.0, 510.0), window="hann")
    rng, d2 = np.random.default_rng(31), []
    for _ in range(25):
        n = len(flock(radar, 1.0)[1])
        targets, _ = flock(
            radar,
            10.0**2.2,
            cells=rng.uniform(-0.5, 0.5, n),
            rate_mps=rng.uniform(-250.0, 250.0, n),
            azimuth_rad=rng.uniform(-0.006, 0.006, n),
            elevation_rad=rng.uniform(-0.008, 0.008, n),
        )
        seen = look(radar.but(doppler="matched"), targets, FREE)
        pointing = (AZIMUTH, float(np.median(seen.elevation_apparent_rad)))
        plots, _ = process(radar, synthesise(radar, targets, FREE, rng, pointing=pointing), FREE)
        truth = np.stack([seen.range_m, seen.azimuth_rad, seen.elevation_rad, seen.range_rate_mps], axis=1)
        plot, target = declared(radar, plots, seen.range_m)
        d2.append(np.square((plots.measurement[plot] - truth[target]) / plots.sigmas[plot]))
    d2 = np.concatenate(d2)
    assert len(d2) > 25 * (n - 2)
    low, high = stats.chi2.ppf([0.0005, 0.9995], d2.size) / d2.size
    assert low < d2.mean() < high * 1.1


def test_the_known_level_is_what_the_filters_module_says():
    cube = synthesise(MTI, NONE, CLUTTERED, np.random.default_rng(1), pointing=(AZIMUTH, 0.005), channels=1)
    range_m = 100 * MTI.range_cell_m
    cnr = reception.surface_clutter_to_noise(MTI, CLUTTERED, np.array([range_m]))
    step = 2.0 * 1.5 / (MTI.wavelength_m * 1500.0)
    passed = filters.clutter_response(MTI.waveform, MTI.processing, step)
    assert cube.level[0][0, 100] == pytest.approx(float(1.0 + cnr[0] * passed[0]), rel=1e-9)
