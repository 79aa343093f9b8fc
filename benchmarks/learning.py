"""Learning: what a sortie, a scan of a thousand tracks, a campaign and a look-level campaign cost."""

from __future__ import annotations

import time

import numpy as np

from watchfloor.base.picture import LabelSource, Looks, Status, Tracks
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.physics.frames import polar_to_ecef
from watchfloor.record import Buffer
from watchfloor.run.mission import Drawn, draw
from watchfloor.scenario.load import apply, load
from watchfloor.scenario.priors import learner_cards
from watchfloor.study.drivers import Study
from watchfloor.study.fast import Campaign
from watchfloor.study.one import play_one

Row = tuple[str, float, str, str]
LOADED = load("working-group")
N_LOOKS, N_TICKS, SORTIE_S = 3000, 120, 7200.0
"""One sortie of the bar: two hours in ticks of a minute, looks of three radars."""
N_TRACKS = 1000
SAMPLE = 6
"""Sorties of the full simulator that are played; their cost is reckoned up to 200."""


def _learner(drawn: Drawn):  # noqa: ANN202
    scenario, cards = LOADED.scenario, learner_cards(LOADED.scenario)
    return kinds("learn").make(
        scenario.learner,
        radars=[drawn.radars.get(c.name) for c in scenario.sensors],
        environments=list(drawn.environments),
        types=scenario.types,
        cards={name: cards[name] for name in scenario.types},
        knowledge=None,
    )


def _tracks(drawn: Drawn, n: int, t_s: float, *, label: int) -> Tracks:
    """Tracks all round at 100 to 200 km, flying tangentially as time goes on."""
    place = drawn.environments[0].place
    azimuth = 2.0 * np.pi * (np.arange(n) + 0.5) / n + 250.0 * t_s / 150e3
    position = polar_to_ecef(100e3 + 100e3 * np.arange(n) / max(n - 1, 1), azimuth, np.full(n, 0.05), place)
    velocity = 250.0 * np.stack([np.cos(azimuth), -np.sin(azimuth), np.zeros(n)], axis=1) @ place.rotation
    return Tracks(
        number=np.arange(n),
        t_s=np.full(n, t_s),
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        cov=np.tile(np.diag([100.0**2] * 3 + [3.0**2] * 3), (n, 1, 1)),
        status=np.full(n, int(Status.CONFIRMED)),
        existence=np.ones(n),
        n_hits=np.full(n, 9),
        updated_s=np.full((n, len(LOADED.scenario.sensors)), t_s),
        address=np.full(n, -1),
        label=np.full(n, label),
        label_source=np.full(n, int(LabelSource.TRANSPONDER if label >= 0 else LabelSource.NONE)),
    )


def _looks(tracks: Tracks, track: np.ndarray, t_s: np.ndarray, rng: np.random.Generator) -> Looks:
    n = len(track)
    hit = rng.random(n) < 0.7
    return Looks(
        t_s=t_s,
        sensor=np.arange(n) % 3,
        track=track,
        position_ecef_m=tracks.position_ecef_m[track],
        velocity_ecef_mps=tracks.velocity_ecef_mps[track],
        snr_db=np.where(hit, 15.0 + 5.0 * rng.standard_normal(n), np.nan),
        pfa=np.full(n, 1e-6),
    )


def _sortie_ms(drawn: Drawn) -> float:
    """CPU time of the looks of one labelled sortie and of closing it, best of 3."""
    best = np.inf
    for _ in range(3):
        learner, rng, spent = _learner(drawn), np.random.default_rng(1), 0.0
        for tick in range(N_TICKS):
            until_s = SORTIE_S * (tick + 1) / N_TICKS
            tracks = _tracks(drawn, 1, until_s, label=0)
            n = N_LOOKS // N_TICKS
            looks = _looks(tracks, np.zeros(n, np.int64), until_s - 60.0 + 60.0 * (np.arange(n) + 1.0) / n, rng)
            start = time.process_time()
            learner.step(tracks, looks)
            spent += time.process_time() - start
        start = time.process_time()
        learner.close_flight()
        best = min(best, spent + time.process_time() - start)
    return 1e3 * best


def _identity_ms(drawn: Drawn) -> float:
    """CPU time of one scan's step with a thousand unlabelled tracks and a look at each, best of 8."""
    learner, rng, best = _learner(drawn), np.random.default_rng(2), np.inf
    for scan in range(9):
        tracks = _tracks(drawn, N_TRACKS, 10.0 * (scan + 1), label=-1)
        looks = _looks(tracks, np.arange(N_TRACKS), np.full(N_TRACKS, 10.0 * (scan + 1)), rng)
        start = time.process_time()
        learner.step(tracks, looks)
        if scan:
            best = min(best, time.process_time() - start)
    return 1e3 * best


def _campaign_s() -> float:
    """CPU time of a campaign replicate of 200 sorties of the full simulator, reckoned from a few. [s]"""
    spent = []
    for months in (1, 1, 1 + SAMPLE):  # the first compiles; sorties cost what the longer one costs over the shorter
        scenario = apply(LOADED, {"campaign.months": months, "campaign.sorties_per_month": 1})
        start = time.process_time()
        play_one(scenario, option="open-100", replicate=0, curve=False, buffer=Buffer())
        spent.append(time.process_time() - start)
    return 200.0 * (spent[2] - spent[1]) / SAMPLE


def _fast_s(drawn: Drawn, streams: Streams, **options: object) -> float:
    """CPU time of a look-level campaign of 200 sorties, best of 5."""
    campaign = Campaign(LOADED.scenario, drawn, **options)  # type: ignore[arg-type]
    best = np.inf
    for _ in range(6):
        start = time.process_time()
        campaign.play(streams, n_sorties=200, checkpoints=(10, 50, 200))
        best = min(best, time.process_time() - start)
    return best


def _driver_ms() -> float:
    """CPU time of one point of a sensitivity design, mean of 20."""
    study, rng = Study(LOADED), np.random.default_rng(3)
    points = rng.random((21, len(study.unknowns)))
    study(points[0])
    start = time.process_time()
    for point in points[1:]:
        study(point)
    return 1e3 * (time.process_time() - start) / 20.0


def run() -> list[Row]:
    """Return what was measured."""
    streams = Streams(LOADED.scenario.seed, "replicate-0")
    drawn = draw(LOADED.scenario, streams)
    return [
        ("learner: one sortie, 2 h, 3 radars, 3000 looks, and closing it", _sortie_ms(drawn), "ms", "<= 50"),
        ("learner: looks and identity of 1000 tracks, one scan", _identity_ms(drawn), "ms", "<= 20"),
        ("study: campaign replicate of 200 sorties, full simulator", _campaign_s(), "s", "<= 10"),
        ("study: look-level campaign of 200 sorties, 3 radars", _fast_s(drawn, streams, test_flights=0), "s", "<= 0.3"),
        ("study: the same with 16 test flights of each type", _fast_s(drawn, streams), "s", ""),
        ("study: one point of a sensitivity design, 18 sorties", _driver_ms(), "ms", ""),
    ]
