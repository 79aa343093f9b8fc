import numpy as np
import pytest

from tests.plain import motion as plain
from tests.track.test_sigma import AXES, PLACE, POLAR
from watchfloor.base.errors import NumericsError
from watchfloor.physics.frames import ecef_to_polar, range_rate
from watchfloor.track._kernels import measure
from watchfloor.track._kernels import motion as k
from watchfloor.track.motion import (
    CaConfig,
    CtConfig,
    CtUnknownConfig,
    CvConfig,
    MotionConfig,
    SingerConfig,
    initial_shares,
    model_table,
    switching,
)
from watchfloor.track.smooth import smooth

ONE = MotionConfig(models=(CvConfig(manoeuvre_mps2=1.0, climb_manoeuvre_mps2=0.3, manoeuvre_time_s=5.0),))
THREE = MotionConfig(
    models=(
        CvConfig(manoeuvre_mps2=0.3, climb_manoeuvre_mps2=0.1, manoeuvre_time_s=4.0, sojourn_s=40.0),
        CtConfig(turn_rate_degps=1.2, manoeuvre_mps2=0.5, climb_manoeuvre_mps2=0.1, manoeuvre_time_s=4.0),
        CtConfig(turn_rate_degps=-1.2, manoeuvre_mps2=0.5, climb_manoeuvre_mps2=0.1, manoeuvre_time_s=4.0),
    )
)
SD = np.array([30.0, np.radians(0.2), np.radians(0.3), 1.0])


def cartesian(n, rng, gap_s=4.0):
    t = np.cumsum(rng.uniform(0.3, 1.7, n)) * gap_s
    z = np.full((n, 4), np.nan)
    z[:, :3] = np.outer(t, [80.0, -120.0, 3.0]) + rng.normal(size=(n, 3)) * 60.0
    r = np.broadcast_to(np.diag([3600.0, 3600.0, 3600.0, 1.0]), (n, 4, 4)).copy()
    return t, z, r


@pytest.mark.parametrize(
    "config", [CvConfig(), CtConfig(turn_rate_degps=2.0), CaConfig(), SingerConfig()], ids=lambda c: c.kind
)
def test_one_linear_model_gives_the_mean_and_covariance_of_the_whole_joint_distribution(config):
    # all states and plots are jointly Gaussian: condition that one big Gaussian, with no recursion at all
    rng, n = np.random.default_rng(1), 7
    t, z, r = cartesian(n, rng)
    motion = MotionConfig(models=(config,))
    table, nx = model_table(motion)
    ask = np.array([t[2] + 0.5, t[-1] + 6.0])
    x0, p0 = np.zeros(nx), np.diag([500.0**2] * 3 + [150.0**2] * 3 + [4.0] * 3)[:nx, :nx] * 1.0
    x0[:3] = z[0, :3]
    grid = np.sort(np.concatenate([t, ask]))
    mean, joint = np.zeros((len(grid), nx)), np.zeros((len(grid), nx, len(grid), nx))
    mean[0], joint[0, :, 0] = x0, p0
    for i in range(1, len(grid)):
        a, noise = plain.continuous(table[0], nx, np.array([0.0, 0.0, 1.0]))
        f, q = plain.van_loan(a, noise, grid[i] - grid[i - 1])
        mean[i] = f @ mean[i - 1]
        for j in range(i):
            joint[i, :, j] = f @ joint[i - 1, :, j]
            joint[j, :, i] = joint[i, :, j].T
        joint[i, :, i] = f @ joint[i - 1, :, i - 1] @ f.T + q
    big = joint.reshape(len(grid) * nx, -1)
    h = np.zeros((3 * n, len(grid) * nx))
    for row, when in enumerate(t):
        at = int(np.searchsorted(grid, when))
        h[3 * row : 3 * row + 3, at * nx : at * nx + 3] = np.eye(3)
    s = h @ big @ h.T + 3600.0 * np.eye(3 * n)
    gain = np.linalg.solve(s, h @ big).T
    want = (mean.ravel() + gain @ (z[:, :3].ravel() - h @ mean.ravel())).reshape(-1, nx)
    want_cov = (big - gain @ h @ big).reshape(len(grid), nx, len(grid), nx)
    got = smooth(
        t, np.zeros(n, int), z, r, sensors=AXES[None], motion=motion, at_s=ask, start=(x0, p0), flat=True,
        altitude_sd_m=np.inf,
    )  # fmt: skip
    np.testing.assert_allclose(got.t_s, grid)
    np.testing.assert_array_equal(got.plot >= 0, np.isin(grid, t))
    for i in range(len(grid)):
        sd = np.sqrt(np.diag(want_cov[i, :, i]))
        # the backward filter starts with 1e-4 of the last state's information, counted twice
        np.testing.assert_allclose((got.state[i] - want[i]) / sd, 0.0, atol=3e-4)
        np.testing.assert_allclose(got.cov[i] / np.outer(sd, sd), want_cov[i, :, i] / np.outer(sd, sd), atol=3e-4)
    v = z[:, :3].ravel() - h @ mean.ravel()
    whole = -0.5 * (v @ np.linalg.solve(s, v) + np.linalg.slogdet(2.0 * np.pi * s)[1])
    assert got.log_likelihood.sum() == pytest.approx(whole, abs=1e-6)


def flown(rng, n, dt, motion, start):
    """Fly one target by the models themselves: truth (n, 6) and the model of each step."""
    table, _ = model_table(motion)
    chances, x = switching(motion, dt), start.copy()
    mode, truth, modes = rng.choice(len(table), p=initial_shares(motion)), [x.copy()], []
    for _ in range(n - 1):
        mode = rng.choice(len(table), p=chances[mode])
        p = np.zeros((6, 6))
        k.move(table[mode], dt, False, x, p)
        x += np.linalg.cholesky(p + 1e-9 * np.eye(6)) @ rng.normal(size=6)
        truth.append(x.copy())
        modes.append(mode)
    return np.array(truth), np.array([modes[0], *modes])


def seen(truth, rng):
    z = np.stack([*ecef_to_polar(truth[:, :3], PLACE), range_rate(truth[:, :3], truth[:, 3:6], PLACE)], axis=1)
    z += rng.normal(size=z.shape) * SD
    z[:, 1] %= 2.0 * np.pi
    return z, np.broadcast_to(np.diag(SD**2), (len(z), 4, 4))


def runs(motion, n_runs, n, dt, seed):
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n_runs):
        e, north, u = PLACE.rotation
        heading = rng.uniform(0.0, 2.0 * np.pi)
        x0 = np.concatenate(
            [
                PLACE.ecef_m + rng.uniform(-30e3, 30e3) * e + rng.uniform(15e3, 45e3) * north + 6e3 * u,
                200.0 * (np.cos(heading) * e + np.sin(heading) * north),
            ]
        )
        truth, modes = flown(rng, n, dt, motion, x0)
        z, r = seen(truth, rng)
        sd = np.array([300.0] * 3 + [20.0] * 3)
        start = (x0 + sd * rng.normal(size=6), np.diag(sd**2))
        got = smooth(
            dt * np.arange(n), np.zeros(n, int), z, r, sensors=[PLACE], motion=motion, start=start,
            altitude_sd_m=np.inf,
        )  # fmt: skip
        out.append((truth, modes, got))
    return out


def nees(truth, state, cov):
    off = truth - state
    return np.einsum("ni,ni->n", off, np.linalg.solve(cov, off[..., None])[..., 0])


def test_one_model_smooths_consistently_and_by_as_much_as_it_says():
    # NEES of 60 independent flights at one time each: mean 6, standard error sqrt(12 / 60) = 0.45, 4 of them allowed
    flights = runs(ONE, 60, 30, 4.0, seed=2)
    for at in (0, 7, 15, 22, 29):
        value = np.mean([nees(truth[at : at + 1], g.state[at : at + 1], g.cov[at : at + 1]) for truth, _, g in flights])
        assert abs(value - 6.0) < 4.0 * np.sqrt(12.0 / 60.0)
    # squared errors of position in mid-flight against the traces of the covariances; their ratio is what smoothing
    # brings: one flight's squared error has a relative spread of at most sqrt(2), over 60 flights 0.18, so 4 x 0.18
    mid = slice(10, 20)
    for name, cov in (("state", "cov"), ("filtered", "filtered_cov")):
        said = np.mean([np.trace(getattr(g, cov)[mid, :3, :3], axis1=1, axis2=2) for *_, g in flights])
        was = np.mean([np.sum((getattr(g, name)[mid, :3] - truth[mid, :3]) ** 2, axis=1) for truth, _, g in flights])
        assert abs(was / said - 1.0) < 4.0 * np.sqrt(2.0 / 60.0)
    gain = np.mean([np.trace(g.cov[mid, :3, :3], axis1=1, axis2=2) for *_, g in flights]) / np.mean(
        [np.trace(g.filtered_cov[mid, :3, :3], axis1=1, axis2=2) for *_, g in flights]
    )
    assert gain < 0.6


@pytest.fixture(scope="module")
def manoeuvring():
    return runs(THREE, 60, 40, 4.0, seed=3)


def test_several_models_smooth_consistently(manoeuvring):
    # the covariance is that of a mixture merged to one Gaussian, so NEES is a little below chi-square when models are
    # in doubt and above when the merged pairs are too sure: a band of 4 standard errors and 10 % for it
    for at in (5, 15, 25, 35):
        value = np.mean(
            [nees(truth[at : at + 1], g.state[at : at + 1], g.cov[at : at + 1]) for truth, _, g in manoeuvring]
        )
        assert abs(value - 6.0) < 4.0 * np.sqrt(12.0 / 60.0) + 0.6


def test_smoothing_beats_filtering_where_targets_manoeuvre(manoeuvring):
    # paired by flight: mean gain in squared position error over its standard error
    gains = np.array(
        [
            np.mean(np.sum((g.filtered[5:-5, :3] - t[5:-5, :3]) ** 2, axis=1))
            - np.mean(np.sum((g.state[5:-5, :3] - t[5:-5, :3]) ** 2, axis=1))
            for t, _, g in manoeuvring
        ]
    )
    assert gains.mean() > 4.0 * gains.std(ddof=1) / np.sqrt(len(gains))
    said = np.mean([np.trace(g.cov[5:-5, :3, :3], axis1=1, axis2=2) for *_, g in manoeuvring])
    was = np.mean([np.sum((g.state[5:-5, :3] - t[5:-5, :3]) ** 2, axis=1) for t, _, g in manoeuvring])
    assert abs(was / said - 1.0) < 4.0 * np.sqrt(2.0 / 60.0)


def test_smoothed_model_probabilities_are_sharper_and_calibrated(manoeuvring):
    modes = np.concatenate([m[5:-5] for _, m, _ in manoeuvring])
    truth = np.eye(3)[modes]
    after = np.concatenate([g.shares[5:-5] for *_, g in manoeuvring])
    before = np.concatenate([g.filtered_shares[5:-5] for *_, g in manoeuvring])

    def brier(shares):
        return np.mean(np.sum((shares - truth) ** 2, axis=1))

    assert brier(after) < 0.6 * brier(before)
    # expected by the probabilities themselves: mean of 1 - sum p^2; they miss it by less than a third
    assert abs(brier(after) / np.mean(1.0 - np.sum(after**2, axis=1)) - 1.0) < 0.33


def test_interacting_models_beat_one_filter_on_the_air_traffic_scenario_of_bar_shalom():
    # Bar-Shalom, Li & Kirubarajan, 2001, section 11.7.4: from (25, 10) km west at 120 m/s for 125 s, a turn of 1 deg/s
    # for 90 s, south for 125 s, a turn of 3 deg/s for 30 s to the west again, 125 s; position to 100 m every 5 s.
    rng, dt, n_runs = np.random.default_rng(4), 5.0, 25
    legs = [(125, 0.0), (90, -1.0), (125, 0.0), (30, 3.0), (125, 0.0)]
    x, truth, turning = np.array([25e3, 10e3, 0.0, -120.0, 0.0, 0.0]), [], []
    table, _ = model_table(MotionConfig(models=(CtConfig(turn_rate_degps=1.0, manoeuvre_mps2=0.0),)))
    for length, rate in legs:
        table[0, k.RATE] = np.radians(rate)
        for _ in range(int(length / dt)):
            truth.append(x.copy())
            turning.append(abs(rate) > 0.0)
            k.move(table[0], dt, True, x, np.zeros((6, 6)))
    truth, turning = np.array(truth), np.array(turning)
    np.testing.assert_allclose(truth[43, 3:5], [0.0, -120.0], atol=1e-6)  # the first turn ends south, as in the book
    quiet = dict(climb_manoeuvre_mps2=0.1, manoeuvre_time_s=2.5)
    imm = MotionConfig(
        models=(
            CvConfig(manoeuvre_mps2=0.1, sojourn_s=100.0, **quiet),
            CtUnknownConfig(
                manoeuvre_mps2=0.5, turn_rate_change_degps=1.0, turn_rate_time_s=5.0, sojourn_s=50.0, **quiet
            ),
        ),
        turn_rate_sd_degps=2.0,
    )
    # the single filter is given its best noise: half to all of the largest acceleration, 120 m/s x 3 deg/s
    singles = [MotionConfig(models=(CvConfig(manoeuvre_mps2=a, **quiet),)) for a in (0.75, 1.5, 3.0, 6.0)]
    t, r = dt * np.arange(len(truth)), np.broadcast_to(np.diag([1e4, 1e4, 1e4, 1.0]), (len(truth), 4, 4))
    errors = np.zeros((2 + len(singles), n_runs, len(truth)))
    for run in range(n_runs):
        z = np.full((len(truth), 4), np.nan)
        z[:, :3] = truth[:, :3] + 100.0 * rng.normal(size=(len(truth), 3))
        for i, motion in enumerate([imm, *singles]):
            got = smooth(
                t, np.zeros(len(t), int), z, r, sensors=AXES[None], motion=motion, flat=True, altitude_m=0.0,
            )  # fmt: skip
            errors[1 + i, run] = np.sum((got.filtered[:, :2] - truth[:, :2]) ** 2, axis=1)
            if i == 0:
                errors[0, run] = np.sum((got.state[:, :2] - truth[:, :2]) ** 2, axis=1)
    settled = slice(8, None)
    mean = errors[:, :, settled].mean(axis=2)
    for single in mean[2:]:
        gain = single - mean[1]
        assert gain.mean() > 4.0 * gain.std(ddof=1) / np.sqrt(n_runs)
    assert np.sqrt(mean[1].mean()) < 0.92 * np.sqrt(mean[2:].mean(axis=1).min())
    gain = mean[1] - mean[0]
    assert gain.mean() > 4.0 * gain.std(ddof=1) / np.sqrt(n_runs)
    assert np.sqrt(mean[0].mean()) < 0.75 * np.sqrt(mean[1].mean())


def test_the_order_of_plots_does_not_matter():
    rng = np.random.default_rng(5)
    truth, _ = flown(
        rng, 12, 4.0, ONE, np.concatenate([PLACE.ecef_m + 20e3 * PLACE.rotation[1] + 5e3, [50.0, 90.0, 0.0]])
    )
    z, r = seen(truth, rng)
    t, order = 4.0 * np.arange(12), rng.permutation(12)
    one = smooth(t, np.zeros(12, int), z, r, sensors=[PLACE], motion=THREE)
    other = smooth(t[order], np.zeros(12, int), z[order], r[order], sensors=[PLACE], motion=THREE)
    np.testing.assert_array_equal(one.state, other.state)
    np.testing.assert_array_equal(order[other.plot], one.plot)


def test_times_asked_for_between_before_and_after_the_plots():
    rng = np.random.default_rng(6)
    truth, _ = flown(
        rng, 20, 4.0, THREE, np.concatenate([PLACE.ecef_m + 20e3 * PLACE.rotation[1] + 5e3, [50.0, 90.0, 0.0]])
    )
    z, r = seen(truth, rng)
    t = 4.0 * np.arange(20)
    plain_run = smooth(t, np.zeros(20, int), z, r, sensors=[PLACE], motion=THREE)
    ask = np.array([-6.0, -1.0, 30.0, 31.0, 90.0])
    got = smooth(t, np.zeros(20, int), z, r, sensors=[PLACE], motion=THREE, at_s=ask)
    np.testing.assert_array_equal(got.t_s, np.sort(np.concatenate([t, ask])))
    plots = got.state[got.plot >= 0]
    sd = np.sqrt(np.einsum("nii->ni", plain_run.cov))
    assert np.abs((plots - plain_run.state) / sd).max() < 0.2  # one more mixing moves the rest by little
    sizes = np.trace(got.cov[:, :3, :3], axis1=1, axis2=2)
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[-1] > sizes[-2]
    off = got.state[got.t_s == 30.0][0] - 0.5 * (truth[7] + truth[8])
    assert np.linalg.norm(off[:3]) < 300.0


@pytest.mark.parametrize(
    "motion",
    [
        MotionConfig(models=(CvConfig(), SingerConfig())),
        MotionConfig(models=(CvConfig(), CaConfig(), CtConfig(turn_rate_degps=3.0), SingerConfig(), CtUnknownConfig())),
    ],
    ids=["nine", "ten"],
)
def test_any_mixture_of_models_smooths_and_stays_positive_definite(motion):
    rng = np.random.default_rng(7)
    truth, _ = flown(
        rng, 30, 4.0, THREE, np.concatenate([PLACE.ecef_m + 20e3 * PLACE.rotation[1] + 5e3, [50.0, 90.0, 0.0]])
    )
    z, r = seen(truth, rng)
    z[3:6, 2] = np.nan
    z[10, :] = np.nan
    got = smooth(4.0 * np.arange(30), np.zeros(30, int), z, r, sensors=[PLACE], motion=motion)
    assert np.isfinite(got.state).all()
    assert np.linalg.eigvalsh(got.cov).min() > 0.0
    np.testing.assert_allclose(got.shares.sum(axis=1), 1.0, rtol=1e-12)
    was = np.sum((got.filtered[8:, :3] - truth[8:, :3]) ** 2)
    assert np.sum((got.state[8:, :3] - truth[8:, :3]) ** 2) < was


def test_plots_of_two_sensors_at_one_time_and_twice_the_same():
    rng = np.random.default_rng(8)
    truth, _ = flown(
        rng, 10, 4.0, ONE, np.concatenate([PLACE.ecef_m + 20e3 * PLACE.rotation[1] + 5e3, [50.0, 90.0, 0.0]])
    )
    z, r = seen(truth, rng)
    t = np.repeat(4.0 * np.arange(10), 2)
    got = smooth(
        t, np.tile([0, 1], 10), np.repeat(z, 2, axis=0), np.repeat(r, 2, axis=0),
        sensors=np.stack([POLAR, POLAR]), motion=THREE,
    )  # fmt: skip
    assert np.isfinite(got.state).all()
    sd = np.sqrt(np.einsum("nii->ni", got.cov[0::2]))  # the two rows linearise in different places
    np.testing.assert_allclose((got.state[0::2] - got.state[1::2]) / sd, 0.0, atol=0.2)


def bad(**changes):
    rng = np.random.default_rng(9)
    t, z, r = cartesian(5, rng)
    values = dict(t_s=t, sensor=np.zeros(5, int), measurement=z, cov=r)
    others = dict(sensors=AXES[None], motion=ONE, flat=True)
    for name, value in changes.items():
        (values if name in values else others)[name] = value
    return smooth(*values.values(), **others)


def with_row(a, row, value):
    a = a.copy()
    a[row] = value
    return a


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        (dict(t_s=np.empty(0)), ValueError, "at least one"),
        (dict(t_s=np.full(5, np.nan)), ValueError, "finite"),
        (dict(at_s=np.array([np.inf])), ValueError, "finite"),
        (dict(sensor=np.full(5, 1)), ValueError, "row 1 of 1 sensors"),
        (dict(sensor=np.full(5, -1)), ValueError, "row -1"),
        (dict(measurement=np.zeros((5, 3))), ValueError, "5 plots"),
        (dict(measurement=np.full((5, 4), np.inf)), ValueError, "row 0 is infinite"),
        (dict(measurement=np.full((5, 4), np.nan)), ValueError, "give start"),
        (dict(start=(np.zeros(5), np.eye(5))), ValueError, "start must be"),
        (dict(start=(np.full(6, np.nan), np.eye(6))), ValueError, "start must be finite"),
        (dict(sensors=np.zeros((1, 3))), ValueError, "sensors must be"),
        (dict(sensors=[PLACE]), ValueError, "no Place"),
        (dict(cov=with_row(cartesian(5, np.random.default_rng(9))[2], 3, 0.0)), NumericsError, "row 3"),
    ],
)
def test_bad_input_is_named(changes, error, says):
    with pytest.raises(error, match=says):
        bad(**changes)


def test_a_2d_radar_keeps_height_within_its_prior():
    rng = np.random.default_rng(10)
    e, north, u = PLACE.rotation
    x0 = np.concatenate([PLACE.ecef_m + 60e3 * north + 9e3 * u, 150.0 * e - 150.0 * north])
    truth, _ = flown(rng, 60, 4.0, ONE, x0)
    z, r = seen(truth, rng)
    z[:, 2] = np.nan
    got = smooth(4.0 * np.arange(60), np.zeros(60, int), z, r, sensors=[PLACE], motion=ONE, altitude_sd_m=3000.0)
    up = np.empty(3)
    heights = np.array([k.vertical(x, False, up) for x in got.state])
    assert np.all(np.abs(heights - 8000.0) < 9000.0)
    sd_up = np.sqrt(np.einsum("i,nij,j->n", up, got.cov[:, :3, :3], up))
    assert np.all(sd_up < 3100.0)
    ground = np.linalg.norm((got.state - truth)[:, :3] @ np.stack([e, north]).T, axis=1)
    assert np.median(ground) < 1500.0
    assert measure.N_COLUMNS == len(POLAR)
