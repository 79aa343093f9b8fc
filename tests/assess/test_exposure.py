"""One mover against one air picture, laid beside each other by hand."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.assess.exposure import FOLLOWS_M, encounter
from watchfloor.base.picture import Identities, Status, Tracks
from watchfloor.base.truth import Flown

PLACE_M = np.array([6.4e6, 0.0, 0.0])
SD_MAX_M, AGE_MAX_S = 200.0, 20.0
CLOSE_M = -250.0
"""The mover comes nearer by this each second. [m]"""


def flown(n_ticks: int = 6) -> Flown:
    """Mover 3 comes straight in along y from 100 km at 250 m/s, a tick each 10 s; mover 1 is far away."""
    t_s = 10.0 * np.arange(1, n_ticks + 1)
    at_m = PLACE_M + np.stack([0 * t_s, 100e3 + CLOSE_M * t_s, 0 * t_s], axis=1)
    return Flown(
        tick_s=np.repeat(t_s, 2),
        mover=np.tile([1, 3], n_ticks),
        position_ecef_m=np.stack([at_m + 300e3, at_m], axis=1).reshape(-1, 3),
        velocity_ecef_mps=np.zeros((2 * n_ticks, 3)),
    )


def tracks(rows: list[dict]) -> tuple[Tracks, np.ndarray]:
    """Rows with keys tick_s, t_s, number, off_m, status, sd_m, fed_s (last plot of sensors 0 and 1)."""
    full = [{"status": Status.CONFIRMED, "sd_m": 50.0, "fed_s": (-np.inf, -np.inf), "off_m": 0.0, **r} for r in rows]
    n = len(full)
    t_s = np.array([r["t_s"] for r in full])
    at_m = PLACE_M + np.stack([np.zeros(n), 100e3 + CLOSE_M * t_s, np.array([r["off_m"] for r in full])], axis=1)
    table = Tracks(
        number=np.array([r["number"] for r in full]),
        t_s=t_s,
        position_ecef_m=at_m,
        velocity_ecef_mps=np.tile([0.0, CLOSE_M, 0.0], (n, 1)),
        cov=np.array([np.diag([r["sd_m"] ** 2] * 3 + [1.0] * 3) for r in full]),
        status=np.array([r["status"] for r in full]),
        existence=np.ones(len(full)),
        n_hits=np.full(n, 5),
        updated_s=np.array([r["fed_s"] for r in full]),
        address=np.full(n, -1),
        label=np.full(n, -1),
    )
    return table, np.array([r["tick_s"] for r in full], float)


def identities(rows: list[tuple[float, int, tuple[float, ...]]]) -> tuple[Identities, np.ndarray]:
    tick_s, track, p = zip(*rows, strict=True)
    return Identities(track=np.array(track), t_s=np.array(tick_s), probability=np.array(p)), np.array(tick_s, float)


def seen(track_rows, identity_rows=((10.0, 99, (0.0, 0.0, 1.0)),)):
    table, tick_s = tracks(track_rows)
    who, who_tick_s = identities(list(identity_rows))
    return encounter(
        flown(),
        table,
        tick_s,
        who,
        who_tick_s,
        mover=3,
        type_row=1,
        place_m=PLACE_M,
        fire_control=[1],
        position_sd_max_m=SD_MAX_M,
        update_age_max_s=AGE_MAX_S,
    )


def test_an_encounter_worked_by_hand():
    found = seen(
        [
            # tick 10: tentative only; tick 20: 7 confirmed, its estimate 5 s old; tick 30: 7 and a nearer 8
            {"tick_s": 10, "t_s": 10.0, "number": 7, "status": Status.TENTATIVE},
            {"tick_s": 20, "t_s": 15.0, "number": 7, "off_m": 300.0},
            {"tick_s": 30, "t_s": 30.0, "number": 7, "off_m": 300.0},
            {"tick_s": 30, "t_s": 30.0, "number": 8, "off_m": 200.0, "fed_s": (30.0, 9.0)},
            # tick 40: fed by fire control 20 s ago, at the limit; tick 50: as fresh, but not precise
            {"tick_s": 40, "t_s": 40.0, "number": 8, "off_m": 200.0, "fed_s": (40.0, 20.0), "sd_m": 200.0},
            {"tick_s": 50, "t_s": 50.0, "number": 8, "off_m": 200.0, "fed_s": (50.0, 50.0), "sd_m": 201.0},
            # tick 60: dropped
            {"tick_s": 60, "t_s": 60.0, "number": 8, "status": Status.DROPPED, "fed_s": (60.0, 60.0)},
        ],
        [
            (20.0, 7, (0.7, 0.2, 0.1)),
            (30.0, 7, (0.0, 1.0, 0.0)),  # of the track that no longer follows
            (30.0, 8, (0.1, 0.6, 0.3)),
            (40.0, 8, (0.05, 0.9, 0.05)),
            (60.0, 8, (0.0, 1.0, 0.0)),
        ],
    )
    np.testing.assert_array_equal(found.tick_s, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    np.testing.assert_allclose(found.range_m, 100e3 - 250.0 * found.tick_s)
    np.testing.assert_array_equal(found.track, [-1, 7, 8, 8, 8, -1])
    np.testing.assert_allclose(found.p_type, [0.0, 0.2, 0.6, 0.9, 0.0, 0.0])
    np.testing.assert_array_equal(found.fire_control, [False, False, False, True, False, False])
    held = found.track >= 0
    assert found.first_range_m(held) == 95e3
    assert found.first_range_m(found.p_type >= 0.5) == 92.5e3
    assert found.first_range_m(found.p_type >= 0.8) == 0.0, "one tick is not two in a row"
    assert found.first_range_m(found.p_type >= 0.8, in_a_row=1) == 90e3
    assert found.share_since_track(held) == pytest.approx(4 / 5)
    assert found.share_since_track(found.p_type >= 0.5) == pytest.approx(2 / 5)


def test_a_track_follows_the_mover_only_within_reach():
    for off_m, number in ((FOLLOWS_M - 1.0, 4), (FOLLOWS_M + 1.0, -1)):
        found = seen([{"tick_s": 30, "t_s": 30.0, "number": 4, "off_m": off_m}])
        np.testing.assert_array_equal(found.track, [-1, -1, number, -1, -1, -1])


def test_an_old_estimate_is_carried_to_the_tick_by_its_velocity():
    found = seen([{"tick_s": 60, "t_s": 30.0, "number": 4}])  # 7.5 km behind, were it not carried
    assert found.track[-1] == 4


def test_a_mover_that_was_never_tracked_has_neither_ranges_nor_shares():
    found = seen([{"tick_s": 10, "t_s": 10.0, "number": 1, "status": Status.TENTATIVE}])
    held = found.track >= 0
    assert not held.any()
    assert (found.first_range_m(held), found.share_since_track(held)) == (0.0, 0.0)
    assert found.first_range_m(held[:1], in_a_row=2) == 0.0
