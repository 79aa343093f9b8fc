"""The commander from proposal to decision."""

import ast
from pathlib import Path

import numpy as np
import pytest

import watchfloor.command
from watchfloor.base.picture import Decision, Status
from watchfloor.command.authority import AuthorityConfig, decide


def test_auto_grants_at_once(commander, picture, ready):
    orders = commander(authority={"mode": "auto"}).step(*picture(), ready(), until_s=0.0)
    assert orders.decision.tolist() == [Decision.GRANTED]
    assert orders.rounds.tolist() == [2]
    assert orders.decided_s.tolist() == [0.0]


def test_ask_waits_for_the_human_and_then_grants(commander, picture, ready):
    boss = commander(authority={"mode": "ask", "answer_s": 20.0})
    seen = []
    for now in (0.0, 10.0, 20.0, 30.0):
        orders = boss.step(*picture(t_s=now, updated_s=now), ready(), until_s=now)
        seen.append(orders.decision.tolist())
    assert seen == [[Decision.PENDING], [], [Decision.GRANTED], []]


def test_a_human_refuses_what_is_not_surely_hostile_and_is_not_asked_again_at_once(commander, picture, ready):
    boss = commander(authority={"mode": "ask", "answer_s": 0.0, "ask_again_s": 60.0, "p_hostile_min": 0.8})
    first = boss.step(*picture(p_hostile=(0.6,)), ready(), until_s=0.0)
    again = boss.step(*picture(p_hostile=(0.6,), t_s=10.0, updated_s=10.0), ready(), until_s=10.0)
    later = boss.step(*picture(p_hostile=(0.9,), t_s=70.0, updated_s=70.0), ready(), until_s=70.0)
    assert first.decision.tolist() == [Decision.REFUSED]
    assert len(again) == 0
    assert later.decision.tolist() == [Decision.GRANTED]
    np.testing.assert_allclose(first.p_hostile, 0.6)


def test_hold_never_fires(commander, picture, ready):
    boss = commander(authority={"mode": "hold"})
    orders = boss.step(*picture(), ready(), until_s=0.0)
    assert orders.decision.tolist() == [Decision.HELD]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"range_m": (1.9e5,)}, "out of reach even at arrival"),
        ({"updated_s": -30.0}, "fire-control plot too old"),
        ({"sd_m": 2e3}, "track too loose"),
        ({"status": Status.TENTATIVE}, "not confirmed"),
        ({"p_hostile": (0.0,)}, "no threat"),
    ],
)
def test_nothing_is_proposed_when(commander, picture, ready, change, why):
    orders = commander(authority={"mode": "auto"}).step(*picture(**change), ready(), until_s=0.0)
    assert len(orders) == 0, why


def test_no_more_targets_than_channels_and_no_more_rounds_than_ready(commander, picture, ready):
    shown = picture(range_m=(5e4, 6e4, 7e4), p_hostile=(0.9, 0.9, 0.9))
    orders = commander(authority={"mode": "auto"}).step(*shown, ready(rounds=3, channels=2), until_s=0.0)
    assert len(orders) == 2
    assert orders.rounds.sum() <= 3
    assert 10 in orders.track.tolist(), "the nearest is the worst threat"


def test_an_engaged_track_is_not_proposed_again_before_its_rounds_arrive(commander, picture, ready):
    boss = commander(authority={"mode": "auto"})
    counts = []
    for now in np.arange(0.0, 100.0, 10.0):
        counts.append(len(boss.step(*picture(t_s=now, updated_s=now), ready(), until_s=now)))
    # 80 km minus what the target flies in reaction and flight, over the closing speed: (80 - 2.5) / 1.25 = 62 s + 10 s
    assert counts == [1, 0, 0, 0, 0, 0, 0, 0, 1, 0]


def test_peacetime_proposes_nothing(commander, picture, ready):
    boss = commander(weapons_free=False, authority={"mode": "auto"})
    assert len(boss.step(*picture(), ready(), until_s=0.0)) == 0


def test_what_is_shown_at_the_answer_decides_not_what_was_shown_when_asked():
    rule = AuthorityConfig(mode="ask", answer_s=20.0, p_hostile_min=0.8)
    assert decide(rule, p_hostile=0.9, asked_s=0.0, now_s=19.9) == Decision.PENDING
    assert decide(rule, p_hostile=0.9, asked_s=0.0, now_s=20.0) == Decision.GRANTED
    assert decide(rule, p_hostile=0.7, asked_s=0.0, now_s=20.0) == Decision.REFUSED


def test_the_room_does_not_import_the_truth():
    for file in Path(watchfloor.command.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert "watchfloor.base.truth" not in names, file
