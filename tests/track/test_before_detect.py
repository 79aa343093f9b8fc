"""Detection over several scans: the search, its threshold, and what it gains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from benchmarks import before_detect as bench
from tests.plain.before_detect import Frame
from watchfloor.base.picture import Plots
from watchfloor.physics.low_level import LowLevel
from watchfloor.track.before_detect import (
    BeforeDetect,
    BeforeDetectConfig,
    Gumbel,
    fit_gumbel,
    greatest_scores,
    noise_plots,
    plots_of,
)

RADAR = bench.RADAR
FULL = RADAR.but(measures_elevation=True, n_coherent=8, measures_range_rate=True)


def _small(radar=RADAR, pfa=0.02, *, far_m=2.1e5):
    """A sector of some hundred cells about the target of ``bench.flown``."""
    return LowLevel(pfa=pfa, azimuth_first_rad=6.1, azimuth_width_rad=0.6, range_min_m=1.8e5, range_max_m=far_m)


def _finder(radar=RADAR, low=None, **settings):
    threshold = settings.pop("threshold", math.inf)
    return BeforeDetect(
        BeforeDetectConfig(**settings), radar, _small(radar) if low is None else low, threshold=threshold
    )


def _line(n, *, radar=RADAR, speed=-200.0, power=30.0, first=0, skip=()):
    """One target's plots, a scan each, without errors."""
    out = []
    for scan in range(first, first + n):
        t = np.array([radar.period_s * (scan + 0.02)])
        z = np.array([[2.0e5 + speed * t[0], 0.1, 0.05, speed]])
        one = plots_of(radar, t, z, np.array([power]), 0.02)
        out.append(one.take(slice(0, 0)) if scan in skip else one)
    return out


@pytest.mark.parametrize("radar", [RADAR, FULL], ids=["range and azimuth", "all four"])
def test_the_search_finds_the_best_of_all_paths(radar):
    low = _small(radar, 0.04 if radar is RADAR else 0.004)
    finder = _finder(radar, low, scans=4, misses_max=1, snr_db=(5.0, 12.0))
    rng, scans, some = np.random.default_rng(1), [], 0
    for scan in range(8):
        plots, _ = bench.flown(radar, low, scan, 40.0, rng)
        scans.append(plots)
        finder._take(plots, None)
        expected = Frame(finder, scans[-4:]).best()
        some += expected > -math.inf
        assert finder._best() == pytest.approx(expected, abs=1e-9)
    assert some >= 4  # not a comparison of nothing with nothing


def test_range_rates_that_fold_are_compared_modulo_their_interval():
    folding = FULL.but(prf_hz=(400.0,))
    finder = _finder(folding, _small(folding, 0.001))
    interval = finder._numbers[5 - 1]
    assert interval == pytest.approx(0.5 * folding.wavelength_m * 400.0)
    best = []
    for off in (0.0, interval, 0.5 * interval):
        finder.clear()
        for plots in _line(4, radar=folding):
            z = plots.measurement.copy()
            z[:, 3] += off
            finder._take(Plots(**{**dict(plots.items()), "measurement": z}), None)
        best.append(finder._best())
    assert best[1] == pytest.approx(best[0], abs=1e-9)
    assert best[2] < best[0] - 5.0


def test_a_gumbel_law_has_the_mean_and_spread_of_the_books():
    # Coles 2001, section 3.1.3, and Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2, 1995, ch. 22:
    # mean mu + 0.57722 beta, standard deviation pi beta / sqrt 6
    u = np.random.default_rng(2).random(4000)
    x = 3.0 - 1.5 * np.log(-np.log(u))
    law = fit_gumbel(x)
    error = 1.5 * math.pi / math.sqrt(6.0 * len(x))
    assert law.mu + 0.57722 * law.beta == pytest.approx(3.0 + 0.57722 * 1.5, abs=4.0 * error)
    assert law.beta == pytest.approx(1.5, abs=4.0 * 0.78 * 1.5 / math.sqrt(len(x)))
    tail = fit_gumbel(x, least=float(np.median(x)))  # the lower half counted only
    assert tail.beta == pytest.approx(1.5, abs=0.15)
    assert tail.mu == pytest.approx(3.0, abs=0.15)
    assert Gumbel(mu=3.0, beta=1.5).quantile(0.01) == pytest.approx(3.0 + 1.5 * math.log(100.0))


def test_a_gumbel_fit_wants_values():
    with pytest.raises(ValueError, match="ten different values"):
        fit_gumbel(np.full(50, -math.inf))


def test_the_union_bound_over_paths_holds_and_the_fitted_threshold_lies_below_it():
    # given where noise lies, powers are independent of it: the expected number of paths above a score is a sum of gamma
    # tails over every path; the mean over frames bounds the chance of any (Boole)
    config = BeforeDetectConfig(scans=4, misses_max=1, snr_db=(8.0,))
    low = _small(pfa=0.01)
    finder = BeforeDetect(config, RADAR, low, threshold=math.inf)
    d = 10.0**0.8
    gain, per_hit, limit = d / (1.0 + d), math.log1p(d), -math.log(low.pfa)
    rng, levels = np.random.default_rng(3), np.array([-6.0, -4.0, -2.0])
    frames, expected, reached = 400, np.zeros(3), np.zeros(3)
    for _ in range(frames):
        scans = [noise_plots(RADAR, low, scan, rng) for scan in range(4)]
        for path in Frame(finder, scans).paths():
            n = len(path.plots)
            if n > 2:
                span = path.plots[-1][0] - path.plots[0][0] + 1
                known = path.fixed + (span - n) * finder._miss[0] - n * per_hit + gain * n * limit
                expected += special.gammaincc(n, np.maximum((levels - known) / gain, 0.0))
        finder.clear()
        for plots in scans:
            finder._take(plots, None)
        reached += finder._best() >= levels
    bound, chance = expected / frames, reached / frames
    error = np.sqrt(chance * (1.0 - chance) / frames)
    assert np.all(chance <= bound + 3.0 * error)
    assert np.all(chance >= 0.2 * bound - 3.0 * error)  # and the bound is no empty one
    fitted = BeforeDetect(config, RADAR, low)
    assert fitted.threshold < fitted.union_threshold
    # the law that was fitted to other noise tells the same chance: of one frame is at most that of a block
    assert fitted.gumbel is not None
    assert chance[-1] <= fitted.gumbel.exceeded(levels[-1]) + 3.0 * error[-1]


def test_noise_exceeds_the_union_bound_no_more_often_than_it_says():
    config = BeforeDetectConfig(scans=4, snr_db=(6.0, 12.0))
    greatest = greatest_scores(config, RADAR, _small(pfa=0.02), scans=2000, seed=4)
    for p in (0.5, 0.1, 0.03):  # Markov, scan by scan, of a mean likelihood ratio of at most 1
        n = len(greatest)
        assert np.count_nonzero(greatest > -math.log(p / 4)) <= n * p + 3.0 * math.sqrt(n * p)


@pytest.mark.parametrize("rate_per_h", [2.0, 20.0])
def test_noise_starts_as_many_tracks_as_were_asked_for(rate_per_h):
    finder = bench.finder_for(3e-3, 6, rate_per_h)
    rng, scans = np.random.default_rng(5), 3600
    n = sum(len(finder.step(noise_plots(RADAR, finder.low, scan, rng))) for scan in range(scans))
    expected = rate_per_h * scans * RADAR.period_s / 3600.0
    # Poisson, and the fit's own error: of a quantile of a Gumbel law from b blocks (Coles 2001, section 3.3.3)
    y = -math.log(rate_per_h * 6 * RADAR.period_s / 3600.0)
    fit = math.sqrt((1.11 + 0.52 * y + 0.61 * y * y) / (finder.config.calibration_scans // 6))
    low, high = expected * math.exp(-2.5 * fit), expected * math.exp(2.5 * fit)
    assert low - 3.0 * math.sqrt(low) <= n <= high + 3.0 * math.sqrt(high)


def test_where_noise_gives_hardly_any_path_the_union_bound_is_the_threshold():
    low = _small(FULL, 1e-4)
    finder = BeforeDetect(BeforeDetectConfig(calibration_scans=300), FULL, low)
    assert finder.gumbel is None
    assert finder.threshold == finder.union_threshold


def test_the_threshold_is_the_same_for_the_same_seed_and_falls_with_the_rate():
    one, again = (BeforeDetect(BeforeDetectConfig(seed=7, calibration_scans=300), RADAR, _small()) for _ in range(2))
    more = BeforeDetect(BeforeDetectConfig(seed=7, calibration_scans=300, false_tracks_per_h=30.0), RADAR, _small())
    assert one.threshold == again.threshold
    assert more.threshold < one.threshold


@pytest.mark.parametrize("radar", [RADAR, bench.FINE], ids=["few paths", "a million paths"])
def test_no_gain_exceeds_what_integration_over_a_known_path_can_give(radar):
    # notes on ceilings: eight looks at Pfa 1e-6 gain 8.3 dB at Pd 0.5 and 13.9 dB at Pd 0.9 on a known path, 5.8 and
    # 11.7 dB over a million paths
    pd = np.array([0.5, 0.9])
    np.testing.assert_allclose(bench.ceiling_db(pd, 1e-6, 8, 1.0), [8.3, 13.9], atol=0.05)
    np.testing.assert_allclose(bench.ceiling_db(pd, 1e-6, 8, 1e6), [5.8, 11.7], atol=0.06)
    fine = radar is bench.FINE
    low = LowLevel(pfa=2e-3, azimuth_first_rad=0.5, azimuth_width_rad=0.4, range_min_m=1.7e5, range_max_m=2.1e5)
    config = BeforeDetectConfig(scans=8, calibration_scans=400 if fine else 1500)
    finder = BeforeDetect(config, radar, low if fine else bench.sector(3e-3))
    ceiling = bench.ceiling_db(pd, bench.pfa_single(finder), 8, 1e6 if fine else 1.0)
    at_db = bench.snr_single_db(finder, pd) - ceiling
    trials = 80 if fine else 150
    for wanted, snr_db in zip(pd.tolist(), at_db.tolist(), strict=True):
        share = bench.pd_of(finder, snr_db, trials=trials, seed=8)
        assert share <= wanted + 2.6 * math.sqrt(wanted * (1.0 - wanted) / trials)
    if not fine:  # and it gains: 4.5 dB and 9.5 dB over one look, 1 dB over three plots of eight
        for wanted, snr_db, least in zip(
            pd.tolist(), bench.snr_single_db(finder, pd).tolist(), (4.5, 9.5), strict=True
        ):
            share = bench.pd_of(finder, snr_db - least, trials=trials, seed=9)
            assert share >= wanted - 2.6 * math.sqrt(wanted * (1.0 - wanted) / trials)
        gain_db = bench.snr_initiation_db(finder, pd)[0] - 0.5
        assert bench.pd_of(finder, float(gain_db), trials=trials, seed=10) > 0.5


def test_a_target_is_found_once_with_the_plots_that_it_gave():
    finder = _finder(threshold=0.0)
    rows = []
    for scan, plots in enumerate(_line(5)):
        paths = finder.step(plots, np.array([100 + scan]))
        rows += paths.rows.tolist()
    assert len(rows) == 1
    assert [row for row in rows[0] if row >= 0] == [102, 101, 100]


def test_a_path_bridges_misses_and_pays_for_them():
    best = []
    for skip in ((), (1,), (1, 2)):
        finder = _finder(misses_max=1)
        for plots in _line(5, skip=skip):
            finder._take(plots, None)
        best.append(finder._best())
    assert best[0] > best[1] > -math.inf
    assert best[2] == -math.inf  # two in a row are too many, and three plots are wanted


def test_what_is_too_fast_is_no_target():
    for speed, found in ((-480.0, True), (-900.0, False)):
        finder = _finder(speed_max_mps=500.0)
        for plots in _line(4, speed=speed):
            finder._take(plots, None)
        assert (finder._best() > -math.inf) == found


def test_a_path_leaves_the_window():
    finder = _finder(scans=4)
    for plots in _line(3):
        finder._take(plots, None)
    assert finder._best() > -math.inf
    for _ in range(4):
        assert finder._best() == -math.inf or finder._n
        finder.step(Plots.empty())
    for plots in _line(2, first=7):
        finder._take(plots, None)
    assert finder._best() == -math.inf  # two plots, and those before are forgotten


def test_the_estimate_of_a_path_is_where_the_target_was():
    finder = _finder(threshold=0.0, scans=6, manoeuvre_mps2=0.0)
    rng, d2 = np.random.default_rng(11), []
    for _ in range(60):
        finder.clear()
        for plots in _line(5, power=100.0):
            error = rng.standard_normal((1, 4)) * np.sqrt(np.diagonal(plots.cov, axis1=1, axis2=2))
            z = plots.measurement + np.where(np.isnan(plots.measurement), 0.0, error)
            paths = finder.step(Plots(**{**dict(plots.items()), "measurement": z}))
            if len(paths):
                off = paths.state[0, [0, 1]] - [2e5 - 200.0 * paths.t_s[0], 0.1]
                d2.append(off**2 / paths.cov[0, [0, 1]])
                break
    assert len(d2) == 60
    mean = np.mean(d2, axis=0)  # of chi-square, one degree; speeds are known beforehand a little
    assert np.all(mean < 1.0 + 3.0 * math.sqrt(2.0 / 60))
    assert np.all(mean > 0.5)


def test_mistakes_are_told():
    low = _small()
    with pytest.raises(ValueError, match="lower threshold"):
        BeforeDetect(BeforeDetectConfig(), RADAR.but(pfa=0.03), low, threshold=0.0)
    with pytest.raises(ValueError, match="reports"):
        BeforeDetect(BeforeDetectConfig(), RADAR, _small(far_m=9e5), threshold=0.0)
    with pytest.raises(ValueError, match="plots a turn"):
        BeforeDetect(BeforeDetectConfig(), bench.FINE, bench.sector(0.1, width_rad=6.28), threshold=0.0)
    nameless = Plots(**{**dict(_line(1)[0].items()), "snr_db": np.array([math.nan])})
    with pytest.raises(ValueError, match="lacks range"):
        _finder().step(nameless)
    with pytest.raises(ValueError, match="levels"):
        BeforeDetectConfig(snr_db=(5.0, 5.0))
    for name, value in (("pfa", math.nan), ("pfa", 0.5), ("azimuth_width_rad", 90.0), ("range_max_m", 1.0)):
        known = {
            "pfa": 0.01,
            "azimuth_first_rad": 0.0,
            "azimuth_width_rad": 1.0,
            "range_min_m": 5.0,
            "range_max_m": 9.0,
        }
        with pytest.raises(ValueError, match=name):
            LowLevel(**{**known, name: value})
