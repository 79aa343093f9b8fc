"""The ledger of a record: sums that agree with plain arithmetic over its rows, for every way to ask."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from watchfloor import cli
from watchfloor.assess.ledger import BY, MEASURES, lines, sums
from watchfloor.base.errors import RecordError
from watchfloor.record import Header, Record, write_shard

ROOT = Path(__file__).resolve().parents[2]
STUDY, RUN = ROOT / "tests" / "study" / "small.yaml", ROOT / "examples" / "first-radar.yaml"
OPTIONS = ("open", "no-sharing", "late")
N_REPLICATES = 5


def rows(rng, n, *, sorties):
    """Ledger rows as a record holds them."""
    sensor, type_ = rng.integers(0, 3, n), rng.integers(0, 2, n)
    n_labelled = rng.uniform(0.0, 3.0, n)
    whole = {
        "sortie": np.sort(rng.integers(0, sorties, n)),
        "sensor": sensor,
        "type": type_,
        "configuration": rng.integers(0, 2, n),
        "radar": np.array(["ew", "acq", "fc"], object)[sensor],
        "band": np.array(["VHF", "S", "S"], object)[sensor],
        "type_name": np.array(["lo-fighter", "fighter"], object)[type_],
        "aspect_rad": np.deg2rad(15.0 * rng.integers(0, 12, n) + 7.5),
        "elevation_rad": np.zeros(n),
        "chain_nats": rng.normal(0.3, 1.0, n),
        "n_labelled": n_labelled,
        "n_transponder": 0.5 * n_labelled,
        "n_flight_plan": 0.3 * n_labelled,
        "n_visual": 0.2 * n_labelled,
    }
    names = ("nats", "total_nats", "entropy_nats", "exposure_s", "n_effective", "n_hits", "n_misses")
    rest = {name: rng.exponential(size=n) for name in (*names, "marginal_nats_per_h")}
    return {**whole, **rest, "n_looks": n_labelled + rng.exponential(size=n)}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the record of a made-up study; one replicate of an option has taught nobody anything."""
    folder, rng = tmp_path_factory.mktemp("ledger") / "study", np.random.default_rng(5)
    header = Header(kind="study", scenario="small", digest="0", seed=7, version="0", extra={"replicates": N_REPLICATES})
    with Record.create(folder, header) as record:
        for option in OPTIONS:
            for replicate in range(N_REPLICATES):
                table = rows(rng, 0 if (option, replicate) == ("late", 3) else 60, sorties=8)
                keys = {"option": option, "replicate": replicate}
                tables = {
                    "ledger": {k: np.full(len(table["sortie"]), v) for k, v in keys.items()} | table,
                    "exposure": {k: np.array([v]) for k, v in keys.items()} | {"hours": np.ones(1)},
                }
                record.add(write_shard(folder, f"{option}.{replicate:05d}", tables))
        record.finish()
    shutil.copy(STUDY, folder / "scenario.yaml")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the record of a made-up mission."""
    folder = tmp_path_factory.mktemp("ledger") / "run"
    header = Header(kind="run", scenario="first-radar", digest="0", seed=7, version="0", extra={"replicates": 1})
    table = rows(np.random.default_rng(6), 40, sorties=1)
    table["type_name"] = np.array(["airliner", "fighter"], object)[table["type"]]
    with Record.create(folder, header) as record:
        tables = {"ledger": {"replicate": np.zeros(40, int)} | table, "movers": {"replicate": np.zeros(2, int)}}
        record.add(write_shard(folder, "run.00000", tables))
        record.finish()
    shutil.copy(RUN, folder / "scenario.yaml")
    return folder


KEYS = {
    "flight": lambda t: [f"flight {s + 1}" for s in t["sortie"]],
    "week": lambda t: [f"week {int(s * 365.25 / 84.0) + 1}" for s in t["sortie"]],
    "radar": lambda t: t["radar"],
    "band": lambda t: t["band"],
    "cell": lambda t: [f"{np.round(np.rad2deg(a), 1):g} deg off the nose, 0 deg up" for a in t["aspect_rad"]],
    "type": lambda t: t["type_name"],
    "configuration": lambda t: np.array(["clean", "with reflectors"])[t["configuration"]],
}
PLAIN = {"nats": "chain_nats", "kl_nats": "nats", "n_effective": "n_effective", "n_hits": "n_hits"}


def plainly(table, key, weight, *, n=N_REPLICATES):
    """10, 50 and 90 % points over replicates of the weight's sum at each key; absent counts as nothing."""
    out = {}
    for one in sorted(set(np.asarray(key).tolist())):
        mine = np.asarray(key) == one
        each = np.bincount(table["replicate"][mine], weight[mine], minlength=n)
        out[one] = np.quantile(each, (0.1, 0.5, 0.9))
    return out


def kept(folder, option, type_name=None):
    table = Record.open(folder).table("ledger")
    mine = table["option"] == option
    if type_name is not None:
        mine &= table["type_name"] == type_name
    return {name: column[mine] for name, column in table.items()}


@pytest.mark.parametrize("by", sorted(KEYS))
@pytest.mark.parametrize(("option", "type_name"), [("open", None), ("late", "lo-fighter")])
def test_sums_are_those_of_plain_arithmetic(study, by, option, type_name):
    found, table = sums(study, by=by, option=option, type_name=type_name), kept(study, option, type_name)
    key = KEYS[by](table)
    assert found.n_replicates == N_REPLICATES
    for name, column in PLAIN.items():
        wanted = plainly(table, key, table[column])
        got = {row.key: row.values[name] for row in found.rows}
        assert got.keys() == wanted.keys()
        for one, points in wanted.items():
            np.testing.assert_allclose(got[one], points, rtol=1e-9, atol=1e-12)
        whole = np.bincount(table["replicate"], table[column], minlength=N_REPLICATES)
        np.testing.assert_allclose(found.total.values[name], np.quantile(whole, (0.1, 0.5, 0.9)), rtol=1e-9)


def test_every_way_to_sum_gives_one_total(study):
    for measure in ("nats", "next_hour"):  # the last flights' next hour, also where flights stand apart
        totals = [sums(study, by=by).total.values[measure] for by in BY if by not in ("option", "lever", "label")]
        np.testing.assert_allclose(totals, [totals[0]] * len(totals), rtol=1e-9)


def test_flights_stand_in_the_order_of_flying(study):
    assert [row.key for row in sums(study, by="flight").rows] == [f"flight {i + 1}" for i in range(8)]


def test_labels_share_the_nats_by_looks(study):
    table, found = kept(study, "open"), sums(study, by="label")
    got = {row.key: row.values["nats"] for row in found.rows}
    for label, column in (("transponder", "n_transponder"), ("flight plan", "n_flight_plan"), ("visual", "n_visual")):
        each = np.bincount(table["replicate"], table["chain_nats"] * table[column] / table["n_looks"])
        np.testing.assert_allclose(got[label], np.quantile(each, (0.1, 0.5, 0.9)), rtol=1e-9)
    nobody = table["chain_nats"] * (1.0 - table["n_labelled"] / table["n_looks"])
    each = np.bincount(table["replicate"], nobody)
    np.testing.assert_allclose(got["nobody"], np.quantile(each, (0.1, 0.5, 0.9)), rtol=1e-9)


def test_the_next_hour_is_that_of_the_last_flight_of_each_radar_and_type(study):
    table, found = kept(study, "open"), sums(study, by="radar")
    last = {}
    for r, radar, type_, sortie in zip(*(table[n] for n in ("replicate", "radar", "type", "sortie")), strict=True):
        last[r, radar, type_] = max(sortie, last.get((r, radar, type_), -1))
    keys = zip(*(table[n] for n in ("replicate", "radar", "type")), strict=True)
    is_last = np.array([last[key] for key in keys]) == table["sortie"]
    wanted = plainly(table, table["radar"], table["marginal_nats_per_h"] * is_last)
    for row in found.rows:
        np.testing.assert_allclose(row.values["next_hour"], wanted[row.key], rtol=1e-9)


@pytest.mark.parametrize("by", ["option", "lever"])
def test_options_are_compared_with_the_baseline_pair_by_pair(study, by):
    names = {
        "option": OPTIONS,
        "lever": ("as the file says", "sharing.link.enabled = false", "campaign.delay_months = 1"),
    }
    found = {row.key: row for row in sums(study, by=by).rows}
    assert tuple(found) == names[by]
    each = {}
    for option in OPTIONS:
        table = kept(study, option)
        each[option] = np.bincount(table["replicate"], table["chain_nats"], minlength=N_REPLICATES)
    for option, name in zip(OPTIONS, names[by], strict=True):
        wanted = np.quantile(each[option] - each["open"], (0.1, 0.5, 0.9))
        np.testing.assert_allclose(found[name].against, wanted, rtol=1e-9, atol=1e-12)


def test_a_run_is_one_flight(run):
    found = sums(run, by="flight")
    table = Record.open(run).table("ledger")
    assert [row.key for row in found.rows] == ["flight 1"]
    np.testing.assert_allclose(found.total.values["nats"], table["chain_nats"].sum(), rtol=1e-9)
    np.testing.assert_allclose(found.total.values["hours"], table["exposure_s"].sum() / 3600.0, rtol=1e-9)


def test_a_type_that_nobody_looked_at_has_a_ledger_of_nothing(study):
    found = sums(study, type_name="airliner")
    assert found.rows == ()
    assert found.total.values["nats"] == (0.0, 0.0, 0.0)


def test_what_cannot_be_summed_is_told(study, run, tmp_path):
    with pytest.raises(RecordError, match="there is no such folder"):
        sums(tmp_path / "nothing")
    with pytest.raises(RecordError, match="did you mean 'radar'"):
        sums(study, by="radars")
    with pytest.raises(RecordError, match="no type 'lo-figter'; did you mean 'lo-fighter'"):
        sums(study, type_name="lo-figter")
    with pytest.raises(RecordError, match="no option 'opn'; did you mean 'open'"):
        sums(study, option="opn")
    with pytest.raises(RecordError, match="compares the options of a study: this is the record of a run"):
        sums(run, by="lever")
    with pytest.raises(RecordError, match="leave --option open out"):
        sums(study, by="option", option="open")
    with pytest.raises(RecordError, match="which has no options"):
        sums(run, option="open")


def test_a_record_without_a_ledger_or_with_an_older_one_is_told(tmp_path):
    header = Header(kind="run", scenario="x", digest="0", seed=1, version="0", extra={})
    for name, table, said in (
        ("bare", "movers", "this record holds no ledger"),
        ("old", "ledger", "its ledger lacks chain_nats, .* earlier version; play it again with --fresh"),
    ):
        with Record.create(tmp_path / name, header) as record:
            record.add(write_shard(tmp_path / name, "run.00000", {table: {"replicate": np.zeros(1, int)}}))
            record.finish()
        with pytest.raises(RecordError, match=said):
            sums(tmp_path / name)


# ---- the command


@pytest.fixture
def call(capsys):
    """Call the command line here; return status, stdout and stderr."""

    def inner(*arguments: object) -> tuple[int, str, str]:
        status = cli._run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return inner


def test_the_command_prints_a_line_a_key_and_the_total(call, study):
    status, out, err = call("ledger", study)
    assert status == 0
    assert err.startswith("option open; medians of 5 replicates")
    body = out.splitlines()
    assert [line.split()[0] for line in body[-4:]] == ["ew", "acq", "fc", "total"]
    assert " to " in body[-1]


def test_the_command_speaks_json_and_csv_and_says_its_query(call, study, tmp_path):
    import duckdb

    file = tmp_path / "sums.csv"
    status, out, _ = call("ledger", study, "--by", "band", "--json", "--csv", file)
    said = json.loads(out)
    assert status == 0
    assert [row["band"] for row in said["rows"]] == ["S", "VHF", "total"]
    assert said["rows"] == json.loads(json.dumps(lines(sums(study, by="band"))))
    wide = duckdb.sql(f"SELECT * FROM read_csv('{file}')").fetchnumpy()
    np.testing.assert_allclose(wide["nats_p50"], [row["nats_p50"] for row in said["rows"]])
    assert len(wide) == 1 + 3 * len(MEASURES)
    status, out, _ = call("ledger", study, "--by", "band", "--sql")
    assert status == 0
    assert out.strip() == said["sql"].strip()


def test_the_query_runs_in_duckdb_as_it_is_printed(study):
    import duckdb

    found = sums(study, by="cell")
    link = duckdb.connect()
    for table in ("ledger", "exposure"):
        link.sql(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{study}/tables/{table}/*.parquet')")
    answer = link.sql(found.sql).fetchnumpy()
    mine = answer["measure"] == "nats"
    keys = [k for k in answer["key"][mine].tolist() if k]
    assert keys == [row.key for row in found.rows]


def test_the_command_refuses_with_a_remedy(call, study, tmp_path):
    status, _, err = call("ledger", tmp_path / "none")
    assert status == 2
    assert "watchfloor run --out" in err
    status, _, err = call("ledger", study, "--csv", tmp_path / "no" / "such.csv")
    assert status == 2
    assert "choose another file with --csv" in err
