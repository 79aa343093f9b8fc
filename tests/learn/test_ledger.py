"""The ledger adds up."""

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn.ledger import (
    LedgerRows,
    booked,
    divergence_nats,
    draw_up,
    entropy_nats,
    next_hour_nats,
    precision_per_db2,
)

N = 150


def flights(rng, *, n_flights, k):
    """Ledgers of flights at N types whose levels are drawn from the prior, with the learner at the end."""
    flying = scene.inbound(N, label=np.arange(N))
    snr = scene.snr_1m2(flying)
    base = float(15.0 - 10.0 * np.log10(snr[0]))
    card = scene.card(level=base, offset=(-8.0, 0.0, 8.0))
    one = scene.learner({f"t{i}": card for i in range(N)}, label_reliability=1.0 - 1e-9)
    level = base + 8.0 / 1.2815515655446004 * rng.standard_normal(N)
    rows = []
    for flight in range(n_flights):
        power = scene.swerling1(rng, snr * 10.0 ** (0.1 * level), k)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 1e3 * flight))
        rows.append(one.close_flight())
    return rows, one


def test_entropy_gained_adds_up_exactly_flight_by_flight():
    rng = np.random.default_rng(21)
    first = scene.learner({f"t{i}": scene.card() for i in range(1)}).knowledge
    assert np.all(entropy_nats(first.log_posterior) > 0.0)
    rows, one = flights(rng, n_flights=4, k=3)
    seen, library = rows[0].aspect_rad[0] == first.aspect_rad, one._library
    prior = np.stack([f.catalogue.log_posterior[seen][0] for f in library.priors.fields])
    posterior = np.stack([f.log_posterior[seen][0] for f in library.fields])
    total = entropy_nats(prior) - entropy_nats(posterior)
    np.testing.assert_allclose(sum(r.entropy_nats for r in rows), total, atol=1e-8)
    np.testing.assert_allclose(rows[-1].total_nats, divergence_nats(posterior, prior), atol=1e-8)


def test_on_average_all_three_measures_are_the_mutual_information():
    # chain rule: the mean over truths of summed KL, of summed entropy and of total KL is one number
    rng = np.random.default_rng(22)
    rows, _ = flights(rng, n_flights=3, k=2)
    kl = sum(r.nats for r in rows)
    entropy = sum(r.entropy_nats for r in rows)
    total = rows[-1].total_nats
    for one, other in ((kl, entropy), (kl, total), (entropy, total)):
        gap = one - other
        assert abs(gap.mean()) < 4.0 * gap.std() / np.sqrt(N)
    assert kl.mean() > 1.0


def test_information_never_falls_below_nothing_and_counts_agree():
    rng = np.random.default_rng(23)
    rows, _ = flights(rng, n_flights=2, k=5)
    for flight in rows:
        assert np.all(flight.nats >= 0.0)
        assert len(flight) == N
        np.testing.assert_allclose(flight.n_looks, 5.0, rtol=1e-3)
        np.testing.assert_allclose(flight.n_hits + flight.n_misses, flight.n_looks)
        np.testing.assert_allclose(flight.n_labelled, flight.n_looks)
        np.testing.assert_allclose(flight.exposure_s, 50.0, rtol=1e-3)  # five turns of 10 s
        assert np.all(flight.n_effective <= flight.n_looks + 1e-12)


def test_a_flight_without_looks_has_an_empty_ledger():
    one = scene.learner({"a": scene.card()})
    assert len(one.close_flight()) == 0


def test_a_track_that_lives_on_keeps_its_identity_over_the_end_of_a_flight():
    one = scene.learner({"a": scene.card()}, knowledge=scene.sharp([0.0], sd_db=1.0))
    flying = scene.inbound(1)
    none = scene.looks(flying, np.empty((1, 0)))
    seen = scene.looks(flying, np.full((1, 12), float(scene.snr_1m2(flying)[0])))
    before = one.step(flying, seen)[0].probability
    one.close_flight()
    np.testing.assert_allclose(one.step(flying, none)[0].probability, before, atol=1e-12)


# ---- adds up, whatever is summed


def two_radars(rng, *, n_flights, n_types=4, k=4):
    """Ledgers of flights that show two radars several aspects of several types, with the learner at the end."""
    cards = {f"t{i}": scene.card(level=-4.0 * i, cell_sigma_db=3.0) for i in range(n_types)}
    radars = [scene.radar(), scene.radar(frequency_hz=10e9)]
    one = scene.learner(cards, radars=radars, label_reliability=1.0 - 1e-9)
    rows, fields = [], [one._library.fields.copy()]
    for flight in range(n_flights):
        flying = scene.tracks(
            2 * n_types, label=np.arange(2 * n_types) % n_types, heading_rad=np.deg2rad(2.0 + 46.0 * flight)
        )
        for sensor in (0, 1):
            power = scene.swerling1(rng, 0.02 * scene.snr_1m2(flying, radars[sensor]), k)
            one.step(flying, scene.looks(flying, power, first_s=1.0 + 1e3 * flight, sensor=sensor))
        rows.append(one.close_flight())
        fields.append(one._library.fields.copy())
    return rows, fields


def joint_nats(before, after):
    """Loss of entropy of normal laws that stand for fields, one a class. [nat]"""
    return 0.5 * sum(
        np.linalg.slogdet(b.cov)[1] - np.linalg.slogdet(a.cov)[1] for b, a in zip(before, after, strict=True)
    )


def test_cells_radars_and_flights_add_up_to_the_loss_of_entropy():
    rows, fields = two_radars(np.random.default_rng(31), n_flights=3)
    whole = LedgerRows.concat(rows)
    assert len(set(whole.sensor.tolist())) == 2
    assert len(np.unique(whole.aspect_rad)) > 3
    for flight, before, after in zip(rows, fields, fields[1:], strict=False):
        np.testing.assert_allclose(flight.chain_nats.sum(), joint_nats(before, after), atol=1e-5)
        assert flight.chain_nats.sum() > 0.0
    np.testing.assert_allclose(whole.chain_nats.sum(), joint_nats(fields[0], fields[-1]), atol=1e-5)
    for m in range(4):  # and type by type
        mine = whole.type == m
        one = joint_nats(fields[0][m : m + 1], fields[-1][m : m + 1])
        np.testing.assert_allclose(whole.chain_nats[mine].sum(), one, atol=1e-5)
    assert whole.nats.sum() > whole.chain_nats.sum(), "cells that teach each other tell some of it twice"


def test_the_shares_of_an_hour_add_up_to_the_gain_of_the_joint_belief():
    rng = np.random.default_rng(32)
    for n in (1, 2, 7):
        a = rng.normal(size=(n, n))
        covariance, d = a @ a.T + 0.1 * np.eye(n), rng.exponential(size=n)
        share = next_hour_nats(d, covariance)
        after = np.linalg.inv(np.linalg.inv(covariance) + np.diag(d))
        joint = 0.5 * (np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(after)[1])
        np.testing.assert_allclose(share.sum(), joint, rtol=1e-9)
        assert np.all(share >= 0.0)
        assert share.sum() <= next_hour_nats(d, np.diagonal(covariance)).sum() + 1e-12, "cells that share teach less"
    np.testing.assert_allclose(next_hour_nats(d, np.diag(np.arange(1.0, 8.0))), next_hour_nats(d, np.arange(1.0, 8.0)))


def test_a_forecast_of_nonsense_is_refused():
    with pytest.raises(ValueError, match=r"covariance_db2 must have shape \(2,\)"):
        next_hour_nats(np.ones(2), np.ones(3))
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="at least 0"):
            next_hour_nats(np.array([bad]), np.ones(1))
        with pytest.raises(ValueError, match="variances of at least 0"):
            next_hour_nats(np.ones(1), np.array([bad]))
    row, grid = np.zeros(1), np.zeros((1, 3))
    keys = {"sensor": row.astype(int), "type_": row.astype(int), "configuration": row.astype(int)}
    cell = {"aspect_rad": row, "elevation_rad": row}
    levels = {"before": grid, "after": grid, "public": grid, "log_likelihood": grid}
    with pytest.raises(ValueError, match=r"counts must have shape \(1, 8\)"):
        draw_up(**keys, **cell, **levels, counts=np.zeros((1, 6)))


# ---- the next hour


def test_curvature_of_strong_looks_is_the_fisher_information_on_decibels():
    # exponential power of mean p: variance of d/d(10 lg p) of its log density is (ln 10 / 10)^2 a look, 1/4.34^2 dB^-2
    rng = np.random.default_rng(33)
    k, n = 50, 400
    mean = 10.0 ** (0.1 * SIGMA_GRID_DBSM)
    z = rng.exponential(size=(n, k)).sum(axis=1)
    log_likelihood = -z[:, None] / mean - k * np.log(mean)
    sharp = np.full((n, len(mean)), -700.0)
    sharp[:, np.argmin(np.abs(SIGMA_GRID_DBSM))] = 0.0
    bend = np.diff(log_likelihood, 2, axis=1)[:, np.argmin(np.abs(SIGMA_GRID_DBSM)) - 1] / -0.25
    assert abs(bend.mean() / k - (np.log(10.0) / 10.0) ** 2) < 4.0 * bend.std() / k / np.sqrt(n) + 2e-4
    np.testing.assert_allclose(precision_per_db2(log_likelihood, sharp, np.full(n, 2.0)), 2.0 * bend, rtol=1e-6)


@pytest.mark.parametrize(("over_noise_db", "k", "tolerance"), [(15.0, 6, 0.06), (10.0, 20, 0.06), (5.0, 20, 0.08)])
def test_the_next_hour_teaches_what_was_forecast(over_noise_db, k, tolerance):
    # 200 levels from the prior; one minute or so flown, the next hour forecast, then the hour flown: 360 turns of 10 s
    rng = np.random.default_rng(34)
    n = 200
    flying = scene.inbound(n, label=np.arange(n))
    snr = scene.snr_1m2(flying)
    base = float(over_noise_db - 10.0 * np.log10(snr[0]))
    card = scene.card(level=base, offset=(-8.0, 0.0, 8.0))
    one = scene.learner({f"t{i}": card for i in range(n)}, label_reliability=1.0 - 1e-9)
    level = base + 8.0 / 1.2815515655446004 * rng.standard_normal(n)
    rows = []
    for flight, looks in enumerate((k, 360)):
        power = scene.swerling1(rng, snr * 10.0 ** (0.1 * level), looks)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 1e4 * flight))
        rows.append(one.close_flight())
    forecast, flown = rows[0].marginal_nats_per_h, rows[1].chain_nats
    chance = 4.0 * flown.std() / np.sqrt(n)
    assert abs(forecast.mean() - flown.mean()) < chance + tolerance * flown.mean()
    assert rows[1].marginal_nats_per_h.mean() < 0.5 * forecast.mean(), "the hour after teaches less"


def test_an_hour_split_between_cells_is_forecast_for_the_split():
    rows, _ = two_radars(np.random.default_rng(35), n_flights=1)
    (flight,) = rows
    assert np.all(flight.marginal_nats_per_h > 0.0)
    one = (flight.sensor == 0) & (flight.type == 0)
    assert one.sum() >= 2, "several cells share the hour under that radar's eye"


def test_a_record_can_name_what_the_rows_are_of():
    rows, _ = two_radars(np.random.default_rng(36), n_flights=1)
    named = booked(rows[0], radars=["ew", "fc"], bands=["S", "X"], types=[f"jet-{i}" for i in range(4)])
    assert set(zip(named.radar.tolist(), named.band.tolist(), strict=True)) == {("ew", "S"), ("fc", "X")}
    assert named.type_name[0] == f"jet-{rows[0].type[0]}"
    assert set(named.flat()) >= {"chain_nats", "marginal_nats_per_h", "radar", "band", "type_name", "configuration"}
