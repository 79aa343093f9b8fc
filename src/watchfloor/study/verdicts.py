"""What a trial's picture says of everybody who flew: the posteriors behind calibration and false identification."""

from __future__ import annotations

import numpy as np

from watchfloor.assess.exposure import encounter
from watchfloor.base.units import IntArray
from watchfloor.run.recorder import History
from watchfloor.study.tables import Verdicts

QUARTERS = 4
"""Verdicts of one flight: at the end of each quarter of its tracked time."""


def verdicts(history: History, *, types: IntArray, n_types: int, hours: float, who: int) -> Verdicts:
    """Read the identities of each mover's tracks.

    Parameters
    ----------
    history : History
        A trial.
    types : (movers,) array
        Row of each mover's true type, ``n_types`` for one that is not in the list.
    n_types : int
        Types in the list.
    hours, who : float, int
        Which trial.

    Returns
    -------
    Verdicts
        No row for a mover that was never tracked.
    """
    blocks: list[tuple[int, int, np.ndarray]] = []
    for mover in np.unique(history.flown.mover).tolist():
        seen = encounter(
            history.flown,
            history.tracks,
            history.track_tick_s,
            history.identities,
            history.identity_tick_s,
            mover=mover,
            type_row=0,
            place_m=np.zeros(3),
            fire_control=[],
            position_sd_max_m=0.0,
            update_age_max_s=0.0,
        )
        held = np.flatnonzero(seen.track >= 0)
        for quarter in range(1, QUARTERS + 1) if len(held) else ():
            i = held[-(-len(held) * quarter // QUARTERS) - 1]
            mine = (history.identities.track == seen.track[i]) & (history.identity_tick_s == seen.tick_s[i])
            row = np.flatnonzero(mine)
            if len(row):
                blocks.append((mover, quarter, history.identities.probability[row[0]]))
    mover = np.array([block[0] for block in blocks], np.int64)
    quarter = np.array([block[1] for block in blocks], np.int64)
    probability = np.array([block[2] for block in blocks]).reshape(-1, n_types + 1)
    n = probability.size
    return Verdicts(
        hours=np.full(n, hours),
        who=np.full(n, who),
        mover=np.repeat(mover, n_types + 1),
        type=np.repeat(np.asarray(types, np.int64)[mover], n_types + 1),
        quarter=np.repeat(quarter, n_types + 1),
        candidate=np.tile(np.arange(n_types + 1), len(blocks)),
        probability=probability.reshape(-1),
    )
