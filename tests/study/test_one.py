"""One run of a study: who fights with what, and what is true when."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from watchfloor.record import Buffer
from watchfloor.scenario.load import apply, load
from watchfloor.study import one

LOADED = load(Path(__file__).parent / "small.yaml")


def run(changes=None, *, defender="vendor"):
    scenario = apply(LOADED, changes or {})
    study = scenario.study.model_copy(update={"defender": defender})
    scenario = scenario.model_copy(update={"study": study})
    return one._Run(scenario, "open", 0, Buffer(), None)


@pytest.mark.parametrize(
    ("who", "defender", "told"),
    [(one.OWNER, "vendor", True), (one.DEFENDER, "vendor", False), (one.DEFENDER, "host", True)],
)
def test_only_the_owner_fights_with_the_habits_that_its_radars_have_shown(monkeypatch, who, defender, told):
    played = run(defender=defender)
    played.habits = played._mission(None).learner.habits
    given = []

    def build(*_args, habits, **_):
        given.append(habits)
        raise InterruptedError

    monkeypatch.setattr(one, "build", build)
    with pytest.raises(InterruptedError):
        played._try(played.prior, who)
    assert given == [played.habits if told else None]


@pytest.mark.parametrize(("per_month", "month"), [(1, 1), (3, 4), (6, 2), (30, 1)])
def test_a_change_comes_with_the_first_sortie_of_its_month(monkeypatch, per_month, month):
    played = run({
        "campaign.months": month + 1,
        "campaign.sorties_per_month": per_month,
        "campaign.signature_changes": [{"type": "lo-fighter", "month": month, "redraw": True}],
    })  # fmt: skip
    flown = []

    def fly(now, _streams):
        flown.append(now.signatures["lo-fighter"])
        raise InterruptedError

    monkeypatch.setattr(played, "_played", fly)
    for sortie in (per_month * month - 1, per_month * month):
        played.month = (sortie + 1) / per_month
        with pytest.raises(InterruptedError):
            played._fly(sortie)
    clean = SimpleNamespace(old=played.drawn.signatures["lo-fighter"], new=played._at(float(month)))
    assert flown[0] is clean.old
    assert (flown[1].dbsm == clean.new.signatures["lo-fighter"].dbsm).all()
    assert (flown[1].dbsm != clean.old.dbsm).any()
