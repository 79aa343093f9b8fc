"""World and sensor: how many ticks a second of CPU time buys, and what one tick of a small mission costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.peers import Row, ask, beside
from watchfloor.base.picture import Tasks
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects
from watchfloor.physics.detection import statistic
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place, aspect, polar_to_ecef
from watchfloor.physics.radar import look
from watchfloor.physics.rcs import sigma_m2
from watchfloor.scenario import catalog
from watchfloor.scenario.model import PhaseConfig
from watchfloor.sensor.card import environment_for, radar_from
from watchfloor.world.signature import draw_signature
from watchfloor.world.world import build_world

SITE = Place.from_degrees(40.079, 32.566, 863.0)


def _pair(n: int, knot_s: float, row: int = 0, kind: str = "rotating", card: str = "s-band-acquisition", **keys: float):
    """A world of n aircraft on racetracks within 300 km of a radar, and that radar."""
    rng = np.random.default_rng(1)
    cards = {name: catalog.types()[name] for name in ("airliner", "fighter")}
    movers = [
        {
            "name": f"m{i}",
            "type": "airliner" if i % 2 else "fighter",
            "route": {
                "kind": "racetrack",
                "centre": {"place": "site", "bearing_deg": bearing, "distance_km": distance},
                "heading_deg": heading,
                "leg_km": 40.0,
                "speed_mps": 220.0,
                "alt_m": 9000.0,
                "bank_deg": 25.0,
            },
        }
        for i, (bearing, distance, heading) in enumerate(
            zip(rng.uniform(0, 360, n), rng.uniform(40, 300, n), rng.uniform(0, 360, n), strict=True)
        )
    ]
    phase = PhaseConfig.model_validate({"duration_s": 3600.0, "tick_s": 1.0, "movers": movers})
    world = build_world(phase, places={"site": SITE}, cards=cards, knot_s=knot_s)
    signatures = {name: draw_signature(card, None) for name, card in cards.items()}
    registry = kinds("sensor")
    model = radar_from(catalog.radars()[card], None)
    radar = registry.make(
        registry.config(kind)(name="acq", card=card, place="site", **keys),
        environment=environment_for(model, SITE, 10.0),
        radar=model,
        signatures=[signatures[name] for name in world.types],
        address=world.address,
        label=np.zeros(n, np.int64),
        transponder=world.transponder,
        row=row,
        streams=Streams(1),
    )
    return world, radar


def _cpu_s(tick: Callable[[float], None], tick_s: float, ticks: int, passes: int = 5) -> float:
    """CPU time of one tick: the best of several passes, the first ticks (compilation) left out."""
    until_s, best = 0.0, np.inf
    for _ in range(3):
        until_s += tick_s
        tick(until_s)
    for _ in range(passes):
        start = time.process_time()
        for _ in range(ticks):
            until_s += tick_s
            tick(until_s)
        best = min(best, (time.process_time() - start) / ticks)
    return best


def _look_us(n: int) -> float:
    """CPU time of one target-look of n, the best of three passes in blocks of 20,000."""
    rng = np.random.default_rng(1)
    radar = radar_from(catalog.radars()["s-band-acquisition"], None)
    signature = draw_signature(catalog.types()["fighter"], None)
    around = environment_for(radar, SITE, 10.0)
    slant, azimuth, elevation = rng.uniform(20e3, 400e3, n), rng.uniform(0.0, 2.0 * np.pi, n), rng.uniform(0.0, 0.1, n)
    position, velocity = polar_to_ecef(slant, azimuth, elevation, SITE), rng.normal(0.0, 200.0, (n, 3))
    bank, block, best = rng.uniform(-0.5, 0.5, n), 20_000, np.inf
    for _ in range(4):
        start, hits = time.process_time(), 0
        for at in range(0, n, block):
            rows = slice(at, at + block)
            seen = look(radar, Targets(ecef_m=position[rows], velocity_ecef_mps=velocity[rows]), around)
            nose, _ = aspect(position[rows], velocity[rows], SITE.ecef_m, bank[rows])
            snr = seen.snr_1m2 * sigma_m2(signature, "S", nose)
            noise = rng.normal(0.0, 0.5**0.5, (2, len(snr)))
            power = statistic(snr, rng.standard_exponential(len(snr)), noise[0], noise[1], 0.0)
            hits += np.count_nonzero(seen.visible & (power > radar.threshold))
        best = min(best, time.process_time() - start)
        assert 0.2 * n < hits < n
    return 1e6 * best / n


STONE_SOUP = """
import datetime, time
import numpy as np
from stonesoup.sensor.radar.radar import RadarElevationBearingRange
from stonesoup.types.groundtruth import GroundTruthState
rng = np.random.default_rng(1)
radar = RadarElevationBearingRange(ndim_state=6, position_mapping=(0, 2, 4), position=np.zeros((3, 1)),
                                   noise_covar=np.diag([1e-5, 1e-5, 1e3]))
now = datetime.datetime(2026, 1, 1)
there = {GroundTruthState(rng.uniform(-1e5, 1e5, (6, 1)), timestamp=now) for _ in range(1000)}
best = 1e9
for _ in range(4):
    start = time.process_time()
    radar.measure(there)
    best = min(best, time.process_time() - start)
print(1e3 * best)
"""


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    rows: list[Row] = []
    for title, n, knot_s, tick_s, ticks, bar in (
        ("1,000 movers, 1 s ticks: a tenth of them is passed a tick", 1000, 1.0, 1.0, 100, ">= 200"),
        ("1,000 movers, 10 s ticks: every one is passed each tick", 1000, 2.0, 10.0, 30, ">= 200"),
    ):
        world, radar = _pair(n, knot_s)

        def both(until_s: float, world=world, radar=radar) -> None:
            radar.observe(world.step(Effects.empty(), until_s=until_s), Tasks.empty(), until_s=until_s)

        rows.append((f"world and sensor, {title}", 1.0 / _cpu_s(both, tick_s, ticks), "ticks/CPU s", bar))
    each = _look_us(1_000_000)
    rows.append(
        ("1e6 target-looks: geometry, horizon, gas, aspect, cross-section, Swerling 1, noise", each, "us", "<= 1")
    )
    rows += beside("a look by Stone Soup (angles and range of a radar)", ask(STONE_SOUP), each, "us")
    world, radar = _pair(20, 2.0)
    truth = world.step(Effects.empty(), until_s=60.0)

    def alone(until_s: float) -> None:
        radar.observe(truth, Tasks.empty(), until_s=60.0)

    rows.append(("sensor, 20 movers, 60 s tick of 6 turns", 1e6 * _cpu_s(alone, 60.0, 100), "us", "<= 400"))
    world, face = _pair(20, 2.0, kind="phased", card="x-band-face", face_azimuth_deg=45.0)

    def steered(until_s: float) -> None:
        face.observe(world.step(Effects.empty(), until_s=until_s), Tasks.empty(), until_s=until_s)

    rows.append(("a steered face, 20 movers, 10 s tick of 5 frames", 1e6 * _cpu_s(steered, 10.0, 20), "us", ""))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.1f} {unit:12s} {bar}")
