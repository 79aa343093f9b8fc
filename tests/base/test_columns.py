from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pytest

from watchfloor.base import picture, truth
from watchfloor.base.columns import Columns
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.units import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Things(Columns):
    number: IntArray
    place_m: FloatArray
    cov: FloatArray


def things(n: int) -> Things:
    return Things(
        number=np.arange(n), place_m=np.arange(2.0 * n).reshape(n, 2), cov=np.arange(4.0 * n).reshape(n, 2, 2)
    )


def test_columns_of_different_length_are_refused_by_name():
    with pytest.raises(ValueError, match=r"Things\.place_m has 2 rows where number has 3"):
        Things(number=np.arange(3), place_m=np.zeros((2, 2)), cov=np.zeros((3, 2, 2)))


def test_take_keeps_the_rows_of_an_index_a_slice_and_a_mask():
    table = things(5)
    for rows, kept in (([3, 1], [3, 1]), (slice(1, 3), [1, 2]), (np.arange(5) % 2 == 0, [0, 2, 4])):
        part = table.take(rows)
        assert part.number.tolist() == kept
        np.testing.assert_array_equal(part.cov, table.cov[kept])


def test_concat_of_the_parts_is_the_whole():
    table = things(5)
    whole = Things.concat([table.take(slice(0, 2)), table.take(slice(2, 2)), table.take(slice(2, 5))])
    assert len(whole) == 5
    for (name, a), (_, b) in zip(whole.items(), table.items(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_flat_spreads_inner_axes_in_row_major_order():
    flat = things(3).flat()
    assert list(flat) == ["number", "place_m_0", "place_m_1", "cov_0", "cov_1", "cov_2", "cov_3"]
    assert flat["cov_2"].tolist() == [2.0, 6.0, 10.0]
    assert all(column.shape == (3,) for column in flat.values())


def test_a_frozen_table_takes_no_new_column():
    with pytest.raises(AttributeError):
        things(1).number = np.arange(1)  # type: ignore[misc]


EMPTIES = [
    cls for module in (picture, truth) for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, Columns) and cls is not Columns and hasattr(cls, "empty")
]  # fmt: skip


@pytest.mark.parametrize("table", EMPTIES, ids=lambda t: t.__name__)
def test_an_empty_table_has_every_column_and_no_row(table):
    empty = table.empty()
    assert len(empty) == 0
    assert [name for name, _ in empty.items()] == [f.name for f in fields(table)]
    assert all(len(column) == 0 for column in empty.flat().values())


TABLES = [
    cls for module in (picture, truth) for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, Columns) and cls is not Columns
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.__name__)
def test_a_number_of_a_table_says_its_unit_in_its_name_or_its_docstring(table):
    import ast
    import inspect
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(table))).body[0].body  # type: ignore[attr-defined]
    for statement, following in zip(body, body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.annotation) == "FloatArray":
            text = following.value.value  # type: ignore[attr-defined]
            assert "[" in text or "units likewise" in text, (
                f"{table.__name__}.{ast.unparse(statement.target)}: no unit in brackets"
            )


def test_a_column_that_may_be_left_out_is_filled():
    tasks = Tasks.empty()
    assert tasks.dwell.shape == (0,)
    plots = Plots(
        t_s=np.zeros(2),
        sensor=np.zeros(2, np.int64),
        measurement=np.zeros((2, 4)),
        cov=np.zeros((2, 4, 4)),
        snr_db=np.zeros(2),
        pfa=np.zeros(2),
        address=np.zeros(2, np.int64),
        label=np.zeros(2, np.int64),
    )
    assert plots.label_source.tolist() == [-1, -1]
    assert np.isnan(plots.modulation_hz).all()
    assert len(plots.take([1]).noise_db) == 1
