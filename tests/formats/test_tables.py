from __future__ import annotations

import gzip

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from watchfloor.base.errors import DataError
from watchfloor.formats import Column, read_columns, read_flights, write_columns

HEAD = "id,t,lat,lon,alt_m\n"
GOOD = HEAD + "a,1,9,2,3\nb,2,9,2,3\n"


def refused(path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_flights(path)
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.csv: is empty; wanted a table (.csv, .csv.gz or .parquet)"),
        (HEAD, "f.csv: has headings but no rows"),
        (b"\x00\x01\x02", "f.csv: is neither CSV nor Parquet; wanted a table (.csv, .csv.gz or .parquet)"),
        (b"\x1f\x8b\x08\x00", "f.csv: is a gzip file that is cut short or spoilt; copy it again"),
        (b"PAR1 and no end", "f.csv: is a Parquet file cut short (its end is missing); copy or export it again"),
        (
            GOOD + "c,3,91,2,3\n",
            "f.csv:4: lat: wanted a number from -90 to 90 for the latitude in degrees, or an empty",
        ),
        (GOOD + "c,3,9,-181,3\n", "f.csv:4: lon: wanted a number from -180 to 360"),
        (GOOD + "c,3,9,2,nan\n", "f.csv:4: alt_m: wanted a number from -1000 to 100000 for the altitude"),
        (GOOD + "c,3,9,2,inf\n", "f.csv:4: alt_m: wanted"),
        (GOOD + "c,3,9 N,2,3\n", "(came '9 N')"),
        (GOOD + "c,soon,9,2,3\n", "f.csv:4: t: wanted seconds, or a date and time"),
        (GOOD + "c,3\n", "f.csv:4: wanted 5 cells as in the headings (came 2)"),
        (GOOD + '"c,3,9,2,3\n', 'f.csv:4: a quote (") is opened but never closed'),
        ("id,id,t\n1,2,3\n", "f.csv:1: heading 'id' occurs twice or is empty"),
        (HEAD + "a,,9,2,3\n", "f.csv: not one row has all of t, lat, lon, alt"),
    ],
)
def test_a_bad_file_is_refused_with_place_and_remedy(tmp_path, text, said):
    assert said in refused(tmp_path / "f.csv", text)


def test_a_missing_column_gets_the_nearest_name_and_the_list(tmp_path):
    said = refused(tmp_path / "f.csv", "id,t,latt,lon,alt_m\na,1,9,2,3\n").splitlines()
    assert said == [
        "f.csv: no column with the latitude in degrees: "
        "wanted one of lat, lat_deg, latitude, latitude_deg; did you mean 'latt'?",
        "f.csv: its columns are id, t, latt, lon, alt_m",
    ]


def test_an_altitude_without_unit_is_refused(tmp_path):
    said = refused(tmp_path / "f.csv", "id,t,lat,lon,altitude\na,1,9,2,3\n")
    assert said.startswith("f.csv: column 'altitude' does not say its unit; rename it to one of alt_m, altitude_m")
    assert "alt_ft" in said


def test_a_missing_file_gets_the_nearest_name(tmp_path):
    (tmp_path / "flights.csv").write_text(GOOD)
    with pytest.raises(DataError, match=r"flihgts.csv: there is no such file; did you mean 'flights.csv'\?"):
        read_flights(tmp_path / "flihgts.csv")
    with pytest.raises(DataError, match="there is no such file$"):
        read_flights(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(DataError, match="is a folder; name a file"):
        read_flights(tmp_path)


def parquet(path, sql):
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return path


def test_a_truncated_parquet_is_refused(tmp_path):
    path = parquet(tmp_path / "f.parquet", "SELECT 'a' AS id, 1.0 AS t, 2 AS lat, 3 AS lon, 4 AS alt_m FROM range(9)")
    whole = path.read_bytes()
    for n in (5, len(whole) // 2, len(whole) - 1):
        assert "Parquet file cut short" in refused(path, whole[:n])
    assert "cannot be read as a table" in refused(path, whole[:40] + bytes(60) + whole[100:])
    assert "is called Parquet but is none" in refused(path, GOOD)


def test_a_bad_row_of_a_parquet_has_its_number(tmp_path):
    row = "SELECT 'a' AS id, 1.0 AS t, if(range = 4, {}, 2.0) AS lat, 3 AS lon, 4 AS alt_m FROM range(9)"
    path = parquet(tmp_path / "f.parquet", row.format("91.0"))
    assert refused(path, path.read_bytes()).startswith("f.parquet: row 5: lat: wanted a number from -90 to 90")
    path = parquet(tmp_path / "f.parquet", row.format("'nan'::DOUBLE"))
    assert refused(path, path.read_bytes()).startswith("f.parquet: row 5: lat: wanted")
    path = parquet(tmp_path / "f.parquet", row.format("NULL"))
    assert len(read_flights(path)) == 8


@pytest.mark.parametrize("comma", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_dialects_of_csv_read_alike(tmp_path, comma, end, mark):
    path = tmp_path / "f.csv"
    path.write_bytes((mark + GOOD).replace(",", comma).replace("\n", end).encode())
    flights = read_flights(path)
    assert flights.names == ("a", "b")
    np.testing.assert_array_equal(flights.t_s, [1.0, 2.0])


def test_a_zipped_csv_reads_alike_whatever_its_name(tmp_path):
    path = tmp_path / "f.dat"
    path.write_bytes(gzip.compress(GOOD.encode()))
    assert read_flights(path).names == ("a", "b")
    path.write_bytes(gzip.compress(GOOD.encode() * 3000)[:-30])
    with pytest.raises(DataError, match=r"f\.dat"):
        read_flights(path)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@settings(max_examples=30)
@given(
    real=nps.arrays(np.float64, 5, elements=st.floats(-1e12, 1e12)),
    text=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1), min_size=5, max_size=5
    ),
)
def test_what_is_written_reads_back(tmp_path_factory, suffix, real, text):
    path = tmp_path_factory.mktemp("one") / f"x{suffix}"
    write_columns(path, {"x": real, "n": np.arange(5), "s": np.array(text, dtype=np.str_)})
    number = Column("x", {"x": 1.0}, "x")
    found = read_columns(path, (number, Column("s", {"s": 1.0}, "s", kind="text")))
    np.testing.assert_array_equal(found["x"], real)
    assert list(found["s"]) == [str(np.str_(word)) for word in text]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_says_why(tmp_path):
    with pytest.raises(DataError, match=r"cannot tell the format from the name; end it in \.csv"):
        write_columns(tmp_path / "x.xlsx", {"x": np.ones(1)})
    with pytest.raises(DataError, match=r"x\.csv: cannot be written: .*; is the folder there, and has it room\?"):
        write_columns(tmp_path / "nowhere" / "x.csv", {"x": np.ones(1)})
