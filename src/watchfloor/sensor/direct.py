"""A turning radar's looks at movers, straight from its echo law: no plots.

For sorties that are played at the level of looks (``fidelity: looks`` of a campaign). All sorties of a campaign fly the
same paths, so where and when each beam passes each mover, and what a square metre would echo there, is worked out once
(`Passes`). Per sortie and tick a look is drawn by the sensor's own `Receiver` with the numbers that it would draw if
plots were played: power, fade, noise and threshold are the same to the last bit (`DirectLooks`).

Left out are what plots add: errors of measurement, folding, merging of movers in one cell, false plots, sidelobes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np

from watchfloor.base.picture import Tasks
from watchfloor.base.truth import Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.environment import Targets
from watchfloor.physics.radar import look
from watchfloor.sensor.receiver import Gates, Shown, polar_of
from watchfloor.sensor.rotating import RotatingRadar


@dataclass(frozen=True, kw_only=True, eq=False)
class Passes:
    """Every pass of one beam over the movers of a phase; rows by tick, then mover, then time."""

    t_s: FloatArray
    """(n,) time. [s]"""
    mover: IntArray
    """(n,) mover passed."""
    position: FloatArray
    """(n, 3) where it is, ECEF. [m]"""
    velocity: FloatArray
    """(n, 3) how it flies. [m/s]"""
    bank: FloatArray
    """(n,) its bank angle. [rad]"""
    polar: FloatArray
    """(n, 4) as in `receiver.Rows`. [m, rad, rad, m/s]"""
    snr_1m2: FloatArray
    """(n,) signal-to-noise ratio of 1 m2 there. [power ratio]"""
    visible: BoolArray
    """(n,) whether an echo comes at all."""
    ordinal: IntArray
    """(n,) which of its mover's passes of the tick it is."""
    first: IntArray
    """(ticks + 1,) first row of each tick, and the number of rows."""
    n_passes: IntArray
    """(ticks,) passes that numbers are drawn for."""


class Drawn(NamedTuple):
    """What came of a tick's passes; rows as there."""

    hit: BoolArray
    """(n,) whether it crossed the threshold."""
    snr_db: FloatArray
    """(n,) power over mean noise, NaN for a miss. [dB]"""
    pfa: FloatArray
    """(n,) threshold in force, as probability of false alarm a cell. [1]"""
    modulation_hz: FloatArray
    """(n,) spacing of lines measured, NaN for none. [Hz]"""


def passes_of(sensor: RotatingRadar, truths: Sequence[Truth]) -> Passes:
    """Work out every pass of a beam.

    Parameters
    ----------
    sensor : RotatingRadar
        The radar.
    truths : sequence of Truth
        Motion of the phase, tick by tick.

    Returns
    -------
    Passes
        Of all ticks.

    Raises
    ------
    ValueError
        If knots are half a turn apart or more.
    """
    parts, first, n_passes = [], [0], []
    for truth in truths:
        if not len(truth):
            first.append(first[-1])
            n_passes.append(1)
            continue
        knots = np.ascontiguousarray(truth.t_s[0])
        if np.max(np.diff(knots), initial=0.0) >= 0.5 * sensor.period_s:
            raise ValueError(
                f"sensor {sensor.name!r} turns in {sensor.period_s:.3g} s and needs knots less than half that apart"
            )
        row, ordinal, *rest = sensor.passes(truth)
        parts.append((truth.mover[row], ordinal, *rest))
        first.append(first[-1] + len(row))
        turns = ceil((float(knots[-1]) - float(knots[0])) / sensor.period_s) + 1
        n_passes.append(max(turns, int(ordinal.max(initial=0)) + 1))
    whole = np.empty(0, np.int64)
    nothing = (whole, whole, np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    mover, ordinal, t, position, velocity, bank = (
        np.concatenate(column) for column in zip(nothing, *parts, strict=True)
    )
    seen = look(sensor.radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), sensor.environment)
    return Passes(
        t_s=t,
        mover=mover,
        position=position,
        velocity=velocity,
        bank=bank,
        polar=polar_of(seen),
        snr_1m2=seen.snr_1m2,
        visible=seen.visible & (seen.snr_1m2 > 0.0),
        ordinal=ordinal,
        first=np.array(first),
        n_passes=np.array(n_passes),
    )


class DirectLooks:
    """Draws the looks of one sortie.

    Parameters
    ----------
    sensor : RotatingRadar
        Made for this sortie: its streams and its movers' signatures are used.
    passes : Passes
        Of the phase.

    Notes
    -----
    Ticks are drawn in order. Each draws its block of fixed shape (passes, movers, variates) whatever is seen, as
    `Receiver.echoes` says, so that sorties of paired runs meet the same numbers.
    """

    def __init__(self, sensor: RotatingRadar, passes: Passes) -> None:
        self._receiver, self._passes = sensor.receiver, passes
        self._row, self._pfa = sensor.row, sensor.radar.pfa
        p = passes
        self._shown = self._receiver.shown(p.position, p.velocity, p.bank, p.mover)
        self._snr = p.snr_1m2 * self._shown.sigma_m2

    def draw(self, tick: int, tasks: Tasks, truth: Truth) -> Drawn:
        """Draw a tick's looks; ``tasks`` lower the threshold inside their gates, ``truth`` is the tick's motion."""
        p = self._passes
        rows = slice(int(p.first[tick]), int(p.first[tick + 1]))
        t, mover = p.t_s[rows], p.mover[rows]
        gates = Gates(tasks, self._row, self._pfa)
        pfa = gates.pfa_at(t, p.position[rows]) if gates.n else None
        echoes = self._receiver.echoes(
            p.polar[rows], self._snr[rows], p.visible[rows], t, mover, p.ordinal[rows], int(p.n_passes[tick]), pfa,
            Shown(*(column[rows] for column in self._shown)),
        )  # fmt: skip
        n, power = len(t), echoes.rows.power
        hit, snr_db, lines = np.zeros(n, np.bool_), np.full(n, np.nan), np.full(n, np.nan)
        hit[echoes.hit], snr_db[echoes.hit] = True, 10.0 * np.log10(power)
        if self._receiver.lines is not None:
            lines[echoes.hit] = self._receiver.lines.measured(t[echoes.hit], mover[echoes.hit], power, truth)
        return Drawn(hit, snr_db, np.full(n, self._pfa) if pfa is None else pfa, lines)
