"""Trajectories: what each track did, from its first confirmed plot on, as filtered and smoothed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from watchfloor.base.picture import Status, Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.frames import Place
from watchfloor.track.base import Associations
from watchfloor.track.motion import MotionConfig
from watchfloor.track.smooth import Smoothed, smooth


class Trajectories:
    """Keeps the plots that each track took, so that its trajectory can be smoothed at any time.

    Parameters
    ----------
    sensors : sequence of Place, or (s, columns) array
        Where the sensors stand, as `smooth` takes them.
    motion : MotionConfig
        How targets move; best the tracker's own.
    flat : bool
        Whether the tracker's frame is flat.
    keep_s : float
        Ended trajectories are forgotten so long after their last plot, and living ones lose plots older than this
        before the present: memory is bounded over any number of days. [s]

    Raises
    ------
    ValueError
        If ``keep_s`` is not above 0.

    Notes
    -----
    Plots count as a track's own where the tracker believes so with a probability over one half; a track has plots from
    its confirmation on. Numbers are the tracker's and never used twice.

    Examples
    --------
    >>> from watchfloor.physics.frames import Place
    >>> kept = Trajectories([Place(0.7, 0.5, 0.0)], MotionConfig())
    >>> kept.numbers
    array([], dtype=int64)
    """

    def __init__(
        self,
        sensors: Sequence[Place] | FloatArray,
        motion: MotionConfig,
        *,
        flat: bool = False,
        keep_s: float = 7200.0,
    ) -> None:
        if not keep_s > 0.0:
            raise ValueError(f"keep_s must be above 0, got {keep_s!r}")
        self._sensors, self._motion, self._flat, self._keep_s = sensors, motion, flat, keep_s
        self._plots: dict[int, list[Associations]] = {}
        self._last: dict[int, float] = {}
        self._ended: set[int] = set()

    def add(self, associations: Associations, tracks: Tracks, *, until_s: float) -> None:
        """Take in one step of a tracker: its ``associations`` and the tracks that it told."""
        order = np.argsort(associations.track, kind="stable")
        numbers, first = np.unique(associations.track[order], return_index=True)
        bounds = [*first.tolist(), len(order)]
        for number, low, high in zip(numbers.tolist(), bounds, bounds[1:], strict=False):
            mine = associations.take(order[low:high])
            self._plots.setdefault(number, []).append(mine)
            self._last[number] = float(mine.t_s.max())
        self._ended.update(tracks.number[tracks.status == Status.DROPPED].tolist())
        oldest = until_s - self._keep_s
        for number in [number for number, last in self._last.items() if last < oldest]:
            del self._plots[number], self._last[number]
            self._ended.discard(number)
        for parts in self._plots.values():
            while parts[0].t_s[-1] < oldest:
                del parts[0]

    @property
    def numbers(self) -> IntArray:
        """(n,) numbers of the tracks that have a trajectory, sorted."""
        return np.array(sorted(self._plots), np.int64)

    def ended(self, number: int) -> bool:
        """Whether a track has ended: its trajectory will not change any more."""
        return number in self._ended

    def plots(self, number: int) -> Associations:
        """Plots of one track, in the order in which they were taken.

        Raises
        ------
        ValueError
            If there is no such trajectory, or not any more.
        """
        if number not in self._plots:
            raise ValueError(f"no trajectory of track {number}; there are {len(self._plots)}, see numbers")
        return Associations.concat(self._plots[number])

    def smoothed(self, number: int, *, at_s: FloatArray | None = None, **prior: Any) -> Smoothed:
        """Return one trajectory, smoothed over all plots so far (`smooth` says how, and what ``prior`` may hold).

        Parameters
        ----------
        number : int
            The track.
        at_s : (m,) array, optional
            Further times at which it is wanted. [s]
        **prior
            ``altitude_m`` and the like of `smooth`, best as in the tracker's settings.

        Raises
        ------
        ValueError
            If there is no such trajectory.
        """
        mine = self.plots(number)
        return smooth(
            mine.t_s, mine.sensor, mine.measurement, mine.cov, sensors=self._sensors, motion=self._motion, at_s=at_s,
            flat=self._flat, **prior,
        )  # fmt: skip
