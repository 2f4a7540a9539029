"""`Cassette` ⇄ YAML text.

1. A stream: a header document with the version and the fingerprint of the key, then one document per take, sorted.
   Equal cassettes are equal text. A comment at its head names the schema, `awstape.core.schema`, for editors.
2. Block style, one member a line, in the order of the wire; text of several lines as a literal block. Anchors,
   aliases and tags (but `!!binary`) are never written.
3. Reading is strict: anchors, aliases, tags, duplicate keys, unknown keys, unknown operations, members that the
   model doesn't have (unless the page lists them as `unmodelled`) or of the wrong type, broken page chains and deep
   nesting are refused with line and path. Plain scalars are those of JSON; everything else, dates included, is text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from awstape.core.answer import Answer, Failure
from awstape.core.cassette import Cassette, Page, Take, Track
from awstape.core.conform import Path, describe, did_you_mean, input_misfits, output_misfits, pattern_of, spelled
from awstape.core.decode import FIRST_ERROR_STATUS
from awstape.core.encode import encode
from awstape.core.faults import Fault, FaultError
from awstape.core.model import Models, Operation, Value
from awstape.core.pages import next_token
from awstape.core.wire import WireError

VERSION = 1
MAX_DEPTH = 64
#: The file with the schema, beside the cassette: there is no public address to name.
SCHEMA_FILE = "awstape.schema.json"
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"

_BINARY = "tag:yaml.org,2002:binary"
#: Python refuses to read integers of more digits.
_LONGEST_INT = 4300
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
_NUMBER_OF_SOME_YAML = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_HEADER_KEYS = {"version": int, "key": str}
_FINGERPRINT = re.compile(r"[a-z2-7]{12}")
_TAKE_KEYS = {"service": str, "operation": str, "region": str, "identity": dict, "faults": list, "pages": list}
_PAGE_KEYS = {"token": str, "limit": int, "output": dict, "error": dict, "unmodelled": list}
_ERROR_KEYS = {"status": int, "code": str, "message": str, "members": dict}


class DocumentError(ValueError):
    """A cassette text that can't be read.

    line: counted from 1. path: where in the document, such as `pages[0].output.Versions[1]`, may be empty.
    tip: what to do about it, may be empty.
    """

    def __init__(self, line: int, path: str, problem: str, tip: str = "") -> None:
        super().__init__(f"line {line}: {path + ': ' if path else ''}{problem}")
        self.line, self.path, self.problem, self.tip = line, path, problem, tip


# --- writing ----------------------------------------------------------------------------------------------------


def write(cassette: Cassette) -> str:
    """The cassette as YAML."""
    assert len(cassette.keys) <= 1, "a file has one key"
    header: dict[str, Value] = {"version": VERSION, **dict(zip(["key"], cassette.keys, strict=False))}
    return SCHEMA_LINE + "---\n".join(map(_dump, [header, *(_take(take) for take in cassette.takes)]))


def _take(take: Take) -> dict[str, Value]:
    track = take.track
    region: dict[str, Value] = {"region": track.region} if track.region else {}
    return {
        "service": track.service,
        "operation": track.operation,
        **region,
        "identity": track.identity,
        **({"faults": [str(fault) for fault in take.faults]} if take.faults else {}),
        "pages": [_page(page) for page in take.pages],
    }


def _page(page: Page) -> dict[str, Value]:
    document: dict[str, Value] = {}
    if page.token is not None:
        document["token"] = page.token
    if page.limit is not None:
        document["limit"] = page.limit
    if page.answer.error:
        document["error"] = _failure(page.answer.error)
    else:
        document["output"] = page.answer.output or {}
    if page.answer.unmodelled:
        document["unmodelled"] = list(page.answer.unmodelled)
    return document


def _failure(failure: Failure) -> dict[str, Value]:
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
    # The emitter quotes what YAML 1.1 takes for a number; 000123456789 is one only for YAML 1.2.
    style = "|" if "\n" in text else "'" if _NUMBER_OF_SOME_YAML.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_str)


def _dump(document: dict[str, Value]) -> str:
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, default_flow_style=False
    )
    return text


# --- reading ----------------------------------------------------------------------------------------------------


def read(text: str, models: Models) -> Cassette:
    """The cassette that a YAML text describes. Raises DocumentError."""
    stream = documents(text)
    header = next(stream, None)
    if header is None:
        raise DocumentError(1, "", "the file is empty", "a cassette begins with `version: 1`")
    keys = _read_header(header)
    takes = [_read_take(document, models) for document in stream]
    cassette = Cassette.of((take for take, _ in takes), keys)
    lines = {id(take): document for take, document in takes}
    for _, same in cassette.tracks():
        seen: set[str] = set()
        for take in same:
            for i, page in enumerate(take.pages):
                if page.token is not None and page.token in seen:
                    problem = "another page of the track has this token"
                    raise lines[id(take)].error(("pages", i, "token"), problem, "tokens of a track must differ")
                seen |= {page.token} if page.token is not None else set()
    return cassette


@dataclass(frozen=True)
class Document:
    """A document's value and the line of each place in it."""

    value: Value
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a place, or of what it is in, counted from 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def error(self, path: Path, problem: str, tip: str = "") -> DocumentError:
        return DocumentError(self.line(path), spelled(path), problem, tip)


def _read_header(header: Document) -> set[str]:
    """The fingerprint of the key, if the header has one."""
    version = header.value.get("version") if isinstance(header.value, dict) else None
    if version != VERSION or isinstance(version, bool):
        raise header.error((), "a cassette begins with a document `version: 1`", "is this file a cassette?")
    fields = _fields(header, header.value, (), _HEADER_KEYS, ("version",))
    if "key" in fields and not _FINGERPRINT.fullmatch(fields["key"]):
        tip = "it tells which key the aliases were made with; leave it out if nobody knows"
        raise header.error(("key",), "not the fingerprint of a key", tip)
    return {fields["key"]} if "key" in fields else set()


def _read_take(document: Document, models: Models) -> tuple[Take, Document]:
    fields = _fields(document, document.value, (), _TAKE_KEYS, ("service", "operation", "identity", "pages"))
    service = models.services.get(fields["service"])
    if service is None:
        raise document.error(("service",), f"unknown service{did_you_mean(fields['service'], models.services)}")
    operation = service.operations.get(fields["operation"])
    if operation is None:
        hint = did_you_mean(fields["operation"], service.operations)
        raise document.error(("operation",), f"{service.name} has no such operation{hint}")
    for misfit in input_misfits(fields["identity"], operation.input):
        raise document.error(("identity", *misfit.path), misfit.problem)
    track = Track(service.name, operation.name, fields.get("region"), fields["identity"])
    if not fields["pages"]:
        raise document.error(("pages",), "a take has at least one page")
    pages = [_read_page(document, operation, ("pages", i)) for i in range(len(fields["pages"]))]
    _check_chain(document, operation, pages)
    faults = [_read_fault(document, text, ("faults", i)) for i, text in enumerate(fields.get("faults", ()))]
    return Take(track, tuple(pages), tuple(faults)), document


def _read_fault(document: Document, text: Value, path: Path) -> Fault:
    if not isinstance(text, str):
        raise document.error(path, f"expected text, got {describe(text)}")
    try:
        fault = Fault.parse(text)
    except FaultError as error:
        raise document.error(path, str(error), error.tip) from None
    if fault.operation is not None:
        raise document.error(path, "a fault of a take names no operation", f"it belongs to the take: {fault.kind} …")
    return fault


def _read_page(document: Document, operation: Operation, path: Path) -> Page:
    value: Any = document.value
    fields = _fields(document, value["pages"][path[1]], path, _PAGE_KEYS, ())
    if ("output" in fields) == ("error" in fields):
        raise document.error(path, "a page has either an output or an error")
    if fields.get("limit", 1) < 1:
        raise document.error((*path, "limit"), "a limit is at least 1")
    unmodelled = tuple(fields.get("unmodelled", ()))
    for i, name in enumerate(unmodelled):
        if not isinstance(name, str):
            raise document.error((*path, "unmodelled", i), f"expected text, got {describe(name)}")
    if "error" in fields:
        failure = _read_failure(document, fields["error"], (*path, "error"))
        answer = Answer(error=failure, unmodelled=unmodelled)
    else:
        answer = Answer(
            output=_read_output(document, operation, fields["output"], path, unmodelled), unmodelled=unmodelled
        )
    try:
        encode(operation, answer, "")
    except WireError as error:
        raise document.error(path, str(error), "the service could not send it either") from None
    return Page(fields.get("token"), fields.get("limit"), answer)


def _read_output(
    document: Document, operation: Operation, output: dict[str, Value], path: Path, unmodelled: tuple[str, ...]
) -> dict[str, Value]:
    for misfit in output_misfits(operation, output):
        if not misfit.unknown or pattern_of(misfit.path) not in unmodelled:
            tip = "list it under `unmodelled` of the page if AWS really sends it" if misfit.unknown else ""
            raise document.error((*path, "output", *misfit.path), misfit.problem, tip)
    return output


def _read_failure(document: Document, value: Value, path: Path) -> Failure:
    fields = _fields(document, value, path, _ERROR_KEYS, ("status",))
    if not FIRST_ERROR_STATUS <= fields["status"] <= 599:
        raise document.error((*path, "status"), f"the status of an error is between {FIRST_ERROR_STATUS} and 599")
    return Failure(fields["status"], fields.get("code"), fields.get("message"), fields.get("members", {}))


def _fields(
    document: Document, value: Value, path: Path, known: Mapping[str, type], required: tuple[str, ...]
) -> dict[str, Any]:
    """The members of a mapping of the format itself, checked."""
    if not isinstance(value, dict):
        raise document.error(path, f"expected a mapping with {', '.join(known)}, got {describe(value)}")
    for name, item in value.items():
        if name not in known:
            raise document.error((*path, name), f"unknown key{did_you_mean(name, known)}", f"known: {', '.join(known)}")
        if not isinstance(item, known[name]) or isinstance(item, bool):
            raise document.error((*path, name), f"expected {_TYPE_NAMES[known[name]]}, got {describe(item)}")
    for name in required:
        if name not in value:
            raise document.error(path, f"the key {name} is missing")
    return value


def _check_chain(document: Document, operation: Operation, pages: list[Page]) -> None:
    expected: str | None = None
    for i, page in enumerate(pages):
        if page.token != expected:
            where: Path = ("pages", i, "token") if page.token is not None else ("pages", i)
            problem = "the first page of a take has no token" if i == 0 else "the page before does not lead here"
            raise document.error(where, problem, "a page's token is the one in the output of the page before")
        expected = next_token(operation, page.answer.output) if page.answer.output is not None else None
        if expected is None and i + 1 < len(pages):
            raise document.error(("pages", i), "more pages follow, but this page leads to none")


def documents(text: str) -> Iterator[Document]:
    """The documents of a YAML stream that cassettes may be made of, whatever they say. Raises DocumentError."""
    try:
        events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                reader = _Reader(events)
                value = reader.value(next(events), ())
                yield Document(value, reader.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(mark.line + 1 if mark else 1, "", f"not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        reason, position = getattr(error, "reason", "unreadable characters"), getattr(error, "position", None)
        before = text.encode("utf-8", "replace")[: position or 0]
        raise DocumentError(before.count(b"\n") + 1, "", f"not YAML: {reason}") from None


class _Reader:
    """Builds one document's value from YAML events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self.lines: dict[Path, int] = {}

    def value(self, event: yaml.Event, path: Path) -> Value:
        line = _line(event)
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise DocumentError(line, spelled(path), "anchors and aliases are not allowed", "write the value out")
        if len(path) > MAX_DEPTH:
            raise DocumentError(line, "", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, line)
        if isinstance(event, yaml.CollectionStartEvent) and event.tag is not None:
            raise DocumentError(line, spelled(path), f"the tag {event.tag} is not allowed")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self.value(event, (*path, len(items))))
            return items
        members: dict[str, Value] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path, members)
            members[key] = self.value(next(self._events), (*path, key))
        return members

    def _key(self, event: yaml.Event, path: Path, members: Mapping[str, Value]) -> str:
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise DocumentError(line, spelled(path), "a key is not a text")
        if event.anchor is not None or event.tag is not None:
            raise DocumentError(line, spelled(path), "anchors and tags on a key are not allowed")
        key: str = event.value
        if key in members:
            raise DocumentError(line, spelled((*path, key)), "the key stands twice")
        self.lines[(*path, key)] = line
        return key

    def _scalar(self, event: yaml.ScalarEvent, path: Path, line: int) -> Value:
        if event.tag == _BINARY:
            try:
                return base64.b64decode(event.value)
            except (binascii.Error, ValueError):
                raise DocumentError(line, spelled(path), "!!binary is not base64") from None
        if event.tag is not None:
            raise DocumentError(line, spelled(path), f"the tag {event.tag} is not allowed")
        text: str = event.value
        return _plain(text) if event.implicit[0] else text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain(text: str) -> Value:
    """A scalar without quotes: null, boolean and number as in JSON, anything else is text."""
    if text in _WORDS:
        return _WORDS[text]
    match = _JSON_NUMBER.fullmatch(text)
    if not match:
        return text
    if not match["fraction"] and not match["exponent"]:
        return int(text) if len(text) < _LONGEST_INT else text
    # The writer leaves text such as 1e5 without quotes, as YAML 1.1 takes it for text.
    return float(text) if match["fraction"] and (not match["exponent"] or "+" in text or "-" in text[1:]) else text


_WORDS: Mapping[str, Value] = {"": None, "~": None, "null": None, "true": True, "false": False}
_TYPE_NAMES: Mapping[type, str] = {str: "text", int: "a number", dict: "a mapping", list: "a list"}
