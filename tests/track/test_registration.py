from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincinv

from tests.plain.registration import update_together
from tests.plain.tracking import expected
from tests.track.biased import PERIODS_S, PLACES, fly, pairs, see, teach
from watchfloor.base.picture import Plots, Status, Tasks
from watchfloor.physics.frames import enu_to_ecef
from watchfloor.track._kernels import gnn
from watchfloor.track._kernels import registration as k
from watchfloor.track.gnn import GnnTracker, GnnTrackerConfig
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig
from watchfloor.track.registration import Registration, RegistrationConfig, warm

STEADY = RegistrationConfig(memory_days=1e4)
"""Biases that do not wander, as the flights below have them; flights' noise is the default's."""
PRIOR_SD = np.array([100.0, 0.0, np.radians(0.3), np.radians(0.1), 0.2])
SOME = PRIOR_SD > 0.0


def chi2_quantile(p, dof):
    return 2.0 * gammaincinv(0.5 * dof, p)


def learnt(seed, bias, *, config=STEADY, reference=None, probability=1.0, q=5.0, **seeing):
    rng = np.random.default_rng(seed)
    plots, who = see(rng, fly(rng, q=q), bias, **seeing)
    out = Registration(len(bias), config, PLACES[: len(bias)], reference=reference)
    teach(out, plots, who, probability=probability)
    return out


def nees(registration, bias, some):
    error, cov = (registration.bias - bias).ravel()[some], registration.cov[np.ix_(some, some)]
    return error @ np.linalg.solve(cov, error)


def mean_nees(n_runs, n_radars, **seeing):
    """Mean of the biases' NEES over runs whose biases are drawn from the prior, and its band of 99.9 %."""
    values, some = [], np.tile(SOME, n_radars)
    if not seeing.get("elevation", True):
        some &= np.tile(np.arange(5) != 3, n_radars)
    for seed in range(n_runs):
        bias = np.random.default_rng([seed, 1]).normal(size=(n_radars, 5)) * PRIOR_SD
        values.append(nees(learnt(seed, bias, **seeing), bias, some))
    dof = n_runs * some.sum()
    return np.mean(values), chi2_quantile(5e-4, dof) / n_runs, chi2_quantile(0.9995, dof) / n_runs


def row_of(place):
    row = np.zeros(gnn.N_SENSOR_COLUMNS)
    row[gnn.ECEF : gnn.ECEF + 3], row[gnn.ROT : gnn.ROT + 9] = place.ecef_m, place.rotation.ravel()
    return row


@given(seed=st.integers(0, 2**32 - 1), measured=st.sampled_from(["rae", "ra", "raed", "rad", "a"]))
def test_two_filters_make_the_augmented_one(seed, measured):
    rng = np.random.default_rng(seed)
    place, sensor, m = PLACES[1], 1, 10
    x = np.concatenate([enu_to_ecef(rng.uniform([2e4, 2e4, 5e3], [9e4, 9e4, 1e4]), place), rng.normal(size=3) * 150.0])
    root = rng.normal(size=(6, 6)) * np.array([[60.0]] * 3 + [[8.0]] * 3)
    p, u = root @ root.T, rng.normal(size=(6, m)) * np.tile([0.5, 2e4, 3e4, 3e4, 100.0], 2)
    sd = np.tile([80.0, 1e-3, 5e-3, 2e-3, 0.2], 2)
    root = np.eye(m) + 0.3 * rng.normal(size=(m, m))
    pb = (root @ root.T) * np.outer(sd, sd)
    b = rng.normal(size=m) * sd
    seen = 3 if rng.random() < 0.5 else 2
    if seen == 2:
        u[:, :5] = 0.0
    root = np.eye(4) + 0.2 * rng.normal(size=(4, 4))
    cov = (root @ root.T) * np.outer([50.0, 2e-3, 2e-3, 1.0], [50.0, 2e-3, 2e-3, 1.0])
    own = b[5:]
    z = expected(x, 0.0, place)
    z += np.array([own[0] + own[1] * z[0], own[2], own[3], 0.0]) + rng.normal(size=4) * [200.0, 5e-3, 5e-3, 5.0]
    for i, letter in enumerate("raed"):
        if letter not in measured:
            z[i] = np.nan
    if "e" not in measured:  # no second-order term: it is not in the twin
        p *= 1e-4
    way, probability = x[3:] + rng.normal(size=3), 0.9
    mean, joint, d2 = update_together(x, p, u, b, pb, sensor, place, way, z, cov, probability)
    args = [a.copy() for a in (x, p, u, b)]
    b1, pb1 = b.copy(), pb.copy()
    gates = np.full(5, np.inf)
    assert (
        k.absorb(
            args[0], args[1], args[2], args[3], way, seen, sensor, row_of(place), z, cov, probability, b1, pb1, gates
        )
        == 1
    )
    x1, p1, u1, ref = args
    sigma = np.sqrt(np.diag(joint))
    np.testing.assert_allclose((np.concatenate([x1, b1]) - mean) / sigma, 0.0, atol=2e-3)
    together = np.block([[p1 + u1 @ pb1 @ u1.T, u1 @ pb1], [pb1 @ u1.T, pb1]])
    np.testing.assert_allclose((together - joint) / np.outer(sigma, sigma), 0.0, atol=2e-4)
    assert np.array_equal(ref, b1)
    x2 = x.copy()
    tight = np.full(5, d2 * 0.999)
    code = k.absorb(
        x2, p.copy(), u.copy(), b.copy(), way, seen, sensor, row_of(place), z, cov, probability, b, pb, tight
    )
    assert code == 0
    assert np.array_equal(x2, x)


def test_biases_of_two_radars_are_as_far_off_as_they_say():
    mean, low, high = mean_nees(30, 2)
    assert low < mean < high


def test_biases_of_three_radars_are_as_far_off_as_they_say():
    mean, low, high = mean_nees(20, 3)
    assert low < mean < high


def test_radars_without_elevation_are_as_far_off_as_they_say():
    mean, low, high = mean_nees(30, 2, elevation=False)
    assert low < mean < high


def test_range_rates_keep_the_biases_honest():
    mean, low, high = mean_nees(20, 2, range_rates=True)
    assert low < mean < high


def test_one_wrong_pair_in_twenty_does_not_fool_it():
    mean, low, high = mean_nees(30, 2, wrong=0.05, probability=0.95)
    assert low < mean < high


def test_known_biases_lie_in_the_stated_region_as_often_as_stated():
    # 120 m, 0.3 degrees, 0.2 s on one radar, the opposite on the other: nothing is common in time
    bias = np.array([[120.0, 0.0, np.radians(0.3), 0.0, 0.2], [-120.0, 0.0, -np.radians(0.3), 0.0, -0.2]])
    n, inside, worst = 40, np.zeros(3), 0.0
    for seed in range(n):
        out = learnt(seed, bias)
        apart = out.bias[0] - out.bias[1] - (bias[0] - bias[1])
        lift = np.hstack([np.eye(5), -np.eye(5)])
        sd = np.sqrt(np.diag(lift @ out.cov @ lift.T))
        inside += np.abs(apart[[0, 2, 4]]) < 1.959964 * sd[[0, 2, 4]]
        worst = max(worst, float(np.abs(apart / np.array([240.0, 1.0, np.radians(0.6), 1.0, 0.4])).max()))
    # binomial, 40 trials of 0.95: fewer than 33 has a chance of 0.06 %
    assert (inside >= 33).all(), inside
    assert worst < 0.25


def test_without_bias_nothing_drifts():
    out = learnt(3, np.zeros((2, 5)), config=RegistrationConfig())
    sd = np.sqrt(np.diag(out.cov)).reshape(2, 5)[:, SOME]
    assert (np.abs(out.bias[:, SOME]) < 3.5 * sd).all()
    assert (sd[:, 0] < 20.0).all()
    assert (sd[:, 1] < np.radians(0.02)).all()


def test_one_radar_alone_learns_nothing_and_says_so():
    bias = np.array([[120.0, 0.0, 0.005, 0.0, 0.2]])
    out = learnt(4, bias)
    assert np.array_equal(out.bias, np.zeros((1, 5)))
    np.testing.assert_allclose(np.sqrt(np.diag(out.cov)), PRIOR_SD, rtol=1e-12)
    assert (out.observed[0, SOME] < 1e-12).all()


def test_time_that_all_stamp_late_alike_is_never_observed():
    out = learnt(5, np.tile([0.0, 0.0, 0.0, 0.0, 0.15], (2, 1)))
    cov = out.cov.reshape(2, 5, 2, 5)[:, 4, :, 4]
    common = np.array([0.5, 0.5]) @ cov @ np.array([0.5, 0.5])
    assert 0.98 * 0.2**2 / 2.0 < common <= 0.2**2 / 2.0 * (1.0 + 1e-9)
    apart = np.array([1.0, -1.0]) @ cov @ np.array([1.0, -1.0])
    assert apart < (0.1 * 0.2) ** 2 * 2.0
    assert abs(out.bias[0, 4] - out.bias[1, 4]) < 4.0 * np.sqrt(apart)


def test_positions_by_satellite_make_every_bias_absolute():
    bias = np.array([[120.0, 0.0, np.radians(0.3), 0.001, 0.2], [0.0] * 5])
    out = learnt(6, bias, reference=[False, True])
    sd = np.sqrt(np.diag(out.cov)).reshape(2, 5)
    assert (sd[1] == 0.0).all()
    assert sd[0, 4] < 0.02
    assert (np.abs(out.bias - bias)[0, SOME] < 4.0 * sd[0, SOME]).all()


def test_a_bias_that_jumps_is_followed_within_the_memory():
    rng = np.random.default_rng(8)
    config = RegistrationConfig(memory_days=0.05)
    out = Registration(2, config, PLACES[:2])
    early, late = np.zeros((2, 5)), np.array([[150.0, 0.0, 0.0, 0.0, 0.0], [0.0] * 5])
    teach(out, *see(rng, fly(rng), early))
    before = out.bias[0, 0] - out.bias[1, 0]
    plots, who = see(rng, fly(rng, until_s=1800.0), late, until_s=1800.0)
    plots = replace(plots, t_s=plots.t_s + 700.0)
    for end_s in np.arange(710.0, 2560.0, 10.0):
        now = np.flatnonzero((plots.t_s > end_s - 10.0) & (plots.t_s <= end_s))
        out.step(pairs(plots.take(now), who[now] + 100), until_s=end_s, corrected=False)
    after = out.bias[0, 0] - out.bias[1, 0]
    assert abs(before) < 40.0
    assert abs(after - 150.0) < 40.0


def test_what_is_corrected_can_be_taken_back_and_loses_the_bias():
    bias = np.array([[120.0, 0.0, np.radians(0.3), 0.001, 0.2], [-50.0, 0.0, -0.004, -0.001, 0.0]])
    rng = np.random.default_rng(9)
    plots, who = see(rng, fly(rng), bias)
    one, two = (Registration(2, STEADY, PLACES[:2], reference=[False, True]) for _ in range(2))
    for end_s in np.arange(10.0, 660.0, 10.0):
        now = np.flatnonzero((plots.t_s > end_s - 10.0) & (plots.t_s <= end_s))
        rows = plots.take(now)
        one.step(pairs(rows, who[now]), until_s=end_s, corrected=False)
        two.step(pairs(two.correct(rows), who[now]), until_s=end_s)
    np.testing.assert_allclose(two.bias, one.bias, atol=1e-7, rtol=1e-7)
    np.testing.assert_allclose(two.cov, one.cov, atol=1e-9, rtol=1e-6)
    late = replace(plots, t_s=plots.t_s + 1000.0)
    got = two.correct(late)
    np.testing.assert_allclose((late.t_s - got.t_s)[late.sensor == 0], two.bias[0, 4], atol=0.01)
    np.testing.assert_allclose((late.measurement - got.measurement)[late.sensor == 0, 0], two.bias[0, 0], atol=5.0)
    assert (got.cov[:, 0, 0] >= late.cov[:, 0, 0]).all()


def some_plots(sensor):
    n = len(sensor)
    z = np.array([80e3, 1.0, 0.05, 100.0]) + np.zeros((n, 4))
    return Plots(
        t_s=np.zeros(n), sensor=np.array(sensor), measurement=z,
        cov=np.broadcast_to(np.diag([2500.0, 4e-6, 4e-6, 1.0]), (n, 4, 4)).copy(), snr_db=np.zeros(n), pfa=np.zeros(n),
        address=np.full(n, -1), label=np.full(n, -1),
    )  # fmt: skip


def test_strobes_are_corrected_and_unknown_sensors_left_alone():
    out = learnt(10, np.array([[120.0, 0.0, 0.005, 0.0, 0.0], [0.0] * 5]))
    plots = some_plots([0, 7, -1, 0])
    z, cov = plots.measurement.copy(), plots.cov.copy()
    z[3, [0, 2, 3]] = np.nan
    cov[3, [0, 2, 3]] = cov[3][:, [0, 2, 3]] = np.nan
    plots = replace(plots, measurement=z, cov=cov, t_s=np.full(4, 1e4))
    got = out.correct(plots)
    assert np.array_equal(got.measurement[1:3], plots.measurement[1:3])
    assert np.array_equal(got.cov[1:3], plots.cov[1:3])
    np.testing.assert_allclose(z[3, 1] - got.measurement[3, 1], out.bias[0, 2], atol=1e-4)
    assert np.isnan(got.measurement[3, [0, 2, 3]]).all()
    assert got.cov[3, 1, 1] > cov[3, 1, 1]
    assert np.isnan(got.cov[3, 0, 0])


@pytest.mark.parametrize(("added", "sigma_m"), [("none", 50.0), ("full", np.hypot(50.0, 100.0))])
def test_the_doubt_added_at_first_is_the_prior(added, sigma_m):
    config = RegistrationConfig(added=added, time_sd_s=0.0)
    got = Registration(2, config, PLACES[:2]).correct(some_plots([0]))
    np.testing.assert_allclose(np.sqrt(got.cov[0, 0, 0]), sigma_m, rtol=1e-12)


def test_what_sensors_share_is_not_added_to_plots():
    out = learnt(11, np.zeros((2, 5)))
    plots = replace(some_plots([0]), t_s=np.full(1, 1e4))
    relative, full = out.correct(plots).cov[0], out.cov
    assert relative[0, 0] - 2500.0 < full[0, 0] + 250.0**2 * full[4, 4]
    # the time shared by both, 0.14 s, stands in the full covariance only
    assert relative[0, 0] - 2500.0 < (250.0 * 0.05) ** 2 + full[0, 0]


def associations_of(tracks, plots):
    """Pairs read off a picture: a track's last plot of a sensor is the one of that time, the nearest if several."""
    row, sensor = np.nonzero(np.isfinite(tracks.updated_s))
    t = tracks.updated_s[row, sensor]
    found = (plots.t_s == t[:, None]) & (plots.sensor == sensor[:, None])
    pair, plot = np.nonzero(found)
    return pairs(plots.take(plot), tracks.number[row[pair]])


def run(tracker, plots, flown, registration=None):
    """Root mean square error of confirmed tracks over the second half, and how many rows that was. [m]

    With ``registration`` it is hooked to the tracker from outside.
    """
    total, count, seen, corrected = 0.0, 0, set(), []
    for end_s in np.arange(4.0, 600.0, 4.0):
        rows = plots.take(np.flatnonzero((plots.t_s > end_s - 4.0) & (plots.t_s <= end_s)))
        rows = registration.correct(rows) if registration else rows
        tracks, _ = tracker.step(rows, Tasks.empty(), until_s=end_s)
        if registration:
            corrected = [*corrected[-8:], rows]
            found = associations_of(tracks, Plots.concat(corrected))
            keys = list(zip(found.sensor.tolist(), found.t_s.tolist(), found.track.tolist(), strict=True))
            new = [i for i, key in enumerate(keys) if key not in seen]
            seen |= set(keys)
            registration.step(found.take(np.array(new, int)), until_s=end_s)
        sure = tracks.take(np.flatnonzero(tracks.status == Status.CONFIRMED))
        if end_s > 300.0:
            n = flown.position_m.shape[1]
            for t, at in zip(sure.t_s, sure.position_ecef_m, strict=True):
                truth, _ = flown.at(np.full(n, t), np.arange(n))
                total, count = total + np.min(np.sum((truth - at) ** 2, axis=1)), count + 1
    return np.sqrt(total / count), count


SITES = dict(places=PLACES[:2], radars=[None, None], periods_s=PERIODS_S[:2], phases_rad=[0.0, 0.0])
APART = np.array([[120.0, 0.0, np.radians(0.3), 0.0, 0.1], [-60.0, 0.0, -np.radians(0.3), 0.0, -0.1]])


def flights_and_plots():
    """Twelve flights, their plots by two radars without bias, and with."""
    flown = fly(np.random.default_rng(12), n=12)
    return flown, *(see(np.random.default_rng(13), flown, b, sweeps=True)[0] for b in (np.zeros((2, 5)), APART))


def test_tracks_of_the_gnn_kind_get_nearly_as_good_as_without_bias():
    flown, straight, bent = flights_and_plots()
    config = GnnTrackerConfig(manoeuvre_mps2=1.0)
    clean, _ = run(GnnTracker(config, **SITES), straight, flown)
    spoilt, many = run(GnnTracker(config, **SITES), bent, flown)
    out = Registration(2, RegistrationConfig(), PLACES[:2])
    mended, right = run(GnnTracker(config, **SITES), bent, flown, out)
    assert spoilt > 1.5 * clean
    assert mended < 1.15 * clean
    assert right < many  # two tracks for one target became one
    apart = out.bias[0] - out.bias[1]
    np.testing.assert_allclose(apart[[0, 2, 4]] / [180.0, np.radians(0.6), 0.2], 1.0, atol=0.15)


def test_the_pmb_kind_registers_its_sensors_by_itself():
    flown, straight, bent = flights_and_plots()
    clean, _ = run(PmbTracker(PmbTrackerConfig(), **SITES), straight, flown)
    spoilt, many = run(PmbTracker(PmbTrackerConfig(), **SITES), bent, flown)
    tracker = PmbTracker(PmbTrackerConfig(registration=RegistrationConfig()), **SITES)
    mended, right = run(tracker, bent, flown)
    assert spoilt > 2.0 * clean
    assert mended < 1.15 * clean
    assert right < many
    out = tracker.registration
    assert out is not None
    apart = out.bias[0] - out.bias[1] - (APART[0] - APART[1])
    lift = np.hstack([np.eye(5), -np.eye(5)])
    assert (np.abs(apart) <= 4.0 * np.sqrt(np.diag(lift @ out.cov @ lift.T))).all()


def test_a_state_saved_in_mid_run_goes_on_bit_for_bit():
    rng = np.random.default_rng(14)
    plots, who = see(rng, fly(rng), rng.normal(size=(2, 5)) * PRIOR_SD)
    one, two = (Registration(2, RegistrationConfig(), PLACES[:2]) for _ in range(2))
    for end_s in np.arange(10.0, 660.0, 10.0):
        now = np.flatnonzero((plots.t_s > end_s - 10.0) & (plots.t_s <= end_s))
        rows = pairs(plots.take(now), who[now])
        one.step(rows, until_s=end_s, corrected=False)
        if end_s > 300.0:
            two.step(rows, until_s=end_s, corrected=False)
        if end_s == 300.0:
            two.restore(one.save())
    assert np.array_equal(one.bias, two.bias)
    assert np.array_equal(one.cov, two.cov)
    assert one.n_used > 1000
    after, same = one.save(), two.save()
    assert all(np.array_equal(after[name], same[name]) for name in after)


def test_plots_taken_for_corrected_that_were_not_are_refused():
    rng = np.random.default_rng(17)
    plots, who = see(rng, fly(rng, n=5), np.zeros((2, 5)))
    out = Registration(2, STEADY, PLACES[:2])
    out.step(pairs(plots, who), until_s=700.0)
    assert out.n_used == 0
    assert out.n_refused == len(plots)


def test_of_a_thousand_tracks_as_many_teach_as_have_room():
    rng = np.random.default_rng(18)
    plots, who = see(rng, fly(rng, n=1000, until_s=120.0), np.zeros((2, 5)), until_s=120.0)
    out = Registration(2, RegistrationConfig(most_tracks=100), PLACES[:2])
    teach(out, plots, who, until_s=120.0)
    taught = set(out.save()["marks"][:, k.NUMBER].tolist()) - {-1}
    assert 50 <= len(taught) <= 100
    assert all(number % 16 == 0 for number in taught)
    assert out.n_used > 500


def test_bad_rows_do_no_harm():
    rng = np.random.default_rng(15)
    plots, who = see(rng, fly(rng), np.zeros((2, 5)))
    rows = pairs(plots, who)
    n = len(rows)
    z, cov, t, sensor, track, p = (
        a.copy() for a in (rows.measurement, rows.cov, rows.t_s, rows.sensor, rows.track, rows.probability)
    )
    bad = rng.choice(n, 60, replace=False).reshape(6, 10)
    z[bad[0], 0], cov[bad[1]], t[bad[2]] = np.inf, 0.0, np.nan
    sensor[bad[3]], track[bad[4]], p[bad[5]] = 9, -1, np.nan
    rows = replace(rows, measurement=z, cov=cov, t_s=t, sensor=sensor, track=track, probability=p)
    out = Registration(2, STEADY, PLACES[:2])
    out.step(rows, until_s=700.0, corrected=False)
    assert np.isfinite(out.bias).all()
    assert np.isfinite(out.cov).all()
    assert (np.linalg.eigvalsh(out.cov) > -1e-12).all()
    assert out.n_used > 0.8 * n


def test_more_tracks_than_room_are_left_out_without_harm():
    out = learnt(16, np.zeros((2, 5)), config=RegistrationConfig(most_tracks=5))
    everyone = learnt(16, np.zeros((2, 5)), config=RegistrationConfig())
    assert 0 < out.n_used < 0.4 * everyone.n_used


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="n_sensors"):
        Registration(0, STEADY, [])
    with pytest.raises(ValueError, match="places"):
        Registration(2, STEADY, PLACES)
    out = Registration(2, STEADY, PLACES[:2])
    out.step(pairs(Plots.empty(), np.empty(0, int)), until_s=10.0)
    with pytest.raises(ValueError, match="time goes forward"):
        out.step(pairs(Plots.empty(), np.empty(0, int)), until_s=9.0)
    with pytest.raises(ValueError, match="another registration"):
        out.restore(Registration(3, STEADY, PLACES).save())


def test_warming_up_compiles_the_one_layout_that_runs_use():
    warm()
    kernels = [
        kernel
        for kernel in (k.drift, k.admit, k.due, k.learn, k.keep_later, k.news, k.shift_plots)
        if hasattr(kernel, "signatures")
    ]
    assert all(len(kernel.signatures) == 1 for kernel in kernels)
