"""Meshes of facets: STL, OBJ and PLY, through trimesh. Import this module by name: it is slow to load."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh

from watchfloor.base.errors import DataError, reason
from watchfloor.base.units import FOOT_M, FloatArray, IntArray

UNITS_M = {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "inch": FOOT_M / 12.0, "ft": FOOT_M}
"""Units that a mesh may be drawn in; the files do not say. [m]"""
SUFFIXES = (".stl", ".obj", ".ply")
_AXES = {sign + axis: (-1.0 if sign == "-" else 1.0, i) for i, axis in enumerate("xyz") for sign in ("", "+", "-")}


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """Triangles of a file, unchecked but for being finite; corners that lie on each other are one."""

    vertex_m: FloatArray
    """(v, 3) places: x nose, y port, z up. [m]"""
    corner: IntArray
    """(n, 3) rows of ``vertex_m``, in the file's order of facets; turned as in the file."""


def read_mesh(path: Path, *, unit: str, forward: str = "x", up: str = "z") -> Mesh:
    """Read a mesh of facets.

    Parameters
    ----------
    path : Path
        STL (text or binary), OBJ or PLY; polygons become triangles, several objects become one.
    unit : {"m", "cm", "mm", "inch", "ft"}
        What one unit of the file is; the formats do not say.
    forward, up : str
        Which axis of the file points out of the nose, and which up: "x", "-x", "y" and so on.

    Returns
    -------
    Mesh
        Vertices and corners.

    Raises
    ------
    DataError
        If the file is missing, of another kind, cut short, without facets or with a number that is none.
    ValueError
        If the unit or an axis is unknown, or both axes are one.
    """
    path = Path(path)
    if unit not in UNITS_M:
        raise ValueError(f"unit must be one of {', '.join(UNITS_M)}, got {unit!r}")
    for name, axis in (("forward", forward), ("up", up)):
        if axis not in _AXES:
            raise ValueError(f"{name} must be x, y or z, with or without a sign, got {axis!r}")
    if _AXES[forward][1] == _AXES[up][1]:
        raise ValueError(f"forward and up must be two axes, got {forward!r} and {up!r}")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: is no mesh that is read here; wanted {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            read = trimesh.load_mesh(file, file_type=path.suffix[1:].lower(), process=False)
    except OSError as err:
        raise DataError(f"{path}: cannot be read: {reason(err)}") from err
    except ImportError as err:  # of a library that guesses encodings, where bytes are neither a whole mesh nor UTF-8
        raise DataError(f"{path}: is spoilt or cut short, export it again (neither binary facets nor text)") from err
    except (ValueError, LookupError, TypeError, struct.error) as err:
        raise DataError(f"{path}: is spoilt or cut short, export it again ({reason(err)})") from err
    corner = np.asarray(read.faces, dtype=np.int64)
    if len(corner) == 0:
        raise DataError(f"{path}: holds no facet; it is empty, cut short or only points and lines: export it again")
    place = np.asarray(read.vertices, dtype=np.float64)
    finite = np.asarray(np.isfinite(place).all(axis=1))
    if not finite.all():
        facet = int(np.argmin(finite[corner].all(axis=1)))
        raise DataError(f"{path}: facet {facet} has a corner that is no number; export the mesh again")
    rows = np.zeros((3, 3))
    for row, axis in ((0, forward), (2, up)):
        sign, column = _AXES[axis]
        rows[row, column] = sign
    rows[1] = np.cross(rows[2], rows[0])  # port is up x forward: a turn, never a mirror
    place, back = np.unique(UNITS_M[unit] * (place @ rows.T) + 0.0, axis=0, return_inverse=True)
    return Mesh(vertex_m=place, corner=back.reshape(-1)[corner])
