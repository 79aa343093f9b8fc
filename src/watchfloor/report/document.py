"""The page: what stands where, and what is said beside each figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from watchfloor.assess.statistics import band, paired
from watchfloor.report import answers, figures, learning, sitemap, unspoken
from watchfloor.report.answers import BY_KEY, CRITERIA, KM, NATS, PERCENT, Cell
from watchfloor.report.blocks import Entry, Section, Table, banded, difference, entry, headed, mark, plain
from watchfloor.report.gather import DEFENDER, IDENTIFIED, OWNER, Study, study_command
from watchfloor.report.wording import NARROW, Scale, band_text, fixed, interval_text, listed
from watchfloor.report.wording import figures as significant
from watchfloor.scenario.cite import assumptions, citations

DB = Scale("dB", decimals=1)
_TAGS = {"measured": "measured"}
"""What a standing of the register amounts to; all others are assumed."""


def page(study: Study, progress: Callable[[int, int], None] | None = None, *, other: Study | None = None) -> str:
    """Return the page of a study as HTML; ``progress`` is called with (parts done, parts in all).

    ``other`` is another party's record, which is laid beside it.
    """
    table = answers.decision(study)
    sections = []
    for done, section in enumerate(SECTIONS):
        if progress:
            progress(done, len(SECTIONS) + 1)
        sections.append(section(study))
    sections.append(unspoken.parties(study, other))
    if progress:
        progress(len(SECTIONS), len(SECTIONS) + 1)
    environment = Environment(
        loader=PackageLoader("watchfloor.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    html = template.render(
        title=study.scenario.title,
        question=study.config.title,
        description=study.scenario.description,
        answer=answers.summary(study, table),
        options=[(name, study.titles[name], name == study.baseline) for name in study.options],
        decision=_decision(study, table),
        n_intervals=(len(study.options) - 1) * len(CRITERIA),
        forests=_forests(study, table),
        sections=sections,
        ledger=_ledger(study),
        site=sitemap.site(study),
        register=_register(study),
        n_disputed=sum(bool(a.disputed_by) for a in assumptions(study.loaded)),
        mind=_mind(study),
        limits=LIMITS,
        manifest=_manifest(study),
        methods=sorted({c.text for c in citations(study.loaded) if c.parameter == "method"}),
        same_catalogue=study.same_catalogue,
        glossary=GLOSSARY,
        study=study,
        baseline=study.baseline,
        n=study.n,
        defender=study.config.defender,
        owner=study.scenario.owner,
    )
    return re.sub(r"(?<=\d) %", f"{NARROW}%", html)


# ---- the decision table


def _decision(study: Study, table: dict[str, dict[str, Cell]]) -> Table:
    rows = []
    for option in study.options:
        row = [Entry(option, (study.titles[option],), "head")]
        row += [entry(table[option][c.key], c.scale, zero=c.zero, n=study.n) for c in CRITERIA]
        rows.append(row)
    head = ("Option", *(headed(c.title, c.scale) for c in CRITERIA))
    return Table(
        f"Options by criterion. Large: median over {study.n} replicates; in brackets the 10 % and 90 % points. Below: "
        f"Δ paired difference to {study.baseline}: median, then [95 % interval of the mean].",
        head,
        rows,
        "decision",
    )


def _forests(study: Study, table: dict[str, dict[str, Cell]]) -> list[str]:
    others = [option for option in study.options if option != study.baseline]
    out = []
    for key in ("received", "named", "survive"):
        criterion, cells = BY_KEY[key], [table[option][key] for option in others]
        low, middle, high = (
            np.array([criterion.scale.factor * getattr(c.difference, q) for c in cells])
            for q in ("mean_low", "mean", "mean_high")
        )
        most = criterion.scale.factor * criterion.scale.limit
        low, high = np.maximum(low, -most), np.minimum(high, most)
        clear = np.array([c.effect != 0 for c in cells])
        sense = "right is better for the flyer" if criterion.good > 0 else "left is better for the flyer"
        said = [
            f"{o} {interval_text(c.difference, criterion.scale)}"
            for o, c in zip(others, cells, strict=True)
            if c.difference
        ]
        out.append(
            figures.forest(
                f"forest-{key}",
                others,
                low,
                middle,
                high,
                clear,
                title=criterion.title,
                x_label=f"mean difference [{criterion.scale.unit}]\n{sense}",
                alt=f"{criterion.title}: 95 % intervals of the mean paired difference to {study.baseline}: "
                + "; ".join(said),
            )
        )
    return out


# ---- question by question


def _exposure(study: Study) -> Section:
    option, pictures = study.baseline, []
    for sensor, line in answers.range_ribbons(study, option).items():
        km = figures.Ribbon(line.label, line.x, 1e-3 * line.p10, 1e-3 * line.p50, 1e-3 * line.p90)
        pictures.append(
            figures.ribbons(
                f"range-{sensor}",
                [km],
                title=line.label,
                x_label="exposure beside the active site [h]",
                y_label="head-on detection range [km]",
                alt=f"{line.label}: median head-on detection range {fixed(km.p50[0])} km before any flight, "
                f"{fixed(km.p50[-1])} km after {fixed(km.x[-1], 1)} h ({fixed(km.p10[-1])} to {fixed(km.p90[-1])})",
            )
        )
    curves = answers.curves(study)
    for column, title, y_label, factor, unit in (
        ("identified_m", "Test flights: identified from", "slant range, 0 = never [km]", 1e-3, "km"),
        ("identified_share", "Test flights: time identified", "share of tracked time [%]", 100.0, "%"),
        ("fire_control_m", "Test flights: fit to shoot on from", "slant range, 0 = never [km]", 1e-3, "km"),
    ):
        lines = [answers.trial_ribbon(study, name, column, name, factor) for name in curves]
        if lines:
            said = [
                f"{line.label} {fixed(line.p50[0])} {unit} before any flight and {fixed(line.p50[-1])} {unit} after "
                f"{fixed(line.x[-1], 1)} h"
                for line in lines
            ]
            pictures.append(
                figures.ribbons(
                    f"trial-{column}",
                    lines,
                    title=title,
                    x_label="exposure beside the active site [h]",
                    y_label=y_label,
                    y_from_zero=True,
                    alt=f"{title}, medians: {'; '.join(said)}",
                )
            )
    rows = []
    for name in study.options:
        reached = {growth: answers.hours_to(study, name, growth) for growth in answers.GROWTH}
        grown = answers.range_growth(study, name)
        row = [Entry(name, (), "head")]
        for sensor in study.learners:
            notes = [
                f"+{100 * growth:.0f} %: {answers.hours_cell(*reached[growth][sensor])}" for growth in answers.GROWTH
            ]
            never = not any(np.isfinite(reached[growth][sensor][0]).any() for growth in answers.GROWTH)
            notes = [f"{notes[0]} in any replicate"] if never else notes
            row.append(Entry(plain(band(grown[sensor][-1]), PERCENT, signed=True), tuple(notes)))
        rows.append(row)
    first = {s: band(v[-1]) for s, v in answers.range_growth(study, option).items()}
    said = [f"for the {study.learners[s]} by {_signed_band(b, PERCENT)}" for s, b in first.items()]
    hours = answers.common_hours(study, option)[-1]
    answer = (
        f"After {fixed(hours, 1)} h of exposure under {option}, the head-on detection range inside a gate has changed "
        f"{listed(said)}, compared with public knowledge alone."
    )
    if all(abs(b.p50) < 0.02 for b in first.values()):
        answer += (
            " A radar that is told where to look lowers its threshold there whether or not it has learned the level: "
            "what it learned shows in the name it gives a track, not in the range."
        )
    if option in answers.curves(study):
        line = answers.trial_ribbon(study, option, "identified_m", "")
        share = answers.trial_ribbon(study, option, "identified_share", "", 100.0)
        answer += (
            f" Tried in the test engagement, the site's own knowledge identifies the jet at {_at(line, 0)} before any "
            f"flight and at {_at(line, -1)} after {fixed(line.x[-1], 1)} h, and holds that for "
            f"{fixed(share.p50[0])} % ({fixed(share.p10[0])} to {fixed(share.p90[0])}) of the tracked time before and "
            f"{fixed(share.p50[-1])} % ({fixed(share.p10[-1])} to {fixed(share.p90[-1])}) after."
        )
    return Section(
        "q1",
        "1. How many hours beside the site until it sees or names the jet farther out?",
        answer,
        "Detection range here is that of one look inside the gate of a track that another radar already holds, at the "
        "threshold that the learned cross-section sets; it is not the range of first detection by this radar alone, "
        "and it may shrink when the jet turns out smaller than the public thought. Hours are those flown in this "
        "geometry: other aspects or altitudes teach other cells.",
        pictures,
        f"Head-on is within {fixed(np.rad2deg(answers.NOSE_RAD))}° of the nose. Lines: median over {study.n} "
        "replicates; shade: 10 % to 90 % points."
        + ("" if answers.curves(study) else " This study did not try the knowledge of any option at each checkpoint."),
        [
            Table(
                "Growth of head-on detection range at the last checkpoint, and below it the hours of exposure until it "
                "has grown so far: median (10 % to 90 % points over replicates).",
                ("Option", *(f"{radar}: growth [%], hours [h]" for radar in study.learners.values())),
                rows,
            ),
            *_trial_table(study, curves),
        ],
    )  # fmt: skip


def _trial_table(study: Study, curves: list[str]) -> list[Table]:
    if not curves:
        return []
    columns = (
        ("fire_control_m", "range fit to shoot on", KM, 10e3, "+10 km"),
        ("identified_m", "range of identification", KM, 10e3, "+10 km"),
        ("identified_share", "time identified", PERCENT, 0.1, "+10 %"),
    )
    rows = []
    for name in curves:
        row = [Entry(name, (), "head")]
        for column, _, scale, level, said in columns:
            hours, change = answers.trial_change(study, name, column)
            until = answers.hours_cell(answers.hours_until(hours, change, level), float(hours[-1]))
            row.append(Entry(plain(band(change[-1]), scale, signed=True), (f"{said}: {until}",)))
        rows.append(row)
    return [
        Table(
            "Test flights against the site's own knowledge: change since before any flight, at the last checkpoint; "
            "below it the hours of exposure until so much had changed. Median (10 % to 90 % points over replicates).",
            ("Option", *(f"{title}: change [{scale.unit}], hours [h]" for _, title, scale, _, _ in columns)),
            rows,
        )
    ]


def _at(line: figures.Ribbon, i: int) -> str:
    """Return one point of a line of ranges, ``never`` for zero."""
    low, middle, high = ("never" if q[i] == 0.0 else KM(q[i]) for q in (line.p10, line.p50, line.p90))
    return f"{middle if middle == 'never' else KM.with_unit(middle)} ({low} to {high})"


def _signed_band(b: Any, scale: Scale) -> str:
    return band_text(b, scale, signed=True)


def _reflectors(study: Study) -> Section:
    id_, title = "q3", "3. What do reflectors hide, and what leaks anyway?"
    pulled = answers.pulling(study, "reflectors")
    reckons = [o for o in pulled if "learner.reflectors" in study.loaded.option(o).set]
    worn = [o for o in pulled if o not in reckons]
    if not worn:
        return Section(id_, title, "No option of this study changes the reflectors alone.", _NO_OPTION)
    option = worn[0]
    pictures, said = [], []
    named = answers.compared(
        BY_KEY["named"].values(study, option), BY_KEY["named"].values(study, study.baseline), BY_KEY["named"].good
    )
    assert named.difference is not None
    on_nats, off_nats = answers.nats_by_radar(study, option), answers.nats_by_radar(study, study.baseline)
    rows = []
    for sensor, radar in study.learners.items():
        lines = [
            answers.bias_ribbon(study, study.baseline, sensor, f"{study.baseline} (off)"),
            answers.bias_ribbon(study, option, sensor, f"{option} (on)"),
        ]
        pictures.append(
            figures.ribbons(
                f"bias-{sensor}",
                lines,
                title=radar,
                x_label="aspect off the nose [deg]",
                y_label="learned less true clean level [dB]",
                zero=True,
                x_ticks=np.arange(0.0, 181.0, 45.0),
                alt=f"{radar}: learned median less the true clean cross-section by aspect; over all aspects the "
                f"median lies between {fixed(lines[0].p50.min(), 1)} and {fixed(lines[0].p50.max(), 1)} dB without "
                f"reflectors, {fixed(lines[1].p50.min(), 1)} and {fixed(lines[1].p50.max(), 1)} dB with them",
            )
        )
        off, on = answers.bias_db(study, study.baseline, sensor), answers.bias_db(study, option, sensor)
        shift = answers.compared(on, off, 1)
        assert shift.difference is not None
        kind = {1: "better", -1: "worse", 0: ""}[shift.effect]
        rows.append(
            [
                Entry(radar, (), "head"),
                Entry(plain(band(off), DB, signed=True)),
                Entry(plain(band(on), DB, signed=True)),
                Entry(
                    plain(shift.difference, DB, signed=True),
                    (f"mean {interval_text(shift.difference, DB)}", mark(shift)),
                    kind,
                ),
                Entry(plain(band(off_nats[sensor]), NATS)),
                Entry(plain(band(on_nats[sensor]), NATS)),
            ]
        )
        said.append(
            f"the {radar} ends {DB.with_unit(DB(shift.difference.p50, signed=True))} "
            f"({DB(shift.difference.p10, signed=True)} to {DB(shift.difference.p90, signed=True)}) from where it "
            f"would have ended without them"
        )
    return Section(
        id_,
        title,
        f"With reflectors worn on every sortie, {listed(said)}. A shift well above zero means that what was learned is "
        "the reflector, not the jet; a shift near zero means that the jet itself was learned as before: that band "
        "leaks. In the test engagement the share of tracked time in which the jet is identified then differs by "
        f"{_signed_band(named.difference, PERCENT)}, mean {interval_text(named.difference, PERCENT)}.",
        ("" if reckons else "A radar that knows that reflectors are worn could allow for them; no option here has one "
         "that does. ")
        + "A masked band is masked only while the reflectors are on: one clean sortie within range undoes it. The lens "
        "adds to the mean echo without phase. A level counts as learned when it lies within "
        f"{answers.CLOSE_DB:g} dB of the truth, and some do by chance before any flight.",
        pictures,
        "Learned median cross-section less the true clean one, by aspect, at the last checkpoint; zero is a perfect "
        f"estimate of the clean jet. Lines: median over {study.n} replicates; shade: 10 % to 90 % points.",
        [
            Table(
                "Bias of the learned curve against the clean jet, mean over the aspects that were looked at, and "
                "information held by band: median (10 % to 90 % points).",
                (
                    "Radar", "bias, reflectors off [dB]", "bias, reflectors on [dB]", "paired shift [dB]",
                    "information, off [nat]", "information, on [nat]",
                ),
                rows,
            ),
            _leaks(study, worn[0], reckons),
        ],
    )  # fmt: skip


def _leaks(study: Study, option: str, reckons: list[str]) -> Table:
    """What of the clean jet is known with reflectors on, by radar and sector."""
    base, rows = study.baseline, []
    for sensor, radar in study.learners.items():
        for sector in answers.SECTORS:
            name, low, high = sector
            row = [Entry(f"{radar}, {name}", (f"{low:g}° to {high:g}°",), "head")]
            before = answers.close_share(study, base, sensor, sector, 0.0)
            off = answers.close_share(study, base, sensor, sector, answers.common_hours(study, base)[-1])
            row += [Entry(plain(band(before), PERCENT)), Entry(plain(band(off), PERCENT))]
            for one in (option, *reckons):
                on = answers.close_share(study, one, sensor, sector, answers.common_hours(study, one)[-1])
                row.append(Entry(plain(band(on), PERCENT), difference(on, off, PERCENT, -1).notes))
            for one in reckons:
                share = answers.leak_share(study, one, sensor, sector)
                share = share[np.isfinite(share)]
                row.append(Entry(plain(band(share), Scale("%", 100.0))) if len(share) else Entry("nothing to leak"))
            rows.append(row)
    return Table(
        "What leaks, by radar and aspect: share of the aspect cells whose learned level lies within "
        f"{answers.CLOSE_DB:g} dB of the clean jet's, without reflectors and with them, and paired differences; and, "
        "for a site that reckons with reflectors, information on the clean jet over that without reflectors.",
        (
            "Radar, aspect", "before any flight [%]", f"{base}, off [%]", f"{option}, on, not reckoned with [%]",
            *(f"{one}, on, reckoned with [%]" for one in reckons),
            *(f"{one}: information that leaks [%]" for one in reckons),
        ),
        rows,
    )  # fmt: skip


_NO_OPTION = "A study answers this when one of its options pulls that lever and no other."


def _labels(study: Study) -> Section:
    id_, title = "q4", "4. What do the jet's own emissions label for the radar?"
    off = answers.pulling(study, "transponder")
    if not off:
        return Section(id_, title, "No option of this study changes the transponder alone.", _NO_OPTION)
    shown = [study.baseline, *(o for o in study.options if "transponder" in answers.levers(study, o))]
    parts = {o: answers.nats_by_label(study, o) for o in shown}
    total = {o: np.sum([*parts[o].values()], axis=0) for o in shown}
    sources = [k for k in answers.LABELS if k == "nobody" or any(np.any(parts[o][k] != 0.0) for o in shown)]
    base = parts[study.baseline]
    change = paired(total[off[0]], total[study.baseline])
    rows = [
        [
            Entry(o, (), "head"),
            *(Entry(plain(band(parts[o][k]), NATS)) for k in sources),
            Entry("baseline") if o == study.baseline else difference(total[o], total[study.baseline], NATS, -1),
        ]
        for o in shown
    ]
    said = [f"{band_text(band(base[k]), NATS)} {_LABEL_WORDS[k]}" for k in sources]
    return Section(
        id_,
        title,
        f"Under {study.baseline} the flights taught the site, by who had said what flew: {listed(said)}. "
        f"Without a transponder the sum changes by {NATS.with_unit(NATS(change.p50, signed=True))} (median of the "
        f"pairs; 95 % interval of the mean {interval_text(change, NATS)}): "
        + (
            "silence costs the site information."
            if change.mean_high < 0.0
            else "silence cannot be shown to cost the site information."
        ),
        "The learner knows the public catalogue and infers the type from what it sees; it may credit the jet's looks "
        "to another type, or the reverse, and both move beliefs. Who says what flies is what the scenario gives each "
        "flight: observers, radio, or a schedule known by other means would serve as well.",
        [
            figures.stacked(
                "labels",
                shown,
                {_LABEL_WORDS[k]: np.array([np.median(parts[o][k]) for o in shown]) for k in sources},
                title="Who said what it was",
                x_label="information of all flights, median over replicates [nat]",
                alt="Information by source of the label: "
                + "; ".join(
                    f"{o}: "
                    + ", ".join(f"{fixed(float(np.median(parts[o][k])), 1)} nat {_LABEL_WORDS[k]}" for k in sources)
                    for o in shown
                ),
            )
        ],
        "Medians; the bands stand in the table. A flight's nats in a cell are shared out by who had said the type at "
        "its looks.",
        [
            Table(
                "Information by source of the label: median (10 % to 90 % points), and paired difference of the sum.",
                (
                    "Option",
                    *(f"{_LABEL_WORDS[k]} [nat]" for k in sources),
                    f"difference of the sum to {study.baseline} [nat]",
                ),
                rows,
            )
        ],
    )


_LABEL_WORDS = {
    "transponder": "declared by a transponder",
    "flight_plan": "declared by a flight plan",
    "visual": "seen by an eye",
    "nobody": "inferred by the learner alone",
}


def _sharing(study: Study) -> Section:
    id_, title = "q5", "5. What is it worth to cut the sharing of data?"
    cut = answers.pulling(study, "sharing")
    shown = [o for o in study.options if o == study.baseline or {"sharing", "delay"} & answers.levers(study, o)]
    held = study.values("exposure", "nats", study.baseline)
    samples = {f"{study.baseline}, held by the {study.scenario.owner}": held}
    samples |= {f"{o}, at the {study.config.defender}": study.values("exposure", "nats_received", o) for o in shown}
    picture = figures.exceedance(
        "sharing",
        samples,
        title=f"Knowledge of the jet at the {study.config.defender}",
        x_label="information on the jet's type, all radars and aspects [nat]",
        alt="Share of replicates above a level of information; medians: "
        + "; ".join(f"{name} {NATS.with_unit(NATS(float(np.median(v))))}" for name, v in samples.items()),
    )
    if not cut:
        answer = "No option of this study changes the sharing alone."
    else:
        base, option = (study.values("exposure", "nats_received", o) for o in (study.baseline, cut[0]))
        received = study.values("exposure", "n_received", study.baseline)
        sorties = study.values("exposure", "n_sorties", study.baseline)
        survive = answers.compared(
            BY_KEY["survive"].values(study, cut[0]), BY_KEY["survive"].values(study, study.baseline), 1
        )
        assert survive.difference is not None
        answer = (
            f"With the link open, the evidence of {fixed(float(np.median(received)))} of "
            f"{fixed(float(np.median(sorties)))} sorties (medians) has reached the {study.config.defender} by the time "
            f"of the test and carries {band_text(band(base), NATS)}; with it cut, {band_text(band(option), NATS)}. The "
            f"jet's expected survival then differs by {_signed_band(survive.difference, PERCENT)}, mean "
            f"{interval_text(survive.difference, PERCENT)}"
            + (": told apart from none." if survive.effect else ": not told apart from none.")
        )
    return Section(
        id_,
        title,
        answer,
        "Cutting the link protects against defenders elsewhere only: the site itself keeps what it has learned. The "
        "model knows one link with a delay and a loss; people, maintenance visits and captured equipment carry "
        "knowledge too.",
        [picture],
        f"Exceedance curves over {study.n} replicates: read across from a share to find the level that is exceeded "
        "that often.",
        _hops(study, shown),
    )


def _hops(study: Study, shown: list[str]) -> list[Table]:
    """What each link passed, by option and hop."""
    rows = []
    for option in shown:
        for (link, hop), found in answers.transfers_by_hop(study, option).items():
            config = study.scenario.sharing[link]
            rows.append(
                [
                    Entry(option, (f"{config.sender} to {config.receiver}, hop {hop}",), "head"),
                    *(Entry(plain(band(found[c]), Scale(""))) for c in ("parcels", "arrived")),
                    *(Entry(plain(band(found[c]), NATS)) for c in ("nats_offered", "nats_sent", "nats_gained")),
                ]
            )
    head = (
        "Option, link", "parcels sent", "arrived by the test", "worth before redaction [nat]",
        "worth as sent [nat]", "taught the receiver [nat]",
    )  # fmt: skip
    caption = (
        "What each hop passed, all types together, summed over its parcels: median (10 % to 90 % points). Worth is "
        "what a parcel would teach somebody with the catalogue alone, so that worths of several parcels overlap; what "
        "they taught adds up. An option without a row sent nothing."
    )
    return [Table(caption, head, rows)] if rows else []


def _delay(study: Study) -> Section:
    id_, title = "q6", "6. What is a delay of delivery or activation worth?"
    late = sorted(answers.pulling(study, "delay"), key=lambda o: answers.delay_months(study, o))
    if not late:
        return Section(id_, title, "No option of this study delays the activation alone.", _NO_OPTION)
    shown = [study.baseline, *late]
    months = np.arange(1.0, study.campaign.months + 1.0)
    known = {o: answers.monthly(study, o) for o in shown}
    lines = [answers.ribbon(o, months, known[o]) for o in shown]
    area = {o: known[o].sum(axis=0) for o in shown}
    rows = []
    for o in shown:
        first = [Entry(o, (f"{answers.delay_months(study, o)} months late",), "head")]
        unit = Scale("nat month")
        if o == study.baseline:
            rows.append([*first, Entry(plain(band(area[o]), unit)), *(Entry("baseline") for _ in range(3))])
            continue
        cells = [
            difference(BY_KEY[k].values(study, o), BY_KEY[k].values(study, study.baseline), BY_KEY[k].scale,
                        BY_KEY[k].good)
            for k in ("named", "survive")
        ]  # fmt: skip
        rows.append(
            [
                *first,
                Entry(plain(band(area[o]), unit)),
                difference(area[o], area[study.baseline], unit, -1),
                *cells,
            ]
        )
    last = late[-1]
    end = paired(known[last][-1], known[study.baseline][-1])
    less = paired(area[last], area[study.baseline])
    mean = float(np.mean(area[study.baseline]))
    return Section(
        id_,
        title,
        f"Switched on {answers.delay_months(study, last)} months late, the site holds "
        f"{NATS.with_unit(NATS(end.p50, signed=True))} (mean {interval_text(end, NATS)}) at the end of the "
        f"{study.campaign.months} months compared with no delay, and its risk-time, knowledge summed over months, is "
        f"{fixed(-100.0 * less.mean_high / mean)} to {fixed(-100.0 * less.mean_low / mean)}{NARROW}% smaller "
        "(95 % interval of the mean, as a share of the baseline's mean).",
        "A delay buys months without learning; once the site is on, it learns from what is flown then. The study ends "
        "where it ends: what a delay is worth after that depends on what is done with the time.",
        [
            (
                figures.ribbons(
                    "delay",
                    lines,
                    title="What the site knows of the jet, month by month",
                    x_label="month",
                    y_label="information held [nat]",
                    size=figures.WIDE,
                    y_from_zero=True,
                    x_ticks=np.arange(0.0, study.campaign.months + 1.0, 3.0),
                    alt="Information held at the end: "
                    + "; ".join(f"{line.label} {NATS.with_unit(NATS(line.p50[-1]))}" for line in lines),
                )
            )
        ],
        f"Lines: median over {study.n} replicates; shade: 10 % to 90 % points. The area below a line is its risk-time.",
        [
            Table(
                f"Risk-time and what changes in the engagement, paired with {study.baseline}: median (10 % to 90 % "
                "points).",
                (
                    "Option", "risk-time [nat month]", "difference of risk-time [nat month]",
                    "difference of the share of tracked time identified [%]", "difference of expected survival [%]",
                ),
                rows,
            )
        ],
    )  # fmt: skip


def _engagement(study: Study) -> Section:
    id_, title = "q9", "9. What changes in an engagement once the defender has learned?"
    naive = study.naive
    if naive is None:
        return Section(
            id_,
            title,
            "This study holds no engagement fought with public knowledge only.",
            "Give the baseline `curve: true`, or add an option that cuts the link: then the comparison can be made.",
        )
    before, after = naive, (study.baseline, {"who": float(DEFENDER)})
    ranks = study.values("trials", "identified_m", after[0], **after[1])
    fit = study.values("trials", "fire_control_m", after[0], **after[1])
    survive = study.values("trials", "p_survive", after[0], **after[1])
    order = np.lexsort((np.arange(study.n), fit, ranks, survive))
    replicate = int(order[study.n // 2])
    fights = [
        _fight(study, before, replicate, "Before: public knowledge only"),
        _fight(study, after, replicate, f"After: with what had reached the {study.config.defender} ({study.baseline})"),
    ]
    rows, said = [], []
    held = answers.Criterion("held", "Share of the time held once tracked", PERCENT, "trials", "held_share", -1)
    shots = answers.Criterion("shots", "Rounds fired", Scale("", decimals=1), "trials", "n_shots", -1)
    chosen = [BY_KEY[k] for k in ("tracked", "identified", "named", "fit", "shot")]
    for criterion in (*chosen, held, shots, BY_KEY["survive"]):
        a = study.values("trials", criterion.column, before[0], **before[1])
        b = study.values("trials", criterion.column, after[0], **after[1])
        rows.append(
            [
                Entry(headed(criterion.title, criterion.scale), (), "head"),
                banded(a, criterion, study.n),
                banded(b, criterion, study.n),
                difference(b, a, criterion.scale, criterion.good),
            ]
        )
        if criterion.key in ("named", "survive"):
            d = paired(b, a)
            said.append(
                f"the {criterion.title[0].lower()}{criterion.title[1:]} goes from "
                f"{band_text(band(a), criterion.scale, zero=criterion.zero)} to "
                f"{band_text(band(b), criterion.scale, zero=criterion.zero)}, a mean change of "
                f"{interval_text(d, criterion.scale)}"
            )
    return Section(
        id_,
        title,
        f"With the learned knowledge of {study.baseline} instead of the public one, {listed(said)} "
        f"(95 % intervals, {study.n} pairs).",
        "One flight profile, one battery, no jamming, no decoys, no escort, no tactics that answer what was learned. "
        "The test weighs knowledge; it does not predict a battle.",
        [
            (
                figures.engagement(
                    "fights",
                    fights,
                    alt="; ".join(f"{f.title}: {_first_words(f)}; {f.note}" for f in fights),
                )
            )
        ],
        f"Replicate {replicate}, the median one by survival, then identification, under {study.baseline}; both fights "
        "share flight, world and dice. Marks on the line: the first tick of each state. A line that ends early: "
        "the dice killed the jet there.",
        [
            Table(
                "The test engagement before and after learning: median (10 % to 90 % points), and paired difference.",
                ("Quantity", "before", "after", "paired difference"),
                rows,
            )
        ],
    )


def _fight(study: Study, source: tuple[str, dict[str, float]], replicate: int, title: str) -> figures.Fight:
    option, keys = source
    rows = study.of("timeline", option, replicate=replicate, **keys)
    if "hours" not in keys and keys["who"] == OWNER:
        raise ValueError("an owner's trial needs its hours")
    trial = study.of("trials", option, replicate=replicate, **keys)
    shots, survive = int(trial["n_shots"][0]), float(trial["p_survive"][0])
    rounds = "no round fired" if shots == 0 else f"{shots} {'round' if shots == 1 else 'rounds'} fired"
    return figures.Fight(
        title,
        rows["tick_s"] / 60.0,
        1e-3 * rows["range_m"],
        {
            "tracked": rows["track"] >= 0,
            f"identified (P ≥ {IDENTIFIED:g})": rows["p_type"] >= IDENTIFIED,
            "fit to shoot on": rows["fire_control"] > 0,
        },
        f"{rounds}, expected survival {PERCENT.with_unit(PERCENT(survive))}",
    )


def _first_words(fight: figures.Fight) -> str:
    said = []
    for state, held in fight.states.items():
        said.append(f"{state} from {fixed(fight.range_km[int(held.argmax())])} km" if held.any() else f"never {state}")
    return ", ".join(said)


# ---- ledger, register, what would change our mind


def _ledger(study: Study) -> dict[str, Any]:
    per_radar = {s: np.array([answers.flights_by_nats(study, o, s) for o in study.options]) for s in study.learners}
    top = max((float(np.nanmax(v)) for v in per_radar.values() if np.isfinite(v).any()), default=1.0) or 1.0
    heats = [
        figures.heat(
            f"heat-{sensor}",
            values,
            list(study.options),
            top=top,
            title=study.learners[sensor],
            x_label="sortie",
            bar_label="gained by the sortie, median [nat]",
            alt=f"{study.learners[sensor]}: nats gained by each sortie; first sortie under {study.baseline} "
            f"{fixed(values[0][0], 1)}, last {fixed(values[0][-1], 1)}",
        )
        for sensor, values in per_radar.items()
    ]
    series = {name: answers.aspect_ribbon(study, study.baseline, s) for s, name in study.learners.items()}
    centres = next(iter(series.values())).x if series else np.zeros(0)
    polar = figures.aspect_polar(
        "polar",
        centres,
        series,
        unit="nat",
        alt="Information at the end by aspect: "
        + "; ".join(
            f"{name}: most at {fixed(np.rad2deg(line.x[int(line.p50.argmax())]))} degrees off the nose, "
            f"{fixed(line.p50.max(), 1)} nat"
            for name, line in series.items()
        ),
    )
    rows = [
        [
            Entry(o, (), "head"),
            *(Entry(plain(band(v), NATS)) for v in answers.nats_by_radar(study, o).values()),
        ]
        for o in study.options
    ]
    base = answers.nats_by_radar(study, study.baseline)
    most = max(base, key=lambda s: float(np.median(base[s]))) if base else None
    answer = (
        ""
        if most is None
        else f"Under {study.baseline} the {study.learners[most]} holds most at the end, "
        f"{band_text(band(base[most]), NATS)}."
    )
    return {
        "answer": answer,
        "heats": heats,
        "polar": polar,
        "table": Table(
            "Information held by each radar at the end: median (10 % to 90 % points).",
            ("Option", *(f"{name} [nat]" for name in study.learners.values())),
            rows,
        ),
    }


def _register(study: Study) -> list[dict[str, Any]]:
    out = []
    for number, a in enumerate(assumptions(study.loaded), 1):
        value = "curve or choice" if a.value is None else " | ".join(significant(v) for v in a.value)
        if a.value is not None and a.value[0] == a.value[2]:
            value = f"{significant(a.value[1])} (exact by choice)"
        out.append(
            {
                "number": number,
                "what": a.what,
                "parameter": a.parameter,
                "value": value,
                "unit": a.unit,
                "source": a.source,
                "standing": a.standing.replace("-", " "),
                "tag": _TAGS.get(a.standing, "assumed"),
                "disputed": a.disputed_by,
                "note": a.note,
            }
        )
    return out


def _mind(study: Study) -> dict[str, Any]:
    chance = answers.chance_rank(study.n)
    asked: list[tuple[str, str, Any]] = []
    for key in ("named", "fit", "survive"):
        values = BY_KEY[key].values(study, study.baseline)
        if np.ptp(values) > 0.0:
            asked.append((key, f"{BY_KEY[key].title}, {study.baseline}", values))
    received = BY_KEY["received"].values(study, study.baseline)
    asked.append(("received", f"Information that reached the {study.config.defender}, {study.baseline}", received))
    pictures, said = [], []
    for key, title, values in asked[:4]:
        found = answers.strongest(study, values, weapons=key == "survive")
        rho = np.array([r for _, r in found])
        pictures.append(
            figures.tornado(
                f"mind-{key}",
                [name for name, _ in found],
                rho,
                chance,
                title=title.partition(",")[0],
                alt=f"{title}: " + "; ".join(f"{name} {fixed(r, 2, signed=True)}" for name, r in found),
            )
        )
        beyond = [(name, r) for name, r in found if abs(r) > chance][:3]
        if beyond:
            words = [f"{name} ({fixed(r, 2, signed=True)})" for name, r in beyond]
            said.append(f"{title[0].lower()}{title[1:]} goes with {listed(words)}")
    sentence = (
        f"Over {study.n} replicates, {'; '.join(said)} (rank correlation; chance alone stays within "
        f"±{fixed(chance, 2)} nineteen times in twenty). Better knowledge of these is where to look first."
        if said
        else f"Over {study.n} replicates no drawn parameter goes with an outcome more than chance would (rank "
        f"correlation beyond ±{fixed(chance, 2)}); more replicates would be needed to name what to measure next."
    )
    return {"sentence": sentence, "pictures": pictures}


def _manifest(study: Study) -> list[tuple[str, str]]:
    header = study.header
    return [
        ("Scenario", header.scenario),
        ("Digest (SHA-256)", header.digest),
        ("Seed", str(header.seed)),
        ("Replicates of each option", str(study.n)),
        ("Options", str(len(study.options))),
        ("Version of watchfloor", header.version),
        ("Computed with", ", ".join(f"{name} {v}" for name, v in sorted(header.tools.items()))),
        ("Play it again", study_command(header, f"out/{header.scenario}", study.n)),
        ("Write this page again", f"watchfloor report out/{header.scenario}"),
    ]


LIMITS: Sequence[str] = (
    "A measured signature of the jet in S or X band, at any aspect. The public spread is about 30 dB, a factor of 5.6 "
    "in detection range; here it is drawn anew in each replicate.",
    "Measured sensitivity and waveform of the radars. Cards rest on brochures, press and textbook values.",
    "A credible single-shot kill probability. None is public; it is drawn between wide limits and scales survival "
    "almost directly.",
    "Terrain, ducting and weather. The earth here is smooth with a standard atmosphere; low flight is seen too far out "
    "and coverage behind hills is too good.",
    "Jamming, decoys, escorts and tactics. None is modelled; each could weigh more than any option.",
    "Other ways to learn: infrared, passive location of emissions, radar imaging, people. Only cross-section by band "
    "and aspect is learned here.",
    "How a signature wears, and how often a coat is renewed. What was learned fades only where a scenario says so; "
    "question 8 sweeps what is not known.",
)
"""What the model leaves out, and what would change the answer if it were known."""

GLOSSARY: Sequence[tuple[str, str]] = (
    ("10/50/90", "values that one replicate in ten, half, and nine in ten stay below"),
    ("aspect", "direction from which a radar sees the jet, in the jet's own frame: 0° is nose-on, 180° tail-on"),
    ("baseline", "the option that all others are compared with"),
    ("dBsm", "radar cross-section in decibels relative to 1 m²: −20 dBsm is 0.01 m²"),
    ("defender", "whose knowledge the test engagement is fought with"),
    ("exposure", "time the jet was in the air beside the active site"),
    ("fit to shoot on", "a track that an engagement radar updates and that is precise enough for a missile"),
    ("identified", "the track's identity gives the true type a probability of at least 0.8"),
    ("label", "what tells the learner the type behind a track, e.g. a transponder's answer or a flight plan"),
    ("ledger", "the account of who learned what from which flight, by radar and aspect"),
    ("nat", "unit of information: the entropy that a belief has lost; 1 nat is 1.44 bit"),
    ("paired difference", "the same replicate, with the same world and dice, under two options"),
    ("reflector", "a lens that makes the jet look larger to centimetre-wave radars; it adds an echo and hides none"),
    ("replicate", "one run of an option with one draw of everything that is not known"),
    ("risk-time", "knowledge held, summed over months"),
    ("95 % interval", "where the mean difference lies, by Student's t over the pairs; no other error is in it"),
)
"""Words used on the page."""


SECTIONS = (
    _exposure, learning.curves, learning.identification, _reflectors, _labels, _sharing, _delay, learning.contribution,
    learning.stale, _engagement, unspoken.drivers, unspoken.maps,
)  # fmt: skip
"""One section a question, in the order of the page."""
