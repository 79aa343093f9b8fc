import numpy as np
import pytest

from tests.plain import tracking as plain
from tests.track.simulated import SD, SITE, flights
from watchfloor.base.errors import NumericsError
from watchfloor.physics.frames import ecef_to_polar, range_rate
from watchfloor.track.filter import predict_update
from watchfloor.track.gnn import GnnTrackerConfig

CONFIG = GnnTrackerConfig(manoeuvre_mps2=1.0, climb_manoeuvre_mps2=0.5)


def test_errors_lie_in_the_chi_square_band_when_the_models_hold():
    # NEES of n independent targets: mean 6, standard error sqrt(12 / n); NIS likewise with 4; 4 standard errors allowed
    n, rng = 400, np.random.default_rng(7)
    flown = flights(n, rng, near_m=60e3, far_m=180e3)
    truth = np.concatenate([flown.start_m, flown.velocity_mps], axis=1)
    sd = np.array([300.0] * 3 + [10.0] * 3)
    state, cov = truth + rng.normal(size=(n, 6)) * sd, np.broadcast_to(np.diag(sd**2), (n, 6, 6)).copy()
    q_h, q_v = 2.0 * 1.0**2 * 10.0, 2.0 * 0.5**2 * 10.0
    t = np.zeros(n)
    for turn in range(1, 9):
        dt = rng.uniform(3.0, 6.0, n)
        for i in range(n):
            noise = np.linalg.cholesky(plain.process_noise(truth[i], dt[i], q_h, q_v)) @ rng.normal(size=6)
            truth[i] = plain.transition(dt[i]) @ truth[i] + noise
        z = np.stack([*ecef_to_polar(truth[:, :3], SITE), range_rate(truth[:, :3], truth[:, 3:], SITE)], axis=1)
        z += rng.normal(size=(n, 4)) * SD
        if turn % 3 == 0:
            z[:, 2] = np.nan
        r = np.broadcast_to(np.diag(SD**2), (n, 4, 4))
        state, cov, d2 = predict_update(
            state, cov, t, plot_t_s=t + dt, measurement=z, measurement_cov=r, place=SITE, config=CONFIG
        )
        t = t + dt
        m = 3 if turn % 3 == 0 else 4
        assert abs(d2.mean() - m) < 4.0 * np.sqrt(2.0 * m / n)
        off = truth - state
        nees = np.einsum("ni,ni->n", off, np.linalg.solve(cov, off[..., None])[..., 0])
        assert abs(nees.mean() - 6.0) < 4.0 * np.sqrt(12.0 / n)


def test_a_plot_of_the_past_is_used_and_time_does_not_go_back():
    rng = np.random.default_rng(8)
    flown = flights(1, rng)
    truth = np.concatenate([flown.start_m, flown.velocity_mps], axis=1)
    cov = np.diag([500.0**2] * 3 + [20.0**2] * 3)[None]
    z = plain.expected(truth[0], -3.0, SITE)[None]
    start = truth + np.array([400.0, -300.0, 200.0, 0.0, 0.0, 0.0])
    state, after, _ = predict_update(
        start, cov, np.array([10.0]), plot_t_s=np.array([7.0]), measurement=z,
        measurement_cov=np.diag(SD**2)[None], place=SITE, config=CONFIG,
    )  # fmt: skip
    assert np.linalg.norm(state[0, :3] - truth[0, :3]) < 0.5 * np.linalg.norm(start[0, :3] - truth[0, :3])
    assert (np.linalg.eigvalsh(after[0]) > 0.0).all()
    assert np.trace(after[0]) < np.trace(cov[0])


def test_a_bad_measurement_covariance_is_named():
    rng = np.random.default_rng(9)
    flown = flights(2, rng)
    state = np.concatenate([flown.start_m, flown.velocity_mps], axis=1)
    r = np.stack([np.diag(SD**2), np.zeros((4, 4))])
    with pytest.raises(NumericsError, match="row 1"):
        predict_update(
            state, np.broadcast_to(np.eye(6), (2, 6, 6)), np.zeros(2), plot_t_s=np.ones(2),
            measurement=np.ones((2, 4)), measurement_cov=r, place=SITE, config=CONFIG,
        )  # fmt: skip
