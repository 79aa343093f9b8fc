"""Our tracker on the scenarios that trackers are compared on, told what each scenario says of plots and motion."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from benchmarks.tracking_scenarios import (
    A_SIGMA_V_MPS2,
    A_SITE_PROBABILITY,
    A_SITE_SD,
    A_SITES_M,
    A_SURVIVAL,
    FloatArray,
    IntArray,
    Scenario,
)
from watchfloor.base.picture import Plots, Tasks
from watchfloor.track.engine import Station
from watchfloor.track.motion import CtConfig, CvConfig, MotionConfig
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

_HALF_TURN_S = 10.0


def _straight(q: float, q_v: float, sojourn_s: float) -> CvConfig:
    """White acceleration of intensities q and q_v."""
    scale = 2.0 * _HALF_TURN_S
    return CvConfig(
        manoeuvre_mps2=math.sqrt(q / scale),
        climb_manoeuvre_mps2=math.sqrt(q_v / scale),
        manoeuvre_time_s=_HALF_TURN_S,
        sojourn_s=sojourn_s,
    )


def _turn(rate_degps: float, q: float, q_v: float, sojourn_s: float) -> CtConfig:
    scale = 2.0 * _HALF_TURN_S
    return CtConfig(
        turn_rate_degps=rate_degps,
        manoeuvre_mps2=math.sqrt(q / scale),
        climb_manoeuvre_mps2=math.sqrt(q_v / scale),
        manoeuvre_time_s=_HALF_TURN_S,
        sojourn_s=sojourn_s,
    )


def _turns(rates_degps: tuple[float, ...], q: float, q_turn: float, straight_s: float, turn_s: float) -> MotionConfig:
    q_v = 1e-3
    both = [sign * rate for rate in rates_degps for sign in (1.0, -1.0)]
    return MotionConfig(
        models=(_straight(q, q_v, straight_s), *(_turn(rate, q_turn, q_v, turn_s) for rate in both)),
    )


class KnownClutter:
    """The law by which the scenario draws false plots."""

    def __init__(self, scenario: Scenario) -> None:
        low, high = np.array(scenario.extent, float).T
        self._number = scenario.clutter_per_scan
        self._planar = scenario.dims == 2
        if self._planar:
            self._density = self._number / float(np.prod(high - low))
        else:
            area = 0.5 * (high[1] - low[1]) * (high[0] ** 2 - low[0] ** 2)
            self._density = self._number / float(area * (high[2] - low[2]) * (high[3] - low[3]))

    def density(self, z: FloatArray) -> FloatArray:
        """Uniform in ground area, altitude and range rate: by range and elevation."""
        if self._planar:
            return np.full(len(z), self._density)
        return self._density * z[:, 0] ** 2 * np.cos(z[:, 2])

    def learn(self, z: FloatArray, p_false: FloatArray) -> None:
        """Nothing to learn."""


def config_for(scenario: Scenario, *, told: bool) -> PmbTrackerConfig:
    """What a user who knows the scenario's laws would write."""
    name = scenario.name
    common: dict[str, Any] = {
        "clutter": "constant",
        "pd": scenario.pd,
        "first_plot_max": 1.0,
        "show_existence": 0.45,
        "confirm_existence": 0.5,
        "lose_existence": 0.5,
    }
    if scenario.dims == 2:
        return PmbTrackerConfig(
            **common,
            motion=MotionConfig(
                models=(CvConfig(manoeuvre_mps2=A_SIGMA_V_MPS2, climb_manoeuvre_mps2=1e-4, noise="held"),)
            ),
            lifetime_s=-scenario.period_s / math.log(A_SURVIVAL),
            speed_sd_mps=10.0,
            climb_sd_mps=0.1,
            altitude_m=0.0,
            altitude_sd_m=1.0,
            gate_probability=0.9999,
            sharpness=10.0,
            hypotheses=8 if "hard" in name else 4,
            births="anywhere" if told else "learned",
            births_per_scan=0.01 if told else 0.12,
            unseen_at_start=0.01 if told else 1.0,
            site_sd_m=20.0,
            drop_existence=1e-4 if told else 1e-3,
        )
    if name.startswith("b_"):
        return PmbTrackerConfig(
            **common,
            motion=_turns((2.5, 5.0), 1.0, 10.0, 30.0, 12.0),
            speed_sd_mps=150.0,
            climb_sd_mps=5.0,
            altitude_m=6500.0,
            altitude_sd_m=3200.0,
            births_per_scan=1.0,
            unseen_at_start=30.0,
            lifetime_s=1000.0,
            drop_existence=1e-3,
        )
    n, dense = max(len(ids) for ids in scenario.truth_id), "dense" in name
    many = n > 3000  # no bar on false tracks: what is to be expected in all is believed from the first plot on
    return PmbTrackerConfig(
        **common,
        motion=_turns((2.0,), 0.3, 3.0 if dense else 10.0, 60.0, 15.0),
        speed_sd_mps=150.0,
        climb_sd_mps=2.0,
        altitude_m=6500.0,
        altitude_sd_m=3200.0,
        births_per_scan=0.1 if dense else 0.002 * n,
        unseen_at_start=1.5 * n if dense else (1.0 if many else 0.3) * n,
        lifetime_s=1e4,
        story_min=1e-2,
        join_distance=1.0 if dense else 4.0,
        drop_existence=1e-3 if dense else 5e-4,
    )


def tracker_for(scenario: Scenario, *, told: bool) -> PmbTracker:
    """Return a tracker of the scenario's one sensor; ``told`` the sites of births (scenario A)."""
    config, period_s = config_for(scenario, told=told), scenario.period_s
    rotates = not np.all(np.concatenate(scenario.plot_t_s) % period_s == 0.0)
    low, high = np.array(scenario.extent, float).T
    planar = scenario.dims == 2
    if planar:
        area = (high[0] - low[0]) * (high[1] - low[1])
    else:
        area = 0.5 * (high[1] - low[1]) * (high[0] ** 2 - low[0] ** 2)
    station = Station(
        origin_m=np.zeros(3),
        axes=np.eye(3),
        period_s=period_s,
        phase_rad=0.0 if rotates else math.nan,
        offset_s=-0.5 * period_s,
        cartesian=planar,
        area_m2=float(area),
    )
    sites = None
    if planar and told:
        x, p = np.zeros((4, 6)), np.zeros((4, 6, 6))
        x[:, :2] = A_SITES_M
        p[:] = np.diag([A_SITE_SD**2, A_SITE_SD**2, 1e-2, A_SITE_SD**2, A_SITE_SD**2, 1e-4])
        sites = np.full(4, A_SITE_PROBABILITY / period_s), x, p
    return PmbTracker.over(config, [station], clutter=[KnownClutter(scenario)], detection=[scenario.pd], sites=sites)


def plots_of(scenario: Scenario) -> list[Plots]:
    """Plots of each scan as the tracker takes them."""
    out = []
    for t_s, z in zip(scenario.plot_t_s, scenario.plots, strict=True):
        m, d = z.shape
        measurement, cov = np.full((m, 4), np.nan), np.full((m, 4, 4), np.nan)
        measurement[:, :d], cov[:, :d, :d] = z, np.diag(np.square(scenario.sd))
        nobody = np.full(m, -1)
        out.append(
            Plots(
                t_s=t_s,
                sensor=np.zeros(m, np.int64),
                measurement=measurement,
                cov=cov,
                snr_db=np.full(m, np.nan),
                pfa=np.zeros(m),
                address=nobody,
                label=nobody,
            )  # fmt: skip
        )
    return out


def track_scenario(scenario: Scenario, *, told: bool) -> tuple[list[tuple[IntArray, FloatArray]], FloatArray]:
    """Estimates of each scan, and CPU time of each. [s]."""
    tracker, plots = tracker_for(scenario, told=told), plots_of(scenario)
    rotates = bool(np.isfinite(tracker._stations[0].phase_rad))
    estimates, cost, idle = [], [], Tasks.empty()
    for at_s, scan in zip(scenario.scan_t_s, plots, strict=True):
        start = time.process_time()
        seen, _ = tracker.step(scan, idle, until_s=float(at_s) + (0.0 if rotates else 0.5 * scenario.period_s))
        if rotates:  # every track stands at the time its beam passed
            seen = tracker.picture(float(at_s))
        cost.append(time.process_time() - start)
        seen = seen.take(seen.existence > 0.5)
        estimates.append((seen.number, seen.position_ecef_m[:, : scenario.dims]))
    return estimates, np.array(cost)
