"""Values as CBOR (RFC 8949): strict reading with limits, the smallest writing, and the values of a cassette for them.

1. What is read: integers, byte and text strings, arrays and maps of definite and indefinite length, floats of half,
   single and double precision, booleans, null, `undefined` (as null), tag 1 (seconds since 1970) and the tags 2 and 3
   (big integers). Any other tag or simple value, a key that is no text, a text that is not UTF-8, a second item and a
   body that ends too early are refused. Of equal keys the last one counts, as in JSON.
2. Nothing is allocated because of a length in the body; depth and number of values have the limits of JSON.
3. What is written has the smallest form that holds the value: definite lengths, the shortest integer, the shortest
   float. Members keep their order.
4. A blob is a byte string and a time has tag 1; a cassette holds both as text (`core.aws.timestamps`). NaN and the
   infinities are the texts that JSON has for them.
5. A number of a response stays as clients see it. One of single precision in a request becomes the shortest decimal
   that means it, 0.1 and not 0.10000000149011612: so it equals the number that a JSON client sends.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from awstape.core.aws.model import SPECIAL_BOOLEANS, SPECIAL_NUMBERS, Shape, Value
from awstape.core.aws.protocols.encodings.modelled_values import read_structure, write_structure
from awstape.core.aws.timestamps import format_timestamp, read_epoch_seconds
from awstape.core.aws.wire import MAX_DEPTH, MAX_VALUES, WireError

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)  # major types
_INDEFINITE = 31
_BREAK = 0xFF
_EPOCH_SECONDS, _BIG, _BIG_NEGATIVE = 1, 2, 3  # tags
_LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_SIMPLE_VALUES = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
#: Bytes of a big integer: fewer digits than Python and JSON readers accept.
_MAX_BIG = 1024


@dataclass(frozen=True)
class EpochSeconds:
    """A time to write: tag 1."""

    seconds: float


# --- reading ------------------------------------------------------------------------------------------------------


def parse_cbor_map(body: bytes, max_values: int = MAX_VALUES) -> dict[str, Value]:
    """The map in a CBOR body; an empty body is an empty map.

    Raises WireError if it is not strict CBOR, holds another value, or more than `max_values` values.
    """
    value = parse_cbor(body, max_values) if body else {}
    if not isinstance(value, dict):
        raise WireError("the CBOR body is not a map")
    return value


def parse_cbor(body: bytes, max_values: int = MAX_VALUES) -> Value:
    """The one value of a CBOR body, with NaN and the infinities as numbers. Raises WireError, as `parse_cbor_map`."""
    reader = _Reader(body, max_values)
    value = reader.read_item(0)
    if reader.position < len(body):
        raise WireError("the body holds more than one CBOR item")
    return value


class _Reader:
    """Reads items one after the other. position: that of the next byte."""

    def __init__(self, body: bytes, max_values: int) -> None:
        self.position = 0
        self._body = body
        self._max_values = max_values
        self._values = 0

    def read_item(self, depth: int) -> Value:
        major, info = self._read_head(depth)
        match major:
            case 0:
                return self._read_number(info)
            case 1:
                return -1 - self._read_number(info)
            case 2:
                return self._read_string(major, info)
            case 3:
                return self._read_text(info)
            case 4:
                return [self.read_item(depth + 1) for _ in self._count(info)]
            case 5:
                return {self._read_key(depth + 1): self.read_item(depth + 1) for _ in self._count(info)}
            case 6:
                return self._read_tagged(self._read_number(info), depth + 1)
        return self._read_simple(info)

    def _read_head(self, depth: int) -> tuple[int, int]:
        """Major type and additional information of the next item, which counts as a value."""
        self._values += 1
        if self._values > self._max_values:
            raise WireError(f"the body holds more than {self._max_values:,} values")
        if depth > MAX_DEPTH:
            raise WireError(f"the body nests deeper than {MAX_DEPTH} levels")
        (head,) = self._take(1)
        return head >> 5, head & 31

    def _take(self, number: int) -> bytes:
        if number > len(self._body) - self.position:
            raise WireError("the body is not CBOR: it ends too early")
        self.position += number
        return self._body[self.position - number : self.position]

    def _read_number(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _LENGTHS:
            raise WireError("the body is not CBOR: a length is not valid")
        return int.from_bytes(self._take(_LENGTHS[info]), "big")

    def _count(self, info: int) -> Iterator[None]:
        """Yields once before each item of an array, or each pair of a map."""
        if info != _INDEFINITE:
            for _ in range(self._read_number(info)):
                yield
        else:
            while not self._take_break():
                yield

    def _take_break(self) -> bool:
        if self._body[self.position : self.position + 1] != bytes([_BREAK]):
            return False
        self.position += 1
        return True

    def _read_string(self, major: int, info: int) -> bytes:
        if info != _INDEFINITE:
            return self._take(self._read_number(info))
        chunks = []
        while not self._take_break():
            chunk_major, chunk_info = self._read_head(0)
            if chunk_major != major:
                raise WireError("the body is not CBOR: a string has a part of another type")
            chunks.append(self._take(self._read_number(chunk_info)))
        return b"".join(chunks)

    def _read_text(self, info: int) -> str:
        try:
            return self._read_string(_TEXT, info).decode("utf-8")
        except UnicodeDecodeError:
            raise WireError("the body is not CBOR: a text is not UTF-8") from None

    def _read_key(self, depth: int) -> str:
        key = self.read_item(depth)
        if not isinstance(key, str):
            raise WireError("the CBOR body has a key that is no text")
        return key

    def _read_tagged(self, tag: int, depth: int) -> Value:
        value = self.read_item(depth)
        match tag, value:
            case 1, int() | float() if not isinstance(value, bool) and math.isfinite(value):
                return value
            case ((2 | 3), bytes()) if len(value) <= _MAX_BIG:
                number = int.from_bytes(value, "big")
                return number if tag == _BIG else -1 - number
        raise WireError("the CBOR body has a tag that AWS does not use")

    def _read_simple(self, info: int) -> Value:
        if info in _SIMPLE_VALUES:
            return _SIMPLE_VALUES[info]
        if info not in _FLOATS:
            raise WireError("the body is not CBOR: it has a simple value that AWS does not use")
        number: float = struct.unpack(_FLOATS[info], self._take(_LENGTHS[info]))[0]
        return number


def read_cbor_structure(members: Mapping[str, Value], shape: Shape | None) -> dict[str, Value]:
    """A CBOR map with AWS member names for wire names, and its scalars as those of a cassette."""
    return read_structure(members, shape, _read_scalar)


def read_cbor_input(members: Mapping[str, Value], shape: Shape | None) -> dict[str, Value]:
    """As `read_cbor_structure`, for the input of a request."""
    return read_structure(members, shape, _read_scalar_of_input)


def _read_scalar_of_input(value: Value, shape: Shape | None) -> Value:
    read = _read_scalar(value, shape)
    return _shortest_single(read) if isinstance(read, float) and shape and shape.type == "float" else read


def _read_scalar(value: Value, shape: Shape | None) -> Value:
    match value:
        case bytes():
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return value
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case int() | float() if shape and shape.type == "timestamp" and not isinstance(value, bool):
            return read_epoch_seconds(value)
    return value


def _shortest_single(number: float) -> float:
    """The shortest decimal that means a number of single precision; a number that has another precision stays."""
    if _to_single(number) == number:
        for digits in range(1, 10):
            shorter = float(f"{number:.{digits}g}")
            if _to_single(shorter) == number:
                return shorter
    return number


def _to_single(number: float) -> float:
    try:
        single: float = struct.unpack(">f", struct.pack(">f", number))[0]
    except OverflowError:
        return math.inf
    return single


# --- writing ------------------------------------------------------------------------------------------------------


def write_cbor_structure(members: Mapping[str, Value], shape: Shape | None) -> dict[str, object]:
    """A structure as a CBOR map, under its wire names."""
    return write_structure(members, shape, _write_scalar)


def _write_scalar(value: Value, shape: Shape | None) -> object:
    type_ = shape.type if shape else None
    match value:
        case str() if type_ == "blob":
            return value.encode()
        case str() if type_ in ("float", "double"):
            return SPECIAL_NUMBERS.get(value, value)
        case str() if type_ == "boolean":
            return SPECIAL_BOOLEANS.get(value, value)
        case str() | int() | float() if type_ == "timestamp":
            seconds = format_timestamp(value, "unixTimestamp")
            return EpochSeconds(seconds) if isinstance(seconds, int | float) else seconds
        case int() if type_ in ("float", "double") and abs(value) < 2**53:
            return float(value)
    return value


def dump_cbor(value: object) -> bytes:
    """A value as CBOR; `EpochSeconds` for a time."""
    return b"".join(_write_item(value))


def _write_item(value: object) -> Iterator[bytes]:
    match value:
        case list():
            yield _head(_ARRAY, len(value))
            for item in value:
                yield from _write_item(item)
        case dict():
            yield _head(_MAP, len(value))
            for key, item in value.items():
                yield _write_scalar_item(key)
                yield from _write_item(item)
        case EpochSeconds():
            yield _head(_TAG, _EPOCH_SECONDS) + _write_scalar_item(value.seconds)
        case _:
            yield _write_scalar_item(value)


def _write_scalar_item(value: object) -> bytes:
    match value:
        case None | bool():
            return _head(_SIMPLE, {False: 20, True: 21, None: 22}[value])
        case int():
            return _write_integer(value)
        case float():
            return _write_float(value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            text = value.encode()
            return _head(_TEXT, len(text)) + text
    raise TypeError(f"no value of CBOR: {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    """The first bytes of an item: its major type, and its length or value in the shortest form."""
    if number < 24:
        return bytes([major << 5 | number])
    info, length = next((info, length) for info, length in _LENGTHS.items() if number < 1 << 8 * length)
    return bytes([major << 5 | info]) + number.to_bytes(length, "big")


def _write_integer(number: int) -> bytes:
    major, tag, magnitude = (_UNSIGNED, _BIG, number) if number >= 0 else (_NEGATIVE, _BIG_NEGATIVE, -1 - number)
    if magnitude < 1 << 64:
        return _head(major, magnitude)
    data = magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "big")
    return _head(_TAG, tag) + _head(_BYTES, len(data)) + data


def _write_float(number: float) -> bytes:
    """The shortest float that is equal; NaN has no sign and no payload."""
    if math.isnan(number):
        return b"\xf9\x7e\x00"
    for info, format_ in _FLOATS.items():
        with suppress(OverflowError):
            data = struct.pack(format_, number)
            if struct.unpack(format_, data)[0] == number:
                return bytes([_SIMPLE << 5 | info]) + data
    raise AssertionError("every float has double precision")
