"""The rotating radar, judged by counting: looks, hits, false plots, errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from tests.sensor.flights import radar, signature, spots, straight, turning
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.physics import detection
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place, aspect, ecef_to_polar, range_rate
from watchfloor.physics.radar import error_sigmas, look, snr
from watchfloor.physics.rcs import Signature
from watchfloor.sensor.base import SensorSuite
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)  # ground at 843 m
KNOTS = np.arange(0.0, 60.1, 2.0)
FIVE_SIGMA = 5.0


def sensor(signatures, model=None, *, name="north", row=0, seed=1, place=PLACE, **config) -> RotatingRadar:
    config = RotatingRadarConfig(name=name, card="none", place="site", **config)
    model = model or radar()
    around = environment_for(model, place, config.mast_m)
    return RotatingRadar(config, environment=around, radar=model, signatures=signatures, streams=Streams(seed), row=row)


def ring(n, distance_m=100e3, alt_m=10e3, speed_mps=0.0, t_s=KNOTS) -> Truth:
    """Movers spread over azimuth at one distance; all fly east."""
    position, frame = spots(PLACE, np.arange(n) * 360.0 / n + 1.0, distance_m, alt_m)
    return straight(position, speed_mps * frame[:, 0], t_s)


def gate_around(truth, mover, *, radius_m=3e3, pfa=1e-3, at=10, row=0, far_m=0.0) -> Tasks:
    return Tasks(
        track=np.array([7]),
        sensor=np.array([row]),
        t_s=truth.t_s[mover, [at]],
        position_ecef_m=truth.position_ecef_m[mover, [at]] + far_m,
        velocity_ecef_mps=truth.velocity_ecef_mps[mover, [at]],
        radius_m=np.array([radius_m]),
        pfa=np.array([pfa]),
        pd=np.array([0.9]),
    )


def same(a, b) -> None:
    for (name, left), (_, right) in zip(a.items(), b.items(), strict=True):
        np.testing.assert_array_equal(left, right, err_msg=name)


def test_no_target_is_seen_twice_or_missed_at_the_borders_of_ticks():
    # Bright steady targets that circle the radar both ways: the beam gains on a mover by turns of the beam less turns
    # of the mover, so the number of looks is the whole part of that, whatever the ticks.
    model = radar(elevation_max_rad=np.radians(80.0))
    rate = np.array([0.02, -0.02, 0.013, -0.004])
    start = np.array([0.3, 2.0, 4.0, 6.1])
    bright = [signature(40.0, swerling=0)] * 4

    def times(borders):
        north, out = sensor(bright, model, phase_deg=77.0), []
        for a, b in zip(borders[:-1], borders[1:], strict=True):
            t = np.linspace(a, b, int(np.ceil((b - a) / 2.0)) + 1)
            truth = turning(PLACE, [3e4, 5e4, 8e4, 2e4], rate, start, 8e3, t)
            plots, origins = north.observe(truth, Tasks.empty(), until_s=b)
            out += list(zip(origins.mover, plots.t_s, strict=True))
        return sorted((int(m), float(t)) for m, t in out if m >= 0)

    uneven = np.concatenate((np.arange(0.0, 1000.0, 7.3), [1000.0]))
    found = times(uneven)
    phase = [np.array([0.0, 1000.0]) / 10.0 + 77.0 / 360.0 - (s + r * np.array([0.0, 1000.0])) / (2.0 * np.pi)
             for s, r in zip(start, rate, strict=True)]  # fmt: skip
    expected = [int(np.floor(last) - np.floor(first)) for first, last in phase]
    assert [sum(m == i for m, _ in found) for i in range(4)] == expected
    # borders exactly where the beam passes: nothing lost, nothing twice
    cut = [0.0] + [t for m, t in found if m == 0][:20] + [1000.0]
    again = times(np.array(cut))
    assert [sum(m == i for m, _ in again) for i in range(4)] == expected
    np.testing.assert_allclose([t for _, t in again], [t for _, t in found], atol=1e-3)


def test_echo_power_follows_the_range_equation_at_its_aspect():
    # steady and bright: power over noise is 1 + snr to a few per cent; cross-section differs by 20 dB over aspect
    shaped = Signature(
        name="shaped",
        bands=("S",),
        aspect_rad=np.array([0.0, 1.0, np.pi]),
        dbsm=np.array([[20.0, 40.0, 30.0]]),
        swerling=0,
        sigma_db=np.zeros(1),
        origin=("assumed",),
    )
    north = sensor([shaped] * 24)
    truth = ring(24, speed_mps=250.0)
    truth = Truth(**(dict(truth.items()) | {"bank_rad": np.full_like(truth.bank_rad, 0.7)}))
    plots, origins = north.observe(truth, Tasks.empty(), until_s=60.0)
    position = truth.position_ecef_m[origins.mover, 0] + plots.t_s[:, None] * truth.velocity_ecef_mps[origins.mover, 0]
    velocity = truth.velocity_ecef_mps[origins.mover, 0]
    slant, _, _ = ecef_to_polar(position, PLACE)
    nose, _ = aspect(position, velocity, PLACE.ecef_m, 0.7)
    seen = look(north.radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), north.environment)
    loss = north.environment.gas.two_way_db(slant, seen.elevation_apparent_rad)
    mean = snr(
        north.radar, slant, 10.0 ** (0.1 * np.interp(abs(nose), [0.0, 1.0, np.pi], [20, 40, 30])), gas_loss_db=loss
    )
    assert len(plots) == 24 * 6
    assert mean.max() / mean.min() > 30.0
    # normalised: (power - 1 - snr) / sqrt(1 + 2 snr) has mean 0, variance 1
    residual = (10.0 ** (0.1 * plots.snr_db) - 1.0 - mean) / np.sqrt(1.0 + 2.0 * mean)
    assert abs(residual.mean()) < FIVE_SIGMA / np.sqrt(len(plots))
    assert abs(residual.var() - 1.0) < FIVE_SIGMA * np.sqrt(2.0 / len(plots))


@pytest.mark.parametrize(("swerling", "n_pulses"), [(0, 1), (1, 1), (3, 1), (1, 6), (2, 6), (3, 6), (4, 6)])
def test_hits_are_as_many_as_the_exact_pd_says(swerling, n_pulses):
    model = radar(n_pulses=n_pulses, pfa=1e-6, bandwidth_hz=2e4)  # few cells: hardly a false plot
    truth = ring(72, distance_m=250e3)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    seen = look(model, targets, environment_for(model, PLACE, 10.0))
    wanted = float(detection.required_snr(0.6, 1e-6, n_pulses=n_pulses, swerling=swerling))
    level = 10.0 * np.log10(wanted / seen.snr_1m2.mean())
    pd = detection.pd(seen.snr_1m2 * 10.0 ** (0.1 * level), 1e-6, n_pulses=n_pulses, swerling=swerling)
    north = sensor([signature(level, swerling)] * 72, model)
    hits = 0
    for _ in range(10):
        _, origins = north.observe(truth, Tasks.empty(), until_s=60.0)
        hits += int((origins.mover >= 0).sum())
    looks = 60 * 72
    assert abs(hits - looks * pd.mean()) < FIVE_SIGMA * np.sqrt(looks * 0.6 * 0.4)


@pytest.mark.parametrize("n_pulses", [1, 3])
def test_a_cell_without_echo_crosses_as_often_as_pfa_says(n_pulses):
    # cross-section nil: noise alone; cells so large that few false plots come, and those that merge are counted apart
    model = radar(pfa=0.05, n_pulses=n_pulses, bandwidth_hz=5.5e3, beamwidth_azimuth_rad=1.0, measures_elevation=False)
    north, hits = sensor([signature(-200.0)] * 72, model), 0
    for _ in range(10):
        hits += int(north.observe(ring(72), Tasks.empty(), until_s=60.0)[1].n_merged.sum())
    looks = 10 * 6 * 72
    assert abs(hits - 0.05 * looks) < FIVE_SIGMA * np.sqrt(looks * 0.05 * 0.95)


def test_each_sort_of_number_has_its_own_stream():
    asked = []

    class Listening(Streams):
        def rng(self, *name):
            asked.append(name)
            return super().rng(*name)

    config = RotatingRadarConfig(name="north", card="none", place="site")
    around = environment_for(radar(), PLACE, 10.0)
    RotatingRadar(config, environment=around, radar=radar(), signatures=[signature()], streams=Listening(1), row=0)
    assert len(set(asked)) == len(asked) == 5
    assert {name[:2] for name in asked} == {("sensor", "north")}


@pytest.mark.parametrize("n_pulses", [1, 5])
def test_false_plots_are_cells_times_pfa_and_fill_the_coverage(n_pulses):
    model = radar(pfa=2e-6, n_pulses=n_pulses, range_min_m=10e3, range_max_m=400e3, bandwidth_hz=5e5)
    north = sensor([], model)
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)
    tables = [north.observe(nobody, Tasks.empty(), until_s=60.0 * (i + 1)) for i in range(40)]
    n = sum(int((origins.mover == -1).sum()) for _, origins in tables)
    assert all((origins.mover == -1).all() and (origins.n_merged == 0).all() for _, origins in tables)
    expected = model.n_cells * model.pfa * 240
    assert expected > 1000
    assert abs(n - expected) < FIVE_SIGMA * np.sqrt(expected) + 1e-3 * expected  # a few merge
    values = np.concatenate([plots.measurement for plots, _ in tables])
    t = np.concatenate([plots.t_s for plots, _ in tables])
    # the beam stood there: azimuth follows time (merged ones to a beamwidth)
    off = (values[:, 1] - 2.0 * np.pi * t / 10.0 + np.pi) % (2.0 * np.pi) - np.pi
    assert np.abs(off).max() < model.beamwidth_azimuth_rad
    ranges = {
        0: (10e3, 400e3),
        1: (0.0, 2.0 * np.pi),
        2: (model.elevation_min_rad, model.elevation_max_rad),
        3: (-1000.0, 1000.0),
    }
    for column, (low, high) in ranges.items():
        assert values[:, column].min() >= low
        assert values[:, column].max() <= high
        counts, _ = np.histogram(values[:, column], 20, (low, high))
        chi2 = ((counts - n / 20) ** 2 / (n / 20)).sum()
        assert special.chdtrc(19, chi2) > 1e-4
    # the tail of the noise law: given a crossing, the exceedance probability over pfa is uniform
    z = n_pulses * 10.0 ** (0.1 * np.concatenate([plots.snr_db for plots, _ in tables]))
    assert z.min() >= detection.threshold(model.pfa, n_pulses) * (1.0 - 1e-12)
    u = np.sort(special.gammaincc(n_pulses, z) / model.pfa)
    gap = np.abs(u - (np.arange(n) + 0.5) / n).max()
    assert gap < 2.3 / np.sqrt(n)  # Kolmogorov-Smirnov, 1 in 20,000


def test_errors_are_as_large_as_the_covariance_says():
    truth = ring(72, distance_m=150e3, speed_mps=200.0)
    north = sensor([signature(5.0)] * 72)
    d2 = []
    for _ in range(5):
        plots, origins = north.observe(truth, Tasks.empty(), until_s=60.0)
        real = np.flatnonzero((origins.mover >= 0) & (origins.n_merged == 1))
        mover, t = origins.mover[real], plots.t_s[real]
        velocity = truth.velocity_ecef_mps[mover, 0]
        position = truth.position_ecef_m[mover, 0] + t[:, None] * velocity
        polar = np.stack((*ecef_to_polar(position, PLACE), range_rate(position, velocity, PLACE)), axis=1)
        gap = plots.measurement[real] - polar
        gap[:, 1] = (gap[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
        d2.append(np.einsum("ni,nij,nj->n", gap, np.linalg.inv(plots.cov[real]), gap))
        sigmas = error_sigmas(north.radar, 10.0 ** (0.1 * plots.snr_db[real]) - 1.0)
        np.testing.assert_allclose(np.sqrt(plots.cov[real, 1, 1]), sigmas[1], rtol=1e-9)
    total, dof = np.concatenate(d2).sum(), 4 * sum(len(part) for part in d2)
    assert dof > 4000
    assert abs(total - dof) < FIVE_SIGMA * np.sqrt(2.0 * dof)


def test_a_bigger_cross_section_meets_the_same_errors_and_loses_no_hit():
    truth = ring(40, distance_m=280e3)
    runs = []
    for level in (0.0, 6.0):
        north = sensor([signature(level)] * 40, radar(pfa=1e-6))
        plots, origins = north.observe(truth, Tasks.empty(), until_s=60.0)
        real = np.flatnonzero(origins.mover >= 0)
        mover, t = origins.mover[real], plots.t_s[real]
        slant = ecef_to_polar(truth.position_ecef_m[mover, 0], PLACE)[0]
        error = (plots.measurement[real, 0] - slant) / np.sqrt(plots.cov[real, 0, 0])
        runs.append({(int(m), round(float(s), 6)): float(e) for m, s, e in zip(mover, t, error, strict=True)})
        false = np.sort(plots.measurement[origins.mover == -1, 0])
        runs[-1]["false"] = false.tolist()
    weak, strong = runs
    assert weak.pop("false") == strong.pop("false")
    assert 20 < len(weak) < len(strong)
    assert set(weak) <= set(strong)
    np.testing.assert_allclose([weak[key] for key in weak], [strong[key] for key in weak], atol=1e-7)


def test_another_sensor_changes_no_plot_of_the_first():
    truth = ring(12)
    alone = SensorSuite([sensor([signature()] * 12)]).observe(truth, Tasks.empty(), until_s=60.0)
    pair = SensorSuite([sensor([signature()] * 12), sensor([signature()] * 12, name="south", row=1)])
    plots, origins = pair.observe(truth, Tasks.empty(), until_s=60.0)
    first = plots.sensor == 0
    assert 0 < first.sum() < len(plots)
    same(plots.take(first), alone[0])
    same(origins.take(first), alone[1])
    assert not np.array_equal(plots.snr_db[~first], alone[0].snr_db)


def test_a_gate_lowers_the_threshold_inside_it_only():
    truth = ring(2, distance_m=420e3, alt_m=12e3, speed_mps=250.0)
    few = radar(bandwidth_hz=2e4, pfa=1e-6)
    pairs = [signature(0.0)] * 2
    plain, plain_origins = sensor(pairs, few).observe(truth, Tasks.empty(), until_s=60.0)
    tasks = gate_around(truth, 1, pfa=1e-2, radius_m=5e3)
    gated, origins = sensor(pairs, few).observe(truth, tasks, until_s=60.0)
    for mover in (0, 1):
        before, after = plain.take(plain_origins.mover == mover), gated.take(origins.mover == mover)
        if mover == 0:
            same(before, after)
        else:
            assert len(after) > len(before)
            assert np.isin(before.t_s, after.t_s).all()
            assert (after.pfa == 1e-2).all()
    # a gate elsewhere, or for another sensor, or no looser than the radar, does nothing to echoes
    for other in (
        gate_around(truth, 1, pfa=1e-2, radius_m=5e3, far_m=2e4),
        gate_around(truth, 1, pfa=1e-2, row=3),
        gate_around(truth, 1, pfa=1e-6),
    ):
        plots, found = sensor(pairs, few).observe(truth, other, until_s=60.0)
        same(plots.take(found.mover >= 0), plain.take(plain_origins.mover >= 0))


@pytest.mark.parametrize(("measures_elevation", "n_pulses"), [(True, 1), (False, 1), (True, 4)])
def test_false_plots_in_a_gate_are_its_cells_times_what_the_threshold_gave_up(measures_elevation, n_pulses):
    model = radar(pfa=1e-9, measures_elevation=measures_elevation, n_pulses=n_pulses)
    truth = ring(1, distance_m=150e3, speed_mps=250.0)
    tasks = gate_around(truth, 0, radius_m=4e3, pfa=1e-3)
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)
    n, dark = 0, []
    for seed in range(250):
        plots, origins = sensor([], model, seed=seed).observe(nobody, tasks, until_s=60.0)
        dark.append(plots.take((origins.mover == -1) & (plots.pfa == 1e-3)))
        n += len(dark[-1])
    position = truth.position_ecef_m[0]
    slant, azimuth, elevation = ecef_to_polar(position, PLACE)
    halves = np.array(
        [
            4e3,
            max(4e3 / (slant.mean() * np.cos(elevation.mean())), model.beamwidth_azimuth_rad / 2.0),
            max(4e3 / slant.mean(), model.beamwidth_elevation_rad / 2.0),
        ]
    )
    cell = [model.range_cell_m, model.beamwidth_azimuth_rad, model.beamwidth_elevation_rad]
    cells = np.pi / 4.0 * np.prod(2.0 * halves[:2] / cell[:2])
    if measures_elevation:
        cells = np.pi / 6.0 * np.prod(2.0 * halves / cell)
    expected = 250 * 6 * cells * (1e-3 - 1e-9)
    assert abs(n - expected) < FIVE_SIGMA * np.sqrt(expected) + 0.05 * expected  # a few merge
    plots = type(dark[0]).concat(dark)
    when = np.array([np.interp(plots.t_s, KNOTS, v) for v in (slant, azimuth, elevation)]).T
    gap = np.abs(plots.measurement[:, :3] - when)
    gap[:, 1] = np.minimum(gap[:, 1], 2.0 * np.pi - gap[:, 1])
    assert gap[:, 0].max() <= 4e3 * 1.05
    assert gap[:, 1].max() <= halves[1] * 1.05
    assert np.isnan(gap[:, 2]).all() if not measures_elevation else gap[:, 2].max() <= halves[2] * 1.05
    z = n_pulses * 10.0 ** (0.1 * plots.snr_db)
    assert z.min() >= detection.threshold(1e-3, n_pulses)


def test_plots_are_sorted_and_tell_nothing_of_the_truth():
    truth = ring(30)
    plots, origins = sensor([signature()] * 30, radar(pfa=1e-6)).observe(truth, Tasks.empty(), until_s=60.0)
    order = np.lexsort((plots.measurement[:, 0], plots.t_s))
    np.testing.assert_array_equal(order, np.arange(len(plots)))
    assert (plots.address == -1).all()
    assert (plots.label == -1).all()
    assert (origins.mover == -1).any()
    assert (np.abs(np.diff(origins.mover)) > 1).any()


def test_what_is_not_measured_is_nan():
    model = radar(measures_elevation=False, measures_range_rate=False, pfa=1e-6)
    plots, _ = sensor([signature()] * 5, model).observe(ring(5), Tasks.empty(), until_s=60.0)
    assert np.isnan(plots.measurement[:, 2:]).all()
    assert np.isnan(plots.cov[:, 2:]).all()
    assert np.isnan(plots.cov[:, :, 2:]).all()
    assert np.isfinite(plots.cov[:, :2, :2]).all()


def test_movers_in_one_cell_come_out_as_one_plot_of_the_strongest():
    position, frame = spots(PLACE, [10.0, 10.0, 10.0], [100e3, 100.05e3, 103e3], 10e3)
    truth = straight(position, 0.0 * frame[:, 0], KNOTS)
    bright = [signature(30.0, 0), signature(40.0, 0), signature(30.0, 0)]
    plots, origins = sensor(bright, radar(bandwidth_hz=1e6)).observe(truth, Tasks.empty(), until_s=60.0)
    real = origins.mover >= 0
    assert set(origins.mover[real].tolist()) == {1, 2}
    assert (origins.n_merged[origins.mover == 1] == 2).all()
    assert (origins.n_merged[origins.mover == 2] == 1).all()
    slant = ecef_to_polar(position, PLACE)[0]
    expected = (slant[0] + 10.0 * slant[1]) / 11.0
    found = plots.measurement[origins.mover == 1, 0]
    np.testing.assert_allclose(found.mean(), expected, atol=FIVE_SIGMA * np.sqrt(plots.cov[0, 0, 0] / len(found)))


def test_movers_that_are_gone_low_or_too_high_give_no_plots():
    position, frame = spots(PLACE, [10.0, 100.0, 200.0, 300.0], [100e3, 300e3, 5e3, 100e3], [10e3, 500.0, 20e3, 10e3])
    truth = straight(position, 0.0 * frame[:, 0], KNOTS)
    present = truth.present.copy()
    present[0] = False
    truth = Truth(**(dict(truth.items()) | {"present": present}))
    _, origins = sensor([signature(40.0, 0)] * 4).observe(truth, Tasks.empty(), until_s=60.0)
    assert set(origins.mover[origins.mover >= 0].tolist()) == {3}


def test_the_same_seed_gives_the_same_plots_and_another_does_not():
    truth = ring(12)
    first, again, other = (
        sensor([signature()] * 12, seed=seed).observe(truth, Tasks.empty(), until_s=60.0)[0] for seed in (1, 1, 2)
    )
    same(first, again)
    assert not np.array_equal(first.snr_db, other.snr_db)


def test_mistakes_are_told():
    truth = ring(2, t_s=np.arange(0.0, 60.1, 6.0))
    with pytest.raises(ValueError, match="'north' turns in 10 s and needs knots less than half that apart"):
        sensor([signature()] * 2).observe(truth, Tasks.empty(), until_s=60.0)
    with pytest.raises(ValueError, match="has no band 'L'"):
        sensor([signature()], radar(frequency_hz=1.3e9))
    with pytest.raises(ValueError, match="'north' is a radar and needs one"):
        RotatingRadar(
            RotatingRadarConfig(name="north", card="x", place="y"),
            environment=environment_for(None, PLACE, 10.0), radar=None, signatures=[], streams=Streams(1), row=0,
        )  # fmt: skip
