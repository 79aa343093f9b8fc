"""A turning radar at the signal level: dwell after dwell, from samples to plots."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import Any

import numpy as np

from watchfloor.base.picture import Plots
from watchfloor.base.truth import PlotOrigins
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import Signature
from watchfloor.sensor import iq
from watchfloor.sensor.motion import Motion
from watchfloor.sensor.receiver import TWO_PI, Receiver


class SignalTurns:
    """Plays the dwells of a turning radar in samples.

    Parameters
    ----------
    name : str
        The sensor's name.
    receiver : Receiver
        Cross-sections and cells of the radar.
    environment : Environment
        What surrounds its antenna.
    signatures : sequence of Signature
        True signature of each mover.
    phase_turns : float
        Azimuth of the beam at time 0. [turns]
    rng : numpy.random.Generator
        Source of every number.

    Raises
    ------
    ValueError
        If the radar's filters are not stated, its samples do not fit into memory, or its movers fluctuate in more than
        one way.

    Notes
    -----
    The beam steps from one beamwidth to the next; each step is one `iq.dwell_plots`. What two neighbouring steps, or
    two cells, declare of one echo comes out as one plot. Gates are not obeyed: a threshold holds for a whole dwell.
    """

    def __init__(
        self,
        name: str,
        receiver: Receiver,
        environment: Environment,
        signatures: Sequence[Signature],
        phase_turns: float,
        rng: np.random.Generator,
    ) -> None:
        radar = receiver.radar
        if radar.processing.doppler == "matched":
            raise ValueError(
                f"sensor {name!r}: fidelity signal needs a card that states prf_hz and doppler 'mti' or 'bank'"
            )
        laws = sorted({signature.swerling for signature in signatures})
        if len(laws) > 1:
            raise ValueError(
                f"sensor {name!r}: fidelity signal plays movers of one fluctuation case, these have {laws}; fly types "
                "of one case or choose fidelity measurement"
            )
        iq.check_memory(radar)
        self._radar: Radar = radar
        self._receiver, self._environment, self._rng = receiver, environment, rng
        self._swerling, self._phase_turns = laws[0] if laws else 1, phase_turns
        self._step_s = radar.period_s / radar.n_beams_azimuth
        self._before = (np.empty(0), np.empty((0, 4)))

    def observe(
        self, motion: Motion | None, since_s: float, until_s: float, around: dict[int, Environment]
    ) -> tuple[Plots, PlotOrigins]:
        """Plots of the dwells whose middle lies in a tick; ``around`` has the surroundings of turns with jammers."""
        first, last = floor(since_s / self._step_s - 0.5) + 1, floor(until_s / self._step_s - 0.5)
        tables: list[tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray, IntArray]] = []
        for number in range(first, last + 1):
            t_s = (number + 0.5) * self._step_s
            azimuth = TWO_PI * ((t_s / self._radar.period_s + self._phase_turns) % 1.0)
            mover, targets = self._targets(motion, t_s)
            environment = around.get(int(t_s // self._radar.period_s), self._environment)
            found = iq.dwell_plots(self._radar, environment, targets, azimuth, self._rng)
            if len(found):
                who = np.where(found.target >= 0, np.append(mover, -1)[found.target], -1)
                t = np.full(len(found), t_s)
                tables.append((t, found.measurement, found.sigmas, found.power, who, found.n_merged))
        if not tables:
            return Plots.empty(), PlotOrigins(mover=np.empty(0, np.int64), n_merged=np.empty(0, np.int64))
        columns: list[Any] = [np.concatenate(column) for column in zip(*tables, strict=True)]
        return self._declare(*columns)

    def _targets(self, motion: Motion | None, t_s: float) -> tuple[IntArray, Targets]:
        """Movers that are there, with the cross-section that they show."""
        if motion is None:
            nobody = np.empty((0, 3))
            return np.empty(0, np.int64), Targets(ecef_m=nobody, velocity_ecef_mps=nobody, sigma_m2=np.empty(0))
        n = len(motion.truth)
        there = motion.at(np.arange(n), np.full(n, t_s))
        rows = np.flatnonzero(there.present)
        there, mover = there.take(rows), motion.truth.mover[rows]
        sigma_m2 = self._receiver.sigma_m2(there.position, there.velocity, there.bank, mover)
        return mover, Targets(
            ecef_m=there.position,
            velocity_ecef_mps=there.velocity,
            sigma_m2=sigma_m2,
            swerling=self._swerling,
        )

    def _declare(
        self, t: FloatArray, polar: FloatArray, sigmas: FloatArray, power: FloatArray, mover: IntArray, size: IntArray
    ) -> tuple[Plots, PlotOrigins]:
        """Keep the strongest of what neighbouring dwells declare of one echo, sort, and say how sure the radar is."""
        kept = self._strongest(t, polar, power)
        last = kept[t[kept] > t.max() - 1.5 * self._step_s]
        self._before = (t[last], polar[last])
        kept = kept[np.lexsort((polar[kept, 0], t[kept]))]
        t, polar, sigmas, power = t[kept], polar[kept], sigmas[kept], power[kept]
        n = len(t)
        cov = np.zeros((n, 4, 4))
        cov.reshape(-1, 16)[:, ::5] = sigmas**2
        unmeasured = np.isnan(sigmas)
        cov[unmeasured] = np.nan
        cov.swapaxes(1, 2)[unmeasured] = np.nan
        nobody = np.full(n, -1)
        plots = Plots(
            t_s=t,
            sensor=np.full(n, self._receiver.row),
            measurement=polar,
            cov=cov,
            snr_db=10.0 * np.log10(power),
            pfa=np.full(n, self._radar.pfa),
            address=nobody,
            label=nobody,
        )
        return plots, PlotOrigins(mover=mover[kept], n_merged=size[kept])

    def _strongest(self, t: FloatArray, polar: FloatArray, power: FloatArray) -> IntArray:
        """Rows that no stronger one stands within a cell of, nor one declared at the end of the tick before."""
        left, kept = np.argsort(-power, kind="stable"), []
        for one_s, place in zip(*self._before, strict=True):
            left = left[~self._same(t[left] - one_s, polar[left] - place)]
        while left.size:
            top, left = left[0], left[1:]
            kept.append(int(top))
            left = left[~self._same(t[left] - t[top], polar[left] - polar[top])]
        return np.array(kept, np.int64)

    def _same(self, apart_s: FloatArray, apart: FloatArray) -> BoolArray:
        """Whether differences of plots lie within a cell and half a turn."""
        gap, cell = np.abs(apart), self._receiver.cell
        gap[:, 1] = np.minimum(gap[:, 1], TWO_PI - gap[:, 1])
        return ((gap < cell) | np.isinf(cell)).all(axis=1) & (np.abs(apart_s) < 0.5 * self._radar.period_s)


def turns_in(since_s: float, until_s: float, period_s: float) -> FloatArray:
    """Numbers of the turns, from time 0, that a tick touches."""
    return np.arange(floor(since_s / period_s), ceil(until_s / period_s), dtype=np.float64)
