"""World and sensor: how many ticks a second of CPU time buys, and what one tick of a small mission costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from watchfloor.base.picture import Tasks
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects
from watchfloor.physics.frames import Place
from watchfloor.scenario import catalog
from watchfloor.scenario.model import PhaseConfig
from watchfloor.sensor.card import environment_for, radar_from
from watchfloor.world.signature import draw_signature
from watchfloor.world.world import build_world

Row = tuple[str, float, str, str]
SITE = Place.from_degrees(40.079, 32.566, 863.0)


def _pair(n: int, knot_s: float, row: int = 0):
    """A world of n aircraft on racetracks within 300 km of an S-band radar, and that radar."""
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
    model = radar_from(catalog.radars()["s-band-acquisition"], None)
    radar = registry.make(
        registry.config("rotating")(name="acq", card="s-band-acquisition", place="site"),
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
    world, radar = _pair(20, 2.0)
    truth = world.step(Effects.empty(), until_s=60.0)

    def alone(until_s: float) -> None:
        radar.observe(truth, Tasks.empty(), until_s=60.0)

    rows.append(("sensor, 20 movers, 60 s tick of 6 turns", 1e6 * _cpu_s(alone, 60.0, 100), "us", "<= 400"))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.1f} {unit:12s} {bar}")
