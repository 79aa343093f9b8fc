"""Where two parties' studies differ: the numbers they started from, and what came of them.

Two delegations play the same study, each under its own priors. Their records are laid side by side: which numbers
differ, and by how much each option's outcome does, paired by replicate where both used the same seed. What stays the
same under both is what they can agree on without a word about their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from watchfloor.assess.statistics import Band, band, paired
from watchfloor.base.errors import RecordError
from watchfloor.base.units import FloatArray
from watchfloor.record import Record
from watchfloor.scenario.cite import assumptions
from watchfloor.scenario.load import LoadedScenario, load, with_priors
from watchfloor.scenario.text import read

SCENARIO_FILE, PRIORS_FILE = "scenario.yaml", "priors.yaml"
"""Files of a record that hold the scenario and a party's own numbers."""
DEFENDER = 1
"""Value of ``who`` in the table of trials: the study's defender, at the end."""


class Measure(NamedTuple):
    """An outcome that is compared."""

    name: str
    """Table and column."""
    what: str
    """In words."""
    unit: str
    """Unit as told."""
    scale: float
    """Told number over recorded one."""


MEASURES = (
    Measure("exposure.hours", "hours of exposure", "h", 1.0),
    Measure("exposure.nats", "information the site's owner gained", "nat", 1.0),
    Measure("exposure.nats_received", "information that reached the defender", "nat", 1.0),
    Measure("trials.tracked_m", "range at which the jet is first tracked", "km", 1e-3),
    Measure("trials.identified_m", "range from which it is identified", "km", 1e-3),
    Measure("trials.fire_control_m", "range from which it can be shot at", "km", 1e-3),
    Measure("trials.held_share", "share of the time since in which it is held", "1", 1.0),
    Measure("trials.p_survive", "share of the raid that survives", "1", 1.0),
)
"""Outcomes that are compared, where both records hold them."""


class NumberDiffers(NamedTuple):
    """A number that the two parties hold differently: 10, 50 and 90 % points of each, None where it has none."""

    parameter: str
    what: str
    unit: str
    a: tuple[float, float, float] | None
    b: tuple[float, float, float] | None


class OutcomeDiffers(NamedTuple):
    """An outcome of an option under both parties' numbers."""

    option: str
    measure: Measure
    a: Band
    b: Band
    difference: Band | None
    """b less a, replicate by replicate; None where they share no dice."""

    @property
    def differs(self) -> bool | None:
        """Whether the mean difference is told from 0 at 95 %; None where it cannot be said."""
        if self.difference is None or self.difference.n < 2:
            return None
        return not self.difference.mean_low <= 0.0 <= self.difference.mean_high


@dataclass(frozen=True)
class Comparison:
    """Two studies side by side."""

    a: str
    """Name of the first party's numbers, ``public`` for the catalogue's."""
    b: str
    """Name of the second's."""
    n_paired: int
    """Replicates that share seed and dice; 0 where outcomes are compared without pairing."""
    numbers: tuple[NumberDiffers, ...]
    """What they started from, where it differs."""
    outcomes: tuple[OutcomeDiffers, ...]
    """What came of it, option by option."""
    ranking: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    """Measures by which the two would put the options in another order, with both orders, best known first."""


def differ(a: Path, b: Path) -> Comparison:
    """Lay two records of one study side by side.

    Parameters
    ----------
    a, b : Path
        Folders that ``watchfloor study --out`` has left.

    Returns
    -------
    Comparison
        Numbers and outcomes.

    Raises
    ------
    RecordError
        If a folder is no finished record of a study, or they share no option.
    """
    records = [_opened(folder) for folder in (a, b)]
    loaded = [_loaded(folder) for folder in (a, b)]
    options = [list(one.options) for one in loaded]
    shared = [name for name in options[0] if name in options[1]]
    if not shared:
        raise RecordError(f"{a} and {b} share no option: {', '.join(options[0])} against {', '.join(options[1])}")
    same_seed = records[0].header.seed == records[1].header.seed
    outcomes = []
    for measure in MEASURES:
        values = [_values(record, measure, shared) for record in records]
        if values[0] is None or values[1] is None:
            continue
        for option in shared:
            first, second = values[0].get(option), values[1].get(option)
            if first is None or second is None:
                continue
            both = [r for r in first if r in second] if same_seed else []
            difference = None
            if both:
                difference = paired(_row(second, both), _row(first, both))
            outcomes.append(
                OutcomeDiffers(  # of the same replicates, where both parties played them
                    option,
                    measure,
                    band(_row(first, both or list(first))),
                    band(_row(second, both or list(second))),
                    difference,
                )  # fmt: skip
            )
    n_paired = max((one.difference.n for one in outcomes if one.difference is not None), default=0)
    names = [_called(folder, one) for folder, one in zip((a, b), loaded, strict=True)]
    return Comparison(names[0], names[1], n_paired, _numbers(*loaded), tuple(outcomes), _rankings(outcomes, shared))


def _opened(folder: Path) -> Record:
    record = Record.open(folder)
    if record.header.kind != "study":
        raise RecordError(f"{folder}: is the record of a {record.header.kind}; wanted one of `watchfloor study`")
    if not record.finished:
        raise RecordError(
            f"{folder}: was not finished; give the `watchfloor study` command again, it plays what is missing"
        )
    return record


def _loaded(folder: Path) -> LoadedScenario:
    path = folder / SCENARIO_FILE
    if not path.is_file():
        raise RecordError(f"{path}: no such file; give the `watchfloor study` command again, it puts it back")
    loaded = load(path)
    return with_priors(loaded, folder / PRIORS_FILE) if (folder / PRIORS_FILE).is_file() else loaded


def _called(folder: Path, loaded: LoadedScenario) -> str:
    if loaded.priors is None:
        return "public"
    name = read(loaded.priors, file=str(loaded.priors)).values.get("name")
    return str(name) if name else folder.name


def _numbers(a: LoadedScenario, b: LoadedScenario) -> tuple[NumberDiffers, ...]:
    """Numbers of the registers of assumptions that are not the same in both."""
    first, second = ({row.parameter: row for row in assumptions(one)} for one in (a, b))
    out = []
    for parameter in dict.fromkeys((*first, *second)):
        one, other = first.get(parameter), second.get(parameter)
        values = [None if row is None else row.value for row in (one, other)]
        row = one or other
        if values[0] != values[1] and row is not None:
            out.append(NumberDiffers(parameter, row.what, row.unit, values[0], values[1]))
    return tuple(out)


def _values(record: Record, measure: Measure, options: list[str]) -> dict[str, dict[int, float]] | None:
    """Value of each option and replicate, in told units; None where the record has no such column."""
    table, _, column = measure.name.partition(".")
    if table not in record.table_names:
        return None
    rows = record.table(table)
    if column not in rows:
        return None
    keep = rows["who"] == DEFENDER if "who" in rows else np.ones(len(rows[column]), bool)
    out: dict[str, dict[int, float]] = {}
    for option, replicate, value in zip(
        rows["option"][keep].tolist(), rows["replicate"][keep].tolist(), rows[column][keep].tolist(), strict=True
    ):
        if option in options:
            out.setdefault(option, {})[int(replicate)] = measure.scale * float(value)
    return out


def _row(values: dict[int, float], replicates: list[int]) -> FloatArray:
    return np.array([values[r] for r in sorted(replicates)])


def _rankings(
    outcomes: list[OutcomeDiffers], options: list[str]
) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Measures by which the parties' medians put the options in different orders."""
    out = []
    for measure in MEASURES:
        mine = [one for one in outcomes if one.measure is measure]
        if len(mine) < 2:
            continue
        orders = [
            tuple(one.option for one in sorted(mine, key=lambda o, k=k: (-(o.a, o.b)[k].p50, options.index(o.option))))
            for k in (0, 1)
        ]
        if orders[0] != orders[1]:
            out.append((measure.name, orders[0], orders[1]))
    return tuple(out)
