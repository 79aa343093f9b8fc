"""The attributes of a single integrated air picture (SIAP), from who held which target when."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Holds(Columns):
    """Which track holds which target; one row a track, target and time. A track holds one target at most."""

    t_s: FloatArray
    """(n,) time. [s]"""
    target: IntArray
    """(n,) target."""
    track: IntArray
    """(n,) track number."""
    main: BoolArray
    """(n,) the track that GOSPA assigns to the target; further tracks within the cutoff of it are redundant."""
    error_m: FloatArray
    """(n,) distance of the two. [m]"""
    error_mps: FloatArray
    """(n,) difference of their velocities; NaN where one is not known. [m/s]"""
    row: IntArray
    """(n,) row of the track's sample among those that were given."""


@dataclass(frozen=True)
class Siap:
    """SIAP attributes of a run; NaN where nothing stands behind one."""

    completeness: float
    """C: share of target samples that some track holds; 1 is best. [1]"""
    ambiguity: float
    """A: tracks that hold a target, a held target; 1 is best. [1]"""
    spuriousness: float
    """S: share of track samples that hold no target; 0 is best. [1]"""
    position_accuracy_m: float
    """PA: mean distance of tracks from the targets they hold. [m]"""
    velocity_accuracy_mps: float
    """VA: mean difference of velocity likewise. [m/s]"""
    number_change_rate_hz: float
    """R: changes of track number that could not be avoided, in the time targets are held; 0 is best. [1/s]"""
    longest_segment: float
    """LS: longest time without a gap under one number, over the time the target was there; 1 is best. [1]"""
    id_completeness: float
    """CID: share of held targets that have an identity. [1]"""
    id_correctness: float
    """IDC: share of held targets all of whose tracks say the right identity. [1]"""
    id_ambiguity: float
    """IDA: share of held targets whose tracks disagree, or of which only some have an identity. [1]"""


def siap(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    holds: Holds,
    *,
    n_track_samples: int,
    truth_label: IntArray | None = None,
    track_label: IntArray | None = None,
) -> Siap:
    r"""SIAP attributes of a run.

    Parameters
    ----------
    truth_t_s, truth_id : (n,), (n,) arrays
        Samples of the targets: time and target; any order. [s, 1]
    holds : Holds
        Who holds whom at these times.
    n_track_samples : int
        Samples of tracks, whether they hold a target or not.
    truth_label : (n,) array, optional
        Identity of each sample's target, -1 where it has none: such targets do not count in CID, IDC, IDA.
    track_label : (len(holds),) array, optional
        Identity that the track of each row of ``holds`` says, -1 for none.

    Returns
    -------
    Siap
        The attributes.

    Raises
    ------
    ValueError
        If lengths do not fit, or ``holds`` speaks of a target and time that the truth does not have.

    Notes
    -----
    With sums over times: :math:`C = \sum J_T/\sum J`, :math:`A = \sum N_A/\sum J_T`,
    :math:`S = \sum(N - N_A)/\sum N`, PA and VA means over all :math:`N_A`,
    :math:`R = \sum_j(N_{U,j}-1)/\sum_j T_{T,j}` and :math:`LS = \sum_j T_{L,j}/\sum_j T_j`; J targets, JT of them held,
    N tracks, NA of them holding. A stretch between two samples of a target counts as held where one track holds it at
    both ends. NU is the least number of numbers that a reader needs: tracks are changed only where the present one no
    longer holds, and a number that comes back after a gap is no new one.

    References
    ----------
    SIAP System Engineering Task Force, *Single Integrated Air Picture (SIAP) Attributes*, version 2.0, technical report
    2003-029, 2003; Votruba et al., *Single Integrated Air Picture (SIAP) Metrics Implementation*, 2001.
    """
    for name, label, n in (("truth_label", truth_label, len(truth_t_s)), ("track_label", track_label, len(holds))):
        if label is not None and len(label) != n:
            raise ValueError(f"{name} must have {n} rows, got {len(label)}")
    names, j = np.unique(truth_id, return_inverse=True)
    order = np.lexsort((truth_t_s, j))
    t, j = np.asarray(truth_t_s, np.float64)[order], j[order]
    sample = _rows_of(t, j, names, holds)
    by_sample = np.bincount(sample, minlength=len(t))
    n_held = int(np.count_nonzero(by_sample))
    tracked_s, longest_s = _stretches(t, j, sample, holds.track, len(names))
    first = np.searchsorted(j, np.arange(len(names)))
    last = np.searchsorted(j, np.arange(len(names)), "right") - 1
    alive_s = float((t[last] - t[first]).sum())
    ids = (math.nan,) * 3
    if truth_label is not None and track_label is not None:
        ids = _identities(sample, np.asarray(truth_label)[order], np.asarray(track_label), len(t))
    known = np.isfinite(holds.error_mps)
    return Siap(
        completeness=_share(n_held, len(t)),
        ambiguity=_share(len(holds), n_held),
        spuriousness=_share(n_track_samples - len(holds), n_track_samples),
        position_accuracy_m=float(holds.error_m.mean()) if len(holds) else math.nan,
        velocity_accuracy_mps=float(holds.error_mps[known].mean()) if known.any() else math.nan,
        number_change_rate_hz=_share(_changes(sample, j, holds.track), tracked_s),
        longest_segment=_share(longest_s, alive_s),
        id_completeness=ids[0],
        id_correctness=ids[1],
        id_ambiguity=ids[2],
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _rows_of(t: FloatArray, j: IntArray, names: IntArray, holds: Holds) -> IntArray:
    """Truth row, sorted by target and time, of each row of ``holds``."""
    if len(holds) == 0:
        return np.empty(0, np.int64)
    target = np.searchsorted(names, holds.target)
    times = np.unique(t)
    key = j * len(times) + np.searchsorted(times, t)
    wanted = target * len(times) + np.searchsorted(times, holds.t_s)
    row = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    wrong = np.flatnonzero((key[row] != wanted) | (t[row] != holds.t_s)) if len(key) else np.arange(len(holds))
    if len(wrong):
        raise ValueError(
            f"holds: target {holds.target[wrong[0]]} at {holds.t_s[wrong[0]]:g} s is no sample of the truth"
        )
    return row


def _stretches(t: FloatArray, j: IntArray, sample: IntArray, track: IntArray, n: int) -> tuple[float, float]:
    """Time held (TT) and longest time under one number (TL), each summed over the n targets. [s, s]"""  # noqa: D400, D415
    if len(sample) == 0:
        return 0.0, 0.0
    order = np.lexsort((sample, track, j[sample]))
    row, number = sample[order], track[order]
    on = (np.diff(row) == 1) & (np.diff(number) == 0) & (np.diff(j[row]) == 0)
    tracked = np.unique(row[:-1][on])
    tracked_s = float((t[tracked + 1] - t[tracked]).sum())
    starts = np.flatnonzero(np.concatenate([[True], ~on]))
    ends = np.concatenate([starts[1:], [len(row)]]) - 1
    longest = np.zeros(n)
    np.maximum.at(longest, j[row[starts]], t[row[ends]] - t[row[starts]])
    return tracked_s, float(longest.sum())


def _changes(sample: IntArray, j: IntArray, track: IntArray) -> int:
    """Changes of number that nobody could have avoided, over all targets."""
    order = np.lexsort((track, sample))
    row, number = sample[order], track[order]
    target = j[row]
    double = np.zeros(int(target.max()) + 1 if len(row) else 0, bool)
    double[target[1:][np.diff(row) == 0]] = True  # held by two at once at some time
    simple = ~double[target]
    n = int(np.count_nonzero((np.diff(number[simple]) != 0) & (np.diff(target[simple]) == 0)))
    edges = np.searchsorted(target, np.flatnonzero(double))
    tops = np.searchsorted(target, np.flatnonzero(double), "right")
    for low, high in zip(edges, tops, strict=True):
        may: set[int] = set()
        for holders in np.split(number[low:high], np.flatnonzero(np.diff(row[low:high])) + 1):
            here = set(holders.tolist())
            n += bool(may) and not may & here
            may = may & here or here
    return n


def _identities(sample: IntArray, truth_label: IntArray, track_label: IntArray, n: int) -> tuple[float, float, float]:
    """CID, IDC and IDA."""
    holders = np.bincount(sample, minlength=n)
    blank = np.bincount(sample, track_label < 0, n)
    right = np.bincount(sample, track_label == truth_label[sample], n)
    wrong = holders - blank - right
    held = (holders > 0) & (truth_label >= 0)
    n_held = int(held.sum())
    unknown = int((held & (blank == holders)).sum())
    correct = int((held & (right == holders)).sum())
    incorrect = int((held & (wrong == holders)).sum())
    return (
        _share(n_held - unknown, n_held),
        _share(correct, n_held),
        _share(n_held - unknown - correct - incorrect, n_held),
    )
