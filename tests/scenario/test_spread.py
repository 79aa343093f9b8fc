from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from watchfloor.scenario.spread import Spread

number = st.floats(-1e6, 1e6)


@given(st.lists(number, min_size=3, max_size=3).map(sorted))
def test_a_spread_meets_its_quantiles(quantiles):
    p10, p50, p90 = quantiles
    got = Spread(p10=p10, p50=p50, p90=p90, source="k").quantile_range()
    np.testing.assert_allclose(got, quantiles, rtol=1e-12, atol=1e-6)


@given(st.lists(st.floats(1e-6, 1e6), min_size=3, max_size=3).map(sorted))
def test_a_spread_on_a_log_scale_meets_its_quantiles(quantiles):
    p10, p50, p90 = quantiles
    spread = Spread(p10=p10, p50=p50, p90=p90, scale="log", source="k")
    np.testing.assert_allclose(spread.quantile_range(), quantiles, rtol=1e-9)


@given(st.lists(number, min_size=3, max_size=3).map(sorted), st.floats(-9, 9), st.floats(0, 9))
def test_a_spread_never_falls_as_the_score_grows(quantiles, z, more):
    p10, p50, p90 = quantiles
    spread = Spread(p10=p10, p50=p50, p90=p90, source="k")
    assert spread.at_z(z) <= spread.at_z(z + more) + 1e-6


@given(number, number, st.floats(-9, 9))
def test_a_uniform_spread_stays_inside_its_ends(a, b, z):
    assume(a <= b)
    assert a <= Spread(low=a, high=b, source="k").at_z(z) <= b


def test_a_uniform_spread_has_its_deciles():
    assert Spread(low=0.3, high=0.9, source="k").quantile_range() == pytest.approx((0.36, 0.6, 0.84), abs=1e-12)


def test_draws_fall_below_the_deciles_as_often_as_they_say():
    spread = Spread(p10=1.0, p50=2.0, p90=8.0, source="k")
    rng, n = np.random.Generator(np.random.Philox(5)), 4000
    draws = np.array([spread.draw(rng) for _ in range(n)])
    for level, p in zip((1.0, 2.0, 8.0), (0.1, 0.5, 0.9), strict=True):
        assert abs(np.mean(draws < level) - p) < 4.0 * np.sqrt(p * (1.0 - p) / n)  # four sigmas of a binomial share


def test_every_form_draws_exactly_one_number():
    for form in (
        Spread(fixed=1, source="k"),
        Spread(low=0, high=1, source="k"),
        Spread(p10=1, p50=2, p90=3, source="k"),
    ):
        a, b = (np.random.Generator(np.random.Philox(1)) for _ in range(2))
        form.draw(a)
        b.standard_normal()
        assert a.random() == b.random()


def test_without_a_generator_the_draw_is_the_median():
    assert Spread(p10=1, p50=2, p90=30, source="k").draw(None) == 2.0


def test_a_bare_number_is_the_authors_own():
    assert Spread.model_validate(3) == Spread(fixed=3, source="scenario")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"p10": 1, "p50": 2, "source": "k"}, "exactly one of the three forms"),
        ({"p10": 1, "p50": 2, "p90": 3, "fixed": 1, "source": "k"}, "exactly one of the three forms"),
        ({"source": "k"}, "exactly one of the three forms"),
        ({"p10": 3, "p50": 2, "p90": 1, "source": "k"}, "wanted p10 <= p50 <= p90"),
        ({"low": 2, "high": 1, "source": "k"}, "wanted low <= high"),
        ({"p10": 0, "p50": 1, "p90": 2, "scale": "log", "source": "k"}, "log scale needs p10 > 0"),
        ({"fixed": float("nan"), "source": "k"}, "finite"),
        ({"fixed": 1}, "source"),
        (True, "Spread"),
    ],
)
def test_a_spread_that_says_nothing_definite_is_refused(written, said):
    with pytest.raises(ValidationError, match=said):
        Spread.model_validate(written)
