"""Writes a cassette as YAML text.

1. The text is a stream: a header document with the version, the fingerprint of the key, the account and the marks, then
   one document per take, sorted. A take names its account only if it is not that of the header. Equal cassettes are
   equal text. A comment at its head names the schema (`core.cassette.yaml.json_schema`) for editors.
2. Block style, one member a line, in the order of the wire; text of several lines as a literal block.
3. Anchors, aliases and tags (but `!!binary`) are never written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from awstape.core.aws.call import Failure
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.validation import SCHEMA_FILE, VERSION
from awstape.core.text.lazy_pattern import lazy_pattern

SEPARATOR = "---\n"
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"

#: These end a line in YAML 1.1, but not in YAML 1.2, nor in most editors.
_YAML_1_1_BREAK = lazy_pattern("[\x85\u2028\u2029]")
_NUMBER_OF_SOME_YAML = lazy_pattern(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)


def write_cassette(cassette: Cassette) -> str:
    """The cassette as YAML."""
    takes = (write_take(take, cassette.account) for take in cassette.takes)
    return SEPARATOR.join([write_header(cassette), *takes])


def write_header(cassette: Cassette) -> str:
    """The first document: version, key, account and marks."""
    assert len(cassette.keys) <= 1, "a file has one key"
    header: dict[str, Value] = {"version": VERSION, **dict(zip(["key"], cassette.keys, strict=False))}
    header |= {"account": cassette.account} if cassette.account else {}
    header |= {"apart": [*sorted(cassette.apart)]} if cassette.apart else {}
    return SCHEMA_LINE + dump_document(header)


def write_take(take: Take, account: str | None = None) -> str:
    """The document of a take, without the separator before it. account: that of the header."""
    return dump_document(take_document(take, account))


def take_document(take: Take, account: str | None = None) -> dict[str, Value]:
    """The value of a take's document. account: that of the header."""
    write = {**_track_document(take.after.track, account), "take": take.after.take} if take.after else None
    return {
        **_track_document(take.track, account),
        **({"after": write} if write else {}),
        **({"faults": [str(fault) for fault in take.faults]} if take.faults else {}),
        "pages": [page_document(page) for page in take.pages],
    }


def _track_document(track: Track, account: str | None) -> dict[str, Value]:
    where: dict[str, Value] = {"region": track.region} if track.region else {}
    where |= {"account": track.account} if track.account not in (None, account) else {}
    where |= {"principal": track.principal} if track.principal else {}
    return {"service": track.service, "operation": track.operation, **where, "identity": track.identity}


def page_document(page: Page) -> dict[str, Value]:
    """The value of a page in a take's document."""
    document: dict[str, Value] = {}
    if page.token is not None:
        document["token"] = page.token
    if page.limit is not None:
        document["limit"] = page.limit
    if page.hole is not None:
        document["hole"] = page.hole
    elif page.answer.error:
        document["error"] = _failure_document(page.answer.error)
    else:
        document["output"] = page.answer.output or {}
    if page.answer.unmodelled:
        document["unmodelled"] = list(page.answer.unmodelled)
    return document


def _failure_document(failure: Failure) -> dict[str, Value]:
    document: dict[str, Value] = {"status": failure.status}
    if failure.code is not None:
        document["code"] = failure.code
    if failure.message is not None:
        document["message"] = failure.message
    if failure.members:
        document["members"] = failure.members
    return document


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_str(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # The emitter quotes numbers of YAML 1.1; 000123456789 is a number only in YAML 1.2.
    style = "|" if "\n" in text else "'" if _NUMBER_OF_SOME_YAML.fullmatch(text) else None
    if _YAML_1_1_BREAK.search(text):  # escaped, so that every tool sees the same lines
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_str)


def dump_document(document: Mapping[str, Value]) -> str:
    """A document as YAML text, in the style of cassettes."""
    text: str = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, default_flow_style=False
    )
    return text
