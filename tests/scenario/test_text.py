from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.base.errors import ScenarioError
from watchfloor.scenario import text as text_module
from watchfloor.scenario.text import parse, read


def values(text: str) -> dict:
    return parse(text.encode(), file="x.yaml").values


def complaint(data: bytes) -> str:
    with pytest.raises(ScenarioError) as err:
        parse(data, file="x.yaml")
    return str(err.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # https://yaml.org/spec/1.2.2/#103-core-schema, example 10.9 and the table of section 10.3.2
        ("null", None), ("~", None), ("", None), ("true", True), ("False", False),
        ("0", 0), ("0o7", 7), ("0x3A", 58), ("-19", -19), ("012", 12), ("+3", 3),
        ("0.", 0.0), ("-0.0", -0.0), (".5", 0.5), ("+12e03", 12_000.0), ("-2E+05", -2e5), ("1e-6", 1e-6),
        (".inf", math.inf), ("-.Inf", -math.inf), ("+.INF", math.inf),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("1_000", "1_000"), ("2026-01-01", "2026-01-01"), ("12:30:45", "12:30:45"), ("'1'", "1"), ("<<", "<<"),
        ("!!str 1", "1"), ("!!float 1", 1.0),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_of_yaml_1_2(written, meant):
    got = values(f"k: {written}\n")["k"]
    assert got == meant
    assert type(got) is type(meant)


def test_nan_is_read_as_nan():
    assert math.isnan(values("k: .nan")["k"])


def test_keys_are_words_as_written():
    assert list(values("1: a\nno: b\nnull: c\n1e3: d\n")) == ["1", "no", "null", "1e3"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_python_writes_is_read_back(number):
    assert values(f"k: {number!r}")["k"] == number


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers() | st.text("xyz ", max_size=5), min_size=1)
)
def test_a_dumped_mapping_is_read_back(mapping):
    assert values(yaml.safe_dump(mapping)) == mapping


def test_every_value_keeps_its_place():
    tree = parse(b"a: 1\nb:\n  - {c: 2, d: [3, 4]}\n  - e:\nf: {}\n", file="x.yaml")
    places = {
        ("a",): (1, 4), ("b",): (2, 1), ("b", 0): (3, 5), ("b", 0, "c"): (3, 9), ("b", 0, "d"): (3, 12),
        ("b", 0, "d", 1): (3, 19), ("b", 1, "e"): (4, 5), ("f",): (5, 1), (): (1, 1),
        ("b", 0, "nowhere"): (3, 5), ("nowhere", "at", "all"): (1, 1),
    }  # fmt: skip
    assert {key: tree.at(key) for key in places} == places
    assert tree.at(("a",), name=True) == (1, 1)


def test_items_of_a_list_go_by_their_name():
    tree = parse(b"s: [{name: ew, x: 1}, {x: 2}]", file="x.yaml")
    assert tree.mistake(("s", 0, "x"), "m").key == "s.ew.x"
    assert tree.mistake(("s", 1, "x"), "m").key == "s.1.x"


def test_an_alias_repeats_what_its_anchor_says():
    assert values("a: &x {b: [1]}\nc: *x\n") == {"a": {"b": (1,)}, "c": {"b": (1,)}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "x.yaml: wanted a scenario (the file is empty); `examples/first-radar.yaml` is a start"),
        (b"# remarks only\n", "x.yaml: wanted a scenario (the file is empty)"),
        (b"- 1\n- 2\n", "x.yaml:1:1: file: wanted lines of `key: value` (came a list of 2)"),
        (b"hello", "x.yaml:1:1: file: wanted lines of `key: value` (came 'hello')"),
        (b"a: 1\nb: 2\na: 3\n", "x.yaml:3:1: a: wanted each key once (came again; first in line 1)"),
        (b"a:\n  b: 1\n\tc: 2\n", "x.yaml:3:1: file: wanted spaces for the indent (came a tab)"),
        (b"a: [1, 2\nb: 3\n", "x.yaml:2:2: file: wanted valid YAML"),
        (b"a: 'open\n", "x.yaml:2:1: file: wanted valid YAML"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2:1: file: wanted one document (came a second one after ---)"),
        (b"a: *b\n", "x.yaml:1:4: file: wanted valid YAML: found undefined alias"),
        (b"a: &x [*x]\n", "x.yaml:1:4: a.0: wanted a value (came an alias of the very thing it stands in)"),
        (b"a: !!python/object/apply:os.system [ls]\n", "x.yaml:1:4: a: wanted a plain value (came the tag"),
        (b"a: !!int ten\n", "x.yaml:1:4: a: wanted a plain value (came 'ten' under the tag '!!int')"),
        (b"? [1, 2]\n: 3\n", "x.yaml:1:3: file: wanted a word as key (came a list or mapping)"),
        (b"\x89PNG\r\n\x1a\n\x00", "x.yaml:1:1: file: wanted a text file in UTF-8 (came byte 0x89)"),
        (b"ok: 1\nPAR1\x15\x04", "x.yaml:2:5: file: wanted text (came the control character U+0015)"),
        (b"a: caf\xe9\n", "x.yaml:1:7: file: wanted a text file in UTF-8 (came byte 0xe9)"),
        (bytes(range(256)), "x.yaml:2:118: file: wanted a text file in UTF-8 (came byte 0x80)"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(data, said):
    assert complaint(data).startswith(said)


def test_all_repeated_keys_are_told_at_once():
    assert len(complaint(b"a: 1\na: 2\nb: {c: 1, c: 2}\n").splitlines()) == 2


def test_aliases_that_multiply_are_refused(monkeypatch):
    monkeypatch.setattr(text_module, "N_VALUES_MAX", 1000)
    bomb = b"a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + b"".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n".encode() for n in range(1, 9)
    )
    assert "wanted at most 1000 values" in complaint(bomb)


def test_windows_line_ends_and_byte_order_marks_do_no_harm():
    assert parse(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", file="x").values == {"a": 1, "b": "x"}
    assert parse("a: é\n".encode("utf-16"), file="x").values == {"a": "é"}


@given(st.binary(max_size=80))
def test_no_bytes_end_in_anything_but_values_or_a_scenario_error(data):
    try:
        mistakes = [] if isinstance(parse(data, file="x").values, dict) else [None]
    except ScenarioError as err:
        mistakes = [m for m in err.mistakes if not m.message.startswith("wanted ")]
    assert mistakes == []


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path):
    with pytest.raises(
        ScenarioError, match=r"nope\.yaml: wanted a scenario file \(there is none here\); check the path"
    ):
        read(tmp_path / "nope.yaml")
    with pytest.raises(ScenarioError, match="came a folder"):
        read(tmp_path)
