"""What a primary radar makes of an echo: thresholds that are estimated, ambiguities, cells."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, errors, radar, signature, spots, straight
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.physics import cfar, detection
from watchfloor.physics.cfar import Cfar
from watchfloor.physics.environment import Targets
from watchfloor.physics.fluctuation import fading_correlation
from watchfloor.physics.frames import Place, ecef_to_polar
from watchfloor.physics.radar import look
from watchfloor.physics.radar import pd as pd_of
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.receiver import WANDER_RAD, Receiver, Shown, reference_level
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 60.1, 2.0)
FIVE_SIGMA = 5.0
PULSED = {"pulse_width_s": 20e-6, "peak_power_w": 300e3, "doppler": "bank", "window": "hann"}

LAWS = [
    Cfar(kind="ca", n_reference=16),
    Cfar(kind="go", n_reference=16),
    Cfar(kind="so", n_reference=16),
    Cfar(kind="os", n_reference=24, rank=18),
    Cfar(kind="map", weight=0.125),
]


def sensor(signatures, model, *, seed=1, lengths_m=None, **config) -> RotatingRadar:
    config = RotatingRadarConfig(name="north", card="none", place="site", **config)
    around = environment_for(model, PLACE, config.mast_m)
    return RotatingRadar(
        config, environment=around, radar=model, signatures=signatures, streams=Streams(seed), row=0,
        lengths_m=lengths_m,
    )  # fmt: skip


def ring(n, distance_m, alt_m=10e3, speed_mps=0.0, heading="east", t_s=KNOTS):
    azimuth = np.arange(n) * 360.0 / n + 1.0
    position, frame = spots(PLACE, azimuth, distance_m, alt_m)
    if heading == "east":
        return straight(position, speed_mps * frame[:, 0], t_s)
    towards = PLACE.ecef_m - position
    return straight(position, speed_mps * towards / np.linalg.norm(towards, axis=1, keepdims=True), t_s)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.kind)
@pytest.mark.parametrize("n_pulses", [1, 4])
def test_noise_crosses_an_estimated_threshold_as_often_as_designed(law, n_pulses):
    n, pfa = 100_000, 0.02
    rng = np.random.default_rng(9)
    level = reference_level(law, n_pulses, rng)((n, 1))[:, 0]
    noise = rng.standard_gamma(n_pulses, n)
    crossed = int((noise > float(cfar.multiplier(law, pfa, n_pulses=n_pulses)) * level).sum())
    assert abs(crossed - n * pfa) < FIVE_SIGMA * np.sqrt(n * pfa)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.kind)
@pytest.mark.parametrize(("swerling", "n_pulses"), [(0, 1), (1, 1), (3, 4)])
def test_hits_are_as_many_as_the_cfars_own_pd(law, swerling, n_pulses):
    model = radar(n_pulses=n_pulses, pfa=1e-4, bandwidth_hz=2e4, cfar=law, beamwidth_azimuth_rad=0.2)
    truth = ring(72, 250e3)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    seen = look(model, targets, environment_for(model, PLACE, 10.0))
    wanted = float(cfar.required_snr(law, 0.6, 1e-4, n_pulses=n_pulses, swerling=swerling))
    level = 10.0 * np.log10(wanted / seen.snr_1m2.mean())
    expected = pd_of(model, seen.snr_1m2 * 10.0 ** (0.1 * level), swerling=swerling).mean()
    north, hits = sensor([signature(level, swerling)] * 72, model), 0
    for _ in range(8):
        hits += int(north.observe(truth, Tasks.empty(), until_s=60.0)[1].n_merged.sum())
    looks = 8 * 6 * 72
    assert abs(expected - 0.6) < 0.05
    assert abs(hits - looks * expected) < FIVE_SIGMA * np.sqrt(looks * 0.24)


def test_a_stronger_echo_meets_the_same_estimated_level():
    model = radar(pfa=1e-6, cfar=LAWS[0])
    truth = ring(40, 280e3)
    weak, strong = (
        {(int(m), round(float(t), 6)) for m, t in zip(origins.mover, plots.t_s, strict=True) if m >= 0}
        for plots, origins in (
            sensor([signature(level)] * 40, model).observe(truth, Tasks.empty(), until_s=60.0) for level in (0.0, 6.0)
        )
    )
    assert 20 < len(weak) < len(strong)
    assert weak <= strong


def test_a_gate_uses_the_cfars_multiplier_of_its_own_rate():
    model = radar(pfa=1e-8, cfar=LAWS[0], bandwidth_hz=2e4)
    truth = ring(1, 420e3, alt_m=12e3)
    tasks = Tasks(
        track=np.array([1]), sensor=np.array([0]), t_s=np.zeros(1), position_ecef_m=truth.position_ecef_m[:, 0],
        velocity_ecef_mps=np.zeros((1, 3)), radius_m=np.array([5e3]), pfa=np.array([0.3]), pd=np.array([0.5]),
    )  # fmt: skip
    north, hits = sensor([signature(-200.0)], model), 0
    for _ in range(300):
        plots, origins = north.observe(truth, tasks, until_s=60.0)
        hits += int((origins.mover == 0).sum())
    assert abs(hits - 1800 * 0.3) < FIVE_SIGMA * np.sqrt(1800 * 0.21)


def test_blind_ranges_are_holes_in_the_plots():
    prf = 1000.0  # folds at 149.9 km; a pulse of 20 us is cut for 3 km on both sides of it
    model = radar(prf_hz=(prf,), **PULSED)
    truth = ring(300, np.linspace(120e3, 175e3, 300))
    _, origins = sensor([signature(0.0, 0)] * 300, model).observe(truth, Tasks.empty(), until_s=60.0)
    slant = ecef_to_polar(truth.position_ecef_m[:, 0], PLACE)[0]
    hits = np.bincount(origins.mover[(origins.mover >= 0) & (origins.n_merged == 1)], minlength=300)
    off = np.abs(slant - 299_792_458.0 / 2.0 / prf)
    assert (off < 300.0).sum() >= 3
    assert hits[off < 300.0].sum() == 0  # a tenth of the pulse: 20 dB down
    assert hits[off > 3e3].mean() > 5.8


def test_blind_speeds_are_holes_in_the_plots():
    prf = 1000.0
    blind_mps = 0.5 * 299_792_458.0 / 3e9 * prf  # 50 m/s
    model = radar(prf_hz=(prf,), pulse_width_s=20e-6, peak_power_w=300e3, doppler="mti", n_coherent=3)
    position, _ = spots(PLACE, np.arange(200) * 1.8, 100e3, 10e3)
    inwards = (PLACE.ecef_m - position) / np.linalg.norm(PLACE.ecef_m - position, axis=1, keepdims=True)
    speed = np.linspace(20.0, 280.0, 200)
    truth = straight(position, speed[:, None] * inwards, KNOTS[:6])
    _, origins = sensor([signature(-10.0, 0)] * 200, model).observe(truth, Tasks.empty(), until_s=10.0)
    hit = np.isin(np.arange(200), origins.mover)
    off = np.abs(speed / blind_mps - np.rint(speed / blind_mps))
    assert (off < 0.04).sum() >= 10
    assert not hit[off < 0.04].any()
    assert hit[off > 0.3].all()


def test_a_single_repetition_frequency_folds_range_and_range_rate():
    prf, wavelength = 1000.0, 299_792_458.0 / 3e9
    model = radar(prf_hz=(prf,), n_coherent=16, **PULSED)
    span_m, span_mps = 299_792_458.0 / 2.0 / prf, 0.5 * wavelength * prf
    truth = ring(60, np.linspace(190e3, 260e3, 60), speed_mps=230.0, heading="in")
    north = sensor([signature(30.0, 0)] * 60, model)
    plots, origins = north.observe(truth, Tasks.empty(), until_s=60.0)
    assert len(plots) > 300
    assert plots.measurement[:, 0].max() < span_m
    assert np.abs(plots.measurement[:, 3]).max() <= 0.5 * span_mps
    gap, cov, _ = errors(plots, origins, truth, north.environment, span_m=span_m, span_mps=span_mps)
    consistent(gap, cov)
    away, _, _ = errors(plots, origins, truth, north.environment)
    assert np.abs(np.rint(away[:, 0] / span_m)).min() == 1  # every target flies in the second interval


def test_a_set_of_frequencies_resolves_what_one_cannot():
    model = radar(prf_hz=(800.0, 950.0, 1100.0), n_pulses=3, n_coherent=16, **PULSED)
    truth = ring(60, np.linspace(190e3, 260e3, 60), speed_mps=230.0, heading="in")
    north = sensor([signature(30.0, 0)] * 60, model)
    plots, origins = north.observe(truth, Tasks.empty(), until_s=60.0)
    gap, cov, rows = errors(plots, origins, truth, north.environment)
    assert len(rows) > 250
    consistent(gap, cov)


def test_a_bank_tells_two_targets_of_one_range_cell_apart_by_their_speed():
    position, frame = spots(PLACE, [10.0, 10.0], [100e3, 100.03e3], 10e3)
    towards = (PLACE.ecef_m - position) / np.linalg.norm(PLACE.ecef_m - position, axis=1, keepdims=True)
    truth = straight(position, towards * np.array([[8.0], [-8.0]]), np.arange(0.0, 10.1, 2.0))
    bright = [signature(30.0, 0)] * 2
    prf = {"prf_hz": (1300.0,), "n_coherent": 32, "pulse_width_s": 20e-6, "peak_power_w": 300e3}
    apart = sensor(bright, radar(doppler="bank", **prf)).observe(truth, Tasks.empty(), until_s=10.0)[1]
    merged = sensor(bright, radar()).observe(truth, Tasks.empty(), until_s=10.0)[1]
    assert sorted(apart.mover[apart.mover >= 0].tolist()) == [0, 1]
    assert (merged.n_merged[merged.mover >= 0] == 2).all()
    assert (merged.mover >= 0).sum() == 1


def gates(truth, *, pfa, radius_m=3e3):
    """A gate that follows each mover of ``straight`` flights."""
    n = len(truth)
    return Tasks(
        track=np.arange(n), sensor=np.zeros(n, int), t_s=np.zeros(n), position_ecef_m=truth.position_ecef_m[:, 0],
        velocity_ecef_mps=truth.velocity_ecef_mps[:, 0], radius_m=np.full(n, radius_m), pfa=np.full(n, pfa),
        pd=np.full(n, 0.5),
    )  # fmt: skip


def test_plots_are_as_wrong_as_they_say_where_a_gate_lets_noise_into_their_cells():
    # long cells and wide beams, a rate that tells nothing apart: in each echo's cells stands some noise of any rate
    model = radar(bandwidth_hz=2e5, beamwidth_azimuth_rad=0.1, measures_elevation=False, pfa=1e-6, n_coherent=64)
    truth = ring(60, 250e3, speed_mps=200.0, heading="in")
    north = sensor([signature(0.0)] * 60, model)
    plots, origins = north.observe(truth, gates(truth, pfa=0.05), until_s=60.0)
    gap, cov, rows = errors(plots, origins, truth, north.environment)
    assert (origins.mover == -1).sum() > 30
    assert (plots.pfa[rows] == 0.05).all()
    consistent(gap, cov)


def test_a_plot_of_two_echoes_is_as_uncertain_as_they_lie_apart():
    # pairs half a cell apart in range and in rate; the echo that stands for a plot is drawn by power, here by chance
    model = radar(measures_elevation=False, bandwidth_hz=1e5)
    n = 100
    position, _ = spots(PLACE, np.tile(np.arange(n) * 3.6, 2), np.repeat([200e3, 200.7e3], n), 10e3)
    towards = PLACE.ecef_m - position
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    truth = straight(position, towards * np.repeat([230.0, 150.0], n)[:, None], np.arange(0.0, 10.1, 2.0))
    north = sensor([signature(30.0, 0)] * (2 * n), model)
    plots, origins = north.observe(truth, Tasks.empty(), until_s=10.0)
    both = np.flatnonzero(origins.n_merged == 2)
    assert len(both) > 90
    shown = np.random.default_rng(2).integers(0, 2, len(both)) * n + origins.mover[both] % n
    at = position[shown] + plots.t_s[both, None] * truth.velocity_ecef_mps[shown, 0]
    slant, azimuth, _ = ecef_to_polar(at, north.environment.place)
    gap = np.stack([plots.measurement[both, 0] - slant, plots.measurement[both, 1] - azimuth], axis=1)
    gap[:, 1] = (gap[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
    d2 = gap[:, 0] ** 2 / plots.cov[both, 0, 0]
    assert abs(d2.mean() - 1.0) < FIVE_SIGMA * d2.std() / np.sqrt(len(both))
    assert 0.1 < d2.std() < 0.7  # two points of about equal weight: their squares vary less than a Gaussian's
    assert plots.cov[both, 0, 0].min() > 0.1 * 700.0**2
    assert abs(np.median(np.sqrt(plots.cov[both, 3, 3])) - 40.0) < 4.0
    correlation = plots.cov[both, 0, 3] / np.sqrt(plots.cov[both, 0, 0] * plots.cov[both, 3, 3])
    assert np.median(correlation) > 0.5  # the farther one closes more slowly
    assert (np.linalg.eigvalsh(plots.cov[both][:, [0, 1, 3]][:, :, [0, 1, 3]]) > 0.0).all()


VHF = {"frequency_hz": 2e8, "pfa": 1e-4}
TURN_S, TURN_RAD = 10.0, 0.004


def looks(swerling, n_movers, n_looks, *, lengths_m=15.0, snr=20.0, seed=5, n_ticks=1, **changes):
    """Echoes of movers that turn a little from look to look: signal over its mean, hits; (movers, looks of all ticks).

    A tick has ``n_looks`` looks of each mover.
    """
    model = radar(**(VHF | changes))
    lengths = None if lengths_m is None else [lengths_m] * n_movers
    around = environment_for(model, PLACE, 10.0)
    signatures = [signature(0.0, swerling)] * n_movers
    receiver = Receiver("north", 0, model, around, signatures, Streams(seed), merge_s=1.0, lengths_m=lengths)
    mover, ordinal = np.repeat(np.arange(n_movers), n_looks), np.tile(np.arange(n_looks), n_movers)
    n = len(mover)
    polar, there = np.tile([100e3, 1.0, 0.1, 0.0], (n, 1)), np.ones(n, bool)
    power, hits = [], []
    for tick in range(n_ticks):
        turn = ordinal + n_looks * tick
        shown = Shown(np.ones(n), 0.3 + TURN_RAD * turn, np.zeros(n))
        echoes = receiver.echoes(polar, np.full(n, snr), there, TURN_S * turn, mover, ordinal, n_looks, None, shown)
        hit = np.zeros(n)
        hit[echoes.hit] = 1.0
        power.append((echoes.signal / snr).reshape(n_movers, n_looks))
        hits.append(hit.reshape(n_movers, n_looks))
    return np.hstack(power), np.hstack(hits)


@pytest.mark.parametrize("n_ticks", [1, 3])
@pytest.mark.parametrize(("swerling", "variance"), [(1, 1.0), (2, 1.0), (3, 0.5), (4, 0.5)])
def test_a_fade_is_held_as_long_as_the_aspect_is(swerling, variance, n_ticks):
    power, _ = looks(swerling, 3000, 6 // n_ticks, n_ticks=n_ticks)
    rho = fading_correlation(np.hypot(TURN_RAD, np.sqrt(2.0) * WANDER_RAD), 0.0, 299_792_458.0 / 2e8, 15.0)
    assert 0.6 < rho < 0.8
    for lag in (1, 2, 4):
        product = ((power[:, :-lag] - 1.0) * (power[:, lag:] - 1.0)).mean(axis=1)  # movers are independent
        tolerance = FIVE_SIGMA * product.std() / np.sqrt(len(product))
        assert abs(product.mean() - variance * rho**lag) < tolerance
        assert tolerance < 0.2


def test_targets_that_do_not_fade_or_whose_length_is_unknown_have_no_memory():
    np.testing.assert_array_equal(looks(0, 3, 4)[0], 1.0)
    power, _ = looks(1, 3000, 6, lengths_m=None)
    product = ((power[:, :-1] - 1.0) * (power[:, 1:] - 1.0)).mean(axis=1)
    assert abs(product.mean()) < FIVE_SIGMA * product.std() / np.sqrt(len(product))


@pytest.mark.parametrize(("swerling", "n_pulses"), [(1, 1), (3, 1), (1, 4), (2, 4), (3, 4), (4, 4)])
def test_a_held_fade_leaves_each_look_its_law(swerling, n_pulses):
    _, hit = looks(swerling, 8000, 4, snr=8.0, n_pulses=n_pulses)
    expected = float(detection.pd(8.0, 1e-4, n_pulses=n_pulses, swerling=swerling))
    assert 0.2 < expected < 0.97
    tolerance = FIVE_SIGMA * np.sqrt(expected * (1.0 - expected) / len(hit))
    assert abs(hit[:, 0].mean() - expected) < tolerance
    assert abs(hit[:, -1].mean() - expected) < tolerance


def test_with_held_fades_a_stronger_echo_meets_the_same_numbers():
    weak, strong = (looks(1, 200, 4, snr=snr)[1] for snr in (5.0, 10.0))
    assert 100 < weak.sum() < strong.sum()
    assert (strong >= weak).all()


def test_lengths_are_as_many_as_movers_and_above_nought():
    with pytest.raises(ValueError, match="lengths_m needs one a signature, 2, got 1"):
        sensor([signature(0.0)] * 2, radar(), lengths_m=[15.0])
    with pytest.raises(ValueError, match="length_m"):
        sensor([signature(0.0)] * 2, radar(), lengths_m=[15.0, 0.0])
