import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.formats.rcs_table import read_austin_rcs, read_rcs_table
from watchfloor.physics import rcs

TEXT = """frequency_ghz,aspect_deg,polarisation,sigma_dbsm,spread_db
3,0,vv,-20,1
3,180,VV,-10,
3,0,HH,-22,2
3,180,HH,-11,2
"""


def test_a_table_comes_in_with_its_units_and_becomes_a_signature_table(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT, "utf-8")
    rows = read_rcs_table(tmp_path / "a.csv")
    np.testing.assert_allclose(rows.frequency_hz, 3e9)
    np.testing.assert_allclose(rows.azimuth_rad, [0.0, np.pi, 0.0, np.pi])
    np.testing.assert_array_equal(rows.elevation_rad, 0.0)
    assert rows.polarisation.tolist() == ["VV", "VV", "HH", "HH"]
    np.testing.assert_array_equal(rows.sigma_db, [1.0, np.nan, 2.0, 2.0])
    table = rcs.table_from_rows(
        "toy",
        polarisation=rows.polarisation.tolist(),
        frequency_hz=rows.frequency_hz,
        azimuth_rad=rows.azimuth_rad,
        elevation_rad=rows.elevation_rad,
        dbsm=rows.dbsm,
        sigma_db=np.where(np.isnan(rows.sigma_db), 6.0, rows.sigma_db),
        origin="assumed",
    )
    found = rcs.table_m2(table, 3e9, [0.0, np.pi], polarisation="HH")
    np.testing.assert_allclose(10 * np.log10(found), [-22.0, -11.0], rtol=1e-12)


def test_a_file_without_polarisation_is_told_it(tmp_path):
    (tmp_path / "a.csv").write_text("frequency_mhz,azimuth_deg,elevation_deg,rcs_dbsm\n170,-30,5,3\n", "utf-8")
    rows = read_rcs_table(tmp_path / "a.csv", polarisation="hh")
    assert rows.polarisation.tolist() == ["HH"]
    np.testing.assert_allclose([*rows.frequency_hz, *np.degrees(rows.elevation_rad)], [170e6, 5.0])
    with pytest.raises(DataError, match="no column tells the polarisation"):
        read_rcs_table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("VV,-10", "XX,-10", "row 2: polarisation must be VV, HH, HV or VH"),
        ("sigma_dbsm", "sigma", "does not say its unit"),
        ("frequency_ghz", "when", "no column with the frequency"),
        ("3,180,VV,-10", "3,280,VV,-10", "azimuth"),
        ("vv,-20", "vv,", "row 1: dbsm is empty"),
        ("vv,-20", "vv,loud", "sigma_dbsm"),
    ],
)
def test_a_bad_cell_is_named(tmp_path, old, new, message):
    (tmp_path / "a.csv").write_text(TEXT.replace(old, new), "utf-8")
    with pytest.raises(DataError, match=message):
        read_rcs_table(tmp_path / "a.csv")


def test_a_curve_of_the_austin_suite(shared_data):
    path = shared_data / "austin_rcs" / "prime" / "ref_rcs.IV.A.s1.fx1.H.txt"
    rows = read_austin_rcs(path, polarisation="H")
    assert len(rows.dbsm) == 361
    np.testing.assert_allclose(rows.frequency_hz, 2.58e9)
    np.testing.assert_allclose(rows.elevation_rad, 0.0, atol=1e-12)
    np.testing.assert_allclose(rows.azimuth_rad[[0, 1, -1]], np.radians([0.0, 0.5, 180.0]))
    assert set(rows.polarisation) == {"HH"}
    assert rows.dbsm[0] == float(path.read_text().split()[3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"1e9 90 0\n", "a.txt:1: wanted frequency, theta, phi, dBsm"),
        (b"1e9 90 0 -10\n\n1e9 90 x -10\n", "a.txt:3: wanted"),
        (b"1e9 90 0 nan\n", "a.txt:1: a number is out of bounds"),
        (b"1e9 190 0 -10\n", "out of bounds"),
        (b"\xff\xfe\x00", "is no text"),
    ],
)
def test_a_spoilt_curve_is_refused_by_line(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_austin_rcs(tmp_path / "a.txt", polarisation="V")


def test_what_is_asked_of_a_curve_must_be_there(tmp_path):
    with pytest.raises(DataError, match="nowhere.txt: cannot be read"):
        read_austin_rcs(tmp_path / "nowhere.txt", polarisation="V")
    with pytest.raises(ValueError, match="polarisation must be V, H"):
        read_austin_rcs(tmp_path / "a.txt", polarisation="L")
