from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.report.wording import MINUS, NARROW, Scale, figures, fixed, listed


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "text"),
    [
        (-0.4, 0, True, "0"),
        (-0.6, 0, False, f"{MINUS}1"),
        (12345.678, 1, False, f"12{NARROW}345.7"),
        (9999.6, 0, True, f"+10{NARROW}000"),
        (np.inf, 0, False, "\N{INFINITY}"),
        (-np.inf, 1, False, f"{MINUS}\N{INFINITY}"),
        (np.nan, 1, False, "not known"),
    ],
)
def test_fixed(value, decimals, signed, text):
    assert fixed(value, decimals, signed=signed) == text


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_fixed_can_be_read_back(value, decimals):
    text = fixed(value, decimals).replace(NARROW, "").replace(MINUS, "-")
    assert float(text) == pytest.approx(value, abs=0.5000001 * 10.0**-decimals, rel=1e-12)


@given(st.floats(1e-8, 1e9))
def test_figures_keep_three(value):
    assert float(figures(value).replace(NARROW, "").replace(MINUS, "-")) == pytest.approx(value, rel=5.1e-3)


def test_scale_converts_once():
    assert Scale("km", 1e-3, 1)(12_340.0) == "12.3"
    assert Scale("km").with_unit("5") == f"5{NARROW}km"
    assert Scale("").with_unit("5") == "5"


def test_listed():
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "none",
        "a",
        "a and b",
        "a, b and c",
    ]
