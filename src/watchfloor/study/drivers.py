"""Which unknowns drive a study's answer (question 11): the scenario's own spreads, put to `sensitivity`.

Every unknown has a spread that the catalogue, or a party's priors, state: how sensitive each radar is, how large the
jet is in each group of bands, how ragged its curve, how large its reflectors, how far labels can be trusted; and two
levers, how many sorties and how far away. A point of the unit cube is a choice of all of them; the look-level campaign
gives the answer there. The dice of detection are the same at every point, so differences are the unknowns' doing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist

import numpy as np

from watchfloor.base.registry import nearest
from watchfloor.base.streams import Streams
from watchfloor.base.units import FloatArray
from watchfloor.run.mission import Drawn, draw
from watchfloor.scenario.load import LoadedScenario, apply
from watchfloor.scenario.model import MoverConfig
from watchfloor.scenario.priors import cards_of
from watchfloor.scenario.spread import Spread
from watchfloor.sensor.card import radar_from
from watchfloor.study.breakeven import hours_until, shown_cells, unknowns_of
from watchfloor.study.fast import Campaign, Curve
from watchfloor.study.sensitivity import (
    MorrisIndices,
    SobolIndices,
    Tornado,
    morris,
    morris_design,
    sobol,
    sobol_design,
    tornado,
)
from watchfloor.world.signature import median_signature

N_CARDS = 400
"""Draws of a radar's card by which the spread of its sensitivity is found."""
_NORMAL = NormalDist()
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Unknown:
    """Something that is not known, and what is believed of it."""

    name: str
    """``offset_db.assumed``, ``power_db.X``, ``n_sorties``..."""
    what: str
    """In words, with its unit."""
    spread: Spread
    """What is believed of it."""


ANSWERS = {
    "sd_db": "least deviation of the cross-section that the mission shows, over radars [dB]",
    "entropy_nats": "entropy that the site's picture of the jet has lost [nat]",
    "p_type": "probability given to the type of the next flight [1]",
    "range_km": "greatest range of detection in a gate, over radars [km]",
    "hours_to_3_db": "hours until the cross-section is known to 3 dB, at most those flown [h]",
}
"""Answers that can be asked for, and what they are."""


class Study:
    """A study's campaign as a function of what is not known.

    Parameters
    ----------
    loaded : LoadedScenario
        A scenario with ``campaign`` and ``study``; a party's priors laid over it or not.
    answer : str
        One of `ANSWERS`.
    replicate : int
        Whose dice and whose departures of the curve are used.

    Raises
    ------
    ValueError
        If there is no such answer.
    """

    def __init__(self, loaded: LoadedScenario, *, answer: str = "entropy_nats", replicate: int = 0) -> None:
        if answer not in ANSWERS:
            raise ValueError(f"no answer {answer!r}{nearest(answer, ANSWERS)}; there are {', '.join(ANSWERS)}")
        self.loaded, self.answer = loaded, answer
        self._streams = Streams(loaded.scenario.seed, f"replicate-{replicate}")
        self._campaigns: dict[float, Campaign] = {}

    @cached_property
    def _drawn(self) -> Drawn:
        """Radars at their medians, the subject's curve with its departures but without its offset."""
        scenario = self.loaded.scenario
        true = draw(scenario, self._streams, folder=self.loaded.path.parent)
        middle = draw(scenario, None, folder=self.loaded.path.parent)
        name = self._subject.type
        curve, median = true.signatures[name], median_signature(cards_of(scenario).types[name])
        away = curve.dbsm - median.dbsm
        centred = replace(curve, dbsm=curve.dbsm - away.mean(axis=1, keepdims=True))
        lens = np.maximum(
            10.0 ** (0.1 * middle.reflecting[name].dbsm) - 10.0 ** (0.1 * median.dbsm), 0.0
        ) if name in middle.reflecting else 0.0  # fmt: skip
        worn = replace(centred, dbsm=10.0 * np.log10(10.0 ** (0.1 * centred.dbsm) + lens))
        reflecting = {**middle.reflecting, name: worn} if name in middle.reflecting else middle.reflecting
        return replace(
            middle, signatures={**middle.signatures, name: centred}, reflecting=reflecting, streams=true.streams
        )

    @property
    def _subject(self) -> MoverConfig:
        scenario = self.loaded.scenario
        assert scenario.campaign is not None
        assert scenario.study is not None
        return next(m for m in scenario.campaign.movers if m.name == scenario.study.subject)

    @cached_property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What is not known, with what is believed of it."""
        scenario, held = self.loaded.scenario, cards_of(self.loaded.scenario)
        card = held.types[self._subject.type]
        campaign = self._campaign(None)
        out = []
        for band in dict.fromkeys(campaign.bands):
            name = next(n for n, b in zip(campaign.names, campaign.bands, strict=True) if b == band)
            config = next(c for c in scenario.sensors if c.name == name)
            own = held.radars[config.card]  # type: ignore[attr-defined]
            rng = np.random.default_rng(1)
            level = 10.0 * np.log10([radar_from(own, rng).snr_1m2_1m for _ in range(N_CARDS)])
            p10, p50, p90 = np.quantile(level, (0.1, 0.5, 0.9))
            spread = Spread(p10=float(p10 - p50), p50=0.0, p90=float(p90 - p50), source="scenario")
            out.append(Unknown(f"power_db.{band}", f"sensitivity of the {band} radar [dB]", spread))
        assumed = [b for b in dict.fromkeys(campaign.bands) if card.signature[b].origin == "assumed"]  # type: ignore[index]
        if assumed:
            out.append(
                Unknown(
                    "offset_db.assumed",
                    f"the jet's curve in the bands where it is assumed ({', '.join(assumed)}) [dB]",
                    card.signature[assumed[0]].offset_db,  # type: ignore[index]
                )
            )
        for band in dict.fromkeys(campaign.bands):
            if band not in assumed:
                spread = card.signature[band].offset_db  # type: ignore[index]
                out.append(Unknown(f"offset_db.{band}", f"the jet's curve in {band} band [dB]", spread))
        middle = card.cell_sigma_db.median
        if middle > 0.0:
            p10, _, p90 = card.cell_sigma_db.quantile_range()
            spread = Spread(p10=p10 / middle, p50=1.0, p90=p90 / middle, source="scenario")
            out.append(Unknown("scatter", "how ragged the jet's curve is, over the median", spread))
        if self._subject.reflectors and card.reflector is not None:
            p10, p50, p90 = card.reflector.radius_cm.quantile_range()
            spread = Spread(p10=40.0 * np.log10(p10 / p50), p50=0.0, p90=40.0 * np.log10(p90 / p50), source="scenario")
            out.append(Unknown("lens_db", "return of the reflectors [dB]", spread))
        if self._subject.transponder:
            out.append(
                Unknown("reliability", "chance that a label is right", Spread(low=0.9, high=1.0, source="scenario"))
            )
        assert scenario.campaign is not None
        planned = scenario.campaign.months * scenario.campaign.sorties_per_month
        out.append(
            Unknown("n_sorties", "sorties flown", Spread(low=0.5 * planned, high=1.5 * planned, source="scenario"))
        )
        distance = self._distance_km
        if distance is not None:
            spread = Spread(low=0.5 * distance, high=2.0 * distance, source="scenario")
            out.append(Unknown("distance_km", "stand-off of the racetrack [km]", spread))
        return tuple(out)

    @property
    def _distance_km(self) -> float | None:
        centre = getattr(self._subject.route, "centre", None)
        return getattr(centre, "distance_km", None)

    def _campaign(self, distance_km: float | None) -> Campaign:
        """Return the campaign at a stand-off, kept: geometry depends on nothing else."""
        key = -1.0 if distance_km is None else round(distance_km, 1)
        if key not in self._campaigns:
            scenario = self.loaded.scenario
            if distance_km is not None:
                name = f"campaign.movers.{self._subject.name}.route.centre.distance_km"
                scenario = apply(self.loaded, {name: key})
            if len(self._campaigns) > 64:
                self._campaigns.clear()
            self._campaigns[key] = Campaign(scenario, self._drawn, test_flights=8 if self.answer == "p_type" else 0)
        return self._campaigns[key]

    def __call__(self, point: FloatArray) -> float:
        """Return the answer at a point (k,) of the unit cube, coordinates in the order of ``unknowns``."""
        values = {
            one.name: one.spread.at_z(_NORMAL.inv_cdf(float(np.clip(u, 1e-6, 1.0 - 1e-6))))
            for one, u in zip(self.unknowns, point, strict=True)
        }
        n = max(round(values.pop("n_sorties")), 1)
        campaign = self._campaign(values.pop("distance_km", None))
        assumed = values.pop("offset_db.assumed", 0.0)
        card = campaign.cards[self._subject.type]
        for band in dict.fromkeys(campaign.bands):
            if card.signature[band].origin == "assumed":  # type: ignore[index]
                values[f"offset_db.{band}"] = assumed
        checkpoints = None if self.answer == "hours_to_3_db" else (n,)
        curve = campaign.play(
            self._streams, n_sorties=n, checkpoints=checkpoints, unknowns=unknowns_of(values, campaign.bands)
        )
        return self._read(campaign, curve)

    def _read(self, campaign: Campaign, curve: Curve) -> float:
        at = shown_cells(campaign)
        rows = np.arange(len(at))
        if self.answer == "sd_db":
            return float(curve.sd_db[-1, rows, at].min())
        if self.answer == "entropy_nats":
            return float(curve.entropy_nats[-1])
        if self.answer == "p_type":
            return float(curve.p_type[-1])
        if self.answer == "range_km":
            return 1e-3 * float(curve.range_m[-1, rows, at].max())
        hours = hours_until(curve.hours, curve.sd_db[:, rows, at].min(axis=1), 3.0, rising=False)
        return min(hours, float(curve.hours[-1]))

    def _answers(self, points: FloatArray, progress: Progress | None) -> FloatArray:
        flat = points.reshape(-1, points.shape[-1])
        out = np.empty(len(flat))
        for i, point in enumerate(flat):
            out[i] = self(point)
            if progress is not None:
                progress(i + 1, len(flat))
        return out.reshape(points.shape[:-1])

    def screen(self, n_trajectories: int = 10, *, progress: Progress | None = None) -> MorrisIndices:
        """Morris screening: n (k + 1) campaigns."""
        rng = self._streams.rng("drivers", "morris")
        design = morris_design(len(self.unknowns), n_trajectories, rng)
        return morris(design, self._answers(design, progress), rng=rng)

    def shares(self, n: int = 128, *, progress: Progress | None = None) -> SobolIndices:
        """Sobol indices: n (k + 2) campaigns."""
        rng = self._streams.rng("drivers", "sobol")
        design = sobol_design(len(self.unknowns), n, rng)
        return sobol(self._answers(design, progress), rng=rng)

    def tornado(self) -> Tornado:
        """One unknown at a time at its 10 and 90 % points: 2 k + 1 campaigns."""
        return tornado(self, len(self.unknowns))

    @property
    def names(self) -> Sequence[str]:
        """Names of the unknowns."""
        return [one.name for one in self.unknowns]
