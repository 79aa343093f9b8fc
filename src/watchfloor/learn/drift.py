r"""Knowledge ages: aircraft are coated anew, carry other things, wear; what was learned of them long ago counts less.

**Forgetting.** Evidence a flight gave m months ago counts with the power :math:`2^{-m/h}` of its likelihood, h the
half-life: knowledge falls back to the catalogue, never below it. In the linear-Gaussian case this is a discount factor
(West & Harrison): exactly the filter of a level that walks at random, once flights of the same information have come at
the same interval for long (`equivalent_walk_db`). Not before that, and not over a gap: there a random walk's variance
grows by the same amount each month, a forgotten one by the same factor.

**Half-life.** It is estimated: each flight's evidence is predicted from what was known, aged by each half-life of a
grid, before it is taken in; the product of these predictions is the half-life's likelihood (Dawid's prequential
principle), and knowledge is averaged over its posterior (`Ageing`).

**Changes.** A level that is suddenly another is found by comparing, flight by flight, "as known" with "anew from the
catalogue since then", for every then: the run lengths of Adams & MacKay, added up as Shiryaev and Roberts do, so that
the rate of false alarms is bounded whatever the flights (`ChangeWatch`).

**Worth.** `worth_of_knowledge` says how many nats, and decibels of margin, are left of it after so many months.

Rows (radars, cells) are judged as if independent, unless ``log_marginal`` says how they hang together (`field_marginal`
does, for a field); where they share an offset and that is not said, set ``share`` below 1: so much of their joint
evidence counts.

References
----------
West & Harrison, *Bayesian Forecasting and Dynamic Models*, 2nd ed., 1997, section 6.3 (discount factors).
Dawid, "Present position and potential developments: the prequential approach", *JRSS A* 147 (2), 1984.
Adams & MacKay, "Bayesian online changepoint detection", arXiv:0710.3742, 2007.
Pollak, "Optimal detection of a change in distribution", *Annals of Statistics* 13 (1), 1985.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.base.units import FloatArray
from watchfloor.learn import _kernels_drift as kernels
from watchfloor.learn.field import FieldPosterior, Prior, Priors, posterior, revised

HALF_LIVES_MONTHS: tuple[float, ...] = (3.0, 6.0, 12.0, 24.0, 48.0, np.inf)
"""Half-lives that are weighed against each other. [months]"""
LogMarginal = Callable[[FloatArray], float]
"""From evidence (r, g) to the log of its marginal likelihood, up to a constant: how rows hang together."""


def kept_share(months: float, half_life_months: float) -> float:
    """Share of evidence that counts after a time, ``2 ** (-months / half_life_months)``. [1]

    Raises
    ------
    ValueError
        If the time is negative or the half-life not above 0; an infinite one forgets nothing.
    """  # noqa: D400, D415
    if not months >= 0.0:
        raise ValueError(f"months must be at least 0, got {months!r}: time runs forward")
    if not half_life_months > 0.0:
        raise ValueError(f"half_life_months must be above 0 (infinite for none), got {half_life_months!r}")
    return float(2.0 ** (-months / half_life_months))


def aged(
    log_evidence: FloatArray, n_looks: FloatArray, *, months: float, half_life_months: float
) -> tuple[FloatArray, FloatArray]:
    """Age evidence.

    Parameters
    ----------
    log_evidence : (..., g) array
        Log-likelihood of each level. [1]
    n_looks : (...) array
        Effective looks behind it. [1]
    months : float
        Time passed, at least 0. [months]
    half_life_months : float
        Time after which half of it counts, above 0; infinite for ever. [months]

    Returns
    -------
    log_evidence, n_looks : arrays
        What counts of them; the belief is the prior's times this, normalised. [1, 1]

    Raises
    ------
    ValueError
        If a time is outside its domain.

    Examples
    --------
    >>> aged(np.array([[-8.0, 0.0]]), np.array([10.0]), months=24.0, half_life_months=12.0)
    (array([[-2.,  0.]]), array([2.5]))
    """
    share = kept_share(months, half_life_months)
    return log_evidence * share, n_looks * share


def aged_knowledge(priors: Priors, knowledge: Knowledge, *, months: float, half_life_months: float) -> Knowledge:
    """Age an owner's knowledge: its evidence and looks by `aged`, its posteriors worked out anew from the priors."""
    log_evidence, n_looks = aged(
        knowledge.log_evidence, knowledge.n_looks, months=months, half_life_months=half_life_months
    )
    return revised(priors, replace(knowledge, log_evidence=log_evidence, n_looks=n_looks))


def field_marginal(prior: Prior) -> LogMarginal:
    r"""Say how the rows of a field hang together: the log of the marginal likelihood of evidence on them.

    Parameters
    ----------
    prior : Prior
        Field of one class; its levels are the rows.

    Returns
    -------
    callable
        From evidence (n, g) to the log marginal likelihood, up to a constant: for `Ageing` and `ChangeWatch`.

    Notes
    -----
    By expectation propagation: :math:`\log Z=\log\int N(x)\prod_i e^{\nu_ix-\tau_ix^2/2}dx+\sum_i\log c_i`,
    each :math:`c_i` the ratio of the site's exact integral over its cavity to that of its normal stand-in; exact for
    normal evidence on a normal field, and for one row.

    References
    ----------
    Rasmussen & Williams, *Gaussian Processes for Machine Learning*, 2006, section 3.6.3.
    """
    last: list[FieldPosterior | None] = [None]

    def log_marginal(log_evidence: FloatArray) -> float:
        found = posterior(prior, log_evidence, last[0])
        last[0] = found
        return _log_z(prior, log_evidence, found)

    return log_marginal


def _log_z(prior: Prior, log_evidence: FloatArray, found: FieldPosterior) -> float:
    n, n_scores = len(prior.mean), len(prior.scores)
    said = np.flatnonzero(np.ptp(log_evidence, axis=1) > 0.0)
    active = np.concatenate((said, n + np.arange(n_scores))).astype(np.int64)
    if len(active) == 0:
        return float(log_evidence.max(axis=1).sum())
    mean, cov = prior.joint
    m = mean[active]
    tau, nu, mu = found.tau[active], found.nu[active], found.mean[active]
    sigma = found.cov[np.ix_(active, active)]
    root = np.sqrt(tau)
    inner = np.eye(len(active)) + root[:, None] * cov[np.ix_(active, active)] * root[None, :]
    rest = nu - tau * m
    out = float(nu @ m - 0.5 * (tau * m * m).sum() + 0.5 * rest @ sigma @ rest - 0.5 * np.linalg.slogdet(inner)[1])
    variance = np.diag(sigma)
    cavity_var = 1.0 / np.maximum(1.0 / variance - tau, 1e-9)
    cavity_mean = cavity_var * (mu / variance - nu)
    sites = [log_evidence[i] for i in said] + [score.log_ratio for score in prior.scores]
    grids = [SIGMA_GRID_DBSM] * len(said)
    grids += [score.first + score.step * np.arange(len(score.log_ratio)) for score in prior.scores]
    site, grid = np.array(sites), np.array(grids)
    terms = site - 0.5 * (grid - cavity_mean[:, None]) ** 2 / cavity_var[:, None]
    top = terms.max(axis=1)
    exact = top + np.log(np.exp(terms - top[:, None]).sum(axis=1) * (grid[:, 1] - grid[:, 0]))
    exact -= 0.5 * np.log(2.0 * np.pi * cavity_var)
    both = 1.0 / (1.0 / cavity_var + tau)
    normal = 0.5 * ((cavity_mean / cavity_var + nu) ** 2 * both - cavity_mean**2 / cavity_var)
    normal -= 0.5 * np.log1p(tau * cavity_var)
    silent = np.setdiff1d(np.arange(n), said)
    return out + float((exact - normal).sum()) + float(log_evidence[silent].max(axis=1, initial=0.0).sum())


def equivalent_walk_db(half_life_months: float, *, sd_db: float, interval_months: float) -> float:
    r"""Random walk of the level that forgetting amounts to, in steady state.

    Parameters
    ----------
    half_life_months : float
        Half-life. [months]
    sd_db : float
        Error of the level that one flight alone leaves, one standard deviation. [dB]
    interval_months : float
        Time between two flights. [months]

    Returns
    -------
    float
        Standard deviation of the walk over a year. [dB]

    Notes
    -----
    With :math:`\lambda=2^{-\Delta/h}` kept from flight to flight, a flight's precision :math:`r` and a flat prior,
    the precision settles at :math:`r/(1-\lambda)`. A Kalman filter whose level walks by the variance q from flight to
    flight settles there if :math:`q=(1-\lambda)^2/(\lambda r)`; both then weigh past flights alike.

    References
    ----------
    West & Harrison, *Bayesian Forecasting and Dynamic Models*, 2nd ed., 1997, section 6.3.2.

    Examples
    --------
    >>> round(equivalent_walk_db(12.0, sd_db=1.0, interval_months=0.5), 3)
    0.141
    """
    lost = -np.expm1(-np.log(2.0) * interval_months / half_life_months)
    if not (sd_db > 0.0 and interval_months > 0.0 and 0.0 <= lost < 1.0):
        raise ValueError(
            "half_life_months, sd_db and interval_months must be above 0, got "
            f"{half_life_months!r}, {sd_db!r} and {interval_months!r}"
        )
    return float(lost / np.sqrt(1.0 - lost) * sd_db * np.sqrt(12.0 / interval_months))


def equivalent_half_life_months(walk_db: float, *, sd_db: float, interval_months: float) -> float:
    """Half-life that a level walking by ``walk_db`` in a year deserves in steady state; see `equivalent_walk_db`.

    Parameters
    ----------
    walk_db : float
        Standard deviation of the walk over a year, at least 0. [dB]
    sd_db, interval_months : float
        As in `equivalent_walk_db`. [dB, months]

    Returns
    -------
    float
        Half-life; infinite where nothing walks. [months]
    """
    if not (walk_db >= 0.0 and sd_db > 0.0 and interval_months > 0.0):
        raise ValueError(
            "walk_db must be at least 0, sd_db and interval_months above 0, got "
            f"{walk_db!r}, {sd_db!r} and {interval_months!r}"
        )
    half = 0.5 * (walk_db / sd_db) * np.sqrt(interval_months / 12.0)
    # (1 - k) / sqrt(k) = 2 half, so sqrt(k) = sqrt(1 + half^2) - half
    return float(np.inf if half == 0.0 else interval_months * np.log(2.0) / (2.0 * np.arcsinh(half)))


class Ageing:
    """What is known of some rows under each half-life of a grid, and which half-life the flights speak for.

    Parameters
    ----------
    log_prior : (r, g) array
        Log probability of each level before any flight: the catalogue's. [1]
    half_lives_months : sequence of float
        Half-lives, above 0; infinite for no forgetting. [months]
    weight : sequence of float, optional
        Prior probability of each; even when left out. [1]
    share : float
        Share of a flight's joint evidence that counts for the half-life, 0 to 1: 1 if rows are independent. [1]
    log_marginal : callable, optional
        Marginal likelihood of evidence (r, g) where rows hang together; called twice a flight and half-life.

    Raises
    ------
    ValueError
        If a shape or number is outside its domain.
    """

    def __init__(
        self,
        log_prior: FloatArray,
        *,
        half_lives_months: Sequence[float] = HALF_LIVES_MONTHS,
        weight: Sequence[float] | None = None,
        share: float = 1.0,
        log_marginal: LogMarginal | None = None,
    ) -> None:
        self.log_prior = _rows(log_prior, "log_prior")
        self.half_lives_months: FloatArray = np.array(half_lives_months, float)
        if len(self.half_lives_months) == 0 or not np.all(self.half_lives_months > 0.0):
            raise ValueError(f"half_lives_months must be above 0, at least one, got {list(half_lives_months)}")
        start = np.full(len(self.half_lives_months), 1.0) if weight is None else np.array(weight, float)
        if start.shape != self.half_lives_months.shape or not np.all(start >= 0.0) or not start.sum() > 0.0:
            raise ValueError(f"weight must be one number a half-life, at least 0, not all 0, got {weight}")
        _in_unit(share, "share")
        with np.errstate(divide="ignore"):
            self.log_weight: FloatArray = np.log(start / start.sum())
        """(h,) log posterior of the half-lives. [1]"""
        self.log_evidence = np.zeros((len(start), *self.log_prior.shape))
        """(h, r, g) evidence that counts now, under each half-life. [1]"""
        self.n_looks = np.zeros((len(start), len(self.log_prior)))
        """(h, r) effective looks that count now. [1]"""
        self._share, self._marginal = share, log_marginal
        self._month: float | None = None

    @property
    def probability(self) -> FloatArray:
        """(h,) posterior probability of each half-life. [1]"""  # noqa: D400, D415
        weight = np.exp(self.log_weight - self.log_weight.max())
        return weight / weight.sum()

    def step(self, month: float, log_likelihood: FloatArray, n_looks: FloatArray | None = None) -> FloatArray:
        """Take in a flight.

        Parameters
        ----------
        month : float
            When it was flown, not before the last one. [months]
        log_likelihood : (r, g) array
            What it says of each level; a row of one constant says nothing. [1]
        n_looks : (r,) array, optional
            Effective looks behind it. [1]

        Returns
        -------
        (h,) array
            Log probability density of the flight's evidence under each half-life, up to a common constant. [1]
        """
        like = _like(log_likelihood, self.log_prior)
        past = 0.0 if self._month is None else month - self._month
        kept = np.array([kept_share(past, h) for h in self.half_lives_months])
        self._month = month
        said, predictive = _take_in(self.log_prior, self.log_evidence, kept, like, self._marginal)
        self.n_looks *= kept[:, None]
        if n_looks is not None:
            self.n_looks += n_looks
        if len(said):
            self.log_weight = self.log_weight + self._share * predictive
            self.log_weight = self.log_weight - self.log_weight.max()
        return predictive

    def at(self, month: float) -> tuple[FloatArray, FloatArray]:
        """Model-averaged belief at a month.

        Parameters
        ----------
        month : float
            Not before the last flight. [months]

        Returns
        -------
        log_posterior : (r, g) array
            Log probability of each level, averaged over the half-lives by their posterior. [1]
        n_looks : (r,) array
            Effective looks that count, averaged likewise. [1]

        Notes
        -----
        Rows are taken for independent here. `log_evidence_at` gives evidence for a prior in which they are not.
        """
        past = 0.0 if self._month is None else month - self._month
        kept = np.array([kept_share(past, h) for h in self.half_lives_months])
        p = self.probability
        log_post = self.log_prior + self.log_evidence * kept[:, None, None]
        log_post -= log_post.max(axis=2, keepdims=True)
        post = np.exp(log_post)
        post /= post.sum(axis=2, keepdims=True)
        mixed = np.einsum("h,hrg->rg", p, post)
        return np.log(np.maximum(mixed, 1e-300)), (p * kept) @ self.n_looks

    def log_evidence_at(self, month: float) -> FloatArray:
        """Return evidence (r, g) that turns the prior into the model-averaged belief at a month. [1]"""
        log_posterior, _ = self.at(month)
        out = log_posterior - self.log_prior
        return out - out.max(axis=1, keepdims=True)


def age_through(
    log_likelihood: FloatArray, months: FloatArray, log_prior: FloatArray, **settings: object
) -> tuple[Ageing, FloatArray]:
    """Take in a whole history of flights.

    Parameters
    ----------
    log_likelihood : (f, r, g) array
        What each flight says of each row. [1]
    months : (f,) array
        When each was flown, rising. [months]
    log_prior : (r, g) array
        Before any flight. [1]
    **settings
        As `Ageing` has them.

    Returns
    -------
    Ageing
        After the last flight.
    (f, h) array
        Log predictive density of each flight under each half-life. [1]
    """
    ageing = Ageing(log_prior, **settings)  # type: ignore[arg-type]
    return ageing, np.array([ageing.step(float(t), one) for t, one in zip(months, log_likelihood, strict=True)])


@dataclass(frozen=True)
class Change:
    """A change that was declared."""

    since_month: float
    """Likeliest month of the last flight before it: evidence up to here was set aside. [months]"""
    found_month: float
    """Month of the flight that gave the alarm. [months]"""
    log_ratio: float
    """How much better "anew since then" predicted the flights since than "as known", with the months that the start
    stands for. [nats]"""
    log_evidence: FloatArray
    """(r, g) evidence set aside. [1]"""
    n_looks: FloatArray
    """(r,) effective looks set aside. [1]"""


class ChangeWatch:
    r"""Watches one type for a change of its levels, flight by flight.

    Parameters
    ----------
    log_prior : (r, g) array
        Log probability of each level of a thing changed, and of one never seen: the catalogue's. [1]
    alarms_per_year : float
        False alarms a year that are accepted, above 0. [1/year]
    changes_per_year : float
        Changes a year that are expected: what `probability` rests on; alarms do not. [1/year]
    log_evidence : (r, g) array, optional
        What is known when the watch begins. [1]
    n_looks : (r,) array, optional
        Effective looks behind it. [1]
    since_month : float
        When the watch begins. [months]
    half_life_months : float
        Ageing, of all hypotheses alike. [months]
    starts : int
        Months of change that are kept in mind at once; the least likely one is dropped.
    share, log_marginal
        As in `Ageing`. Where rows depend on each other in a way that ``log_marginal`` does not say, only a ``share`` of
        1 / rows keeps the bound on false alarms.

    Notes
    -----
    :math:`\Lambda_s` is how much better "anew since s" has predicted the flights since s than "as known". The statistic
    :math:`R=\sum_s \Delta_s\Lambda_s`, :math:`\Delta_s` the months between the flights about s, grows by one a month on
    average as long as nothing changes (R less the months is a martingale), whatever the flights say and whenever they
    come. An alarm at :math:`R\ge A` therefore has a mean time to a false alarm of at least A months: ``12 /
    alarms_per_year``. Dropping a start only lowers R. The bound rests on the prior being right, and on a level
    that does not drift otherwise.

    References
    ----------
    Pollak, "Optimal detection of a change in distribution", *Annals of Statistics* 13 (1), 1985, section 1 (the
    Shiryaev-Roberts procedure and its bound).
    Adams & MacKay, "Bayesian online changepoint detection", arXiv:0710.3742, 2007, section 2 (run lengths).
    """

    def __init__(
        self,
        log_prior: FloatArray,
        *,
        alarms_per_year: float = 0.1,
        changes_per_year: float = 0.1,
        log_evidence: FloatArray | None = None,
        n_looks: FloatArray | None = None,
        since_month: float = 0.0,
        half_life_months: float = np.inf,
        starts: int = 16,
        share: float = 1.0,
        log_marginal: LogMarginal | None = None,
    ) -> None:
        self.log_prior = _rows(log_prior, "log_prior")
        for name, rate in (("alarms_per_year", alarms_per_year), ("changes_per_year", changes_per_year)):
            if not (np.isfinite(rate) and rate > 0.0):
                raise ValueError(f"{name} must be above 0, got {rate!r}")
        if starts < 1:
            raise ValueError(f"starts must be at least 1, got {starts!r}")
        _in_unit(share, "share")
        kept_share(0.0, half_life_months)
        known = np.zeros(self.log_prior.shape) if log_evidence is None else _like(log_evidence, self.log_prior)
        self.threshold_months = 12.0 / alarms_per_year
        """Level of the statistic that gives an alarm. [months]"""
        self.changes: list[Change] = []
        """Changes declared so far, in order, with the evidence that each set aside."""
        self._rate = changes_per_year / 12.0
        self._half_life, self._share, self._marginal = half_life_months, share, log_marginal
        # row 0 is "as known", the others each a start; all of them have their place from the beginning
        self._evidence, self._looks = np.zeros((starts + 1, *known.shape)), np.zeros((starts + 1, len(known)))
        self._evidence[0] = known
        if n_looks is not None:
            self._looks[0] = n_looks
        self._since = np.full(starts + 1, since_month)
        self._log_mass = np.zeros(starts + 1)  # log of months x ratio; of "as known" 0
        self._n = 1
        self._month = since_month

    @property
    def log_evidence(self) -> FloatArray:
        """(r, g) evidence that counts as known: all since the last change that was declared. [1]"""  # noqa: D400, D415
        return self._evidence[0]

    @property
    def n_looks(self) -> FloatArray:
        """(r,) effective looks behind it. [1]"""  # noqa: D400, D415
        return self._looks[0]

    @property
    def statistic_months(self) -> float:
        """Evidence for a change, as in the notes; about the months gone by while nothing changes. [months]"""  # noqa: D400, D415
        return float(np.exp(self._log_mass[1 : self._n]).sum())

    @property
    def probability(self) -> float:
        """Posterior probability that there has been a change since the last one declared. [1]"""  # noqa: D400, D415
        odds = self._rate * self.statistic_months
        return odds / (1.0 + odds)

    def step(self, month: float, log_likelihood: FloatArray, n_looks: FloatArray | None = None) -> Change | None:
        """Take in a flight; return the change that it gave alarm of, or None.

        Parameters
        ----------
        month : float
            When it was flown, not before the last one. [months]
        log_likelihood : (r, g) array
            What it says of each level; a row of one constant says nothing. [1]
        n_looks : (r,) array, optional
            Effective looks behind it. [1]
        """
        like = _like(log_likelihood, self.log_prior)
        past = month - self._month
        kept = kept_share(past, self._half_life)
        looks = np.zeros(len(like)) if n_looks is None else np.asarray(n_looks, float)
        if past > 0.0:  # a change may have come since the last flight
            self._start(past)
        self._month = month
        n = self._n
        said, predictive = _take_in(self.log_prior, self._evidence[:n], np.full(n, kept), like, self._marginal)
        self._looks[:n] = self._looks[:n] * kept + looks
        if len(said):
            self._log_mass[:n] += self._share * (predictive - predictive[0])
        if self.statistic_months < self.threshold_months:
            return None
        return self._declare()

    def _start(self, past: float) -> None:
        """Take "anew since the last flight" among the hypotheses, in place of the least likely one if they are many."""
        if self._n < len(self._since):
            at = self._n
            self._n += 1
        else:
            at = 1 + int(np.argmin(self._log_mass[1:]))
        self._evidence[at], self._looks[at] = 0.0, 0.0
        self._since[at], self._log_mass[at] = self._month, np.log(past)

    def _declare(self) -> Change:
        best = 1 + int(np.argmax(self._log_mass[1 : self._n]))
        change = Change(
            since_month=float(self._since[best]),
            found_month=self._month,
            log_ratio=float(self._log_mass[best]),
            log_evidence=self._evidence[0] - self._evidence[best],
            n_looks=self._looks[0] - self._looks[best],
        )
        self.changes.append(change)
        self._evidence[0], self._looks[0], self._since[0] = self._evidence[best], self._looks[best], self._since[best]
        self._n = 1
        return change


@dataclass(frozen=True)
class Worth:
    """What is left of knowledge that is not refreshed."""

    months: FloatArray
    """(m,) since the last flight. [months]"""
    nats: FloatArray
    """(m,) information on the level of that month beyond the catalogue's, summed over rows. [nats]"""
    margin_db: FloatArray
    """(m,) margin that it saves: how much less signal a planner needs to be 90 % sure, mean over rows. [dB]"""

    @property
    def half_life_nats_months(self) -> float:
        """Months until half of the nats are gone. [months]"""  # noqa: D400, D415
        return half_life_of(self.months, self.nats)


def worth_of_knowledge(
    log_posterior: FloatArray,
    log_prior: FloatArray,
    months: FloatArray,
    *,
    walk_db: float = 0.0,
    changes_per_year: float = 0.0,
    half_life_months: float = np.inf,
) -> Worth:
    r"""How fast knowledge goes stale.

    Parameters
    ----------
    log_posterior, log_prior : (r, g) arrays
        What is known today, and the catalogue, on ``SIGMA_GRID_DBSM``. [1]
    months : (m,) array
        Times since today, at least 0. [months]
    walk_db : float
        Random walk of the level over a year, one standard deviation. [dB]
    changes_per_year : float
        Chance a year that the level is drawn anew from the catalogue's law: a coating, another configuration. [1/year]
    half_life_months : float
        Forgetting, instead of a walk or beside it. [months]

    Returns
    -------
    Worth
        Nats and margin at each month.

    Notes
    -----
    Nats are the Kullback-Leibler divergence of the belief from the catalogue's, both carried on to that month by the
    same law; it can only fall (data processing). With a prior and posterior of variances :math:`V_0, V` and equal means
    a walk of variance q leaves :math:`\frac12[\ln\frac{V_0+q}{V+q} + \frac{V+q}{V_0+q} - 1]`. Rows that share an offset
    count it each time: nats of dependent rows are an upper bound. The margin is the distance from the median down to
    the 10 % point, the catalogue's less that of the belief. In range, x dB are ``10 ** (x / 40)``.
    """
    prior, posterior = (
        np.exp(_rows(x, name)) for x, name in ((log_prior, "log_prior"), (log_posterior, "log_posterior"))
    )
    if prior.shape != posterior.shape or prior.shape[1] != len(SIGMA_GRID_DBSM):
        raise ValueError(
            f"log_posterior and log_prior must be (r, {len(SIGMA_GRID_DBSM)}), got {posterior.shape} and {prior.shape}"
        )
    months = np.asarray(months, float)
    if not np.all(months >= 0.0) or not (walk_db >= 0.0 and changes_per_year >= 0.0):
        raise ValueError("months, walk_db and changes_per_year must be at least 0")
    prior = prior / prior.sum(axis=1, keepdims=True)
    nats, margin = np.empty(len(months)), np.empty(len(months))
    for i, month in enumerate(months.tolist()):
        share = kept_share(month, half_life_months)
        now = prior ** (1.0 - share) * posterior**share
        now /= now.sum(axis=1, keepdims=True)
        channel = _walk(walk_db * np.sqrt(month / 12.0))
        before, now = prior @ channel, now @ channel
        anew = -np.expm1(-changes_per_year * month / 12.0)
        now = (1.0 - anew) * now + anew * before
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = now * (np.log(now) - np.log(before))
        nats[i] = np.where(now > 0.0, terms, 0.0).sum()
        margin[i] = float(np.mean(_margin_db(before) - _margin_db(now)))
    return Worth(months=months, nats=nats, margin_db=margin)


def half_life_of(months: FloatArray, value: FloatArray) -> float:
    """Month at which a value has fallen to half of its first; straight lines between, infinite if it never does.

    Parameters
    ----------
    months : (m,) array
        Rising, from 0. [months]
    value : (m,) array
        Value, above 0 at first.

    Returns
    -------
    float
        Months. [months]

    Examples
    --------
    >>> half_life_of(np.array([0.0, 10.0, 20.0]), np.array([4.0, 3.0, 1.0]))
    15.0
    """
    value = np.asarray(value, float)
    if len(value) < 1 or not value[0] > 0.0:
        raise ValueError("value must start above 0: there is nothing to lose")
    below = np.flatnonzero(value <= 0.5 * value[0])
    if len(below) == 0:
        return float("inf")
    j = int(below[0])
    part = (value[j - 1] - 0.5 * value[0]) / (value[j - 1] - value[j])
    return float(months[j - 1] + part * (months[j] - months[j - 1]))


def log_score(log_belief: FloatArray, log_prior: FloatArray, level_dbsm: FloatArray) -> FloatArray:
    """How much better a belief predicts the true level than the catalogue does; below 0 where it misleads.

    Parameters
    ----------
    log_belief, log_prior : (r, g) arrays
        Log probabilities on ``SIGMA_GRID_DBSM``. [1]
    level_dbsm : (r,) array
        The truth. [dBsm]

    Returns
    -------
    (r,) array
        Difference of the log scores. [nats]
    """
    step = SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0]
    at = np.clip(np.round((np.asarray(level_dbsm) - SIGMA_GRID_DBSM[0]) / step), 0, len(SIGMA_GRID_DBSM) - 1)
    rows = np.arange(len(log_prior))
    cell = at.astype(np.int64)
    return log_belief[rows, cell] - log_prior[rows, cell]


def _take_in(
    log_prior: FloatArray, evidence: FloatArray, kept: FloatArray, like: FloatArray, marginal: LogMarginal | None
) -> tuple[np.ndarray, FloatArray]:
    """Age evidence (k, r, g) in place, add a flight's; return the rows it speaks of, its log predictives (k,)."""
    said = np.flatnonzero(np.ptp(like, axis=1) > 0.0)
    if marginal is None:
        out = np.empty((len(evidence), len(said)))
        kernels.take_in(log_prior, evidence, kept, like, said, out)
        return said, out.sum(axis=1)
    evidence *= kept[:, None, None]
    before = np.array([marginal(one) for one in evidence])
    evidence[:, said] += like[said]
    return said, np.array([marginal(one) for one in evidence]) - before


def _walk(sd_db: float) -> FloatArray:
    """Chance (g, g) of each level to become each other one; what would leave the grid stays at its end."""
    step = float(SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0])
    if sd_db < 0.1 * step:
        return np.eye(len(SIGMA_GRID_DBSM))
    away = SIGMA_GRID_DBSM[None, :] - SIGMA_GRID_DBSM[:, None]
    chance = np.exp(-0.5 * (away / sd_db) ** 2)
    return chance / chance.sum(axis=1, keepdims=True)


def _margin_db(p: FloatArray) -> FloatArray:
    """Distance (r,) from the median down to the 10 % point of distributions (r, g). [dB]"""
    total = np.cumsum(p, axis=1)
    points = [[np.interp(q, row, SIGMA_GRID_DBSM) for q in (0.1, 0.5)] for row in total]
    low, middle = np.array(points).T
    return middle - low


def _rows(table: FloatArray, name: str) -> FloatArray:
    out = np.ascontiguousarray(table, float)
    if out.ndim != 2:
        raise ValueError(f"{name} must be (rows, levels), got shape {out.shape}")
    if not np.all(np.isfinite(out)):
        row = int(np.flatnonzero(~np.isfinite(out).all(axis=1))[0])
        raise ValueError(f"{name} must be finite, row {row} is not (a level ruled out wants a floor, such as -700)")
    return out


def _like(table: FloatArray, log_prior: FloatArray) -> FloatArray:
    out = _rows(table, "log_likelihood")
    if out.shape != log_prior.shape:
        raise ValueError(f"log_likelihood must have the shape of log_prior, {log_prior.shape}, got {out.shape}")
    return out


def _in_unit(value: float, name: str) -> None:
    if not 0.0 < value <= 1.0:
        raise ValueError(f"{name} must be above 0 and at most 1, got {value!r}")
