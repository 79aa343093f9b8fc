"""How a true signature changes while a campaign lasts: a coat of paint, another configuration, wear.

A campaign's ``signature_changes`` say what happens to a type and when; `signatures_at` gives the truth of a month.
Learners are not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from watchfloor.base.streams import Streams
from watchfloor.base.units import FloatArray
from watchfloor.physics.rcs import Signature
from watchfloor.scenario.cards import Band, TypeCard
from watchfloor.scenario.model import SignatureChangeConfig
from watchfloor.world.signature import BANDS, draw_signature


def signatures_at(
    signatures: Mapping[str, Signature],
    cards: Mapping[str, TypeCard],
    changes: Sequence[SignatureChangeConfig],
    *,
    month: float,
    streams: Streams | None,
) -> dict[str, Signature]:
    """Signatures, clean, that are true at a month of the campaign.

    Parameters
    ----------
    signatures : mapping of str to Signature
        By type, at the campaign's beginning, as drawn.
    cards : mapping of str to TypeCard
        Card of each type that changes.
    changes : sequence of SignatureChangeConfig
        What happens, in the file's order; those of one month happen in that order.
    month : float
        Time since the campaign's beginning, at least 0. [months]
    streams : Streams or None
        Streams of the replicate, so that options that share it share the changes; None for medians: nothing drifts, and
        a signature drawn anew is the card's median.

    Returns
    -------
    dict of str to Signature
        The same types.

    Raises
    ------
    ValueError
        If the month is negative, or a change names a type that is not there.
    """
    if not month >= 0.0:
        raise ValueError(f"month must be at least 0, got {month!r}")
    out = dict(signatures)
    order = sorted(range(len(changes)), key=lambda i: changes[i].month)
    for i in order:
        change = changes[i]
        if change.type not in out:
            raise ValueError(f"no type {change.type!r} whose signature could change, only {', '.join(out)}")
        if month < change.month:
            continue
        now = out[change.type]
        if change.redraw:
            rng = None if streams is None else streams.rng("draw", "signature-change", change.type, str(i))
            now = draw_signature(cards[change.type], rng)
        now = shifted(now, change.offset_db)
        if change.drift_db_per_year > 0.0 and streams is not None:
            rng = streams.rng("draw", "signature-drift", change.type, str(i))
            now = drifted(now, change.drift_db_per_year, rng, months=month - change.month)
        out[change.type] = now
    return out


def shifted(signature: Signature, offset_db: Mapping[Band, float]) -> Signature:
    """Return a signature whose curves lie so many decibels higher, by band; bands not named stay. [dB]"""
    offset = np.array([offset_db.get(band, 0.0) for band in signature.bands])  # type: ignore[call-overload]
    return replace(signature, dbsm=signature.dbsm + offset[:, None])


def drifted(signature: Signature, sd_db: float, rng: np.random.Generator, *, months: float) -> Signature:
    """Let the levels of a signature walk at random.

    Parameters
    ----------
    signature : Signature
        Where they start.
    sd_db : float
        Standard deviation of the walk over a year. [dB]
    rng : Generator
        Stream from its start. It gives one number a month for all bands whose curve is assumed, and one for each band,
        used or not: a longer campaign walks the same way to begin with.
    months : float
        Time walked; the level is that of the last whole month. [months]

    Returns
    -------
    Signature
        Curves moved as a whole: bands whose curve is assumed together, measured and computed ones each for itself.
    """
    n = int(np.floor(months + 1e-9))
    steps: FloatArray = rng.standard_normal((n, 1 + len(BANDS))).sum(axis=0) * (sd_db / np.sqrt(12.0))
    by_band = {
        band: float(steps[0] if origin == "assumed" else steps[1 + BANDS.index(band)])  # type: ignore[arg-type]
        for band, origin in zip(signature.bands, signature.origin, strict=True)
    }
    return shifted(signature, by_band)  # type: ignore[arg-type]
