"""Scalars as text, in XML, forms, headers, paths and query strings: numbers, booleans, blobs in base64."""

from __future__ import annotations

import base64
import binascii
import math
import re

from awstape.core.aws.model import Shape, Value
from awstape.core.aws.wire import WireError
from awstape.core.text.lazy_pattern import lazy_pattern

_INTEGER = lazy_pattern(r"0|-?[1-9]\d{0,18}", re.ASCII)
#: Other spellings, such as `007` and `+7`. Twelve digits after a zero may be an account, which is no number.
_ODD_INTEGER = lazy_pattern(r"[+-]?\d{1,9}", re.ASCII)
_NUMBER = lazy_pattern(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[Ee][+-]?\d{1,4})?", re.ASCII)


def parse_scalar(text: str, shape: Shape) -> Value:
    """The value of a scalar's text.

    White space around a number, a time or base64 is no part of it. Booleans in another than the canonical spelling stay
    text, since clients differ in what they read; so do long integers in one, and NaN and infinity, which JSON has as
    texts, too.
    """
    if shape.type not in ("string", "boolean"):
        text = text.strip()
    if shape.type in ("integer", "long"):
        return int(text) if _INTEGER.fullmatch(text) or _ODD_INTEGER.fullmatch(text) else text
    if shape.type in ("float", "double"):
        return _parse_float(text)
    if shape.type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if shape.type == "blob":
        return decode_blob(text)
    return text


def _parse_float(text: str) -> Value:
    """A number in any spelling, such as `1.0E-5`; one without point and exponent is an integer."""
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return text if math.isinf(number) else int(text) if _INTEGER.fullmatch(text) else number


def format_scalar(value: Value) -> str:
    """The text of a scalar. Raises WireError for a null, a list or a mapping."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case None | dict() | list():
            raise WireError(f"expected a scalar, got a {type(value).__name__}")
        case _:
            return str(value)


def decode_base64(text: str) -> bytes:
    """The bytes that base64 with any white space holds. Raises WireError for any other character, and bad padding."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise WireError("a blob is not base64") from None


def decode_blob(text: str) -> str | bytes:
    """Base64 → text if it is UTF-8, else bytes. Raises WireError if it is not base64."""
    raw = decode_base64(text)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw
