"""What a learner knows of a target, in the tracker: expected misses, and hits of unexpected power."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.learn import scene
from tests.plain import amplitudes as plain
from tests.track.simulated import SITE, Flights, flights_from, make_radar, scan
from watchfloor.assess.ceilings import amplitude_nats
from watchfloor.base.picture import Plots, Status, Tasks, Tracks
from watchfloor.physics import detection
from watchfloor.track import amplitude as a
from watchfloor.track._kernels import amplitude as k
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

PFA = 1e-6
SETTINGS = dict(clutter="constant", births_per_scan=0.1, unseen_at_start=1.0)


def make(n_pulses=1, **changes):
    radar = make_radar(pfa=PFA, n_pulses=n_pulses)
    config = PmbTrackerConfig(**(SETTINGS | changes))
    return PmbTracker(config, places=[SITE], radars=[radar], periods_s=[10.0], phases_rad=[0.0])


def tasks_of(number, t_s, *, pd, snr_db=math.nan, sd_db=math.nan, swerling=1, pfa=PFA):
    n = len(number)
    full = lambda value: np.broadcast_to(np.asarray(value, float), n).copy()  # noqa: E731
    return Tasks(
        track=np.asarray(number, np.int64), sensor=np.zeros(n, np.int64), t_s=full(t_s),
        position_ecef_m=np.zeros((n, 3)), velocity_ecef_mps=np.zeros((n, 3)), radius_m=full(1e3),
        pfa=full(pfa), pd=full(pd), snr_db=full(snr_db), snr_sd_db=full(sd_db),
        swerling=full(swerling).astype(np.int64),
    )  # fmt: skip


def mean_pd(level_db, doubt_db, pfa, *, n_pulses=1, swerling=1):
    t = np.linspace(-6.0, 6.0, 401)
    w = np.exp(-0.5 * t * t)
    pd = detection.pd(10.0 ** (0.1 * (level_db + doubt_db * t)), pfa, n_pulses=n_pulses, swerling=swerling)
    return float((pd * w).sum() / w.sum())


# the ratio


@pytest.mark.parametrize("swerling", [1, 3, 2, 4])
def test_each_track_may_have_its_own_law(swerling):
    amplitude = a.Amplitude(scene.radar(n_pulses=4), p_other=0.0)
    limit_db = 10.0 * np.log10(float(detection.threshold(PFA, 4)) / 4.0)
    rng = np.random.default_rng(swerling)
    for level, sd in rng.uniform([8.0, 1.0], [30.0, 10.0], (12, 2)):
        amplitude.add_laws(np.array([swerling, 1]))
        doubt = sd + amplitude.part_db[[swerling, 1]]
        plot = max(level + rng.uniform(-8.0, 8.0), limit_db)
        for at, law in enumerate((swerling, 1)):
            pd = mean_pd(level, sd, PFA, n_pulses=4, swerling=law)
            have = amplitude.log_ratio(plot, level, doubt[at], pd=pd, pfa=PFA)
            want = plain.log_ratio(plot, level, sd, PFA, n_pulses=4, swerling=law)
            assert float(have) == pytest.approx(want, abs=0.1, rel=0.01), (plot, level, sd, law)


def test_laws_beside_each_other_do_not_touch():
    amplitude = a.Amplitude(None)
    alone = amplitude.log_ratio(15.0, 10.0, 20.0, pd=0.5, pfa=PFA)
    amplitude.add_laws(np.array([3, 1, 3]))
    assert amplitude.log_ratio(15.0, 10.0, 20.0, pd=0.5, pfa=PFA) == alone
    assert amplitude.table.shape[2] == 40
    with pytest.raises(ValueError, match="swerling"):
        amplitude.add_laws(np.array([7]))


def test_hits_stronger_or_weaker_than_the_type_can_show_score_less():
    amplitude = a.Amplitude(None, p_other=0.0)
    powers = np.array([12.0, 20.0, 45.0])
    for level, expected in ((5.0, 0), (22.0, 1), (45.0, 2)):
        pd = mean_pd(level, 3.0, PFA)
        density = amplitude.log_ratio(powers, level, 3.0, pd=pd, pfa=PFA) - (10.0 ** (0.1 * powers) + math.log(PFA))
        exact = np.array([plain.log_ratio(p, level, 3.0, PFA, n_pulses=1, swerling=1) for p in powers])
        exact -= 10.0 ** (0.1 * powers) + math.log(PFA)
        likely = exact > -20.0  # a table half a decibel fine tells no more of what is out of the question
        np.testing.assert_allclose(density[likely], exact[likely], atol=0.1)
        assert (density[~likely] < -18.0).all()
        score = density + 0.1 * math.log(10.0) * powers  # per decibel
        assert int(np.argmax(score)) == expected


def test_a_weak_echo_that_is_expected_scores_more_than_noise_in_a_lowered_gate():
    pfa, snr_db = 1e-2, 8.0
    amplitude, rng = a.Amplitude(None), np.random.default_rng(4)
    pd = mean_pd(snr_db, 2.0, pfa)
    limit = -math.log(pfa)
    noise = 10.0 * np.log10(limit + rng.exponential(size=20_000))
    echo = 10.0 * np.log10(limit + rng.exponential(1.0 + 10.0 ** (0.1 * snr_db), size=20_000))
    of_noise, of_echo = (
        amplitude.log_ratio(x, snr_db, 2.0, pd=pd, pfa=pfa) for x in (noise, echo)
    )  # fmt: skip
    assert of_noise.mean() < -0.5
    assert of_echo.mean() > 1.0


@pytest.mark.parametrize(("snr_db", "doubt_db"), [(6.0, 0.0), (10.0, 3.0), (10.0, 8.0), (16.0, 5.0)])
def test_the_power_tells_no_more_than_its_ceiling(snr_db, doubt_db):
    pfa, n, rng = 1e-3, 40_000, np.random.default_rng(5)
    snr = 10.0 ** (0.1 * snr_db)
    echo = 10.0 * np.log10(-math.log(pfa) + rng.exponential(1.0 + snr, size=n))
    for p_other in (0.0, a.P_OTHER):
        amplitude = a.Amplitude(None, p_other=p_other)
        pd = mean_pd(snr_db, max(doubt_db, 1.0), pfa)
        nats = amplitude.log_ratio(echo, snr_db, doubt_db, pd=pd, pfa=pfa)
        ceiling = float(amplitude_nats(snr))
        # levels half a decibel apart are straight between: 0.05 nats
        assert nats.mean() < ceiling + 4.0 * nats.std() / math.sqrt(n) + 0.05
        assert nats.mean() > (0.3 if p_other == 0.0 else 0.1) * min(ceiling, 5.0)


@pytest.mark.parametrize(
    ("dbsm", "weight", "within"),
    [([10.0, 14.0, 18.0], [0.3, 0.4, 0.3], 0.4), ([6.0, 16.0], [0.5, 0.5], 0.8), ([0.0, 30.0], [0.5, 0.5], 2.6)],
)
def test_two_moments_stand_for_a_mixture_of_types(dbsm, weight, within):
    level, weight = np.array(dbsm), np.array(weight)
    mean = float(level @ weight)
    sd = math.sqrt(float(((level - mean) ** 2) @ weight))
    amplitude, snr = a.Amplitude(None, p_other=0.0), 10.0 ** (0.1 * level)
    pd = float((detection.pd(snr, PFA) * weight).sum())
    worst = 0.0
    for plot in np.arange(11.5, 10.0 * np.log10(6.0 * snr.max()), 1.0):
        have = float(amplitude.log_ratio(plot, mean, sd, pd=pd, pfa=PFA))
        worst = max(worst, abs(have - plain.mixture_log_ratio(plot, level, weight, PFA)))
    assert worst < within


def test_nothing_known_of_a_target_is_any_strength():
    amplitude = a.Amplitude(None)
    pfa = np.full(5, PFA)
    powers = np.array([11.5, 13.0, 16.0, 30.0, math.nan])
    ratio = amplitude.log_ratio_unknown(powers, pfa=pfa)
    z = 10.0 ** (0.1 * powers[:4])
    even = 1.0 / (z * 6.0 * math.log(10.0))  # sixty decibels
    want = np.log(even / (0.98 * np.exp(-z) / PFA + 0.02 * even))
    np.testing.assert_allclose(ratio[:4], want, rtol=1e-12)
    assert ratio[4] == 0.0
    assert ratio[3] == pytest.approx(-math.log(0.02), abs=1e-6)


def test_powers_that_are_no_numbers_say_nothing():
    amplitude = a.Amplitude(None)
    for power, pfa in ((math.inf, PFA), (-math.inf, PFA), (20.0, math.nan), (20.0, 0.0)):
        rows = [np.array([x]) for x in (power, 15.0, 2.0, 0.5, pfa)]
        assert k.log_ratio_rows(*rows, 1, 0.02, amplitude.table)[0] == 0.0


def test_what_tasks_say_agrees_with_the_plain_twin():
    rng = np.random.default_rng(6)
    tables = []
    for _ in range(2):
        track = np.repeat(np.unique(rng.integers(1, 40, 15)), 2)
        one = tasks_of(track, 0.0, pd=0.5, snr_db=0.0, sd_db=1.0)
        snr = np.where(rng.random(len(track)) < 0.2, math.nan, rng.normal(10.0, 5.0, len(track)))
        sensor = np.tile([0, 1], len(track) // 2)
        tables.append(
            replace(
                one,
                sensor=sensor,
                snr_db=snr,
                snr_sd_db=rng.uniform(0.0, 5.0, len(track)),
                swerling=rng.integers(0, 5, len(track)),
            )
        )
    number, early = rng.integers(0, 45, 60), rng.random(60) < 0.5
    start = np.full(60, math.inf), np.ones(60)
    limits, part = np.array([1.0, 3.0]), np.array([20.0, 0.0, 40.0, 60.0, 80.0])
    want = plain.said(number, 1, early, *tables, limits, part, *start)
    have = tuple(x.copy() for x in start)
    said = [np.stack([t.snr_db, t.snr_sd_db, t.swerling], axis=1) for t in tables]
    before, now = tables
    k.said_rows(
        number, 1, early, before.track, before.sensor, said[0], now.track, now.sensor, said[1], limits, part, *have
    )
    for x, y in zip(have, want, strict=True):
        np.testing.assert_array_equal(x, y)


# the learner


def test_tasks_say_the_moments_of_what_is_believed():
    cards = {
        "a": scene.card(level=3.0, swerling=1),
        "b": scene.card(level=-9.0, swerling=3),
        "c": scene.card(level=-20.0, swerling=3),
    }
    one = scene.learner(cards)
    flying = scene.inbound(1)
    identities, _ = one.step(flying, scene.looks(flying, np.empty((1, 0))))
    identities = replace(identities, probability=np.array([[0.1, 0.5, 0.3, 0.1]]))
    tasks = one.task(flying, identities, until_s=0.0)
    start = one._library.start[0, :, 0]
    level = scene.SIGMA_GRID_DBSM + 10.0 * np.log10(float(scene.snr_1m2(flying)[0]))
    p = identities.probability[0] @ start
    mean = float(p @ level)
    assert float(tasks.snr_db[0]) == pytest.approx(mean, abs=0.02)
    assert float(tasks.snr_sd_db[0]) == pytest.approx(math.sqrt(float(p @ (level - mean) ** 2)), abs=0.05)
    assert tasks.swerling.tolist() == [3]


def test_tasks_out_of_sight_say_nothing_of_an_echo():
    one = scene.learner({"a": scene.card()})
    far = scene.tracks(1, range_m=900e3)
    identities, _ = one.step(far, scene.looks(far, np.empty((1, 0))))
    tasks = one.task(far, identities, until_s=0.0)
    assert tasks.pd[0] == 0.0
    assert np.isnan(tasks.snr_db[0])
    assert np.isnan(tasks.snr_sd_db[0])


# the tracker


def confirmed_then(tracker, flown, rng, n, *, power_db=25.0):
    """Play n scans in which the target is always seen; return the tracks."""
    tracks = None
    for number in range(n):
        plots = scan(flown, number, rng, pd=1.0)
        plots = replace(plots, snr_db=np.full(len(plots), power_db))
        tracks, _ = tracker.step(plots, Tasks.empty(), until_s=10.0 * (number + 1))
    assert tracks is not None
    return tracks


def lifetime(told_pd, seed, *, true_pd=0.1, n=60):
    """Scans until a track that was seen five times is no longer shown as confirmed, its target seen with true_pd."""
    tracker, rng = make(), np.random.default_rng(seed)
    flown = flights_from(80e3, 1.0, 1.2)
    tracks = confirmed_then(tracker, flown, rng, 5)
    (number,) = tracks.number[tracks.status == Status.CONFIRMED]
    for life in range(n):
        t = 10.0 * (5 + life)
        plots = scan(flown, 5 + life, rng, pd=true_pd)
        tracks, _ = tracker.step(plots, tasks_of([number], t, pd=told_pd), until_s=t + 10.0)
        if not np.any((tracks.number == number) & (tracks.status == Status.CONFIRMED)):
            return life
    return n


def test_expected_misses_do_not_kill_a_track():
    knows = np.array([lifetime(0.1, seed) for seed in range(25)])
    wrong = np.array([lifetime(0.9, seed) for seed in range(25)])
    # told 0.9, two misses weigh 0.01: it lives as long as hits come every second scan; told 0.1, a miss weighs 0.9
    assert np.median(wrong) <= 4
    assert np.median(knows) >= 15
    assert np.mean(knows > wrong) > 0.9


def existence_after(power_db, *, on, snr_db=15.0, sd_db=3.0, pfa=PFA):
    tracker, rng = make(power_expected=on, first_plot_max=0.5), np.random.default_rng(1)
    flown = flights_from(80e3, 1.0, 1.2)
    tracks = confirmed_then(tracker, flown, rng, 4, power_db=snr_db)
    (number,) = tracks.number[tracks.status == Status.CONFIRMED]
    pd = mean_pd(snr_db, sd_db, pfa)
    tasks = tasks_of([number], 40.0, pd=pd, snr_db=snr_db, sd_db=sd_db, pfa=pfa)
    for turn in range(4, 10):  # until its existence is in doubt
        tracks, _ = tracker.step(Plots.empty(), tasks, until_s=10.0 * (turn + 1))
    plots = scan(flown, 10, rng, pd=1.0)
    plots = replace(plots, snr_db=np.full(len(plots), power_db), pfa=np.full(len(plots), pfa))
    tracks, _ = tracker.step(plots, tasks, until_s=110.0)
    mine = tracks.number == number
    return float(tracks.existence[mine][0])


def test_a_track_is_surer_after_a_hit_of_the_power_it_expects():
    """Existence odds after the hit stand as the ratios of the powers; without, power says nothing."""
    powers = (11.6, 16.0, 60.0)
    blind = [existence_after(p, on=False) for p in powers]
    assert np.ptp(blind) == 0.0
    weak, right, far_too_strong = (existence_after(p, on=True) for p in powers)
    assert right > weak
    assert right > far_too_strong


SNR_DB, SD_DB = np.array([14.0, 44.0]), 3.0  # of 0.01 and 10 m2
GATE_PFA = 1e-4


def crossing(seed, *, on, n=30):
    """Two targets of 0.01 and 10 m2 draw near, cross and part, a lowered gate about the small one.

    Returns whether tracks changed targets, tracks too many and targets without one at the end, and updates by noise.
    """
    rng, tracker = np.random.default_rng(seed), make(power_expected=on)
    both = flights_from([60e3, 60e3], [1.0, 1.0], [1.00, 1.02], altitude_m=8e3, speed_mps=200.0)
    drift = both.velocity_mps[0] - both.velocity_mps[1]
    start = [both.start_m[0], both.start_m[0] + 5.0 * n * drift]  # together at half time
    flown = [Flights(start[i][None], both.velocity_mps[i][None]) for i in range(2)]
    pfa = np.array([GATE_PFA, PFA])
    pd = detection.pd(10.0 ** (0.1 * SNR_DB), 1.0 * pfa[0])
    told = np.array([mean_pd(x, SD_DB, q) for x, q in zip(SNR_DB, pfa, strict=True)])
    of: dict[int, int] = {}
    tasks, tracks, n_noise = Tasks.empty(), Tracks.empty(1), 0
    for number in range(n):
        t, parts, origin = 10.0 * (number + 1), [], {}
        for i in range(2):
            one = scan(flown[i], number, rng, pd=1.0 if number < 4 else pd[i])
            power = -math.log(GATE_PFA) + (1.0 + 10.0 ** (0.1 * SNR_DB[i])) * rng.exponential(size=len(one))
            parts.append((one, power))
        here = scan(flown[0], number, rng, pd=1.0)  # noise in the gate about the small one
        away = here.measurement + rng.uniform(-1.0, 1.0, (1, 4)) * np.array([[600.0, 0.02, 0.02, 20.0]])
        if number >= 4 and rng.random() < 0.5:
            parts.append((replace(here, measurement=away), -math.log(GATE_PFA) + rng.exponential(size=1)))
        plots = Plots.concat([replace(p, snr_db=10.0 * np.log10(x)) for p, x in parts])
        plots = replace(plots, pfa=np.full(len(plots), GATE_PFA))
        which = np.repeat(np.arange(len(parts)), [len(p) for p, _ in parts])
        origin = {float(z[0]): int(w) for z, w in zip(plots.measurement, which, strict=True)}
        plots = plots.take(np.lexsort((plots.measurement[:, 0], plots.t_s)))
        tracks, _ = tracker.step(plots, tasks, until_s=t)
        n_noise += sum(origin.get(float(z[0])) == 2 for z in tracker.associations.measurement)
        alive = tracks.take(tracks.status == Status.CONFIRMED)
        if number == 8:
            of = {one: near for one, near in zip(alive.number.tolist(), nearest(alive, flown), strict=True)}
        known = [one for one in alive.number.tolist() if one in of]
        row = np.array([of[one] for one in known], np.int64)
        tasks = tasks_of(known, t, pd=told[row], snr_db=SNR_DB[row], sd_db=SD_DB, pfa=pfa[row])
    alive = tracks.take(tracks.status == Status.CONFIRMED)
    near = nearest(alive, flown)
    swapped = any(of.get(one, i) != i for one, i in zip(alive.number.tolist(), near, strict=True))
    return swapped, len(near) - len(set(near)), 2 - len(set(near)), n_noise


def nearest(tracks, flown):
    apart = [[np.linalg.norm(f.at(t)[0] - x) for f in flown]
             for t, x in zip(tracks.t_s, tracks.position_ecef_m, strict=True)]  # fmt: skip
    return [int(np.argmin(row)) for row in apart]


def test_targets_of_unlike_size_that_cross_keep_their_tracks():
    n = 30
    with_, without = (np.array([crossing(seed, on=on) for seed in range(n)], float) for on in (True, False))
    clean = [float((runs[:, :3] == 0.0).all(axis=1).sum()) for runs in (with_, without)]
    noise = [float(runs[:, 3].sum()) for runs in (with_, without)]
    # runs without a swap, a double or a loss: one-sided test of two shares at 1 %
    share = sum(clean) / (2.0 * n)
    assert clean[0] - clean[1] > 2.33 * math.sqrt(2.0 * n * share * (1.0 - share))
    # updates by noise: two counts, at least as uneven as independent ones
    assert noise[1] - noise[0] > 4.0 * math.sqrt(noise[0] + noise[1])
