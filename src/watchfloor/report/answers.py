"""From the record to what the page says: the decision table, and one sentence an answer, all made of the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from watchfloor.assess.statistics import Band, band, paired
from watchfloor.base.units import FloatArray
from watchfloor.report.figures import Ribbon
from watchfloor.report.gather import DEFENDER, OWNER, Study
from watchfloor.report.wording import Scale, band_text, fixed, interval_text, listed

KM, NATS, HOURS = Scale("km", 1e-3), Scale("nat", decimals=1), Scale("h", decimals=1)
PERCENT = Scale("%", 100.0, limit=1.0)
NOSE_RAD = np.deg2rad(45.0)
"""Aspects off the nose that count as head-on: what a defender sees of an attack. [rad]"""
GROWTH = (0.05, 0.10, 0.20)
"""Growths of detection range asked about in question 1. [1]"""


@dataclass(frozen=True)
class Criterion:
    """A column of the decision table."""

    key: str
    """Short name, for the page's own use."""
    title: str
    """Head of the column."""
    scale: Scale
    """How it is written."""
    table: str
    """Table of the record."""
    column: str
    """Column of that table."""
    good: int
    """+1 if more is better for the flyer, -1 if less is."""
    zero: str = ""
    """What a zero means, if it is no number: "never"."""

    def values(self, study: Study, option: str) -> FloatArray:
        """Return one value a replicate (n,), in the record's unit."""
        keys = {"who": float(DEFENDER)} if self.table == "trials" else {}
        return study.values(self.table, self.column, option, **keys)


CRITERIA = (
    Criterion("hours", "Exposure beside the active site", HOURS, "exposure", "hours", -1),
    Criterion("nats", "Information gained by the site", NATS, "exposure", "nats", -1),
    Criterion("received", "Information that reached the defender", NATS, "exposure", "nats_received", -1),
    Criterion("tracked", "Range of first track", KM, "trials", "tracked_m", -1, "never"),
    Criterion("identified", "Range of identification", KM, "trials", "identified_m", -1, "never"),
    Criterion("named", "Share of tracked time identified", PERCENT, "trials", "identified_share", -1),
    Criterion("fit", "Range of a track fit to shoot on", KM, "trials", "fire_control_m", -1, "never"),
    Criterion("shot", "Range of the first shot's arrival", KM, "trials", "first_shot_m", -1, "none"),
    Criterion("survive", "Expected survival of the jet", PERCENT, "trials", "p_survive", 1),
    Criterion("others", "Friends and bystanders hit", Scale("", decimals=1), "trials", "n_others_killed", -1),
)
BY_KEY = {criterion.key: criterion for criterion in CRITERIA}
OUTCOMES = ("identified", "named", "fit", "shot", "survive", "others")
"""Criteria of the engagement itself: what "changes the outcome" means."""


@dataclass(frozen=True)
class Cell:
    """An option under a criterion."""

    band: Band
    """10/50/90 over replicates."""
    difference: Band | None
    """Of the paired differences to the baseline; None for the baseline itself."""
    same: bool
    """Whether every pair is equal."""
    effect: int
    """+1 better for the flyer, -1 worse, 0 not told apart from no effect."""
    n_zero: int
    """Replicates in which it is zero."""


def cell(criterion: Criterion, study: Study, option: str) -> Cell:
    """Return the cell of an option under a criterion."""
    values, base = criterion.values(study, option), criterion.values(study, study.baseline)
    n_zero = int((values == 0.0).sum())
    if option == study.baseline:
        return Cell(band(values), None, False, 0, n_zero)
    return compared(values, base, criterion.good)


def compared(values: FloatArray, base: FloatArray, good: int) -> Cell:
    """Return the cell of values (n,) that are paired with ``base`` (n,)."""
    difference = paired(values, base)
    clear = difference.mean_low > 0.0 or difference.mean_high < 0.0
    effect = good * int(np.sign(difference.mean)) if clear else 0
    return Cell(band(values), difference, bool((values == base).all()), effect, int((values == 0.0).sum()))


def decision(study: Study) -> dict[str, dict[str, Cell]]:
    """Return the decision table: option, criterion, cell."""
    return {option: {c.key: cell(c, study, option) for c in CRITERIA} for option in study.options}


# ---- levers


def levers(study: Study, option: str) -> frozenset[str]:
    """Return what an option changes, in the words of the questions: geometry, reflectors, transponder, ..."""
    found = set()
    for key in study.loaded.option(option).set:
        last = key.rpartition(".")[2]
        if key.startswith("sharing."):
            found.add("sharing")
        elif last in ("reflectors", "transponder"):
            found.add(last)
        elif key == "campaign.delay_months":
            found.add("delay")
        elif last in ("distance_km", "bearing_deg", "heading_deg"):
            found.add("geometry")
        else:
            found.add("other")
    return frozenset(found)


def pulling(study: Study, lever: str) -> list[str]:
    """Return the options that pull this lever and no other, what cuts a link first."""
    found = [option for option in study.options if levers(study, option) == {lever}]
    return sorted(found, key=lambda option: not any(
        key.endswith(".enabled") and value is False for key, value in study.loaded.option(option).set.items()
    ))  # fmt: skip


# ---- the answer in short


def summary(study: Study, table: dict[str, dict[str, Cell]]) -> list[str]:
    """Return the paragraphs of the answer, generated from the numbers."""
    base = table[study.baseline]
    owner, defender = study.scenario.owner, study.config.defender
    first = (
        f"If nothing is done ({study.baseline}), {band_text(base['hours'].band, HOURS)} of exposure teach the site "
        f"{band_text(base['nats'].band, NATS)} about the jet, and {band_text(base['received'].band, NATS)} reach the "
        f"{defender}. With that knowledge the {defender} identifies the jet {_range_words(study, 'identified', base)}, "
        f"has a track fit to shoot on {_range_words(study, 'fit', base)}, and the jet's expected survival is "
        f"{band_text(base['survive'].band, PERCENT)}."
        if defender != owner
        else f"If nothing is done ({study.baseline}), {band_text(base['hours'].band, HOURS)} of exposure teach the "
        f"site {band_text(base['nats'].band, NATS)} about the jet. With that knowledge it identifies the jet "
        f"{_range_words(study, 'identified', base)}, has a track fit to shoot on {_range_words(study, 'fit', base)}, "
        f"and the jet's expected survival is {band_text(base['survive'].band, PERCENT)}."
    )
    return [first, _informed(study, table), _movers(study, table), _uncertain(study, table)]


def _informed(study: Study, table: dict[str, dict[str, Cell]]) -> str:
    """Return which options change what is learned, and by how much."""
    parts = []
    for key, whose in (("nats", "the site learns {}"), ("received", "{} reaches the " + study.config.defender)):
        if key == "received" and study.config.defender == study.scenario.owner:
            continue
        for sign, word in ((1, "less"), (-1, "more")):
            found = [(o, table[o][key].difference) for o in study.options if table[o][key].effect == sign]
            found.sort(key=lambda item: -abs(item[1].mean) if item[1] else 0.0)
            if found:
                named = [f"{o} ({interval_text(d, NATS)})" for o, d in found if d]
                parts.append(f"{whose.format(word)} under {listed(named)}")
    if not parts:
        return "No option changes what is learned of the jet so that it could be told from none."
    text = "; ".join(parts)
    return (
        f"What is learned: {text}. Brackets hold the 95 % interval of the mean paired difference to {study.baseline}, "
        f"{study.n} pairs."
    )


def _range_words(study: Study, key: str, row: dict[str, Cell]) -> str:
    one = row[key]
    text = f"at {band_text(one.band, KM, zero='never')}"
    if one.n_zero == study.n:
        return "never"
    if one.n_zero:
        text += f", and never in {one.n_zero} of {study.n} replicates"
    return text


def _movers(study: Study, table: dict[str, dict[str, Cell]]) -> str:
    parts = []
    for key in ("survive", "shot", "fit", "identified", "named"):
        criterion = BY_KEY[key]
        clear = [
            (option, one)
            for option in study.options
            if (one := table[option][key]).difference is not None and one.effect != 0
        ]
        clear.sort(key=lambda item: -item[1].effect * abs(item[1].difference.mean))  # type: ignore[union-attr]
        name = criterion.title[0].lower() + criterion.title[1:]
        if clear:
            said = [
                f"{option} ({'better' if one.effect > 0 else 'worse'} for the flyer by "
                f"{interval_text(one.difference, criterion.scale)})"  # type: ignore[arg-type]
                for option, one in clear
            ]
            parts.append(f"the {name}: {listed(said)}")
    silent = [o for o in study.options if o != study.baseline and not any(table[o][k].effect for k in OUTCOMES)]
    head = (
        "What happens in the test engagement: options whose effect can be told from none (the same interval excludes "
        "zero): "
    )
    if not parts:
        return head + "none. With so few replicates or so wide a public spread, nothing here separates the options."
    tail = f" No effect on any outcome of the engagement could be told apart for {listed(silent)}." if silent else ""
    return head + "; ".join(parts) + "." + tail


def _uncertain(study: Study, table: dict[str, dict[str, Cell]]) -> str:
    base = table[study.baseline]
    said = {key: band_text(base[key].band, KM, zero="never") for key in ("identified", "fit")}
    return (
        "What stays uncertain is large: with nothing changed but what is not publicly known, and chance, the range of "
        f"identification is {said['identified']} and that of a track fit to shoot on {said['fit']}. Each pair "
        "of runs shares its world and its dice, so what is common to two options does not blur their difference."
    )


# ---- question 1: hours of exposure


def range_ribbons(study: Study, option: str) -> dict[int, Ribbon]:
    """Return, for each radar that learns, its head-on detection range against exposure hours. [h, m]"""
    rows = study.of("beliefs", option)
    nose = rows["aspect_rad"] < NOSE_RAD
    hours = common_hours(study, option)
    out = {}
    for sensor, name in study.learners.items():
        mine = nose & (rows["sensor"] == sensor)
        values = np.array([by_replicate(rows, mine & np.isclose(rows["hours"], h), "range_m", study.n) for h in hours])
        out[sensor] = ribbon(name, hours, values)
    return out


def range_growth(study: Study, option: str) -> dict[int, FloatArray]:
    """Return, by radar, head-on detection range over its value before any flight, less one: (hours, n). [1]"""
    rows = study.of("beliefs", option)
    nose = rows["aspect_rad"] < NOSE_RAD
    hours = common_hours(study, option)
    out = {}
    for sensor in study.learners:
        mine = nose & (rows["sensor"] == sensor)
        values = np.array([by_replicate(rows, mine & np.isclose(rows["hours"], h), "range_m", study.n) for h in hours])
        out[sensor] = values / np.maximum(values[0], 1.0) - 1.0
    return out


def common_hours(study: Study, option: str) -> FloatArray:
    """Return the checkpoints that every replicate of an option reached. [h]"""
    rows = study.of("beliefs", option)
    reached = [np.unique(rows["hours"][rows["replicate"] == r].round(6)) for r in range(study.n)]
    return np.array(sorted(set(reached[0]).intersection(*map(set, reached[1:]))))


def by_replicate(rows: dict[str, Any], mask: Any, column: str, n: int) -> FloatArray:
    """Mean of a column over the rows of each replicate (n,)."""
    at = rows["replicate"][mask]
    return np.bincount(at, rows[column][mask], minlength=n) / np.maximum(np.bincount(at, minlength=n), 1)


def ribbon(label: str, x: FloatArray, values: FloatArray) -> Ribbon:
    """Return the 10/50/90 band over replicates of ``values`` (k, n) at ``x`` (k,)."""
    bands = [band(row) for row in values]
    return Ribbon(
        label,
        x,
        *(np.array([getattr(one, q) for one in bands]) for q in ("p10", "p50", "p90")),  # type: ignore[arg-type]
    )


def hours_to(study: Study, option: str, growth: float) -> dict[int, tuple[FloatArray, float]]:
    """Return, by radar, the hours (n,) until the head-on range has grown so much, inf if not; and the last hour."""
    hours = common_hours(study, option)
    grown = range_growth(study, option)
    return {sensor: (hours_until(hours, values, growth), float(hours[-1])) for sensor, values in grown.items()}


def hours_until(hours: FloatArray, values: FloatArray, level: float) -> FloatArray:
    """Return when each replicate's ``values`` (hours, n) first reach ``level``, straight between; inf if never. [h]"""
    reached = np.full(values.shape[1], np.inf)
    for r, line in enumerate(values.T):
        over = np.flatnonzero(line >= level)
        if len(over):
            i = int(over[0])
            share = 1.0 if i == 0 else (level - line[i - 1]) / (line[i] - line[i - 1])
            reached[r] = hours[i - 1] + share * (hours[i] - hours[i - 1]) if i else hours[0]
    return reached


def trial_change(study: Study, option: str, column: str) -> tuple[FloatArray, FloatArray]:
    """Return checkpoints (k,) and how a column of the owner's trials has changed since before any flight (k, n)."""
    hours = trial_hours(study, option)
    values = np.array([study.values("trials", column, option, who=OWNER, hours=h) for h in hours])
    return hours, values - values[0]


def hours_cell(reached: FloatArray, last: float) -> str:
    """Return ``10/50/90`` of hours that may lie beyond the campaign, in words."""
    points = [np.sort(reached)[min(int(np.ceil(q * len(reached))) - 1, len(reached) - 1)] for q in (0.1, 0.5, 0.9)]
    if np.isinf(points[0]):
        return f"not within {fixed(last, 1)} h"
    said = [f"{fixed(p, 1)}" if np.isfinite(p) else f"over {fixed(last, 1)}" for p in points]
    return f"{said[1]} h ({said[0]} to {said[2]})"


def curves(study: Study) -> list[str]:
    """Return the options whose owner's knowledge was tried at every checkpoint."""
    return [option for option in study.options if len(trial_hours(study, option)) > 1]


def trial_hours(study: Study, option: str) -> FloatArray:
    """Return the exposures at which the owner's knowledge was tried in every replicate. [h]"""
    rows = study.of("trials", option, who=OWNER)
    hours, count = np.unique(rows["hours"].round(6), return_counts=True)
    return hours[count == study.n]


def trial_ribbon(study: Study, option: str, column: str, label: str, factor: float = 1.0) -> Ribbon:
    """Return a column of the owner's trials against exposure hours."""
    hours = trial_hours(study, option)
    values = np.array([factor * study.values("trials", column, option, who=OWNER, hours=h) for h in hours])
    return ribbon(label, hours, values)


# ---- question 3: reflectors


def bias_ribbon(study: Study, option: str, sensor: int, label: str) -> Ribbon:
    """Return learned median less the clean truth, by aspect, at the last checkpoint. [deg, dB]"""
    rows = study.of("beliefs", option)
    last = common_hours(study, option)[-1]
    mine = (rows["sensor"] == sensor) & np.isclose(rows["hours"], last)
    aspects = np.unique(rows["aspect_rad"][mine])
    values = []
    for aspect in aspects:
        here = mine & (rows["aspect_rad"] == aspect)
        values.append(rows["p50_dbsm"][here] - rows["true_dbsm"][here])
    return ribbon(label, np.rad2deg(aspects), np.array(values))


def bias_db(study: Study, option: str, sensor: int) -> FloatArray:
    """Return the same as one number a replicate (n,): its mean over the cells that were looked at. [dB]"""
    rows = study.of("beliefs", option)
    last = common_hours(study, option)[-1]
    mine = (rows["sensor"] == sensor) & np.isclose(rows["hours"], last) & (rows["n_looks"] > 0.0)
    rows = {**rows, "bias": rows["p50_dbsm"] - rows["true_dbsm"]}
    return by_replicate(rows, mine, "bias", study.n)


SECTORS = (("nose", 0.0, 45.0), ("side", 45.0, 135.0), ("tail", 135.0, 180.0))
"""Aspects off the nose that reflectors are asked about. [deg]"""
CLOSE_DB = 3.0
"""How near to the truth a learned level counts as learned. [dB]"""


def close_share(study: Study, option: str, sensor: int, sector: tuple[str, float, float], hours: float) -> FloatArray:
    """Return the share of a sector's cells (n,) whose believed median lies within ``CLOSE_DB`` of the clean truth."""
    rows = study.of("beliefs", option, sensor=sensor, hours=hours)
    degrees = np.rad2deg(rows["aspect_rad"])
    mine = (degrees >= sector[1]) & (degrees < sector[2])
    rows = {**rows, "close": np.abs(rows["p50_dbsm"] - rows["true_dbsm"]) <= CLOSE_DB}
    return by_replicate(rows, mine, "close", study.n)


def leak_share(study: Study, option: str, sensor: int, sector: tuple[str, float, float]) -> FloatArray:
    """Return what an option teaches of the clean jet in a sector over what the baseline does (n,); NaN for nothing."""
    parts = []
    for one in (option, study.baseline):
        rows = study.of("ledger", one)
        degrees = np.rad2deg(rows["aspect_rad"])
        mine = (rows["sensor"] == sensor) & (degrees >= sector[1]) & (degrees < sector[2])
        parts.append(_summed(rows, mine, rows["chain_nats"], study.n))
    on, off = parts
    return np.where(off > LEAST_NATS, on / np.maximum(off, LEAST_NATS), np.nan)


LEAST_NATS = 0.02
"""Information below which a share of it means nothing. [nat]"""


def transfers_by_hop(study: Study, option: str) -> dict[tuple[int, int], dict[str, FloatArray]]:
    """Return, by (link, hop), parcels sent and arrived and the information offered, sent and gained (n,), all types."""
    rows = study.of("transfers", option)
    out = {}
    for link, hop in sorted(set(zip(rows["link"].tolist(), rows["hop"].tolist(), strict=True))):
        mine = (rows["link"] == link) & (rows["hop"] == hop)
        rows["parcels"] = np.ones(len(mine))
        columns = ("parcels", "arrived", "nats_offered", "nats_sent", "nats_gained")
        out[int(link), int(hop)] = {c: _summed(rows, mine, np.nan_to_num(rows[c]), study.n) for c in columns}
    return out


def nats_by_radar(study: Study, option: str) -> dict[int, FloatArray]:
    """Return, by radar, the information that its looks added (n,); radars add up. [nat]"""
    rows = study.of("ledger", option)
    return {s: _summed(rows, rows["sensor"] == s, rows["chain_nats"], study.n) for s in study.learners}


def _summed(rows: dict[str, Any], mask: Any, values: Any, n: int) -> FloatArray:
    """Sum of the values of each replicate (n,) over some rows."""
    return np.bincount(rows["replicate"][mask], values[mask], minlength=n).astype(np.float64)


# ---- question 4: labels

LABELS = ("transponder", "flight_plan", "visual", "nobody")
"""Who said what it was, as the ledger counts looks."""


def nats_by_label(study: Study, option: str) -> dict[str, FloatArray]:
    """Return the information of all flights (n,) by who had said the type, each row's shared out by its looks. [nat]"""
    rows = study.of("ledger", option)
    looks = np.maximum(rows["n_looks"], 1e-9)
    share = {name: rows[f"n_{name}"] / looks for name in LABELS[:-1]}
    share["nobody"] = np.maximum(1.0 - sum(share.values()), 0.0)
    every = np.ones(len(looks), bool)
    return {name: _summed(rows, every, rows["chain_nats"] * share[name], study.n) for name in LABELS}


# ---- question 6: delay


def monthly(study: Study, option: str) -> FloatArray:
    """Return the information gathered by the end of each month (months, n). [nat]"""
    rows = study.of("ledger", option)
    gained = np.zeros((study.campaign.months, study.n))
    np.add.at(gained, (rows["sortie"] // study.campaign.sorties_per_month, rows["replicate"]), rows["chain_nats"])
    return np.cumsum(gained, axis=0)


def delay_months(study: Study, option: str) -> int:
    """Return the months by which an option delays the site's activation."""
    return int(study.loaded.option(option).set.get("campaign.delay_months", study.campaign.delay_months))


# ---- the ledger


def flights_by_nats(study: Study, option: str, sensor: int) -> FloatArray:
    """Return the median over replicates of the nats that each sortie gave one radar (sorties,); NaN if not played."""
    rows = study.of("ledger", option)
    n_sorties = study.campaign.months * study.campaign.sorties_per_month
    sums = np.zeros((n_sorties, study.n))
    mine = rows["sensor"] == sensor
    np.add.at(sums, (rows["sortie"][mine], rows["replicate"][mine]), rows["chain_nats"][mine])
    middle = np.median(sums, axis=1)
    start = delay_months(study, option) * study.campaign.sorties_per_month
    middle[:start] = np.nan
    return middle


def aspect_ribbon(study: Study, option: str, sensor: int) -> Ribbon:
    """Return the information gathered by aspect, all elevations together. [rad, nat]"""
    rows = study.of("ledger", option)
    mine = rows["sensor"] == sensor
    cells = np.unique(study.of("beliefs", option)["aspect_rad"])
    values = np.zeros((len(cells), study.n))
    where = np.searchsorted(cells, rows["aspect_rad"][mine] - 1e-9)
    np.add.at(values, (where, rows["replicate"][mine]), rows["chain_nats"][mine])
    return ribbon(study.learners[sensor], cells, values)


# ---- what would change our mind


def drivers(study: Study) -> dict[str, FloatArray]:
    """Return what each replicate took as true of the world (n,), in words that name it.

    The values are drawn anew from the named random streams of each replicate; the engagement used the same.
    """
    from watchfloor.physics.rcs import band_of

    draws = [study.drawn(r) for r in range(study.n)]
    out: dict[str, FloatArray] = {}
    for row, name in study.radars.items():
        radars = [d.radars[study.scenario.sensors[row].name] for d in draws]  # type: ignore[attr-defined]
        out[f"{name}: sensitivity"] = np.array([10.0 * np.log10(r.snr_1m2_1m) for r in radars])
        out[f"{name}: range cell"] = np.array([r.range_cell_m for r in radars])
        band_name = band_of(radars[0].frequency_hz)
        signatures = [d.signatures[study.subject_type] for d in draws]
        if band_name in signatures[0].bands:
            nose = [s.dbsm[s.row(band_name)][s.aspect_rad <= NOSE_RAD].mean() for s in signatures]
            out[f"jet, {band_name} band, head-on"] = np.array(nose)
    for name in draws[0].weapons:
        weapons = [d.weapons[name] for d in draws]
        for attribute, words in (
            ("range_max_m", "reach"), ("pk", "single-shot kill probability"), ("reaction_s", "reaction time"),
        ):  # fmt: skip
            out[f"{name}: {words}"] = np.array([float(getattr(weapon, attribute)) for weapon in weapons])
    return {name: values for name, values in out.items() if np.ptp(values) > 0.0}


def rank_correlation(a: FloatArray, b: FloatArray) -> float:
    """Return Spearman's rank correlation of two samples (n,), ties at their mean rank; 0 if one does not vary. [1]

    References
    ----------
    Kendall & Gibbons, *Rank Correlation Methods*, 5th ed., 1990, ch. 1 and 3.

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 100.0, 1000.0]))
    1.0
    """
    x, y = _ranks(a), _ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return round(float(x @ y) / size, 12) if size > 0.0 else 0.0


def _ranks(values: FloatArray) -> FloatArray:
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - 0.5 * (count - 1))[inverse]


def strongest(study: Study, outcome: FloatArray, *, weapons: bool, most: int = 8) -> list[tuple[str, float]]:
    """Return the drawn parameters whose ranks go most with an outcome (n,), strongest first.

    ``weapons`` says whether the battery's own numbers can bear on the outcome at all.
    """
    own = tuple(f"{launcher.name}: " for launcher in study.scenario.launchers)  # type: ignore[attr-defined]
    found = [
        (name, rank_correlation(values, outcome))
        for name, values in drivers(study).items()
        if weapons or not name.startswith(own or ("\0",))
    ]
    return sorted(found, key=lambda item: (-abs(item[1]), item[0]))[:most]


def chance_rank(n: int) -> float:
    """Return the size of rank correlation that chance alone exceeds one time in twenty, about 1.96 / sqrt(n - 1). [1]

    References
    ----------
    Kendall & Gibbons, *Rank Correlation Methods*, 5th ed., 1990, ch. 4: variance 1 / (n - 1) without association.
    """
    return min(1.96 / np.sqrt(max(n - 1, 1)), 1.0)
