"""Timestamps: the instant that a timestamp means, in each of the spellings that AWS accepts.

The spellings are those of Smithy's `timestampFormat`: `date-time` (RFC 3339, here with any offset), `epoch-seconds` and
`http-date`. Source: smithy.io, "Timestamp formats". There is no clock here, and nothing is rounded.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping

_DATE_TIME = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"(?:[.,](?P<fraction>\d{1,9}))?(?:[Zz]|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?",
    re.ASCII,
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_HTTP_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) (?P<name>{'|'.join(_MONTHS)}) (?P<year>\d{{4}})"
    r" (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))? GMT",
    re.ASCII,
)
_EPOCH_SECONDS = re.compile(r"(?P<seconds>-?\d{1,12})(?:\.(?P<fraction>\d{1,9}))?", re.ASCII)


def canonical_timestamp(value: str | float) -> str | None:
    """The instant in seconds since 1970 in UTC, as text; None for what is no timestamp.

    A time without an offset is in UTC, as botocore reads it.
    """
    text = str(value)
    if match := _EPOCH_SECONDS.fullmatch(text):
        return _to_text(int(match["seconds"]), match["fraction"])
    if match := _HTTP_DATE.fullmatch(text):
        month = _MONTHS.index(match["name"]) + 1
        return _to_text(_seconds(match.groupdict(), month), match["fraction"])
    if match := _DATE_TIME.fullmatch(text):
        seconds = _seconds(match.groupdict(), int(match["month"]))
        if match["sign"] and seconds is not None:
            offset = int(match["hours"]) * 3600 + int(match["minutes"]) * 60
            seconds -= offset if match["sign"] == "+" else -offset
        return _to_text(seconds, match["fraction"])
    return None


def _seconds(parts: Mapping[str, str | None], month: int) -> int | None:
    """The seconds of a date and time; None for a month or day that no calendar has."""
    year, day, hour, minute, second = (int(parts[name] or 0) for name in ("year", "day", "hour", "minute", "second"))
    if not (1 <= month <= 12 and 1 <= day <= 31 and year):
        return None
    return timegm((year, month, day, hour, minute, second))


def _to_text(seconds: int | None, fraction: str | None) -> str | None:
    digits = (fraction or "").rstrip("0")
    return None if seconds is None else f"{seconds}.{digits}" if digits else str(seconds)
