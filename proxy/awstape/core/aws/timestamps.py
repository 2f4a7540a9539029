"""Timestamps: the instant that a timestamp means, in each of the spellings that AWS accepts.

1. The spellings are those of Smithy's `timestampFormat`: `date-time` (RFC 3339, here with any offset), `epoch-seconds`
   and `http-date`. Source: smithy.io, "Timestamp formats". Forms without hyphens and colons, of one digit for a day, of
   other names for UTC and with exponents are read, too. There is no clock here, and nothing is rounded.
2. A cassette has one form for the timestamps of all protocols: text. A text is the exact one of the wire. A number of
   JSON or CBOR is written as a date and time in UTC, with its fraction in at least three digits.
3. A protocol writes a timestamp that is not in its own format in that format. A value that is no timestamp stays.
"""

from __future__ import annotations

import re
from calendar import timegm, weekday
from collections.abc import Mapping
from decimal import Decimal
from math import floor

from awstape.core.aws.model import TimestampFormat, Value
from awstape.core.text.lazy_pattern import lazy_pattern

_DATE_TIME = lazy_pattern(
    r"(?P<year>\d{4})(?P<hyphen>-?)(?P<month>\d\d)(?P=hyphen)(?P<day>\d\d)[Tt ]"
    r"(?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d))?"
    r"(?:[.,](?P<fraction>\d{1,9}))?(?:[Zz]|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?",
    re.ASCII,
)
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_HTTP_DATE = lazy_pattern(
    rf"[A-Z][a-z]{{2}}, (?P<day>\d\d?) (?P<name>{'|'.join(_MONTHS)}) (?P<year>\d{{4}})"
    r" (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))? (?:GMT|UTC|\+0000)",
    re.ASCII,
)
_EPOCH_SECONDS = lazy_pattern(r"-?\d{1,12}(?:\.\d{1,9})?(?:[Ee]\+?\d)?", re.ASCII)
_TEXTS: Mapping[TimestampFormat, re.Pattern[str]] = {"iso8601": _DATE_TIME, "rfc822": _HTTP_DATE}


def canonical_timestamp(value: str | float) -> str | None:
    """The instant in seconds since 1970 in UTC, as text; None for what is no timestamp."""
    seconds = seconds_of(value)
    return None if seconds is None else f"{seconds.normalize() + 0:f}"


def seconds_of(value: str | float) -> Decimal | None:
    """The instant in seconds since 1970 in UTC; None for what is no timestamp.

    A time without an offset is in UTC, as botocore reads it.
    """
    text = str(value)
    if _EPOCH_SECONDS.fullmatch(text):
        return Decimal(text)
    if match := _HTTP_DATE.fullmatch(text):
        return _seconds(match.groupdict(), _MONTHS.index(match["name"]) + 1)
    if match := _DATE_TIME.fullmatch(text):
        seconds = _seconds(match.groupdict(), int(match["month"]))
        if match["sign"] and seconds is not None:
            offset = int(match["hours"]) * 3600 + int(match["minutes"]) * 60
            seconds -= offset if match["sign"] == "+" else -offset
        return seconds
    return None


def _seconds(parts: Mapping[str, str | None], month: int) -> Decimal | None:
    """The seconds of a date and time; None for a month or day that no calendar has."""
    year, day, hour, minute, second = (int(parts[name] or 0) for name in ("year", "day", "hour", "minute", "second"))
    if not (1 <= month <= 12 and 1 <= day <= 31 and year):
        return None
    return timegm((year, month, day, hour, minute, second)) + Decimal(f"0.{parts['fraction'] or 0}")


def read_epoch_seconds(seconds: float) -> str | float:
    """A number of the wire as the text of a cassette; a number outside the years 1 to 9999 stays."""
    text = format_timestamp(seconds, "iso8601")
    return text if isinstance(text, str) else seconds


def format_timestamp(value: Value, format_: TimestampFormat) -> Value:
    """A timestamp in a format: a number for `unixTimestamp`, text for the others. A value that is none stays."""
    own = _TEXTS.get(format_)
    if own and isinstance(value, str) and own.fullmatch(value):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float) or (seconds := seconds_of(value)) is None:
        return value
    if own is None:
        is_whole = seconds == int(seconds)
        return value if isinstance(value, int | float) else int(seconds) if is_whole else float(seconds)
    whole = floor(seconds)
    days, second = divmod(whole, 86400)
    year, month, day = _civil_date(days)
    if not 1 <= year <= 9999:
        return value
    time = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{_fraction(seconds - whole)}"
    if format_ == "iso8601":
        return f"{year:04}-{month:02}-{day:02}T{time}Z"
    return f"{_DAYS[weekday(year, month, day)]}, {day:02} {_MONTHS[month - 1]} {year:04} {time} GMT"


def _civil_date(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level
    Date Algorithms", `civil_from_days`; its years begin in March, so that a leap day is the last of a year."""
    era, day_of_era = divmod(days + 719468, 146097)  # of 400 years
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153  # 0 is March
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day


def _fraction(part: Decimal) -> str:
    """A part of a second as `.250`, empty if it is zero."""
    return f".{f'{part.normalize():f}'[2:]:0<3}" if part else ""
