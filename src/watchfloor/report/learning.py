"""What the site's learning is worth: sections that lay it beside knowing nothing and knowing everything.

Learning curves of naive, learned and all-knowing owners (question 1), identification (2), which radar matters (7), how
fast knowledge goes stale (8).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from watchfloor.assess.identity import IdentityScores, binomial, score_identities
from watchfloor.assess.statistics import Band, band, paired
from watchfloor.base.units import FloatArray
from watchfloor.report import answers, figures, identity_figures
from watchfloor.report.answers import KM, NATS, PERCENT
from watchfloor.report.blocks import Entry, Section, Table, difference, plain
from watchfloor.report.gather import EVERY, IDENTIFIED, ORACLE, OWNER, Study
from watchfloor.report.wording import Scale, band_text, fixed, interval_text, listed

DB, ONE = Scale("dB", decimals=1), Scale("", decimals=2, limit=1.0)
MEGAJOULES, COUNT = Scale("MJ", 1e-6, decimals=2), Scale("", decimals=2)
SAYS = ("naive", "learned", "all-knowing")
"""Whose knowledge: the public catalogue's, what the site has learned by the end, and what it would have been told."""
NOT_HELD = "This record holds no trials of single radars or of an owner who knows everything: give the baseline `curve: true` and play the study again."  # noqa: E501
_MEASURES = (
    ("tracked_m", "range of first track", KM),
    ("held_share", "time held once tracked", PERCENT),
    ("p_type", "probability of the true type", ONE),
)


def end_hours(study: Study) -> float:
    """Return the exposure at the end of the baseline's campaign. [h]"""
    return float(study.of("beliefs", study.baseline)["hours"].max())


def keys_of(study: Study) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return the keys of trials with naive, learned and all-knowing owners, as in `SAYS`."""
    end = end_hours(study)
    return {"who": OWNER, "hours": 0.0}, {"who": OWNER, "hours": end}, {"who": ORACLE, "hours": end}


def has_ceiling(study: Study) -> bool:
    """Whether the record holds trials of an owner who knows everything."""
    return len(study.of("trials", study.baseline, who=ORACLE)["hours"]) == study.n


def tried(study: Study, column: str, only: int = EVERY) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a column of the trials (n,) of naive, learned and all-knowing owners, with one radar on or all."""
    return tuple(study.values("trials", column, study.baseline, only_radar=only, **k) for k in keys_of(study))  # type: ignore[return-value]


def ranges_by_radar(study: Study) -> dict[int, tuple[FloatArray, FloatArray, FloatArray]]:
    """Return, by radar, the head-on detection range in a gate (n,) of naive, learned and all-knowing owners. [m]"""
    out = {}
    for sensor in study.learners:
        parts = []
        for keys in keys_of(study):
            rows = study.of("beliefs", study.baseline, sensor=sensor, **keys)
            mine = rows["aspect_rad"] < answers.NOSE_RAD
            parts.append(answers.by_replicate(rows, mine, "range_m", study.n))
        out[sensor] = tuple(parts)
    return out  # type: ignore[return-value]


# ---- question 1: curves against both ends


def curves(study: Study) -> Section:
    """Return the learning curves of naive, learned and all-knowing owners."""
    id_, title = "curves", "Learning curves: how far between knowing nothing and knowing everything?"
    if not has_ceiling(study):
        return Section(id_, title, "This cannot be told.", NOT_HELD)
    hours = answers.trial_hours(study, study.baseline)
    pictures = [_range_picture(study, sensor) for sensor in study.learners]
    for column, words, unit, factor in (
        ("tracked_m", "range of first track, all radars", "km", 1e-3),
        ("held_share", "time held once tracked", "%", 100.0),
        ("p_type", "probability of the true type", "1", 1.0),
        ("energy_j", "energy sent in a test flight", "MJ", 1e-6),
        ("n_false_tracks", "false tracks in a test flight", "1", 1.0),
    ):
        pictures.append(_trial_picture(study, hours, column, words, unit, factor))
    naive, learned, ceiling = tried(study, "p_type")
    gain, most = paired(learned, naive), paired(ceiling, naive)
    energy, false = (paired(tried(study, c)[1], tried(study, c)[0]) for c in ("energy_j", "n_false_tracks"))
    equal = _equal(energy, MEGAJOULES, float(np.mean(tried(study, "energy_j")[0])))
    return Section(
        id_,
        title,
        f"After {fixed(float(hours[-1]), 1)} h the site gives the jet's true type "
        f"{ONE(band(learned).p50)} ({ONE(band(learned).p10)} to {ONE(band(learned).p90)}) of the probability in a test "
        f"flight, where the public catalogue alone gives it {ONE(band(naive).p50)} ({ONE(band(naive).p10)} to "
        f"{ONE(band(naive).p90)}) and knowing every signature {ONE(band(ceiling).p50)} ({ONE(band(ceiling).p10)} to "
        f"{ONE(band(ceiling).p90)}): a mean gain of {interval_text(gain, ONE)} (95 % interval, {study.n} pairs) where "
        f"at most {interval_text(most, ONE)} could be had. {equal} False tracks differ by a mean of "
        f"{interval_text(false, COUNT)} a flight. {_where(study)}",
        "All three fly the same test flights, with the same radars, time and dice. The all-knowing owner has been told "
        "each aspect cell's mean to half a decibel; inside a cell the level still runs, so it is a ceiling of this "
        "learner, not of any conceivable one, and with few replicates chance may put the learned above it. Detection "
        "range is that of one look inside the gate of a track; tracks of one radar alone are those of the test flight.",
        pictures,
        f"Lines: median over {study.n} replicates; shade: 10 % to 90 % points. Naive: the public catalogue. "
        "All-knowing: told every signature. The last two figures are what makes the comparison fair: nobody may see "
        "better by sending more or by believing noise.",
        [_range_table(study), _fused_table(study), _fair_table(study)],
    )


def _where(study: Study) -> str:
    """Say where knowledge can show at all: whether ranges move even for one who knows everything."""
    most = {
        study.learners[s]: band(40.0 * np.log10(np.maximum(parts[2], 1.0) / np.maximum(parts[0], 1.0)))
        for s, parts in ranges_by_radar(study).items()
    }
    still = [name for name, b in most.items() if abs(b.p10) < 0.05 and abs(b.p90) < 0.05]
    first, last = (band(v) for v in (tried(study, "tracked_m")[0], tried(study, "tracked_m")[2]))
    said = []
    if still:
        said.append(
            f"Detection range in a gate would not move for the {listed(still)} even if everything were known: "
            "whatever is believed sets the same threshold there"
        )
    if first.p50 == last.p50:
        said.append("nor is the jet first tracked farther out" if said else "The jet is not first tracked farther out")
    return f"{'; '.join(said)}. What knowledge buys here is the name." if said else ""


def _equal(energy: Band, scale: Scale, mean_j: float) -> str:
    share = 100.0 * max(abs(energy.mean_low), abs(energy.mean_high)) / max(mean_j, 1e-30)
    if energy.p10 == energy.p90 == 0.0:
        return "Energy is the same in every pair."
    return f"Energy differs by a mean of {interval_text(energy, scale)}, at most {fixed(share, 1)} %."


def _range_picture(study: Study, sensor: int) -> str:
    name = study.learners[sensor]
    learned = answers.range_ribbons(study, study.baseline)[sensor]
    naive, _, ceiling = ranges_by_radar(study)[sensor]
    lines = [
        _level("naive", learned.x, naive, 1e-3),
        figures.Ribbon("learned", learned.x, 1e-3 * learned.p10, 1e-3 * learned.p50, 1e-3 * learned.p90),
        _level("all-knowing", learned.x, ceiling, 1e-3),
    ]
    said = "; ".join(f"{line.label} {fixed(line.p50[-1])} km" for line in lines)
    return figures.ribbons(
        f"curve-range-{sensor}",
        lines,
        title=f"{name}: head-on, Pd 0.5",
        x_label="exposure beside the active site [h]",
        y_label="detection range in a gate [km]",
        alt=f"{name}, head-on detection range in a gate at the end, medians: {said}",
    )


def _trial_picture(study: Study, hours: FloatArray, column: str, words: str, unit: str, factor: float) -> str:
    naive, _, ceiling = tried(study, column)
    lines = [
        _level("naive", hours, naive, factor),
        answers.trial_ribbon(study, study.baseline, column, "learned", factor),
        _level("all-knowing", hours, ceiling, factor),
    ]
    said = "; ".join(f"{line.label} {fixed(line.p50[-1], 2)}" for line in lines)
    return figures.ribbons(
        f"curve-{column}",
        lines,
        title=f"Test flights: {words}",
        x_label="exposure beside the active site [h]",
        y_label=f"{words.partition(',')[0]} [{unit}]",
        y_from_zero=True,
        alt=f"{words} at the end, medians [{unit}]: {said}",
    )


def _level(label: str, x: FloatArray, values: FloatArray, factor: float) -> figures.Ribbon:
    """A band that does not depend on exposure."""
    b = band(factor * values)
    return figures.Ribbon(label, x, *(np.full(len(x), q) for q in (b.p10, b.p50, b.p90)))


def _range_table(study: Study) -> Table:
    rows = []
    for sensor, (naive, learned, ceiling) in ranges_by_radar(study).items():
        gain, most = (40.0 * np.log10(np.maximum(v, 1.0) / np.maximum(naive, 1.0)) for v in (learned, ceiling))
        rows.append(
            [
                Entry(study.learners[sensor], (), "head"),
                *(Entry(plain(band(v), KM)) for v in (naive, learned, ceiling)),
                _gain(gain),
                _gain(most),
            ]
        )
    return Table(
        "Head-on detection range at Pd 0.5, one look inside a gate, by radar; and the paired gain as decibels of "
        "signal (40 log of the ratio of ranges). Median (10 % to 90 % points).",
        ("Radar", *(f"{s} [km]" for s in SAYS), "learned over naive [dB]", "all-knowing over naive [dB]"),
        rows,
    )


def _gain(values: FloatArray) -> Entry:
    b = band(values)
    told = b.mean_low > 0.0 or b.mean_high < 0.0
    return Entry(plain(b, DB, signed=True), (f"mean {interval_text(b, DB)}", "" if told else "may be 0"))


def _fused_table(study: Study) -> Table:
    rows = []
    for only, name in ((EVERY, "all radars, fused"), *((s, f"{n} alone") for s, n in study.radars.items())):
        if len(study.of("trials", study.baseline, who=ORACLE, only_radar=only)["hours"]) != study.n:
            continue
        row = [Entry(name, (), "head")]
        for column, _, scale in _MEASURES:
            naive, learned, ceiling = tried(study, column, only)
            d = paired(learned, naive)
            row += [
                Entry(plain(band(naive), scale)),
                Entry(plain(band(learned), scale), (f"Δ {interval_text(d, scale)}",)),
                Entry(plain(band(ceiling), scale)),
            ]
        rows.append(row)
    heads = [f"{words}, {s} [{scale.unit or 1}]" for _, words, scale in _MEASURES for s in SAYS]
    return Table(
        "Test flights with all radars, and with each alone: median (10 % to 90 % points); Δ: 95 % interval of the mean "
        "paired difference to naive. A range of 0 is a jet that was never tracked.",
        ("Radars on", *heads),
        rows,
    )


def _fair_table(study: Study) -> Table:
    rows = []
    for column, words, scale in (
        ("energy_j", "energy sent [MJ]", MEGAJOULES),
        ("n_false_tracks", "false tracks", COUNT),
    ):
        naive, learned, ceiling = tried(study, column)
        rows.append(
            [
                Entry(words, (), "head"),
                *(Entry(plain(band(v), scale)) for v in (naive, learned, ceiling)),
                difference(learned, naive, scale, 0),
                difference(ceiling, naive, scale, 0),
            ]
        )
    return Table(
        "Whether the comparison is fair: what a test flight costs and how many tracks it holds that follow nothing. "
        "Median (10 % to 90 % points), and paired differences.",
        ("Quantity", *SAYS, "learned less naive", "all-knowing less naive"),
        rows,
    )


# ---- question 2: identification


def identification(study: Study) -> Section:
    """Return how identification grows, whether its probabilities can be believed, and who is taken for the jet."""
    id_, title = "q2", "2. When is the jet's type known, and who else is taken for it?"
    shown = answers.curves(study)
    if not shown or not has_ceiling(study) or not len(study.tables["verdicts"]["hours"]):
        return Section(id_, title, "This cannot be told.", NOT_HELD)
    lines = [answers.trial_ribbon(study, name, "p_type", name) for name in shown]
    pictures = [
        figures.ribbons(
            "ptype",
            lines,
            title="Probability given to the true type",
            x_label="exposure beside the active site [h]",
            y_label="mean over the tracked time [1]",
            y_from_zero=True,
            alt="Probability of the true type, medians: "
            + "; ".join(
                f"{line.label} {fixed(line.p50[0], 2)} before and {fixed(line.p50[-1], 2)} after" for line in lines
            ),
        )
    ]
    scored = {name: scores(study, keys) for name, keys in zip(SAYS, keys_of(study), strict=True)}
    found = {name: one for name, one in scored.items() if one is not None}
    errors = "; ".join(f"{name} {_calibration_words(one)}" for name, one in found.items())
    pictures.append(
        identity_figures.identity_reliability(
            "calibration",
            {name: one.reliability for name, one in found.items()},
            title="Can the probabilities be believed?",
            alt=f"Calibration error of the likeliest type over all flights of the test: {errors}",
        )
    )
    pictures.append(
        identity_figures.identity_risk(
            "risk",
            {name: one.risk_coverage for name, one in found.items()},
            title="Wrong among those named",
            alt="Share wrong among flights decided; mean over coverage: "
            + "; ".join(f"{name} {fixed(one.risk_coverage.area, 3)}" for name, one in found.items()),
        )
    )
    learned = found.get("learned")
    if learned is not None:
        pictures.append(
            identity_figures.identity_confusion(
                "confusion",
                learned.decisions,
                list(study.scenario.types),
                title="Learned: who was named what [flights]",
                alt=f"Of flights of known types {fixed(100.0 * learned.decisions.named.value)} % are named at "
                f"{fixed(100.0 * learned.decisions.level)} % or more, {fixed(100.0 * learned.decisions.right.value)} % "
                "of these rightly",
            )
        )
    rows = [[Entry(name, (), "head"), *(_until(study, name, p) for p in (0.5, IDENTIFIED, 0.95))] for name in shown]
    friends = false_identification(study)
    reached = (
        f"Under {study.baseline} the probability of the true type reaches {fixed(IDENTIFIED, 1)} "
        f"{_until_words(study, IDENTIFIED)} and 0.95 {_until_words(study, 0.95)}."
    )
    worst = max(friends, key=lambda f: f["learned"][0], default=None) if friends else None
    return Section(
        id_,
        title,
        f"{reached} Calibration error of the likeliest type, over every flight of the test: {errors}."
        + (
            f" Of friends and bystanders, the {worst['type']} is taken for the jet most: the last word about it gives "
            f"the jet's type {fixed(100.0 * worst['learned'][0], 1)} % on average after learning."
            if worst
            else ""
        ),
        "Flights of the test fly their own routes, speeds and heights, and manner of flight identifies as signature "
        "does: a friend that flies as the jet does would be mistaken more often (the maps below ask that). Calibration "
        "is over the types and the mixture of traffic of this test; with another mixture the same posteriors may be "
        "off. The jet and its wing-man share the world's draw in a replicate, so flights are less independent than "
        "the bands suppose.",
        pictures,
        "Reliability: verdicts at each quarter of a flight's tracked time, every flight counting once; bars: exact "
        "95 % bands. Risk: last words only, most confident first.",
        [
            Table(
                "Hours of exposure until the probability given to the jet's true type in a test flight, averaged over "
                "its tracked time, has come so far: median (10 % to 90 % points over replicates).",
                ("Option", "0.5", fixed(IDENTIFIED, 1), "0.95"),
                rows,
            ),
            Table(
                "Taken for the jet: last word about friends and bystanders of the test. Mean probability of the jet's "
                "type; below, how many flights are named the jet at 80 % or more, with the exact 95 % band.",
                ("True type", *(f"{s} [1]" for s in SAYS)),
                [
                    [Entry(f["type"], (f"{f['n']} flights",), "head"), *(_friend(f[s]) for s in SAYS)]
                    for f in friends
                ],
            ),
        ],
    )  # fmt: skip


def _calibration_words(one: IdentityScores) -> str:
    r = one.reliability
    return (
        f"{fixed(r.ece, 3)} where honest posteriors score {fixed(r.ece_of_honest, 3)} (at most "
        f"{fixed(r.ece_of_honest_p95, 3)} nineteen times in twenty)"
    )


def _friend(found: tuple[float, int, int]) -> Entry:
    mean, named, n = found
    share = binomial(named, n)
    low, high = fixed(100.0 * share.low), fixed(100.0 * share.high)
    return Entry(f"{fixed(mean, 3)}", (f"{named} of {n} named ({low} to {high} %)",))


def scores(study: Study, keys: dict[str, float]) -> IdentityScores | None:
    """Score the verdicts about everybody in the trials with these keys; None if there are none."""
    probability, truth, flight, _ = verdicts(study, keys)
    if not len(truth):
        return None
    return score_identities(probability, truth, flight)


def verdicts(study: Study, keys: dict[str, float]) -> tuple[FloatArray, Any, Any, Any]:
    """Return posteriors (m, types + 1), true types, flights and quarters (m,) of the baseline's trials."""
    rows = study.of("verdicts", study.baseline, **keys)
    width = len(study.scenario.types) + 1
    order = np.lexsort((rows["candidate"], rows["quarter"], rows["mover"], rows["replicate"]))
    table = {
        name: rows[name][order].reshape(-1, width) for name in ("probability", "type", "mover", "quarter", "replicate")
    }
    flight = table["replicate"][:, 0] * (1 + int(table["mover"].max(initial=0))) + table["mover"][:, 0]
    total = table["probability"].sum(axis=1, keepdims=True)
    return table["probability"] / total, table["type"][:, 0], flight, table["quarter"][:, 0]


def false_identification(study: Study) -> list[dict[str, Any]]:
    """Return, by type that is neither hostile nor the jet's, what naive, learned and all-knowing owners make of it."""
    own = study.scenario.types.index(study.subject_type)
    spared = [t for t in study.scenario.types if t not in study.scenario.hostile and t != study.subject_type]
    out: dict[str, dict[str, Any]] = {}
    for says, keys in zip(SAYS, keys_of(study), strict=True):
        probability, truth, _, quarter = verdicts(study, keys)
        for name in spared:
            mine = (truth == study.scenario.types.index(name)) & (quarter == quarter.max(initial=0))
            if np.any(mine):
                p = probability[mine, own]
                one = out.setdefault(name, {"type": name, "n": int(mine.sum())})
                one[says] = (float(p.mean()), int((p >= IDENTIFIED).sum()), int(mine.sum()))
    return [one for one in out.values() if all(s in one for s in SAYS)]


def _until(study: Study, option: str, level: float) -> Entry:
    return Entry(_hours(study, option, level))


def _hours(study: Study, option: str, level: float) -> str:
    hours = answers.trial_hours(study, option)
    values = np.array([study.values("trials", "p_type", option, who=OWNER, hours=h) for h in hours])
    return answers.hours_cell(answers.hours_until(hours, values, level), float(hours[-1]))


def _until_words(study: Study, level: float) -> str:
    said = _hours(study, study.baseline, level)
    if said.startswith("not"):
        return said
    return "before any flight in half of the replicates" if said.startswith("0.0 h") else f"after {said}"


# ---- question 7: which radar


def contribution(study: Study) -> Section:
    """Return what each radar adds: alone, and by what is missing without its evidence."""
    id_, title = "q7", "7. Which radar matters?"
    if not has_ceiling(study):
        return Section(id_, title, "This cannot be told.", NOT_HELD)
    end = end_hours(study)
    nats = answers.nats_by_radar(study, study.baseline)
    whole = np.sum([*nats.values()], axis=0)
    full = {c: study.values("trials", c, study.baseline, who=OWNER, hours=end) for c, _, _ in _MEASURES}
    named = study.values("trials", "identified_share", study.baseline, who=OWNER, hours=end)
    rows, moved = [], []
    for sensor, name in study.radars.items():
        row = [Entry(name, (), "head")]
        if sensor in nats:
            share = 100.0 * nats[sensor] / np.maximum(whole, 1e-9)
            row.append(Entry(plain(band(nats[sensor]), NATS), (f"{fixed(float(np.median(share)))} % of all",)))
        else:
            row.append(Entry("off in peacetime"))
        keys = {"who": OWNER, "hours": end}
        if len(study.of("trials", study.baseline, only_radar=sensor, **keys)["hours"]) == study.n:
            for column, _, scale in _MEASURES:
                row.append(
                    Entry(plain(band(study.values("trials", column, study.baseline, only_radar=sensor, **keys)), scale))
                )
        else:
            row += [Entry("not tried")] * len(_MEASURES)
        if len(study.of("trials", study.baseline, left_out=sensor, **keys)["hours"]) == study.n:
            lost_p = study.values("trials", "p_type", study.baseline, left_out=sensor, **keys)
            lost_named = study.values("trials", "identified_share", study.baseline, left_out=sensor, **keys)
            row += [difference(lost_p, full["p_type"], ONE, -1), difference(lost_named, named, PERCENT, -1)]
            moved.append((abs(paired(lost_p, full["p_type"]).mean), name, paired(lost_p, full["p_type"])))
        else:
            row += [Entry("not tried")] * 2
        rows.append(row)
    most = max(nats, key=lambda s: float(np.median(nats[s]))) if nats else None
    said = (
        f"Most is learned by the {study.learners[most]}: {band_text(band(nats[most]), NATS)} of "
        f"{band_text(band(whole), NATS)}. "
        if most is not None
        else ""
    )
    if moved:
        _, name, d = max(moved)
        told = d.mean_low > 0.0 or d.mean_high < 0.0
        said += (
            f"Without what the {name} had learned, the probability of the jet's type would differ most, by a mean of "
            f"{interval_text(d, ONE)}" + ("." if told else ", not told apart from none.")
        )
    return Section(
        id_,
        title,
        said or "No radar learned anything.",
        "A radar alone both learned and fought alone is not what is shown: alone in the test, with the knowledge of "
        "all. Leaving out its evidence keeps the radar in the test, but its cells then know only what others' "
        "evidence implies. Information counts once: what two radars both saw is booked with the one whose looks came "
        "first, so shares say who spoke, not who could have been spared; the last columns do.",
        [
            figures.stacked(
                "contribution",
                [study.baseline, *(o for o in study.options if "geometry" in answers.levers(study, o))],
                {
                    name: np.array([
                        np.median(answers.nats_by_radar(study, o)[s])
                        for o in (study.baseline, *(o for o in study.options if "geometry" in answers.levers(study, o)))
                    ])
                    for s, name in study.learners.items()
                },
                title="Information by radar, where the jet flies near or far",
                x_label="information of all flights, median over replicates [nat]",
                alt="Information by radar under the baseline, medians: "
                + "; ".join(f"{study.learners[s]} {fixed(float(np.median(v)), 1)} nat" for s, v in nats.items()),
            )
        ],
        "Medians; bands stand in the table.",
        [
            Table(
                "What each radar adds at the end: median (10 % to 90 % points). Alone: all others switched off in the "
                "test. Left out: paired difference to knowing all, when its evidence had never been taken.",
                (
                    "Radar", "information it gave [nat]",
                    *(f"alone: {words} [{scale.unit or 1}]" for _, words, scale in _MEASURES),
                    "left out: probability of the true type [1]", "left out: time identified [%]",
                ),
                rows,
            )
        ],
    )  # fmt: skip


# ---- question 8: how fast it goes stale

LAW_WORDS = (
    "wears, 1 dB a year",
    "wears, 3 dB a year",
    "wears, 6 dB a year",
    "made anew every 4 years or so",
    "made anew every year or so",
)
"""Laws of change, rows of the record's ``law``."""


def stale(study: Study) -> Section:
    """Return how fast what was learned loses its worth, and what a change that nobody announces does."""
    id_, title = "q8", "8. How fast does knowledge go stale?"
    rows = study.of("staleness", study.baseline)
    if not len(rows["months"]):
        return Section(id_, title, "This cannot be told.", NOT_HELD)
    months = np.unique(rows["months"])
    last = float(months[-1])
    lines, table, said = [], [], []
    for law, words in enumerate(LAW_WORDS):
        mine = rows["law"] == law
        if not np.any(mine):
            continue
        whole = _held(study, rows, mine, months)
        share = 100.0 * whole / np.maximum(whole[0], 1e-12)
        lines.append(answers.ribbon(words, months, share))
        half = _lived(_half_lives(months, whole), last)
        table.append(
            [
                Entry(words, (), "head"),
                Entry(half),
                Entry(plain(band(100.0 - _at(months, share, 12.0)), Scale("%"))),
                *(
                    Entry(_lived(_half_lives(months, _held(study, rows, mine & (rows["sensor"] == s), months)), last))
                    for s in study.learners
                ),
            ]
        )
        said.append((words, half))
    slow, fast = said[0], said[-1]
    today = (rows["law"] == rows["law"][0]) & (rows["months"] == 0.0)
    start = band(answers.by_replicate(rows, today, "margin_db", study.n))
    picture = figures.ribbons(
        "stale",
        lines,
        title="Information that is left, if nobody refreshes it",
        x_label="time since the last flight [months]",
        y_label="share of what was known [%]",
        size=figures.WIDE,
        y_from_zero=True,
        x_ticks=np.arange(0.0, last + 1.0, 12.0),
        alt=f"Share left after {fixed(last)} months: " + "; ".join(f"{ln.label} {fixed(ln.p50[-1])} %" for ln in lines),
    )
    changed_rows, changed_said = _changed(study)
    tables = [
        Table(
            "Half-life of what is known, by what happens to the signature; and the share that one refresh after a year "
            "would win back. Median (10 % to 90 % points over replicates).",
            (
                "What happens", "half-life, all radars [months]", "refresh after a year wins back [%]",
                *(f"{name} [months]" for name in study.learners.values()),
            ),
            table,
        )
    ]  # fmt: skip
    if changed_rows:
        tables.append(
            Table(
                f"Options under which the jet changes and the site is not told, paired with {study.baseline}.",
                (
                    "Option", "probability of the true type [1]", "time identified [%]", "expected survival [%]",
                    "change noticed", "months until noticed",
                ),
                changed_rows,
            )
        )  # fmt: skip
    return Section(
        id_,
        title,
        f"What the site has learned saves it {DB.with_unit(DB(start.p50))} ({DB(start.p10)} to {DB(start.p90)}) of "
        f"margin at the last flight. Half of what it knows {_gone(slow[1])} if the jet {slow[0]}, and "
        f"{_gone(fast[1])} if it is {fast[0]}.{changed_said}",
        "How a real signature wears, or how often a coat is renewed, is public for no jet: the laws are a sweep, and "
        "each party reads its own. Information is summed over the cells that were looked at; what cells share counts "
        "each time, in the whole as in what is left. The margin is how much less signal a planner needs to be 90 % "
        "sure of a level, mean over those cells; 12 dB are a factor of two in range. A change of tactics or routes "
        "makes other cells matter and is not in it.",
        [picture],
        f"Lines: median over {study.n} replicates; shade: 10 % to 90 % points.",
        tables,
    )


def _gone(half: str) -> str:
    return f"is {half.replace('not', 'not gone')} months" if half.startswith("not") else f"is gone after {half} months"


def _held(study: Study, rows: dict[str, Any], mask: Any, months: FloatArray) -> FloatArray:
    """Information left (months, n), summed over the rows' radars. [nat]"""
    out = np.zeros((len(months), study.n))
    np.add.at(out, (np.searchsorted(months, rows["months"][mask]), rows["replicate"][mask]), rows["nats"][mask])
    return out


def _half_lives(months: FloatArray, values: FloatArray) -> FloatArray:
    """Month (n,) at which each column of ``values`` (months, n) has lost half; infinite if it never does."""
    out = np.full(values.shape[1], np.inf)
    for r, line in enumerate(values.T):
        below = np.flatnonzero(line <= 0.5 * line[0])
        if line[0] > 0.0 and len(below):
            j = int(below[0])
            out[r] = months[j - 1] + (line[j - 1] - 0.5 * line[0]) / (line[j - 1] - line[j]) * (
                months[j] - months[j - 1]
            )
    return out


def _at(months: FloatArray, values: FloatArray, month: float) -> FloatArray:
    return np.array([np.interp(month, months, line) for line in values.T])


def _lived(values: FloatArray, last: float) -> str:
    """Return a band of months of which some lie beyond the last that was looked at."""
    return answers.hours_cell(np.where(values <= last, values, np.inf), last).replace(" h", "", 1)


def _changed(study: Study) -> tuple[list[list[Entry]], str]:
    """Return rows of the options with a change of signature, and a sentence."""
    rows, said = [], []
    base = {c: answers.BY_KEY[c].values(study, study.baseline) for c in ("named", "survive")}
    base_p = study.values("trials", "p_type", study.baseline, who=1)
    for option in study.options:
        changes = study.loaded.option(option).set.get("campaign.signature_changes")
        if not changes:
            continue
        p = study.values("trials", "p_type", option, who=1)
        found = study.of("changes", option)
        row_type = study.scenario.types.index(study.subject_type)
        since = min(float(c.get("month", 0.0)) for c in changes)
        when = [
            float(found["found_month"][(found["replicate"] == r) & (found["type"] == row_type)
                                       & (found["found_month"] >= since)].min(initial=np.inf))
            for r in range(study.n)
        ]  # fmt: skip
        late = np.array(when) - since
        noticed = int(np.isfinite(late).sum())
        false = len({int(r) for r in found["replicate"][(found["found_month"] < since)]})
        d = paired(p, base_p)
        rows.append(
            [
                Entry(option, (study.titles[option],), "head"),
                difference(p, base_p, ONE, -1),
                difference(answers.BY_KEY["named"].values(study, option), base["named"], PERCENT, -1),
                difference(answers.BY_KEY["survive"].values(study, option), base["survive"], PERCENT, 1),
                Entry(f"{noticed} of {study.n}", (f"false alarm before it in {false}",) if false else ()),
                Entry(_lived(late, float(study.campaign.months) - since)),
            ]
        )
        said.append(
            f"Under {option} the probability of the true type differs by a mean of {interval_text(d, ONE)}, and the "
            f"change is noticed in {noticed} of {study.n} replicates"
        )
    return rows, f" {'. '.join(said)}." if said else ""
