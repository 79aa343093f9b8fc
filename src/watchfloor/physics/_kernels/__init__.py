"""Compiled loops of this room, one file a subject; each has its plain twin in ``tests/plain/``.

Arrays and scalars in, arrays and scalars out; the callers check.
"""

from __future__ import annotations

import numpy as np

from watchfloor.physics._kernels.detection import miss_rows, pd_rows, pd_scalar, statistic_log_pdf_scalar
from watchfloor.physics._kernels.gas import add_lines
from watchfloor.physics._kernels.lobing import border, two_rays
from watchfloor.physics._kernels.look import aspect, look, two_way_db, two_way_db_rows

__all__ = [
    "add_lines",
    "aspect",
    "border",
    "look",
    "miss_rows",
    "pd_rows",
    "pd_scalar",
    "statistic_log_pdf_scalar",
    "two_rays",
    "two_way_db",
    "two_way_db_rows",
    "warm",
]


def warm() -> None:
    """Compile, or load from the cache, what a run needs: tables are read-only, rows of positions may be either."""
    rows, place, table, grid = np.array([[6.5e6, 0.0, 0.0]]), np.array([6.4e6, 0.0, 0.0]), np.zeros((2, 2)), np.ones(4)
    turn = np.eye(3)
    for fixed in (place, table, grid, turn):
        fixed.flags.writeable = False
    aspect(rows, rows, rows, np.zeros(1), 1.0)
    look(rows, rows, place, turn, np.ones(5), np.ones(5), table, grid)
    two_way_db_rows(table, grid, np.zeros(1), np.zeros(1))
    statistic_log_pdf_scalar(1.0, 1.0, 2, 1)
    pd_rows(np.ones(1), np.ones(1), 2, 1)
    miss_rows(np.ones(1), np.ones(1), 2, 1)
    one = np.ones(1)
    two_rays(one, one, one, one)
    border(one, one, one, 1.0, 1.0)
    add_lines(one, one, one, one, one, one)
