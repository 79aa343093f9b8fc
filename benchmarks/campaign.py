"""Campaigns: what a peacetime sortie costs plot by plot and look by look, and how far the two agree."""

from __future__ import annotations

import time

import numpy as np

from watchfloor.base.picture import Looks, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects
from watchfloor.learn.curves import mean_sd_dbsm
from watchfloor.record import Buffer
from watchfloor.run.direct import Sorties
from watchfloor.run.mission import build, draw
from watchfloor.scenario.load import apply, load
from watchfloor.study.one import _Run

Row = tuple[str, float, str, str]
LOADED = load("working-group")
RADARS = ("ew", "acq", "fc")
SORTIES_PER_MONTH = 17
"""So that twelve months are about 200 sorties."""
N_REPLICATES = 8


class _Tap:
    """A learner that also keeps the looks that came in."""

    def __init__(self, learner) -> None:
        self.learner, self.looks = learner, []

    def step(self, tracks, looks):
        self.looks.append(looks)
        return self.learner.step(tracks, looks)

    def task(self, *args, **named):
        return self.learner.task(*args, **named)


def _ended(tap: _Tap):
    rows = tap.learner.close_flight()
    return Looks.concat(tap.looks), rows, tap.learner.knowledge


def _tracked(scenario, drawn, streams):
    m = build(scenario, scenario.campaign, drawn=drawn, streams=streams)
    tap, tasks = _Tap(m.learner), Tasks.empty()
    for until_s in m.ticks():
        truth = m.world.step(Effects.empty(), until_s=until_s)
        plots, _ = m.sensors.observe(truth, tasks, until_s=until_s)
        tracks, looks = m.tracker.step(plots, m.sensors.done(tasks), until_s=until_s)
        identities, _ = tap.step(tracks, looks)
        tasks = tap.task(tracks, identities, until_s=until_s)
    return _ended(tap)


def _direct(scenario, drawn, streams):
    sorties = Sorties(scenario, drawn)
    tap = _Tap(sorties.learner(lambda: None, None))  # type: ignore[arg-type, return-value]
    sorties.fly(tap, drawn=drawn, streams=streams)
    return _ended(tap)


def _agreement() -> list[Row]:
    """Lay the two beside each other: the jet's first sortie of several replicates, with the same dice."""
    scenario, jet = LOADED.scenario, LOADED.scenario.types.index("lo-fighter")
    hits, power, effective, nats, shift, spread = [], [], [], [], [], []
    for replicate in range(N_REPLICATES):
        streams = Streams(scenario.seed, f"replicate-{replicate}")
        drawn = draw(scenario, streams)
        pair = [play(scenario, drawn, streams.child("sortie-0")) for play in (_tracked, _direct)]
        snr = [[looks.snr_db[looks.sensor == s] for s in range(3)] for looks, *_ in pair]
        hits.append([[np.isfinite(one).mean() for one in each] for each in snr])
        power.append([[np.nanmean(one) for one in each] for each in snr])
        mine = [rows.take(rows.type == jet) for _, rows, _ in pair]
        effective.append([rows.n_effective.sum() for rows in mine])
        nats.append([rows.chain_nats.sum() for rows in mine])
        (mean, sd), (mean_2, sd_2) = (mean_sd_dbsm(known.log_posterior[known.type == jet]) for *_, known in pair)
        seen = np.min([known.n_looks[known.type == jet] for *_, known in pair], axis=0) > 2.0
        shift.append((mean_2 - mean)[seen].mean())
        spread.append((sd_2 / sd)[seen].mean())
    hit, strength = np.mean(hits, axis=0), np.mean(power, axis=0)
    rows: list[Row] = []
    for s, name in enumerate(RADARS):
        rows.append((f"hit share at {name}, looks less tracked ({hit[0, s]:.3f})", hit[1, s] - hit[0, s], "", ""))
        rows.append((f"mean power at {name}, likewise", float(strength[1, s] - strength[0, s]), "dB", ""))
    for what, both, unit in (("effective looks at the jet", effective, ""), ("learned of the jet", nats, "nat")):
        (old, new), away = np.mean(both, axis=0), np.diff(both, axis=1).std(ddof=1) / np.sqrt(len(both))
        rows.append((f"{what}, tracked", float(old), unit, ""))
        rows.append((f"{what}, looks (difference known to {away:.2g})", float(new), unit, ""))
    rows.append(("posterior mean of the jet's cells, looks less tracked", float(np.mean(shift)), "dB", ""))
    rows.append(("posterior sd of the jet's cells, looks over tracked", float(np.mean(spread)), "", ""))
    return rows


def _campaign_s(fidelity: str, months: int) -> tuple[float, int]:
    """CPU time of a campaign's sorties, ledger and link included, and how many they are."""
    changes = {
        "campaign.fidelity": fidelity,
        "campaign.months": months,
        "campaign.sorties_per_month": SORTIES_PER_MONTH,
    }
    run = _Run(apply(LOADED, changes), "open-100", 0, Buffer(), None)
    start = time.process_time()
    run.campaign(curve=False)
    return time.process_time() - start, run.n_sorties


def run() -> list[Row]:
    """Return CPU times and figures of agreement."""
    _campaign_s("looks", 1)
    _campaign_s("tracked", 1)
    tracked_s, n = _campaign_s("tracked", 1)
    whole_s, n_whole = min(_campaign_s("looks", 12) for _ in range(2))
    return [
        (f"a year's campaign, {n_whole} sorties (10 min, 3 radars, 5 movers), CPU", whole_s, "s", "<= 10"),
        ("one of its sorties, look by look, CPU", 1e3 * whole_s / n_whole, "ms", ""),
        ("one of its sorties, plot by plot, CPU", 1e3 * tracked_s / n, "ms", ""),
        *_agreement(),
    ]
