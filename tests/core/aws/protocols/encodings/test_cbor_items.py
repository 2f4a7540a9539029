"""CBOR: items of RFC 8949 read and written, and hostile bytes refused."""

from __future__ import annotations

import math
import struct
from typing import Any

import botocore.parsers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Member, Shape, Value
from awstape.core.aws.protocols.encodings.cbor_items import (
    EpochSeconds,
    dump_cbor,
    parse_cbor,
    parse_cbor_map,
    read_cbor_input,
    read_cbor_structure,
    write_cbor_structure,
)
from awstape.core.aws.wire import WireError

#: From RFC 8949, appendix A. Each is the shortest form.
SHORTEST: list[tuple[str, Value]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("c249010000000000000000", 18446744073709551616),
    ("3bffffffffffffffff", -18446744073709551616),
    ("c349010000000000000000", -18446744073709551617),
    ("20", -1),
    ("3863", -100),
    ("3903e7", -1000),
    ("f90000", 0.0),
    ("f98000", -0.0),
    ("f93c00", 1.0),
    ("fb3ff199999999999a", 1.1),
    ("f97bff", 65504.0),
    ("fa47c35000", 100000.0),
    ("fa7f7fffff", 3.4028234663852886e38),
    ("fb7e37e43c8800759c", 1.0e300),
    ("f90001", 5.960464477539063e-8),
    ("f9c400", -4.0),
    ("fbc010666666666666", -4.1),
    ("f97c00", math.inf),
    ("f9fc00", -math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6161", "a"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a0", {}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
]
#: Other forms of a value: longer than necessary, of indefinite length, or with `undefined`.
OTHERS: list[tuple[str, Value]] = [
    ("1800", 0),
    ("1b0000000000000001", 1),
    ("fa7f800000", math.inf),
    ("fbfff0000000000000", -math.inf),
    ("f7", None),
    ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("5fff", b""),
    ("9fff", []),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("83018202039f0405ff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ("826161bf61626163ff", ["a", {"b": "c"}]),
    ("c11a514b67b0", 1363896240),
    ("c1fb41d452d9ec200000", 1363896240.5),
]


@pytest.mark.parametrize(("data", "value"), [*SHORTEST, *OTHERS])
def test_an_item_is_read(data: str, value: Value) -> None:
    read = parse_cbor(bytes.fromhex(data))
    assert (read, type(read)) == (value, type(value))
    assert not isinstance(value, float) or math.copysign(1, value) == math.copysign(1, float(str(read)))


@pytest.mark.parametrize(("data", "value"), SHORTEST)
def test_an_item_is_written_in_its_shortest_form(data: str, value: Value) -> None:
    assert dump_cbor(value).hex() == data


def test_nan_has_one_form() -> None:
    assert math.isnan(float(str(parse_cbor(bytes.fromhex("fb7ff8000000000000")))))
    assert dump_cbor(struct.unpack(">d", bytes.fromhex("fff8000000000001"))[0]).hex() == "f97e00"


REFUSED = {
    "an empty body": ("", "ends too early"),
    "half an integer": ("19ff", "ends too early"),
    "a text of 2**64 bytes": ("7bffffffffffffffff61", "ends too early"),
    "an array of 2**64 items": ("9bffffffffffffffff01", "ends too early"),
    "a map of 2**64 members": ("bbffffffffffffffff616101", "ends too early"),
    "an array without end": ("9f01", "ends too early"),
    "a map without a value": ("bf6161ff", "a simple value that AWS does not use"),
    "two items": ("0101", "more than one CBOR item"),
    "a reserved length": ("1c", "a length is not valid"),
    "an integer of indefinite length": ("1f", "a length is not valid"),
    "a tag of indefinite length": ("df01", "a length is not valid"),
    "a break outside": ("ff", "a simple value that AWS does not use"),
    "a break in an array": ("81ff", "a simple value that AWS does not use"),
    "another simple value": ("f0", "a simple value that AWS does not use"),
    "a long simple value": ("f8ff", "a simple value that AWS does not use"),
    "a text with a part of bytes": ("7f4161ff", "a part of another type"),
    "a text with a part that has parts": ("7f7f6161ffff", "a length is not valid"),
    "a text that is not UTF-8": ("61ff", "a text is not UTF-8"),
    "half a surrogate pair": ("63eda080", "a text is not UTF-8"),
    "a number as key": ("a10102", "a key that is no text"),
    "a date as text": ("c074323031332d30332d32315432303a30343a30305a", "a tag that AWS does not use"),
    "a time that is a text": ("c16161", "a tag that AWS does not use"),
    "a time that is a boolean": ("c1f5", "a tag that AWS does not use"),
    "a time that is NaN": ("c1f97e00", "a tag that AWS does not use"),
    "a decimal fraction": ("c48221196ab3", "a tag that AWS does not use"),
    "a very big integer": (f"c25907d0{'ff' * 2000}", "a tag that AWS does not use"),
    "deep arrays": ("81" * 100_000, "nests deeper than 48 levels"),
    "deep tags": ("c1" * 100_000, "nests deeper than 48 levels"),
    "many values": (f"9f{'00' * 200_000}ff", "holds more than 200,000 values"),
    "many parts": (f"5f{'40' * 200_000}ff", "holds more than 200,000 values"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED)
def test_hostile_bytes_are_refused(data: str, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        parse_cbor(bytes.fromhex(data))


def test_a_body_is_a_map_and_a_request_has_few_values() -> None:
    assert parse_cbor_map(b"") == {}
    with pytest.raises(WireError, match="the CBOR body is not a map"):
        parse_cbor_map(b"\x80")
    with pytest.raises(WireError, match="the body holds more than 10 values"):
        parse_cbor_map(bytes.fromhex("a161618a00000000000000000000"), 10)


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False, width=16),
    st.text(max_size=40),
    st.binary(max_size=300),
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=30), st.dictionaries(st.text(max_size=5), inner))
)


@given(_VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert repr(parse_cbor(dump_cbor(value))) == repr(value)


@given(_VALUES)
def test_botocore_reads_what_is_written(value: Any) -> None:
    """It leaves out members that are null and reads no big integers."""
    parser = botocore.parsers.create_parser("smithy-rpc-v2-cbor")
    if not has_big_integer(value):
        read = parser.parse_data_item(parser.get_peekable_stream_from_bytes(dump_cbor(value)))
        assert read == without_null_members(value)


def has_big_integer(value: Any) -> bool:
    if isinstance(value, list | dict):
        return any(map(has_big_integer, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**64) <= value < 2**64


def without_null_members(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_null_members(item) for key, item in value.items() if item is not None}
    return [without_null_members(item) for item in value] if isinstance(value, list) else value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        value = parse_cbor(data)
    except WireError:
        return
    assert repr(parse_cbor(dump_cbor(value))) == repr(value)


# --- by shape -----------------------------------------------------------------------------------------------------


def structure(type_: Any) -> Shape:
    return Shape(name="S", type="structure", members={"A": Member("A", Shape(name="A", type=type_))})


@pytest.mark.parametrize(
    ("type_", "data", "value"),
    [
        ("timestamp", "c11a514b67b0", "2013-03-21T20:04:00Z"),
        ("timestamp", "c1fb41d452d9ec200000", "2013-03-21T20:04:00.500Z"),
        ("timestamp", "c11b00038d7ea4c68000", 10**15),  # no year of four digits
        ("blob", "43616263", "abc"),
        ("blob", "41ff", b"\xff"),
        ("string", "63616263", "abc"),
        ("float", "fa3dcccccd", 0.10000000149011612),
        ("float", "f93800", 0.5),
        ("float", "fb3fb999999999999a", 0.1),
        ("double", "fb3fb999999999999a", 0.1),
        ("double", "fa3dcccccd", 0.10000000149011612),
        ("double", "f97e00", "NaN"),
        ("double", "f97c00", "Infinity"),
        ("float", "f9fc00", "-Infinity"),
        ("long", "1bffffffffffffffff", 2**64 - 1),
    ],
)
def test_a_scalar_of_a_shape(type_: str, data: str, value: Value) -> None:
    body = bytes.fromhex(f"a16141{data}")
    members = read_cbor_structure(parse_cbor_map(body), structure(type_))
    assert members == {"A": value}
    assert dump_cbor(write_cbor_structure(members, structure(type_))) == body


@pytest.mark.parametrize(
    ("type_", "data", "value"),
    [
        ("float", "fa3dcccccd", 0.1),
        ("float", "fa3f9e0652", 1.2345679),
        ("float", "f93800", 0.5),
        ("float", "fb3fb999999999999a", 0.1),
        ("float", "f97e00", "NaN"),
        ("double", "fa3dcccccd", 0.10000000149011612),
    ],
)
def test_a_number_of_a_request_is_the_one_of_other_protocols(type_: str, data: str, value: Value) -> None:
    assert read_cbor_input(parse_cbor_map(bytes.fromhex(f"a16141{data}")), structure(type_)) == {"A": value}


@pytest.mark.parametrize(
    ("type_", "value", "data"),
    [
        ("timestamp", "Thu, 21 Mar 2013 20:04:00 GMT", "c11a514b67b0"),
        ("timestamp", 1363896240, "c11a514b67b0"),
        ("timestamp", "some day", "68736f6d6520646179"),
        ("double", 3, "f94200"),
        ("double", 2**60, "1b1000000000000000"),
        ("float", 0.1, "fb3fb999999999999a"),
        ("float", 0.123456789, "fb3fbf9add3739635f"),
        ("float", 1e300, "fb7e37e43c8800759c"),
    ],
)
def test_a_value_of_another_protocol_is_written(type_: str, value: Value, data: str) -> None:
    assert dump_cbor(write_cbor_structure({"A": value}, structure(type_))).hex() == f"a16141{data}"


def test_a_value_that_is_none_of_cbor_is_a_mistake() -> None:
    assert dump_cbor(EpochSeconds(1)).hex() == "c101"
    with pytest.raises(TypeError, match="no value of CBOR: set"):
        dump_cbor(set())
