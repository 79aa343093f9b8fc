"""Motion: what a move, a mixing, a sigma-point update and a smoothed plot cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numba import njit

from watchfloor.physics.frames import Place
from watchfloor.track._kernels import measure, motion, sigma
from watchfloor.track.motion import (
    CaConfig,
    CtConfig,
    CtUnknownConfig,
    CvConfig,
    MotionConfig,
    SingerConfig,
    model_table,
    sojourns_s,
)
from watchfloor.track.smooth import smooth

Row = tuple[str, float, str, str]
SITE = Place.from_degrees(48.0, 12.0, 500.0)
SD = np.array([50.0, np.radians(0.25), np.radians(0.4), 2.0])


@njit
def _moves(model, dt, x, p, n):  # noqa: ANN001, ANN202
    x0, p0 = x.copy(), p.copy()
    for _ in range(n):
        x[:] = x0
        p[:] = p0
        motion.move(model, dt, False, x, p)


@njit
def _mixes(weights, sojourn, dt, x, p, w_out, x_out, p_out, n):  # noqa: ANN001, ANN202
    switch = np.empty((len(weights), len(weights)))
    for _ in range(n):
        motion.switching(sojourn, dt, switch)
        motion.mix(weights, switch, x, p, w_out, x_out, p_out)


@njit
def _updates(x, p, z, cov, sensor, scheme, n):  # noqa: ANN001, ANN202
    x0, p0 = x.copy(), p.copy()
    for _ in range(n):
        x[:] = x0
        p[:] = p0
        if scheme == 0:
            measure.update(x, p, z, cov, sensor)
        else:
            sigma.sigma_update(x, p, z, cov, sensor, scheme)


def _us(call: Callable[..., None], *arguments: object, n: int = 20_000) -> float:
    """CPU time of one turn of a compiled loop, best of 7. [us]"""
    call(*arguments, 10)
    best = np.inf
    for _ in range(7):
        start = time.process_time()
        call(*arguments, n)
        best = min(best, time.process_time() - start)
    return 1e6 * best / n


def _state(nx: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.zeros(nx)
    x[:3] = SITE.ecef_m + 40e3 * SITE.rotation[1] + 8e3 * SITE.rotation[2]
    x[3:6] = 200.0 * SITE.rotation[0]
    return x, np.diag(([1e4] * 3 + [1e2] * 3 + [25.0] * 3 + [1e-3])[:nx])


def run() -> list[Row]:
    """Rows: what, figure, unit, bar."""
    rows: list[Row] = []
    for config, bar in (
        (CvConfig(), "<= 0.35"),
        (CtConfig(turn_rate_degps=4.0), "<= 0.35"),
        (CaConfig(), ""),
        (SingerConfig(), ""),
        (CtUnknownConfig(), ""),
    ):
        table, nx = model_table(MotionConfig(models=(config,)))
        rows.append((f"move, {config.kind}, {nx} components, ECEF", _us(_moves, table[0], 4.0, *_state(nx)), "us", bar))
    four = MotionConfig(models=(CvConfig(), CtConfig(turn_rate_degps=4.0), CtConfig(turn_rate_degps=-4.0), CvConfig()))
    x, p = _state(6)
    xs, ps = np.stack([x] * 4), np.stack([p] * 4)
    share = np.full(4, 0.25)
    out = np.empty(4), np.empty_like(xs), np.empty_like(ps)
    rows.append(("switching and mixing of 4 models", _us(_mixes, share, sojourns_s(four), 4.0, xs, ps, *out), "us", ""))
    sensor = np.zeros(measure.N_COLUMNS)
    sensor[:3], sensor[3:12] = SITE.ecef_m, SITE.rotation.ravel()
    z, cov = np.empty(4), np.diag(SD**2)
    measure.expected(x, 0.0, sensor, z)
    for scheme, name in ((0, "extended"), (sigma.UNSCENTED, "unscented"), (sigma.CUBATURE, "cubature")):
        rows.append((f"update, 4 components, {name}", _us(_updates, x, p, z, cov, sensor, scheme), "us", ""))
    n = 1000
    t = 4.0 * np.arange(n)
    angle = t / 200.0
    plots = np.stack(
        [40e3 + 5e3 * np.sin(angle), 0.5 + 0.1 * angle % 6.0, np.full(n, 0.2), 25.0 * np.cos(angle)], axis=1
    )
    where, r = np.zeros(n, np.int64), np.broadcast_to(cov, (n, 4, 4))
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        smooth(t, where, plots, r, sensors=[SITE], motion=four)
        best = min(best, time.process_time() - start)
    rows.append(("smoothing a plot, 4 models", 1e6 * best / n, "us", "<= 40"))
    return rows


if __name__ == "__main__":
    for what, figure, unit, bar in run():
        print(f"{what:48s} {figure:8.3f} {unit:4s} {bar}")
