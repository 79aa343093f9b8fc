"""Draw the figures of ``explanation/the-filter.md`` and ``tutorials/what-a-radar-learns.md``.

Run again when the tracker or the learner has changed; the name of a figure draws that one alone.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.units import FloatArray
from watchfloor.record import Record
from watchfloor.scenario.load import load
from watchfloor.study.play import play as play_study
from watchfloor.track.engine import Station
from watchfloor.track.motion import CvConfig, MotionConfig
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

IMAGES = Path(__file__).parent / "images"
SD_M, PD, N_SCANS, N_RUNS, N, TURN_S = 100.0, 0.9, 40, 12, 9, 4.0
CUTOFF_M = 5.0 * SD_M
SPEED_MPS = 200.0
INK, SHARP, PLAIN, TOLD = "#222222", "#0b6e99", "#c4551a", "#8a8a8a"


class Even:
    """A thousandth of a false plot a square kilometre and scan."""

    def density(self, z: FloatArray) -> FloatArray:
        """One density everywhere."""
        return np.full(len(z), 1e-9)

    def learn(self, z: FloatArray, p_false: FloatArray) -> None:
        """Learn nothing."""


def tracker(sharpness: float) -> PmbTracker:
    """Return a tracker of one sensor that measures x and y every four seconds."""
    motion = MotionConfig(models=(CvConfig(manoeuvre_mps2=3.0, climb_manoeuvre_mps2=0.01),))
    config = PmbTrackerConfig(motion=motion, sharpness=sharpness, unseen_at_start=float(N), births_per_scan=1e-2)
    station = Station(
        origin_m=np.zeros(3), axes=np.eye(3), period_s=TURN_S, offset_s=-0.5 * TURN_S, cartesian=True, area_m2=100e3**2
    )
    return PmbTracker.over(config, [station], clutter=[Even()], detection=[PD])


def play(sharpness: float, apart_m: float, seed: int, *, known: bool = False) -> tuple[FloatArray, FloatArray]:
    """N targets abreast: estimated places across their course (scans, N), NaN if fewer; GOSPA a target (scans,)."""
    rng = np.random.default_rng(seed)
    trackers = [tracker(sharpness) for _ in range(N if known else 1)]
    across, error = np.full((N_SCANS, N), math.nan), np.empty(N_SCANS)
    abreast = apart_m * (np.arange(N) - 0.5 * (N - 1))
    for k in range(N_SCANS):
        t_s = TURN_S * k
        truth = np.stack([np.full(N, SPEED_MPS * t_s), abreast], axis=1)
        noise, hit = SD_M * rng.standard_normal((N, 2)), rng.random(N) < PD
        for of, each in enumerate(trackers):
            mine = hit & (np.arange(N) == of) if known else hit
            m = int(mine.sum())
            z, cov = np.full((m, 4), math.nan), np.full((m, 4, 4), math.nan)
            z[:, :2], cov[:, :2, :2] = (truth + noise)[mine], SD_M**2 * np.eye(2)
            none = np.full(m, -1)
            plots = Plots(
                t_s=np.full(m, t_s), sensor=np.zeros(m, int), measurement=z, cov=cov, snr_db=np.full(m, math.nan),
                pfa=np.zeros(m), address=none, label=none,
            )  # fmt: skip
            each.step(plots, Tasks.empty(), until_s=t_s + 0.5 * TURN_S)
        seen = [each.picture(t_s) for each in trackers]
        places = np.concatenate([one.position_ecef_m[one.existence > 0.5, :2] for one in seen])
        number = np.concatenate([one.number[one.existence > 0.5] for one in seen])
        cost = np.minimum(np.sum((places[:, None] - truth) ** 2, axis=2), CUTOFF_M**2)
        pairs = linear_sum_assignment(cost)
        n_apart = len(places) + N - 2 * len(pairs[0])
        error[k] = math.sqrt((cost[pairs].sum() + 0.5 * CUTOFF_M**2 * n_apart) / N)
        if not known:
            which = (number - 1) % N if len(places) <= N else np.arange(len(places)) % N
            across[k, which] = places[:, 1]
    return across, error


def sharpening() -> None:
    """Draw what sharpening does to tracks that fly abreast."""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[1.0, 1.0, 1.2])
    for ax, sharpness, colour, title in (
        (axes[0], 1.0, PLAIN, "marginals as they are"),
        (axes[1], 5.0, SHARP, "sharpened, 5"),
    ):
        across, _ = play(sharpness, 1.5 * SD_M, 3)
        for at in 1.5 * (np.arange(N) - 0.5 * (N - 1)):
            ax.axhline(at, color=INK, lw=0.6, ls=":")
        ax.plot(np.arange(N_SCANS), across / SD_M, color=colour, lw=1.0)
        ax.set(xlabel="scan", title=title, ylim=(-9.0, 9.0))
    axes[0].set_ylabel("place across the course, errors of one plot")
    axes[1].set_yticklabels([])
    apart = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
    for sharpness, known, colour, name in (
        (1.0, False, PLAIN, "marginals as they are"),
        (5.0, False, SHARP, "sharpened, 5"),
        (1.0, True, TOLD, "origins known"),
    ):
        mean = []
        for gap in apart:
            runs = [play(sharpness, gap * SD_M, 100 + seed, known=known)[1][10:] for seed in range(N_RUNS)]
            mean.append(float(np.mean(runs)) / SD_M)
        print(name, np.round(mean, 2))
        axes[2].plot(apart, mean, color=colour, lw=1.4, marker="o", ms=3, label=name)
    axes[2].set(xlabel="distance, errors of one plot", ylabel="GOSPA a target, errors of one plot", ylim=(0, None))
    axes[2].set_title(f"{N_RUNS} runs, from scan 10 on")
    axes[2].legend(frameon=False, fontsize=8)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "sharpening.png", dpi=110)


def classroom() -> None:
    """Draw what two radars learn of one jet: nats by flight, the belief against the truth, the trial."""
    with tempfile.TemporaryDirectory() as folder:
        play_study(load("classroom"), out=Path(folder) / "c", workers=1)
        record = Record.open(Path(folder) / "c")
        nats = record.query("""
            SELECT option, replicate, sortie, sum(chain_nats) AS nats FROM ledger
            WHERE type_name = 'lo-fighter' GROUP BY ALL ORDER BY ALL
        """)
        held = record.query("""
            SELECT option, hours, avg(p50_dbsm - true_dbsm) AS off, avg(p10_dbsm - true_dbsm) AS low,
                avg(p90_dbsm - true_dbsm) AS high FROM beliefs
            WHERE sensor = 1 AND who = 0 AND degrees(aspect_rad) < 15 GROUP BY ALL ORDER BY ALL
        """)
        tried = record.query("""
            SELECT option, hours, p_type FROM trials WHERE who = 0 AND only_radar = -1 AND left_out = -1 ORDER BY ALL
        """)
    figure = Figure(figsize=(9.0, 3.3), layout="constrained")
    axes = figure.subplots(1, 3)
    looks = (("open", SHARP, -1.0), ("reflectors", PLAIN, 1.0), ("far", TOLD, 0.0))
    for option, colour, aside in looks:
        mine = nats["option"] == option
        each = nats["nats"][mine].reshape(-1, len(np.unique(nats["sortie"])))
        total = np.concatenate([np.zeros((len(each), 1)), np.cumsum(each, axis=1)], axis=1)
        low, middle, high = np.quantile(total, (0.1, 0.5, 0.9), axis=0)
        flights = np.arange(total.shape[1])
        axes[0].fill_between(flights, low, high, color=colour, alpha=0.15, lw=0)
        axes[0].plot(flights, middle, color=colour, lw=1.4, marker="o", ms=3, label=option)
        mine = held["option"] == option
        off, minutes = held["off"][mine], 60.0 * held["hours"][mine] + 0.6 * aside
        bars = np.stack([off - held["low"][mine], held["high"][mine] - off])
        axes[1].errorbar(minutes, off, bars, color=colour, fmt="o", ms=3.5, lw=1.2)
        print(option, np.round(middle, 1), np.round(off, 1))
        mine = tried["option"] == option
        minutes = 60.0 * np.unique(tried["hours"][mine])
        if len(minutes) > 1:
            mean = [tried["p_type"][mine & (60.0 * tried["hours"] == one)].mean() for one in minutes]
            axes[2].plot(60.0 * tried["hours"][mine] + 0.4 * aside, tried["p_type"][mine], "o", color=colour, ms=3,
                         alpha=0.4, mew=0)  # fmt: skip
            axes[2].plot(minutes + 0.4 * aside, mean, color=colour, lw=1.4)
    axes[1].axhline(0.0, color=INK, lw=0.8, ls=":")
    axes[0].set(xlabel="flights of five minutes", ylabel="learned of the jet [nat]", title="how much, how fast",
                ylim=(0.0, None))  # fmt: skip
    axes[1].set(xlabel="minutes of exposure", ylabel="S-band nose, belief over truth [dB]", title="is it right?")
    axes[2].set(xlabel="minutes of exposure", ylabel="probability given to the true type", title="is it of use?",
                ylim=(-0.02, 1.05))  # fmt: skip
    axes[0].legend(frameon=False, fontsize=8, loc="upper left")
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "classroom.png", dpi=110)


if __name__ == "__main__":
    for draw in (sharpening, classroom):
        if draw.__name__ in (sys.argv[1:] or (draw.__name__,)):
            draw()
