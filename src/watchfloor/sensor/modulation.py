"""Spacing of the lines that turning blades put about an echo, measured by radars that look long and often enough.

A radar whose pulses are stated, whose look resolves the spacing and whose repetition frequency does not fold it
(`modulation.resolvable_hz`) may find the strongest line beside an echo that it has declared. The line stands under the
echo of that very look by the aircraft's level and fades on its own; what is measured errs by the bound. Played at the
measurement level only: samples (`fidelity: signal`) carry no lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.frames import aspect
from watchfloor.physics.modulation import PFA_LINES, look_s, pd_lines, resolvable_hz, shows, spacing_sigma_hz
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import Signature
from watchfloor.sensor.motion import Motion

SNR_LEAST = 1.0
"""Least SNR of a line that its error is reckoned with. [power ratio]"""


class Lines:
    """What one radar measures of the blades of each mover.

    Parameters
    ----------
    name : str
        The sensor's name: draws come from its stream ``("sensor", name, "modulation")``.
    radar : Radar
        One that resolves some spacing.
    observer_ecef_m : (3,) array
        Its antenna. [m]
    signatures : sequence of Signature
        True signature of each mover of the mission's list, with its `Modulation` or without.
    streams : Streams
        Random streams of the run. How far a mover's shaft is off its type's usual rate is drawn from the stream
        ``("modulation",)``, so every radar meets the same.

    Notes
    -----
    Paired runs meet the same numbers: each call draws a block of fixed shape (turns, movers, variates), used or not;
    plots of one mover within one turn share theirs. Echoes of merged plots count as the strongest's. A false spacing,
    anywhere between the least and greatest that the radar resolves, comes with ``PFA_LINES``, of false plots too.
    """

    def __init__(
        self, name: str, radar: Radar, observer_ecef_m: FloatArray, signatures: Sequence[Signature], streams: Streams
    ) -> None:
        self._least_hz, self._most_hz = resolvable_hz(radar)
        if self._least_hz >= self._most_hz:
            raise ValueError(f"radar of sensor {name!r} resolves no spacing of lines: it needs prf_hz and longer looks")
        self._observer, self._turn_s, self._look_s = observer_ecef_m, radar.period_s, look_s(radar)
        self._n_filters = radar.n_coherent
        luck = streams.rng("modulation").standard_normal(len(signatures))
        self._spacing = np.zeros(len(signatures))
        self._level, self._half = np.zeros(len(signatures)), np.ones(len(signatures))
        for i, part in enumerate(s.modulation for s in signatures):
            if part is None or part.cutoff_hz > radar.frequency_hz:
                continue
            self._spacing[i] = part.spacing_hz * np.exp(part.between_flights * luck[i])
            self._level[i], self._half[i] = part.level_db, part.half_angle_rad
        self._there = (self._spacing >= self._least_hz) & (self._spacing <= self._most_hz)
        self._rng = streams.rng("sensor", name, "modulation")

    @property
    def spacing_hz(self) -> FloatArray:
        """True spacing of each mover's lines that reach the radar, 0 for none; (movers,). [Hz]"""  # noqa: D400, D415
        return self._spacing

    def measured(self, t_s: FloatArray, mover: IntArray, power: FloatArray, truth: Truth) -> FloatArray:
        """Spacing measured with each plot of a tick.

        Parameters
        ----------
        t_s : (n,) array
            Times. [s]
        mover : (n,) array
            Movers that caused the plots; negative for noise and for echoes from beside the main lobe.
        power : (n,) array
            Measured power over mean noise. [power ratio]
        truth : Truth
            The tick.

        Returns
        -------
        (n,) array
            NaN where none is declared. [Hz]
        """
        out, n_movers = np.full(len(t_s), np.nan), len(self._spacing)
        if len(truth) == 0:
            return out
        first, last = truth.t_s[0, 0], truth.t_s[0, -1]
        n_turns = ceil((last - first) / self._turn_s) + 1
        u = self._rng.random((n_turns, n_movers + 1, 2))
        error = self._rng.standard_normal((n_turns, n_movers + 1))
        turn = np.clip(((t_s - first) / self._turn_s).astype(np.int64), 0, n_turns - 1)
        who = np.where(mover >= 0, mover, n_movers)  # the last column is nobody's
        chance, where = u[turn, who].T
        false = chance > 1.0 - PFA_LINES
        out[false] = self._least_hz + (self._most_hz - self._least_hz) * where[false]
        rows = np.flatnonzero(mover >= 0)
        rows = rows[self._there[mover[rows]]]
        if rows.size == 0:
            return out
        them, place = mover[rows], np.searchsorted(truth.mover, mover[rows])
        there = Motion(truth).at(place, t_s[rows])
        azimuth, _ = aspect(there.position, there.velocity, self._observer, there.bank)
        snr = np.maximum(power[rows] - 1.0, 0.0)
        found = shows(azimuth, self._half[them]) & (chance[rows] < pd_lines(snr, self._level[them], self._n_filters))
        rows, them = rows[found], them[found]
        line = np.maximum(snr[found] * 10.0 ** (0.1 * self._level[them]), SNR_LEAST)
        out[rows] = self._spacing[them] + spacing_sigma_hz(line, self._look_s) * error[turn[rows], them]
        return out


def make_lines(
    name: str, radar: Radar, observer_ecef_m: FloatArray, signatures: Sequence[Signature], streams: Streams
) -> Lines | None:
    """Lines as one radar measures them; None if it resolves none, or nobody has any. Arguments as `Lines`."""
    least, most = resolvable_hz(radar)
    if least >= most or all(signature.modulation is None for signature in signatures):
        return None
    return Lines(name, radar, observer_ecef_m, signatures, streams)
