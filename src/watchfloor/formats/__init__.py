"""Other people's files: recorded flights, plots and tracks come in as columns, tracks go out.

CSV (also ``.csv.gz``) and Parquet, through DuckDB. An empty cell means "not measured"; everything else that cannot be
right (text where a number belongs, NaN, latitude 91, a file cut short) is a ``DataError`` with file, row and remedy.
Only columns leave this room: turning them into positions about a sensor is the caller's.
"""

from watchfloor.formats.flights import Flights, read_flights
from watchfloor.formats.plots import PointPlots, PolarPlots, read_plots
from watchfloor.formats.tables import Column, read_columns, write_columns
from watchfloor.formats.tracks import write_tracks

__all__ = [
    "Column",
    "Flights",
    "PointPlots",
    "PolarPlots",
    "read_columns",
    "read_flights",
    "read_plots",
    "write_columns",
    "write_tracks",
]
