import struct

import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.formats.mesh import read_mesh
from watchfloor.physics.physical_optics import Facets, rcs_m2

QUADS = [(1, 4, 3, 2), (5, 6, 7, 8), (1, 2, 6, 5), (2, 3, 7, 6), (3, 4, 8, 7), (4, 1, 5, 8)]
CORNERS = [(0, 0, 0), (2, 0, 0), (2, 1, 0), (0, 1, 0), (0, 0, 0.5), (2, 0, 0.5), (2, 1, 0.5), (0, 1, 0.5)]


def triangles():
    points = np.array(CORNERS, dtype=float)
    return np.array([points[[q[0] - 1, q[i] - 1, q[i + 1] - 1]] for q in QUADS for i in (1, 2)])


def write(path):
    """A block of 2 by 1 by 0.5 in the format that the name tells."""
    if path.name == "text.stl":
        facets = [
            "facet normal 0 0 0\nouter loop\n"
            + "".join(f"vertex {x} {y} {z}\n" for x, y, z in t)
            + "endloop\nendfacet\n"
            for t in triangles()
        ]
        path.write_text("solid block\n" + "".join(facets) + "endsolid block\n", "utf-8")
    elif path.suffix == ".stl":
        body = b"".join(struct.pack("<12fH", 0, 0, 0, *t.ravel(), 0) for t in triangles())
        path.write_bytes(b"\0" * 80 + struct.pack("<I", 12) + body)
    elif path.suffix == ".obj":
        lines = [f"v {x} {y} {z}" for x, y, z in CORNERS]
        quads = ["f " + " ".join(map(str, q)) for q in QUADS]
        path.write_text("\n".join(["# block", *lines, "o ends", *quads[:2], "o sides", *quads[2:]]) + "\n", "utf-8")
    else:
        head = ["ply", "format ascii 1.0", "element vertex 8", *(f"property float {c}" for c in "xyz")]
        head += ["element face 6", "property list uchar int vertex_indices", "end_header"]
        rows = [f"{x} {y} {z}" for x, y, z in CORNERS] + ["4 " + " ".join(str(i - 1) for i in q) for q in QUADS]
        path.write_text("\n".join([*head, *rows]) + "\n", "ascii")
    return path


@pytest.mark.parametrize("name", ["text.stl", "binary.stl", "quads.obj", "quads.ply"])
def test_every_format_gives_the_same_closed_block(tmp_path, name):
    mesh = read_mesh(write(tmp_path / name), unit="m")
    assert mesh.vertex_m.shape == (8, 3)
    assert mesh.corner.shape == (12, 3)
    body = Facets(vertex_m=mesh.vertex_m, corner=mesh.corner)
    assert body.volume_m3 == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(rcs_m2(body, 3e9, 0.0).sigma_m2, 4 * np.pi * (0.5 * 3e9 / 299_792_458.0) ** 2, rtol=1e-9)


@pytest.mark.parametrize(("unit", "size_m"), [("mm", 1e-3), ("inch", 0.0254), ("ft", 0.3048), ("cm", 0.01)])
def test_lengths_come_in_metres(tmp_path, unit, size_m):
    mesh = read_mesh(write(tmp_path / "a.obj"), unit=unit)
    np.testing.assert_allclose(np.ptp(mesh.vertex_m, axis=0), size_m * np.array([2.0, 1.0, 0.5]), rtol=1e-12)


@pytest.mark.parametrize(
    ("forward", "up", "nose", "roof"),
    [("x", "z", (2, 0, 0), (0, 0, 0.5)), ("y", "z", (0, 1, 0), (0, 0, 0.5)), ("-z", "y", (0, 0, -0.5), (0, 1, 0))],
)
def test_the_named_axes_become_nose_and_up_and_the_body_is_not_mirrored(tmp_path, forward, up, nose, roof):
    mesh = read_mesh(write(tmp_path / "a.obj"), unit="m", forward=forward, up=up)
    size = np.ptp(mesh.vertex_m, axis=0)
    assert size[0] == pytest.approx(np.linalg.norm(nose))
    assert size[2] == pytest.approx(np.linalg.norm(roof))
    assert Facets(vertex_m=mesh.vertex_m, corner=mesh.corner).volume_m3 == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.stl", b"", "holds no facet"),
        ("text.stl", b"hello\n", "holds no facet"),
        (
            "cut.ply",
            b"ply\nformat ascii 1.0\nelement vertex 8\nproperty float x\n",
            "cut.ply: (is spoilt|holds no facet)",
        ),
        ("junk.ply", b"\0\1junk", "spoilt or cut short"),
        ("points.obj", b"v 0 0 0\nv 1 0 0\nv 1 1 0\n", "holds no facet"),
        ("short.obj", b"v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 7\n", "spoilt or cut short"),
        ("word.obj", b"v 0 0 0\nv 1 0 0\nv 1 x 0\nf 1 2 3\n", "spoilt or cut short"),
        ("nan.obj", b"v 0 0 0\nv 1 0 0\nv 1 nan 0\nf 1 2 3\n", "facet 0 has a corner that is no number"),
        ("body.step", b"", r"wanted .stl, .obj, .ply"),
    ],
)
def test_a_spoilt_file_is_refused_by_name(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_mesh(tmp_path / name, unit="m")


def test_a_binary_stl_cut_short_is_refused(tmp_path):
    path = write(tmp_path / "binary.stl")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="cut short"):
        read_mesh(path, unit="m")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere.stl: cannot be read: No such file"):
        read_mesh(tmp_path / "nowhere.stl", unit="m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": "yard"}, "unit must be one of m, cm"),
        ({"unit": "m", "forward": "nose"}, "forward must be x, y or z"),
        ({"unit": "m", "forward": "x", "up": "-x"}, "must be two axes"),
    ],
)
def test_a_bad_argument_is_named(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        read_mesh(tmp_path / "a.stl", **arguments)
