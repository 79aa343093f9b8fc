"""What a look expects: against the physics it stands for, and what it is for: expected misses."""

import math

import numpy as np
import pytest

from tests.plain import expected as plain
from tests.track.simulated import SITE, make_radar
from watchfloor.base.picture import Tasks
from watchfloor.physics import radar as radars
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.environment import Environment, Rain, SurfaceClutter
from watchfloor.physics.frames import ecef_to_polar, polar_to_ecef, range_rate
from watchfloor.physics.propagation import Surface
from watchfloor.physics.terrain import VisibleHeight
from watchfloor.track import detection as d

NAN = math.nan
FREE = Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0)


def filtered(**changes):
    """A radar with a bank of 8 filters at three repetition frequencies."""
    values = dict(
        prf_hz=(1000.0, 1130.0, 1270.0), n_pulses=3, n_coherent=8, doppler="bank", window="hamming",
        pulse_width_s=2e-5, range_max_m=100e3, elevation_max_rad=0.5,
    )  # fmt: skip
    return make_radar(**(values | changes))


def places(n, seed, *, far_m=400e3, elevation=(-0.02, 0.8), speed_mps=300.0):
    rng = np.random.default_rng(seed)
    return rng.uniform([3e3, 0.0, elevation[0], -speed_mps], [far_m, 6.28, elevation[1], speed_mps], (n, 4))


def quiet(**changes):
    return dict(level_dbsm=0.0, doubt_db=0.0, floor=0.0) | changes


@pytest.mark.parametrize("gas", [None, GasTable(3e9, range_max_m=500e3)])
def test_a_plain_radar_is_met_exactly(gas):
    environment = Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0, gas=gas)
    radar, z = make_radar(), places(2000, 1)
    z[:1000, 2] = np.random.default_rng(2).uniform(-0.02, 0.02, 1000)  # about horizon and lower edge
    want = plain.seen(radar, environment, z)
    pd, snr = d.DetectionModel(radar, environment, **quiet()).expect_polar(z, np.zeros_like(z))
    np.testing.assert_array_equal(snr > 0.0, want.visible)
    np.testing.assert_allclose(snr, want.snr_1m2, rtol=1e-7)
    np.testing.assert_allclose(pd, want.pd, atol=5e-4)  # what the table over decibels is good for


def test_a_face_that_steers_is_met_exactly():
    radar = make_radar(
        motion="electronic", face_azimuth_rad=1.0, face_tilt_rad=0.2, scan_exponent=1.5, azimuth_width_rad=2.0
    )
    z = places(2000, 3)
    want = plain.seen(radar, FREE, z)
    pd, snr = d.DetectionModel(radar, FREE, **quiet()).expect_polar(z, np.zeros_like(z))
    np.testing.assert_array_equal(snr > 0.0, want.snr_1m2 > 0.0)
    np.testing.assert_allclose(snr, want.snr_1m2, rtol=1e-7)
    np.testing.assert_allclose(pd, want.pd, atol=5e-4)


def error_db(have, want):
    both = (have > 0.0) & (want > 0.0)
    assert both.mean() > 0.1
    return np.abs(10.0 * np.log10(have[both] / want[both]))


@pytest.mark.parametrize(
    ("radar", "environment", "median_db", "most_db"),
    [
        (make_radar(elevation="cosecant", elevation_peak_rad=0.02), FREE, 0.01, 0.3),
        (make_radar(), Environment(place=SITE, rain=Rain(rate_mmph=10.0), ground_alt_m=SITE.alt_m - 20.0), 0.02, 0.5),
    ],
    ids=["cosecant", "rain"],
)
def test_tabulated_gains_are_near_the_formula(radar, environment, median_db, most_db):
    z = places(3000, 4, elevation=(0.0, 0.6))
    want = plain.seen(radar, environment, z)
    _, snr = d.DetectionModel(radar, environment, **quiet()).expect_polar(z, np.zeros_like(z))
    error = error_db(snr, want.snr_1m2)
    assert np.median(error) < median_db
    assert np.quantile(error, 0.95) < most_db


def test_lobes_are_near_the_formula_but_for_the_depth_of_nulls():
    radar = make_radar(frequency_hz=1.3e9, elevation="fan", beamwidth_elevation_rad=0.2, elevation_peak_rad=0.05)
    environment = Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0, surface=Surface(kind="land"))
    z = places(3000, 4, elevation=(0.0, 0.2))
    want = plain.seen(radar, environment, z)
    pd, snr = d.DetectionModel(radar, environment, **quiet(level_dbsm=-20.0)).expect_polar(z, np.zeros_like(z))
    exact = radars.pd(radar, 0.01 * want.snr_1m2)
    assert 0.2 < exact.mean() < 0.8
    # rows are an eighth of a lobe apart, so a null is filled to sin(pi/16)^2 = -14 dB of the lobe's peak
    assert np.median(np.abs(pd - exact)) < 0.03
    assert abs(pd.mean() - exact.mean()) < 0.02
    np.testing.assert_allclose(snr.sum() / want.snr_1m2.sum(), 0.01, rtol=0.05)


@pytest.mark.parametrize(
    ("radar", "environment"),
    [
        (filtered(), FREE),
        (filtered(doppler="mti", n_coherent=3, window="none"), FREE),
        (filtered(), Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0, clutter=SurfaceClutter(kind="land"))),
        (filtered(), Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0, rain=Rain(rate_mmph=20.0))),
    ],
    ids=["bank", "mti", "clutter", "rain"],
)
def test_filters_and_blind_ranges_are_near_the_formula(radar, environment):
    z = places(3000, 5, far_m=100e3, elevation=(0.0, 0.4))
    want = plain.seen(radar, environment, z)
    pd, _ = d.DetectionModel(radar, environment, **quiet(level_dbsm=-10.0)).expect_polar(z, np.zeros_like(z))
    exact = np.where(want.visible, radars.pd(radar, 0.1 * want.snr_1m2), 0.0)
    error = np.abs(pd - exact)
    assert np.median(error) < 0.003
    assert np.quantile(error, 0.99) < 0.05


def test_the_cross_section_is_averaged_over():
    radar, z = make_radar(), places(20, 6, elevation=(0.02, 0.3))
    for level, doubt in ((0.0, 10.0), (-20.0, 4.5), (10.0, 20.0)):
        model = d.DetectionModel(radar, FREE, level_dbsm=level, doubt_db=doubt, floor=0.0)
        pd, _ = model.expect_polar(z, np.zeros_like(z))
        want = [plain.expected_pd(radar, FREE, row, np.zeros(4), level, doubt, n=1) for row in z]
        np.testing.assert_allclose(pd, want, atol=3e-3)
    # the same, asked for track by track
    pd, _ = d.DetectionModel(radar, FREE, floor=0.0).expect_polar(
        z, np.zeros_like(z), level_dbsm=np.full(20, 10.0), doubt_db=20.0
    )
    np.testing.assert_allclose(pd, want, atol=3e-3)


def test_a_track_in_the_notch_expects_to_be_missed_and_a_doubtful_one_half_so():
    radar = filtered(doppler="mti", n_coherent=3, window="none", prf_hz=(1000.0,))
    model = d.DetectionModel(radar, FREE, **quiet(level_dbsm=5.0))
    z = np.array([[80e3, 1.0, 0.05, rate] for rate in (0.0, 1.0, 3.0, 50.0, 100.0, 25.0)])  # 50 m/s is blind
    sharp, _ = model.expect_polar(z, np.zeros_like(z))
    assert np.all(sharp[[0, 3, 4]] < 1e-3)  # the notch and two blind speeds
    assert sharp[5] > 0.9
    for sd in (0.5, 2.0, 10.0, 40.0):
        variance = np.zeros_like(z)
        variance[:, 3] = sd * sd
        pd, _ = model.expect_polar(z, variance)
        want = [plain.expected_pd(radar, FREE, row, np.array([0.0, 0.0, 0.0, sd]), 5.0, 0.0) for row in z]
        np.testing.assert_allclose(pd, want, atol=0.04)
    # ten misses in the notch cost next to nothing where ten in the clear would end the track
    assert 10.0 * -math.log1p(-sharp[0]) < 0.01
    assert 10.0 * -math.log1p(-sharp[5]) > 20.0


def ridge(place, *, at_m, height_m, from_rad, to_rad):
    """Lowest visible height behind a wall of a height, in a sector; over it, the smooth earth hides nothing."""
    azimuth, range_m = np.arange(360) * (2.0 * np.pi / 360.0), np.arange(401) * 1e3
    height = np.full((360, 401), -1e3, np.float32)
    hidden = place.alt_m + (height_m - place.alt_m) * range_m / at_m + range_m * (range_m - at_m) / (2.0 * 8.5e6)
    sector = (azimuth >= from_rad) & (azimuth <= to_rad)
    height[np.ix_(sector, range_m > at_m)] = hidden[range_m > at_m]
    return VisibleHeight(
        place=place, k=4.0 / 3.0, azimuth_rad=azimuth, range_m=range_m, height_m=height, mask_rad=np.zeros(360)
    )


def test_what_stands_behind_a_ridge_is_not_expected():
    wall = ridge(SITE, at_m=20e3, height_m=1500.0, from_rad=0.5, to_rad=1.5)
    environment = Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0, terrain=wall)
    radar, z = make_radar(), places(3000, 7, far_m=200e3, elevation=(0.0, 0.05))
    want = plain.seen(radar, environment, z)
    assert 0.05 < 1.0 - want.visible.mean() < 0.5
    pd, snr = d.DetectionModel(radar, environment, **quiet(level_dbsm=10.0)).expect_polar(z, np.zeros_like(z))
    np.testing.assert_array_equal(snr > 0.0, want.visible)
    assert pd[~want.visible].max() == 0.0


def test_at_an_edge_the_place_is_averaged_over():
    wall = ridge(SITE, at_m=20e3, height_m=1500.0, from_rad=0.5, to_rad=1.5)
    environment = Environment(place=SITE, ground_alt_m=SITE.alt_m - 20.0, terrain=wall)
    radar = make_radar()
    model = d.DetectionModel(radar, environment, **quiet(level_dbsm=10.0))
    cases = np.array([
        [60e3, 1.0, 0.032, 0.0],  # at the edge of the ridge's shadow
        [60e3, 3.0, -0.004, 0.0],  # at the horizon
        [399.9e3, 3.0, 0.05, 0.0],  # at the instrumented range
        [60e3, 3.0, 0.8, 0.0],  # at the upper edge
    ])  # fmt: skip
    sd = np.array([300.0, 0.0, 0.004, 0.0])
    for z in cases:
        for off in (-0.006, 0.0, 0.003):
            at = z + [0.0, 0.0, off, 0.0]
            pd, _ = model.expect_polar(at[None], np.square(sd)[None])
            # one error at a time is averaged over in the twin; here they are the only ones that matter
            which = np.array([1.0, 0.0, 0.0, 0.0]) if z[0] > 399e3 else np.array([0.0, 0.0, 1.0, 0.0])
            want = plain.expected_pd(radar, environment, at, sd * which, 10.0, 0.0)
            assert pd[0] == pytest.approx(want, abs=0.02), (z, off)


def test_a_prediction_may_come_in_ecef():
    rng, radar = np.random.default_rng(8), make_radar()
    z = places(50, 9, elevation=(0.02, 0.6))
    position = polar_to_ecef(z[:, 0], z[:, 1], z[:, 2], SITE)
    velocity = rng.normal(0.0, 200.0, (50, 3))
    root = rng.normal(0.0, 1.0, (50, 3, 3)) * 300.0
    p, v = root @ root.transpose(0, 2, 1), np.broadcast_to(25.0 * np.eye(3), (50, 3, 3))
    from watchfloor.track._kernels.detection import polar_rows

    polar, variance = polar_rows(position, velocity, p, np.ascontiguousarray(v), SITE.ecef_m, SITE.rotation)
    np.testing.assert_allclose(polar[:, :3], np.array(ecef_to_polar(position, SITE)).T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(polar[:, 3], range_rate(position, velocity, SITE), rtol=1e-9)

    def measured(x):
        return np.array([*ecef_to_polar(x[:, :3], SITE), range_rate(x[:, :3], x[:, 3:], SITE)]).T

    x, step = np.concatenate([position, velocity], axis=1), np.array([1.0] * 3 + [0.1] * 3)
    h = np.stack(
        [(measured(x + dx) - measured(x - dx)) / 2.0 / s for dx, s in zip(np.diag(step), step, strict=True)], 2
    )
    cov = np.zeros((50, 6, 6))
    cov[:, :3, :3], cov[:, 3:, 3:] = p, v
    want = np.einsum("nka,nab,nkb->nk", h, cov, h)
    np.testing.assert_allclose(variance, want, rtol=1e-4)
    model = d.DetectionModel(radar, FREE)
    for have, expected in zip(
        model.expect(position, velocity, position_cov=p, velocity_cov=v),
        model.expect_polar(polar, variance),
        strict=True,
    ):
        np.testing.assert_allclose(have, expected, rtol=1e-12)
    bare = model.expect(position, velocity)
    np.testing.assert_allclose(bare[0], model.expect_polar(polar, np.zeros_like(polar))[0], rtol=1e-12)


def test_the_learner_has_the_last_word():
    tasks = Tasks(
        track=np.array([3, 3, 5]), sensor=np.array([0, 1, 1]), t_s=np.zeros(3), position_ecef_m=np.zeros((3, 3)),
        velocity_ecef_mps=np.zeros((3, 3)), radius_m=np.ones(3), pfa=np.full(3, 1e-6), pd=np.array([0.1, 0.2, 0.3]),
    )  # fmt: skip
    pd = d.tasked(np.full(4, 0.9), np.array([1, 3, 5, 7]), 1, tasks)
    np.testing.assert_array_equal(pd, [0.9, 0.2, 0.3, 0.9])
    pd = d.tasked(np.full(4, 0.9), np.array([1, 3, 5, 7]), 0, tasks)
    np.testing.assert_array_equal(pd, [0.9, 0.1, 0.9, 0.9])


def test_pd_is_learned_ring_by_ring_within_the_band_of_the_counts():
    learned, rng = d.LearnedPd(0.5, range_max_m=100e3, n_rings=4, memory_scans=200.0), np.random.default_rng(10)
    truth = np.array([0.95, 0.9, 0.7, 0.3])
    for _ in range(1000):
        r = rng.uniform(0.0, 100e3, 20)
        learned.learn(r, (rng.random(20) < truth[(r / 25e3).astype(int)]).astype(float), np.ones(20))
    middles, pd = learned.rings
    # counts that fade over m scans weigh as m/2 of them: 5 looks a scan and ring; the prior draws by 20 looks in 1000
    band = 4.0 * np.sqrt(truth * (1.0 - truth) / (5.0 * 100.0)) + 20.0 / 1020.0 * 0.5
    assert np.all(np.abs(pd - truth) < band)
    np.testing.assert_allclose(learned.at(middles), pd)
    assert np.all(np.diff(learned.at(np.linspace(12.5e3, 87.5e3, 50))) <= 0.0)
    fresh = d.LearnedPd(0.5, range_max_m=100e3, n_rings=4)
    fresh.restore(learned.save())
    np.testing.assert_array_equal(fresh.rings[1], pd)
    z = np.array([[12.5e3, 0.0, 0.0, 0.0], [NAN, 0.0, NAN, NAN]])
    have, snr = learned.expect_polar(z, np.zeros_like(z))
    assert have[0] == pytest.approx(pd[0])
    assert have[1] == 0.5
    assert np.isnan(snr).all()


def test_a_constant_pd_stays():
    constant = d.LearnedPd(0.8, range_max_m=1e5, learns=False)
    constant.learn(np.full(50, 1e3), np.zeros(50), np.ones(50))
    np.testing.assert_allclose(constant.at(np.array([1e3, 9e4])), 0.8)


LEARNED = d.LearnedPd(range_max_m=1e5)
MODEL = d.DetectionModel(make_radar(), FREE)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda: d.DetectionModel(make_radar(), FREE, level_dbsm=NAN), "level_dbsm"),
        (lambda: d.DetectionModel(make_radar(), FREE, doubt_db=21.0), "doubt_db"),
        (lambda: d.DetectionModel(make_radar(), FREE, floor=1.0), "floor"),
        (
            lambda: d.DetectionModel(make_radar(), Environment(place=SITE, clutter=SurfaceClutter(kind="land"))),
            "clutter needs filters",
        ),
        (lambda: MODEL.expect_polar(np.zeros((2, 4)), np.zeros(2)), r"both \(n, 4\)"),
        (lambda: MODEL.expect_polar(np.zeros((2, 4)), np.zeros((2, 4)), doubt_db=np.zeros(3)), "doubt_db"),
        (lambda: MODEL.expect(np.zeros((2, 2)), np.zeros((2, 3))), "position_ecef_m"),
        (lambda: MODEL.expect(np.zeros((2, 3)), np.zeros((1, 3))), "velocity_ecef_mps"),
        (lambda: MODEL.expect(np.zeros((2, 3)), np.zeros((2, 3)), position_cov=np.zeros((1, 3, 3))), "position_cov"),
        (lambda: d.LearnedPd(1.0, range_max_m=1.0), "pd must lie"),
        (lambda: d.LearnedPd(range_max_m=NAN), "range_max_m"),
        (lambda: d.LearnedPd(range_max_m=1.0, n_rings=0), "n_rings"),
        (lambda: d.LearnedPd(range_max_m=1.0, memory_scans=NAN), "memory_scans"),
        (lambda: d.LearnedPd(range_max_m=1.0, prior_looks=0.0), "prior_looks"),
        (lambda: LEARNED.learn(np.zeros(2), np.zeros(1), np.zeros(2)), "one range"),
        (lambda: LEARNED.learn(np.array([NAN]), np.zeros(1), np.zeros(1)), "range_m"),
        (lambda: LEARNED.learn(np.zeros(1), np.array([2.0]), np.zeros(1)), "p_hit"),
        (lambda: LEARNED.learn(np.zeros(1), np.zeros(1), np.array([NAN])), "weight"),
        (lambda: LEARNED.restore({}), "rings"),
    ],
)
def test_errors_name_the_argument(how, says):
    with pytest.raises(ValueError, match=says):
        how()
