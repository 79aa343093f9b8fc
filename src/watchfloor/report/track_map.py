"""Tracks on a map, as one SVG file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Protocol

import numpy as np

from watchfloor.base.errors import DataError
from watchfloor.base.picture import Tracks
from watchfloor.base.units import FloatArray


class PlacedTracks(Protocol):
    """Tracks with their geodetic positions; what ``run.recorded.track_file`` returns."""

    @property
    def tracks(self) -> Tracks:
        """Rows of the tracks."""
        ...

    @property
    def lat_rad(self) -> FloatArray:
        """(n,) latitude. [rad]."""
        ...

    @property
    def lon_rad(self) -> FloatArray:
        """(n,) longitude. [rad]."""
        ...


def draw_tracks(path: Path, found: PlacedTracks, *, title: str) -> None:
    """Draw every track as a line with its number at the end; the same tracks give the same bytes.

    Parameters
    ----------
    path : Path
        Where the SVG goes.
    found : PlacedTracks
        The tracks.
    title : str
        What stands above.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    number = found.tracks.number
    lat, lon = np.rad2deg(found.lat_rad), np.rad2deg(found.lon_rad)
    with mpl.rc_context({"svg.hashsalt": "watchfloor", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8.0, 8.0), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for one in np.unique(number):
            mine = number == one
            (line,) = axes.plot(lon[mine], lat[mine], linewidth=1.0)
            end = np.flatnonzero(mine)[-1]
            axes.annotate(
                str(one),
                (lon[end], lat[end]),
                textcoords="offset points",
                xytext=(3, 3),
                fontsize=7,
                color=line.get_color(),
            )
        if len(number):
            axes.set_aspect(1.0 / max(np.cos(np.deg2rad(np.mean(lat))), 0.05))
        axes.set_xlabel("longitude [deg]")
        axes.set_ylabel("latitude [deg]")
        axes.set_title(f"{title}: {len(np.unique(number))} tracks")
        axes.grid(linewidth=0.3)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:  # whole or not at all
        temporary.write_text(drawn.getvalue(), encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as err:
        raise DataError(f"{path}: cannot be written: {err.strerror}; is the folder there, and has it room?") from err
    finally:
        temporary.unlink(missing_ok=True)
