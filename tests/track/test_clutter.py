"""The clutter map: what it learns, and that its densities are densities."""

import math

import numpy as np
import pytest

from tests.plain import clutter_map as plain
from tests.track.simulated import make_radar
from watchfloor.track.clutter import ClutterMap, ConstantClutter, Extents

NAN = math.nan
EXTENTS = Extents(range_min_m=5e3, range_max_m=85e3, elevation_max_rad=0.5, range_rate_max_mps=350.0)
PATCH = (3, 5)  # a cell of range and azimuth
PATCH_RATE, QUIET = 3.0, 20.0


def uniform(rng, n, extents=EXTENTS, **limits):
    """Plots (n, 4) spread evenly; ``limits`` as in `Extents`."""
    e = limits
    low = [
        e.get("range_min_m", extents.range_min_m),
        e.get("azimuth_min_rad", extents.azimuth_min_rad),
        e.get("elevation_min_rad", extents.elevation_min_rad),
        -e.get("range_rate_max_mps", extents.range_rate_max_mps),
    ]
    high = [
        e.get("range_max_m", extents.range_max_m),
        low[1] + e.get("azimuth_width_rad", extents.azimuth_width_rad),
        e.get("elevation_max_rad", extents.elevation_max_rad),
        e.get("range_rate_max_mps", extents.range_rate_max_mps),
    ]
    return rng.uniform(low, high, (n, 4))


def patched(rng):
    """One scan: quiet everywhere, and one cell of 16 x 32 with a rate of its own."""
    step = 80e3 / 16, 2.0 * np.pi / 32
    inside = dict(
        range_min_m=5e3 + PATCH[0] * step[0],
        range_max_m=5e3 + (PATCH[0] + 1) * step[0],
        azimuth_min_rad=PATCH[1] * step[1],
        azimuth_width_rad=step[1],
        range_rate_max_mps=5.0,
    )
    return np.concatenate([uniform(rng, rng.poisson(QUIET)), uniform(rng, rng.poisson(PATCH_RATE), **inside)])


@pytest.fixture(scope="module")
def learned():
    clutter, rng = ClutterMap(EXTENTS, false_per_scan=5.0, memory_scans=100.0), np.random.default_rng(3)
    for _ in range(500):
        z = patched(rng)
        clutter.learn(z, np.ones(len(z)))
    return clutter


def test_the_rate_of_a_patch_and_of_the_quiet_lie_in_the_band_of_the_counts(learned):
    # a count that fades as exp(-i/m) over m = 100 scans has the variance of about m/2 scans: rate / (m/2)
    rate, quiet_cell = learned.rate, QUIET / 512
    assert abs(rate[PATCH] - PATCH_RATE - quiet_cell) < 4.0 * math.sqrt(PATCH_RATE / 50.0)
    assert abs(learned.expected_per_scan - QUIET - PATCH_RATE) < 4.0 * math.sqrt((QUIET + PATCH_RATE) / 50.0)
    others = np.ones_like(rate, bool)
    others[PATCH] = False
    # of the quiet cells most keep their ring's level, whose own count is of 32 cells over 50 scans
    spread = np.abs(rate[others] - quiet_cell)
    assert np.median(spread) < 4.0 * math.sqrt(quiet_cell / (32 * 50.0))
    assert learned.p_patch[PATCH] > 0.999
    assert learned.p_patch[others].mean() < 0.1


def test_the_density_integrates_to_the_number_expected(learned):
    rng = np.random.default_rng(4)
    for measured in ([0, 1], [0, 1, 2], [0, 1, 3], [0, 1, 2, 3], [0], [1, 2], [1, 3], [2]):
        z = uniform(rng, 40_000)
        z[:, [c for c in range(4) if c not in measured]] = NAN
        volume = np.prod(np.array([80e3, 2.0 * np.pi, 0.5, 700.0])[measured])
        values = volume * learned.density(z)
        error = values.std() / math.sqrt(len(z))
        assert abs(values.mean() - learned.expected_per_scan) < 4.0 * error + 1e-9 * values.mean(), measured


def test_the_patch_is_seen_where_and_only_where_it_is(learned):
    step = 80e3 / 16, 2.0 * np.pi / 32
    middle = np.array([5e3 + (PATCH[0] + 0.5) * step[0], (PATCH[1] + 0.5) * step[1], NAN, NAN])
    beside = middle + [0.0, 3.0 * step[1], 0.0, 0.0]
    at, away = learned.density(np.array([middle, beside]))
    assert at / away > 0.5 * PATCH_RATE / (QUIET / 512)
    slow, fast = middle.copy(), middle.copy()
    slow[3], fast[3] = 0.0, 300.0
    low, high = learned.density(np.array([slow, fast]))  # the patch stands still
    assert low > 10.0 * high


def test_the_density_has_no_steps(learned):
    r = np.linspace(5e3, 85e3, 20_001)
    z = np.column_stack([r, np.full_like(r, 1.02), np.full_like(r, 0.1), np.zeros_like(r)])
    d = learned.density(z)
    assert np.abs(np.diff(d)).max() < 0.02 * d.max()
    azimuth = np.linspace(-0.1, 0.1, 20_001)  # over north
    z = np.column_stack([np.full_like(r, 3e4), azimuth, np.full((20_001, 2), NAN)])
    d = learned.density(z)
    assert np.abs(np.diff(d)).max() < 0.01 * d.max()


def test_the_kernels_agree_with_the_plain_twin(learned):
    saved = learned.save()
    worth, p_patch, shape, least = learned._numbers[:4]
    rate, patchy = plain.rates(
        saved["cells"], float(saved["exposure"]), np.full((16, 32), 5.0 / 512),
        worth=worth, p_patch=p_patch, shape=shape, least=least,
    )  # fmt: skip
    np.testing.assert_allclose(learned.rate, rate, rtol=1e-10)
    np.testing.assert_allclose(learned.p_patch, patchy, rtol=1e-8)
    _, _, elevation, doppler = learned.tables
    rng = np.random.default_rng(5)
    z = uniform(rng, 64)
    z[:, 0] += rng.normal(0.0, 2e4, 64)  # beyond the edges too
    for i in range(16):
        z[4 * i : 4 * i + 4, [c for c in range(4) if i & (1 << c)]] = NAN
    sides = (5e3, 85e3), (0.0, 2.0 * np.pi), (0.0, 0.5), (-350.0, 350.0)
    want = [plain.density(row, *sides, rate, elevation, doppler) for row in z]
    np.testing.assert_allclose(learned.density(z), want, rtol=1e-10)


def test_a_plot_of_a_known_target_does_not_count():
    clutter = ClutterMap(EXTENTS, false_per_scan=5.0)
    z = np.tile([4e4, 1.0, 0.1, 100.0], (3, 1))
    untouched = ClutterMap(EXTENTS, false_per_scan=5.0)
    for _ in range(50):
        clutter.learn(z, np.zeros(3))
        untouched.learn(z[:0], np.zeros(0))
    np.testing.assert_array_equal(clutter.rate, untouched.rate)


def test_one_false_plot_in_a_quiet_map_does_not_silence_a_cell():
    clutter = ClutterMap(EXTENTS, false_per_scan=0.1)
    z = np.array([[4e4, 1.0, 0.1, 100.0]])
    for i in range(100):
        clutter.learn(z[: i == 50], np.ones(int(i == 50)))
    # what one plot can say of a cell: at most its share of the scans it was counted in
    assert clutter.rate.max() < 1.0 / 50.0
    assert clutter.expected_per_scan < 0.2


def test_a_wrong_first_guess_is_given_up_within_a_few_scans():
    clutter, rng = ClutterMap(EXTENTS, false_per_scan=0.5), np.random.default_rng(6)
    for _ in range(10):
        z = uniform(rng, rng.poisson(100))
        clutter.learn(z, np.ones(len(z)))
    # 10 scans hold 955 faded plots (variance 913), the guess of 0.5 a scan counts as 4
    assert abs(clutter.expected_per_scan - 100.0) < 4.0 * math.sqrt(100.0 / 10.0) + 1.0
    assert clutter.p_patch.mean() < 0.2


def test_the_map_follows_clutter_that_moves_on():
    clutter, rng = ClutterMap(EXTENTS, false_per_scan=20.0, memory_scans=20.0), np.random.default_rng(7)
    here, there = dict(azimuth_min_rad=1.0, azimuth_width_rad=0.2), dict(azimuth_min_rad=4.0, azimuth_width_rad=0.2)
    for place in (here, there):
        for _ in range(100):
            z = uniform(rng, rng.poisson(50), **place)
            clutter.learn(z, np.ones(len(z)))
    at = np.array([[4e4, 1.1, NAN, NAN], [4e4, 4.1, NAN, NAN]])
    old, new = clutter.density(at)
    assert new > 20.0 * old


def test_memory_is_bounded_and_comes_back_bit_for_bit():
    rng = np.random.default_rng(8)
    one, other = ClutterMap(EXTENTS, false_per_scan=5.0), ClutterMap(EXTENTS, false_per_scan=5.0)
    sizes = set()
    for i in range(40):
        z = patched(rng)
        one.learn(z, np.ones(len(z)))
        sizes.add(sum(a.nbytes for a in one.save().values()))
        if i == 19:
            other.restore(one.save())
        if i > 19:
            other.learn(z, np.ones(len(z)))
    assert len(sizes) == 1
    z = uniform(rng, 100)
    np.testing.assert_array_equal(one.density(z), other.density(z))
    with pytest.raises(ValueError, match="shape of another map"):
        other.restore({**one.save(), "cells": np.zeros((2, 2))})
    with pytest.raises(ValueError, match="shape of another map"):
        other.restore({})


def test_a_sector_is_counted_from_its_edge():
    sector = Extents(range_max_m=100e3, azimuth_min_rad=-0.5, azimuth_width_rad=1.0)
    clutter, rng = ClutterMap(sector, false_per_scan=10.0, n_azimuth=8), np.random.default_rng(9)
    for _ in range(200):
        z = uniform(rng, rng.poisson(30), sector)
        z[:, 1] %= 2.0 * np.pi  # as plots have it
        clutter.learn(z, np.ones(len(z)))
    assert abs(clutter.expected_per_scan - 30.0) < 4.0 * math.sqrt(30.0 / 50.0)
    z = np.array([[5e4, 2.0 * np.pi - 0.25, NAN, NAN], [5e4, 0.25, NAN, NAN]])
    np.testing.assert_allclose(clutter.density(z) * 100e3, 30.0, rtol=0.15)


def test_clutter_that_is_even_a_square_metre_is_even_on_a_plane():
    half = 1e4
    extents = Extents(range_max_m=20e3)
    clutter = ClutterMap(extents, false_per_scan=20.0, plane_m=(-half, half, -half, half), n_range=8, n_azimuth=8)
    rng = np.random.default_rng(10)
    for _ in range(300):
        east, north = rng.uniform(-half, half, (2, rng.poisson(40)))
        z = np.column_stack([np.hypot(east, north), np.arctan2(east, north), np.full((len(east), 2), NAN)])
        clutter.learn(z, np.ones(len(z)))
    assert abs(clutter.expected_per_scan - 40.0) < 4.0 * math.sqrt(40.0 / 50.0)
    r = np.array([1e3, 8e3])
    z = np.column_stack([r, np.full(2, 0.3), np.full((2, 2), NAN)])
    np.testing.assert_allclose(clutter.density(z) / r, 40.0 / (2.0 * half) ** 2, rtol=0.25)  # per m and rad


def test_constant_clutter_divides_by_what_is_measured():
    radar = make_radar()
    even = ConstantClutter(radar)
    assert even.false_per_scan == pytest.approx(radar.n_cells * radar.pfa)
    sides = np.array([397e3, 2.0 * np.pi, 0.82, 2000.0])
    z = np.array([[1e5, 1.0, 0.1, 50.0], [1e5, 1.0, NAN, NAN], [NAN, 1.0, 0.1, NAN]])
    want = even.false_per_scan / np.array([sides.prod(), sides[:2].prod(), sides[1:3].prod()])
    np.testing.assert_allclose(even.density(z), want, rtol=1e-12)
    before = ClutterMap(radar).density(z)  # the map starts from the same
    np.testing.assert_allclose(before, want, rtol=1e-12)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda: Extents(range_max_m=NAN), "range_max_m must be finite"),
        (lambda: Extents(range_max_m=-1.0), "range_min_m < range_max_m"),
        (lambda: Extents(range_max_m=1.0, azimuth_width_rad=360.0), "degrees"),
        (lambda: Extents(range_max_m=1.0, elevation_max_rad=90.0), "degrees"),
        (lambda: Extents(range_max_m=1.0, range_rate_max_mps=0.0), "range_rate_max_mps"),
        (lambda: ClutterMap(EXTENTS), "false_per_scan must be given"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=NAN), "false_per_scan"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=0.0), "above 0"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0, n_range=0), "n_range"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0, memory_scans=0.5), "memory_scans"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0, prior_plots=0.0), "prior_plots"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0, p_patch=1.0), "p_patch"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0, plane_m=(1.0, 0.0, 0.0, 1.0)), "plane_m"),
        (lambda: ConstantClutter(EXTENTS, false_per_scan=-1.0), "false_per_scan"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0).density(np.zeros(4)), r"z is \(m, 4\)"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0).learn(np.zeros((2, 4)), np.zeros(1)), "p_false"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0).learn(np.zeros((1, 4)), np.array([NAN])), "p_false"),
        (lambda: ClutterMap(EXTENTS, false_per_scan=1.0).learn(np.zeros((1, 4)), np.array([1.1])), "p_false"),
    ],
)
def test_errors_name_the_argument(how, says):
    with pytest.raises(ValueError, match=says):
        how()
