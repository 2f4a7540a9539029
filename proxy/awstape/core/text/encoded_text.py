"""Rewrites encoded text within text: percent-encoded, base64, hexadecimal and escaped runs, and the strings of JSON.

1. A run is decoded, rewritten and encoded again; a run whose decoded text does not change stays to the letter. What
   base64 and hexadecimal digits encode is UTF-8, or UTF-16 of characters that are mostly ASCII.
2. Percent-encoding is decoded at all levels at once, because one level at a time takes quadratic time.
3. Character references and escapes (`&#49;`, `\\u0031`) are not restored in a run that was rewritten.
4. A JSON text is edited in place, string by string: its formatting stays.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote

from awstape.core.text.lazy_pattern import lazy_pattern

# In a text that was escaped twice, an escape has two backslashes, or its ampersand is a reference.
_ESCAPE = (
    r"&#[xX]?[0-9a-fA-F]{1,12};?|&[A-Za-z][A-Za-z0-9]{1,31};"
    r"|(?<!\\)\\+(?:[/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})"
)
_ESCAPED_RUN = lazy_pattern(r"(?<![^\s\"'<>])[^\s\"'<>]*[&\\][^\s\"'<>]*")
# A run begins where its characters begin: a match tried at every character takes quadratic time.
_PERCENT_RUN = lazy_pattern(r"(?<![^\s\"'<>])[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
_BASE64_RUN = lazy_pattern(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/]{4,}(?![A-Za-z0-9+/_-]))*={0,2}(?![A-Za-z0-9+/_=-])"
)
_BASE64_ALPHABETS = ("[A-Za-z0-9+_-]", "[A-Za-z0-9+/]", "[A-Za-z0-9+]")
#: Of at least twelve characters: a shorter run is a number by chance.
_HEX_RUN = lazy_pattern(r"(?<![A-Za-z0-9])(?:0x)?(?:[0-9a-f]{2}){12,}(?![A-Za-z0-9])", re.IGNORECASE)
#: First characters of base64 whose byte begins no UTF-8 text: most aliases begin with one, and need not be decoded.
_BEGINS_NO_TEXT = frozenset("ghijklmnopqrstuv+/-_")
_ESCAPED_LETTERS = {"/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
#: Parts to decode of a run that is not base64 as a whole: between slashes, dashes, or both.
_BASE64_PARTS = tuple(lazy_pattern(rf"{characters}{{16,}}={{0,2}}") for characters in _BASE64_ALPHABETS)
_MAX_PERCENT_LEVELS = 4
_COLON = lazy_pattern(r"\s*:")
_JSON_LITERAL = lazy_pattern(r'("[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*)')

_JSON_NUMBER = lazy_pattern(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)

_LONGEST_REMEMBERED = 200

Rewrite = Callable[[str], str]


# --- encodings --------------------------------------------------------------------------------------------------


def rewrite_encoded_runs(text: str, rewrite: Rewrite) -> str:
    """The text with `rewrite` applied to the decoded text of each encoded run."""
    if "&" in text or "\\" in text:
        text = _ESCAPED_RUN.sub(lambda match: _rewrite_escapes(match[0], rewrite), text)
    text = _HEX_RUN.sub(lambda match: _rewrite_hex(match[0], rewrite), rewrite_percent_runs(text, rewrite))
    return _BASE64_RUN.sub(lambda match: _rewrite_base64(match[0], rewrite), text)


def rewrite_percent_runs(text: str, rewrite: Rewrite) -> str:
    """The text with `rewrite` applied to the decoded text of each percent-encoded run."""
    return _PERCENT_RUN.sub(lambda match: _rewrite_percent(match[0], rewrite), text) if "%" in text else text


def rewrite_outside_percent_runs(text: str, rewrite: Rewrite) -> str:
    """The text with `rewrite` applied to the pieces outside percent-encoded runs."""
    return rewrite_between(_PERCENT_RUN.finditer(text), text, rewrite) if "%" in text else rewrite(text)


def rewrite_outside_encoded_runs(text: str, rewrite: Rewrite) -> str:
    """The text with `rewrite` applied to the pieces outside percent-encoded runs and base64 runs that decode."""

    def outside_base64(text: str) -> str:
        decodable = (
            match for match in _BASE64_RUN.finditer(text) if decode_base64_text("".join(match[0].split())) is not None
        )
        return rewrite_between(decodable, text, rewrite)

    return rewrite_outside_percent_runs(text, outside_base64)


def rewrite_between(matches: Iterable[re.Match[str]], text: str, rewrite: Rewrite) -> str:
    """The text with `rewrite` applied to the pieces before, between and after the matches; the matches stay."""
    out, end = [], 0
    for match in matches:
        out += [rewrite(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*out, rewrite(text[end:])])


def _rewrite_percent(run: str, rewrite: Rewrite) -> str:
    # %252520 is a space that was encoded three times; decoding one level at a time takes quadratic time.
    levels = max(len(match[0]) // 2 for match in re.finditer(r"%(?:25)*", run))
    plain = unquote(re.sub(r"%(?:25)+(?=[0-9A-Fa-f]{2})", "%", run))
    if plain == run or (redacted := rewrite(plain)) == plain:
        return run
    bare = re.sub(r"%[0-9A-Fa-f]{2}", "", run)
    encoded = quote(redacted, safe="".join(set(bare) - {"%"}), errors="surrogatepass")
    return encoded.replace("%", "%" + "25" * min(levels, _MAX_PERCENT_LEVELS))


def _rewrite_escapes(run: str, rewrite: Rewrite) -> str:
    plain = re.sub(_ESCAPE, lambda match: _unescape(match[0]), run)
    return run if plain == run or (redacted := rewrite(plain)) == plain else redacted


def _unescape(escape: str) -> str:
    if escape.startswith("&"):
        from html import unescape

        return unescape(escape)
    if escape[-1] in _ESCAPED_LETTERS and escape[-2] == "\\":
        return _ESCAPED_LETTERS[escape[-1]]
    digits = re.findall(r"[ux]([0-9a-fA-F]+)", escape)
    units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in digits)
    return units.decode("utf-16-be", "ignore") or escape  # half a surrogate pair stays as it is


def _rewrite_base64(run: str, rewrite: Rewrite) -> str:
    decoded = _decode_base64("".join(run.split()))
    if decoded is None:  # a path or a word may precede it
        return _rewrite_parts(run, rewrite)
    plain, encoding = decoded
    if (redacted := rewrite(plain)) == plain:
        return run
    url_safe = "-" in run or "_" in run
    encoded = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(redacted.encode(encoding)).decode("ascii")
    return encoded if len(run) % 4 == 0 else encoded.rstrip("=")


def _rewrite_hex(run: str, rewrite: Rewrite) -> str:
    prefix, digits = ("0x", run[2:]) if run[:2] == "0x" else ("", run)
    if len(digits) % 2 or (decoded := _decode_text(bytes.fromhex(digits))) is None:
        return run
    plain, encoding = decoded
    if (redacted := rewrite(plain)) == plain:
        return run
    encoded = redacted.encode(encoding).hex()
    return prefix + (encoded.upper() if digits.isupper() else encoded)


def _rewrite_parts(run: str, rewrite: Rewrite) -> str:
    pattern = _find_parts(run) if len(run) <= _LONGEST_REMEMBERED else _find_parts.__wrapped__(run)
    return pattern.sub(lambda match: _rewrite_base64(match[0], rewrite), run) if pattern else run


@lru_cache(2**14)  # the same aliases are searched again and again
def _find_parts(run: str) -> re.Pattern[str] | None:
    """The pattern of parts of a run that is not base64 as a whole, of which one is; None if none is."""
    for pattern in _BASE64_PARTS:
        parts = (match[0] for match in pattern.finditer(run) if match[0] != run)
        if any(decode_base64_text(part) is not None for part in parts):
            return pattern
    return None


def decode_base64_text(run: str) -> str | None:
    """The printable text that a base64 run encodes; None if it encodes none."""
    decoded = _decode_base64(run)
    return decoded and decoded[0]


def _decode_base64(run: str) -> tuple[str, str] | None:
    """The printable text that a base64 run encodes, and its own encoding."""
    if run[:1] in _BEGINS_NO_TEXT:
        return None
    return _decode_run(run) if len(run) <= _LONGEST_REMEMBERED else _decode_run.__wrapped__(run)


@lru_cache(2**14)  # the same aliases are searched again and again
def _decode_run(run: str) -> tuple[str, str] | None:
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return _decode_text(data)


def _decode_text(data: bytes) -> tuple[str, str] | None:
    """The text of some bytes, and its encoding; None if they are no text."""
    # Every second byte of ASCII in UTF-16 is zero.
    zeros = data[:8:2].count(0), data[1:8:2].count(0)
    encoding = "utf-16-be" if zeros[0] > 2 else "utf-16-le" if zeros[1] > 2 else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return (text, encoding) if all(c.isprintable() or _is_of_text(c) for c in text) else None


def _is_of_text(character: str) -> bool:
    """Whether a character that is not printable is of a text: a blank of any width, a separator, a formatting mark."""
    return character in "\r\n\t" or unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cf")


def decoded_variants(text: str) -> Iterator[str]:
    """The text and the decoded text of its encoded runs, to any depth: every place where a leak could hide."""
    found: list[str] = []

    def note(plain: str) -> str:
        found.append(plain)
        return plain

    rewrite_encoded_runs(text, note)
    if is_json(text):
        edit_json_strings(text, note)
    yield text
    for plain in found:
        yield from decoded_variants(plain)


def rewrite_everywhere(text: str, edit: Rewrite) -> str:
    """The text with `edit` applied to itself, to its encoded runs and to the strings of its JSON, to any depth."""
    if is_json(text):
        return edit_json_strings(text, lambda literal: rewrite_everywhere(literal, edit))
    # The text itself first: `\\role-…` is an alias after a backslash, not the escape of a carriage return.
    return rewrite_encoded_runs(edit(text), lambda inner: rewrite_everywhere(inner, edit))


# --- JSON in text -----------------------------------------------------------------------------------------------


def is_json(text: str) -> bool:
    """Whether a text is a JSON object or array."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def edit_json_strings(
    text: str, edit: Rewrite, edit_key: Rewrite | None = None, edit_number: Rewrite | None = None
) -> str:
    """The JSON text with each string and number replaced by the result of `edit`; the rest stays to the letter.

    edit_key: for the keys of objects, each before its value; edit_number: for numbers; as `edit` by default.
    """
    literals = list(_JSON_LITERAL.finditer(text))
    new = {}
    for i, literal in enumerate(literals):
        raw = literal[0]
        plain = raw if raw[0] != '"' else json.loads(raw, strict=False)
        if edit_number and raw[0] != '"':
            edited = edit_number(plain)
        else:
            edited = edit_key(plain) if edit_key and _COLON.match(text, literal.end()) else edit(plain)
        if edited != plain:
            new[i] = edited
    return replace_json_literals(text, new)


def replace_json_literals(text: str, new: Mapping[int, str]) -> str:
    """The JSON text with other strings in place of some of its strings and numbers, keys included.

    new: position among them → its new text. The alias of an account, which begins with 0, is a string, never a number.
    """
    if not new:
        return text
    pieces = _JSON_LITERAL.split(text)  # every second one is a literal
    for i, literal in new.items():
        old = pieces[2 * i + 1]
        is_number = old[0] != '"' and _JSON_NUMBER.fullmatch(literal)
        pieces[2 * i + 1] = literal if is_number else json.dumps(literal, ensure_ascii=old.isascii())
    return "".join(pieces)
