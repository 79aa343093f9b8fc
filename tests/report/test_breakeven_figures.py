import xml.etree.ElementTree as ET

import numpy as np
import pytest

from watchfloor.report.breakeven_figures import break_even_map, drivers_chart, tornado_chart

X, Y = np.array([-6.0, 0.0, 6.0]), np.array([50.0, 100.0, 200.0, 300.0])
MEDIAN = np.outer([4.0, 2.0, 1.0], [0.1, 0.5, 2.0, np.inf])
LABELS = {"title": "Known to 3 dB", "x_label": "offset [dB]", "y_label": "stand-off [km]", "alt": "hours over both"}


def text_of(svg):
    return " ".join(ET.fromstring(svg).itertext())


def test_a_map_is_an_svg_that_says_what_it_shows_and_where_hours_run_out():
    svg = break_even_map("m", X, Y, 0.5 * MEDIAN, MEDIAN, 2.0 * MEDIAN, horizon_h=20.0, **LABELS)
    said = text_of(svg)
    for word in ("Known to 3 dB", "offset [dB]", "stand-off [km]", "not within 20 h", "median"):
        assert word in said
    assert "hours over both" in svg


def test_a_map_that_nobody_reaches_can_be_drawn():
    never = np.full((3, 4), np.inf)
    assert "<svg" in break_even_map("m", X, Y, never, never, never, horizon_h=20.0, **LABELS)
    at_once = np.zeros((3, 4))
    assert "<svg" in break_even_map("m", X, Y, at_once, at_once, at_once, horizon_h=20.0, **LABELS)


def test_a_map_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="shape"):
        break_even_map("m", X, Y, MEDIAN.T, MEDIAN.T, MEDIAN.T, horizon_h=20.0, **LABELS)


def test_charts_name_their_unknowns():
    names, value = ["offset_db.S", "power_db.X"], np.array([0.7, 0.2])
    svg = drivers_chart("d", names, value, value - 0.1, value + 0.1, other=value, title="T", label="total", alt="a")
    assert all(name in text_of(svg) for name in names)
    svg = tornado_chart("t", names, np.array([1.0, 3.0]), np.array([5.0, 3.5]), 3.0, title="T", label="nat", alt="a")
    assert all(word in text_of(svg) for word in (*names, "10 % point", "90 % point"))
