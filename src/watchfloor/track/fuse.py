"""Several estimates of one target made one, without counting anything twice; whole batches at once.

Two estimates of one target are hardly ever independent: they share the target's manoeuvres, a prior, or plots. What may
be done depends on what is known of that. Independent: ``fuse_independent``. Correlated by a known amount:
``fuse_correlated``. Correlated by an unknown amount: ``covariance_intersection``; if a part is known to be independent,
``split_covariance_intersection``. One is the other's successor, so that the difference is what was learned between:
``tracklet``, and ``add_tracklet`` at the other end.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from watchfloor.base.errors import NumericsError
from watchfloor.base.units import FloatArray
from watchfloor.track._kernels import fuse as k

Criterion = Literal["determinant", "trace", "fast"]
CRITERIA: dict[str, int] = {"fast": k.FAST, "determinant": k.DETERMINANT, "trace": k.TRACE}
"""Criteria of covariance intersection, as the kernels name them."""


def _states(name: str, state: FloatArray, cov: FloatArray, axes: int) -> tuple[FloatArray, FloatArray]:
    """Check shapes, finiteness and symmetry; ``axes`` counts those before the components."""
    x, p = np.ascontiguousarray(state, np.float64), np.ascontiguousarray(cov, np.float64)
    if x.ndim != axes + 1 or p.shape != (*x.shape, x.shape[-1]) or x.shape[-1] == 0:
        raise ValueError(
            f"{name} and its covariances must have shapes {'n, ' if axes == 1 else 'n, m, '}d and "
            f"{'n, ' if axes == 1 else 'n, m, '}d, d; got {x.shape} and {p.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(p).all()):
        raise ValueError(f"{name} and its covariances must be finite; use no NaN for an estimate that is not there")
    gap = np.abs(p - np.swapaxes(p, -1, -2)).max(axis=(-1, -2), initial=0.0)
    bad = gap > 1e-6 * np.abs(p).max(axis=(-1, -2), initial=0.0)
    if bad.any():
        raise ValueError(f"covariances of {name} must be symmetric; row {np.argwhere(bad)[0].tolist()} is not")
    return x, p


def _definite(name: str, cov: FloatArray) -> None:
    """Raise ``NumericsError`` for the first covariance that is not positive definite."""
    try:
        np.linalg.cholesky(cov)
    except np.linalg.LinAlgError as err:
        smallest = np.linalg.eigvalsh(cov).min(axis=-1)
        row = np.unravel_index(int(smallest.argmin()), smallest.shape)
        raise NumericsError(
            f"covariance of {name}, row {[int(i) for i in row]}, is not positive definite: "
            f"smallest eigenvalue {smallest.min():.3g}"
        ) from err


def covariance_intersection(
    state: FloatArray, cov: FloatArray, *, criterion: Criterion = "determinant"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Fuse m estimates whose correlation is not known.

    Parameters
    ----------
    state : (n, m, d) array
        Estimates of n targets by m sources at one time.
    cov : (n, m, d, d) array
        Their covariances, positive definite.
    criterion : {"determinant", "trace", "fast"}
        What the weights make least: the determinant of the fused covariance (its ellipsoid's volume; does not depend
        on units), its trace (adds squares of metres and of metres a second), or neither: weights in closed form, near
        those of the determinant and several times cheaper.

    Returns
    -------
    state, cov : (n, d), (n, d, d) arrays
        The fused estimates. If every ``cov`` is at least the true one, so is the fused, whatever the correlation.
    weight : (n, m) array
        Weights, 0 to 1, each row summing to 1. [1]

    Raises
    ------
    ValueError
        If the shapes do not fit, something is not finite or a covariance is not symmetric.
    NumericsError
        If a covariance is not positive definite; names the row.

    Notes
    -----
    :math:`P^{-1} = \sum_i w_i P_i^{-1}`, :math:`P^{-1}x = \sum_i w_i P_i^{-1} x_i`. Log-determinant and trace of P are
    convex in the weights; Newton steps over those that are not at their bounds end when the duality gap
    :math:`\max_i \mathrm{tr}(P P_i^{-1}) - d` (for the trace :math:`\max_i \mathrm{tr}(P P_i^{-1} P) /
    \mathrm{tr} P - 1`) is below 1e-10 or rounding stops them. All m are weighted at once: pair after pair would depend
    on the order.

    The price of not knowing: for two independent estimates of equal covariance the fused covariance is theirs, not
    half of it.

    References
    ----------
    Julier & Uhlmann, "A non-divergent estimation algorithm in the presence of unknown correlations", *Proc. American
    Control Conference*, 1997, pp. 2369-2373. Chen, Arambel & Mehra, "Estimation under unknown correlation: covariance
    intersection revisited", *IEEE Trans. Automatic Control* 47 (11), 2002, pp. 1879-1882 (consistency). Franken &
    Huepper, "Improved fast covariance intersection for distributed data fusion", *Proc. 7th Int. Conf. on Information
    Fusion*, 2005 (``fast``; after Niehsen, "Information fusion based on fast covariance intersection filtering", *Proc.
    5th Int. Conf. on Information Fusion*, 2002).

    Examples
    --------
    >>> x = np.array([[[1.0, -2.0], [-2.0, -1.0]]])
    >>> p = np.array([[[[3.0, 0.0], [0.0, 0.4]], [[2.0, -0.8], [-0.8, 1.0]]]])
    >>> _, cov, weight = covariance_intersection(x, p)
    >>> weight.round(3)
    array([[0.565, 0.435]])
    """
    if criterion not in CRITERIA:
        raise ValueError(f"criterion must be one of {sorted(CRITERIA)}, got {criterion!r}")
    x, p = _states("state", state, cov, 2)
    n, m, d = x.shape
    if m == 0:
        raise ValueError("covariance intersection needs at least one estimate a target, got none")
    x_out, p_out, w = np.empty((n, d)), np.empty((n, d, d)), np.empty((n, m))
    if k.intersect_rows(x, p, CRITERIA[criterion], x_out, p_out, w) >= 0:
        _definite("state", p)
        raise NumericsError("the covariances are too close to singular to be fused")
    return x_out, p_out, w


def split_covariance_intersection(
    state: FloatArray, independent: FloatArray, dependent: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Fuse two estimates whose errors have an independent part and one of unknown correlation.

    Parameters
    ----------
    state : (n, 2, d) array
        Estimates of n targets by two sources.
    independent, dependent : (n, 2, d, d) arrays
        Covariances of the two parts of each error; their sum is positive definite.

    Returns
    -------
    state : (n, d) array
        Fused estimates.
    independent, dependent : (n, d, d) arrays
        Covariances of the two parts of the fused error.

    Raises
    ------
    ValueError
        If the shapes do not fit, something is not finite or a covariance is not symmetric.
    NumericsError
        If the sum of the two parts is not positive definite; names the row.

    Notes
    -----
    :math:`P_1 = D_1/w + I_1`, :math:`P_2 = D_2/(1-w) + I_2` are fused as if independent, with the w of the least
    determinant, found by 60 steps of golden section (the problem is convex). Without dependent parts this is the
    Kalman update, without independent ones covariance intersection.

    References
    ----------
    Julier & Uhlmann, "General decentralized data fusion with covariance intersection", ch. 12 of *Handbook of
    Multisensor Data Fusion*, CRC Press, 2001. Li, Nashashibi & Yang, "Split covariance intersection filter: theory and
    its application to vehicle localization", *IEEE Trans. Intelligent Transportation Systems* 14 (4), 2013,
    pp. 1860-1871.
    """
    x, own = _states("state", state, independent, 2)
    _, shared = _states("state", state, dependent, 2)
    if x.shape[1] != 2:
        raise ValueError(f"split covariance intersection fuses two estimates, got {x.shape[1]}")
    _definite("state (both parts)", own + shared)
    n = len(x)
    tiny = 1e-12

    def whole(w: FloatArray) -> tuple[FloatArray, FloatArray]:
        w = np.clip(w, tiny, 1.0 - tiny)[:, None, None]
        return shared[:, 0] / w + own[:, 0], shared[:, 1] / (1.0 - w) + own[:, 1]

    def size(w: FloatArray) -> FloatArray:  # det P = det P1 det P2 / det (P1 + P2)
        one, two = whole(w)
        logs = [np.linalg.slogdet(each)[1] for each in (one, two, one + two)]
        return logs[0] + logs[1] - logs[2]

    ratio = 0.5 * (5.0**0.5 - 1.0)
    low, high = np.zeros(n), np.ones(n)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = size(left), size(right)
    for _ in range(60):
        down = at_left < at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        at_left, at_right = size(left), size(right)
    w = 0.5 * (low + high)
    ends = np.stack([w, np.zeros(n), np.ones(n)])
    w = np.take_along_axis(ends, np.stack([size(e) for e in ends]).argmin(axis=0)[None], axis=0)[0]
    one, two = whole(w)
    gain = np.swapaxes(np.linalg.solve(one + two, one), 1, 2)
    keep = np.eye(x.shape[2]) - gain
    fused = x[:, 0] + np.einsum("nij,nj->ni", gain, x[:, 1] - x[:, 0])
    cov = keep @ one @ np.swapaxes(keep, 1, 2) + gain @ two @ np.swapaxes(gain, 1, 2)
    part = keep @ own[:, 0] @ np.swapaxes(keep, 1, 2) + gain @ own[:, 1] @ np.swapaxes(gain, 1, 2)
    return fused, part, cov - part


def fuse_independent(state: FloatArray, cov: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Fuse m estimates as if their errors had nothing in common: informations add.

    Parameters
    ----------
    state : (n, m, d) array
        Estimates of n targets by m sources at one time.
    cov : (n, m, d, d) array
        Their covariances, positive definite.

    Returns
    -------
    state, cov : (n, d), (n, d, d) arrays
        Fused estimates.

    Raises
    ------
    ValueError
        If the shapes do not fit, something is not finite or a covariance is not symmetric.
    NumericsError
        If a covariance is not positive definite; names the row.

    Notes
    -----
    :math:`P^{-1} = \sum_i P_i^{-1}`. Right for estimates that share nothing. Two trackers of one target share its
    manoeuvres, so for them the result is too sure of itself; the same estimate fed in twice is counted twice.

    References
    ----------
    Bar-Shalom & Li, *Multitarget-Multisensor Tracking: Principles and Techniques*, YBS, 1995, section 8.3.
    """
    x, p = _states("state", state, cov, 2)
    if x.shape[1] == 0:
        raise ValueError("fusion needs at least one estimate a target, got none")
    _definite("state", p)
    info = np.linalg.inv(p)
    fused = np.linalg.inv(info.sum(axis=1))
    about = x[:, :1]
    move = np.einsum("nij,nkjl,nkl->ni", fused, info, x - about)
    return x[:, 0] + move, 0.5 * (fused + np.swapaxes(fused, 1, 2))


def fuse_correlated(
    state: FloatArray, cov: FloatArray, other: FloatArray, other_cov: FloatArray, cross: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Fuse two estimates whose cross-covariance is known.

    Parameters
    ----------
    state, other : (n, d) arrays
        Two estimates of n targets at one time.
    cov, other_cov : (n, d, d) arrays
        Their covariances.
    cross : (n, d, d) array
        Covariance of the error of ``state`` with that of ``other``; ``cross_covariance`` keeps it.

    Returns
    -------
    state, cov : (n, d), (n, d, d) arrays
        The linear unbiased estimates of least variance.

    Raises
    ------
    ValueError
        If the shapes do not fit, something is not finite or a covariance is not symmetric.
    NumericsError
        If a covariance, or that of the difference of the two, is not positive definite; names the row.

    Notes
    -----
    :math:`x = x_1 + K (x_2 - x_1)`, :math:`K = (P_1 - P_{12})(P_1 + P_2 - P_{12} - P_{12}^T)^{-1}`,
    :math:`P = P_1 - K (P_1 - P_{12})^T`.

    References
    ----------
    Bar-Shalom & Campo, "The effect of the common process noise on the two-sensor fused-track covariance", *IEEE Trans.
    AES* 22 (6), 1986, pp. 803-805, eq. 9 and 10. Chang, Saha & Bar-Shalom, "On optimal track-to-track fusion", *IEEE
    Trans. AES* 33 (4), 1997, pp. 1271-1276 (best of the two estimates alone, not of the data behind them).
    """
    x1, p1 = _states("state", state, cov, 1)
    x2, p2 = _states("other", other, other_cov, 1)
    p12 = np.asarray(cross, np.float64)
    if x2.shape != x1.shape or p12.shape != p1.shape:
        raise ValueError(f"other and cross must fit state {x1.shape}, got {x2.shape} and {p12.shape}")
    if not np.isfinite(p12).all():
        raise ValueError("cross must be finite")
    _definite("state", p1)
    _definite("other", p2)
    p21 = np.swapaxes(p12, 1, 2)
    between = p1 + p2 - p12 - p21
    _definite("the difference of state and other", between)
    gain = np.swapaxes(np.linalg.solve(between, np.swapaxes(p1 - p12, 1, 2)), 1, 2)
    fused = p1 - gain @ np.swapaxes(p1 - p12, 1, 2)
    return x1 + np.einsum("nij,nj->ni", gain, x2 - x1), 0.5 * (fused + np.swapaxes(fused, 1, 2))


def cross_covariance(
    cross: FloatArray,
    *,
    transition: FloatArray,
    process_noise: FloatArray,
    keep: FloatArray,
    other_keep: FloatArray,
) -> FloatArray:
    r"""Cross-covariance of two filters of one target after one more step of both.

    Parameters
    ----------
    cross : (..., d, d) array
        Cross-covariance before, of the first filter's error with the second's.
    transition, process_noise : (..., d, d) arrays
        Motion from one update to the next, and the covariance it adds; the target's, so the same for both.
    keep, other_keep : (..., d, d) arrays
        :math:`I - K H` of each filter's update; the identity where it had none.

    Returns
    -------
    (..., d, d) array
        Cross-covariance after.

    Notes
    -----
    :math:`P_{12}' = (I - K_1 H_1)(F P_{12} F^T + Q)(I - K_2 H_2)^T`, from 0 for filters that started independently.

    References
    ----------
    Bar-Shalom, "On the track-to-track correlation problem", *IEEE Trans. Automatic Control* 26 (2), 1981, pp. 571-572.
    """
    moved = transition @ cross @ np.swapaxes(transition, -1, -2) + process_noise
    return keep @ moved @ np.swapaxes(other_keep, -1, -2)


def tracklet(
    prior: FloatArray, prior_cov: FloatArray, state: FloatArray, cov: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""What an estimate knows beyond an earlier one of the same source: an equivalent measurement.

    Parameters
    ----------
    prior, prior_cov : (n, d), (n, d, d) arrays
        What the source had said before, moved to the time of ``state`` as the source moves its tracks.
    state, cov : (n, d), (n, d, d) arrays
        What it says now.

    Returns
    -------
    vector : (n, d) array
        Information vector about ``prior``: inverse(cov) (state - prior).
    information : (n, d, d) array
        inverse(cov) - inverse(prior_cov); positive semidefinite, of the rank of what was measured.

    Raises
    ------
    ValueError
        If the shapes do not fit, something is not finite or a covariance is not symmetric.
    NumericsError
        If a covariance is not positive definite; names the row.

    Notes
    -----
    The inverse of a Kalman update: the measurement z of covariance R that would turn the prior into the estimate has
    the information :math:`U = H^T R^{-1} H` and the vector :math:`u = H^T R^{-1}(z - H x_0)`; where U has full rank,
    z in state space is :math:`x_0 + U^{-1} u` with covariance :math:`U^{-1}`. Its error is independent of the prior's,
    so another filter may use it (``add_tracklet``) without counting the prior again. **Exact** for linear filters with
    the same motion model on both sides if one update lies between prior and estimate, or if there is no process noise.
    With process noise and several updates between, its error holds noise that the receiver's estimate holds too, and
    the result is close to but not equal to the central filter's.

    Directions in which the estimate knows less than the prior (a filter that widened itself, or another motion model
    than the one the prior was moved by) carry nothing.

    References
    ----------
    Drummond, "Tracklets and a hybrid fusion with process noise", *Proc. SPIE* 3163, 1997, pp. 512-524. Frenkel,
    "Multisensor tracking of ballistic targets", *Proc. SPIE* 2561, 1995, pp. 337-346 (inverse Kalman filter).
    """
    x0, p0 = _states("prior", prior, prior_cov, 1)
    x, p = _states("state", state, cov, 1)
    if x.shape != x0.shape:
        raise ValueError(f"prior must fit state {x.shape}, got {x0.shape}")
    u, info = np.empty(x.shape), np.empty(p.shape)
    if k.tracklet_rows(x0, p0, x, p, u, info) >= 0:
        _definite("prior", p0)
        _definite("state", p)
        raise NumericsError("the covariances are too close to singular")
    return u, info


def add_tracklet(
    state: FloatArray, cov: FloatArray, *, about: FloatArray, vector: FloatArray, information: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Update an estimate with an equivalent measurement.

    Parameters
    ----------
    state, cov : (n, d), (n, d, d) arrays
        The receiver's estimate, moved to the tracklet's time.
    about : (n, d) array
        What ``vector`` is about: the ``prior`` given to ``tracklet``.
    vector, information : (n, d), (n, d, d) arrays
        From ``tracklet``.

    Returns
    -------
    state, cov : (n, d), (n, d, d) arrays
        :math:`P' = (P^{-1} + U)^{-1}`, :math:`x' = x + P'(u - U(x - x_0))`.

    Raises
    ------
    ValueError
        If the shapes do not fit, something is not finite or a covariance is not symmetric.
    NumericsError
        If ``cov`` is not positive definite; names the row.
    """
    x, p = _states("state", state, cov, 1)
    u, info = _states("vector", vector, information, 1)
    x0 = np.ascontiguousarray(about, np.float64)
    if u.shape != x.shape or x0.shape != x.shape:
        raise ValueError(f"about and vector must fit state {x.shape}, got {x0.shape} and {u.shape}")
    if not np.isfinite(x0).all():
        raise ValueError("about must be finite")
    x, p = x.copy(), p.copy()
    if k.information_rows(x, p, x0, u, info) >= 0:
        _definite("state", cov)
        raise NumericsError("information must be positive semidefinite")
    return x, p
