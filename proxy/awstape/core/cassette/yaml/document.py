"""`Cassette` ⇄ YAML text.

1. A stream: a header document with the version and the fingerprint of the key, then one document per take, sorted.
   Equal cassettes are equal text. A comment at its head names the schema, `json_schema`, for editors.
2. Block style, one member a line, in the order of the wire; text of several lines as a literal block. Anchors,
   aliases and tags (but `!!binary`) are never written.
3. Reading is strict: anchors, aliases, tags, duplicate keys and deep nesting are refused with line and path, and so is
   what `structure` finds wrong. Plain scalars are those of JSON; everything else, dates included, is text.
4. No two pages of a track have the same token.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import yaml

from awstape.core.aws.call import Failure
from awstape.core.aws.conform import Path, spelled
from awstape.core.aws.model import Models, Value
from awstape.core.aws.wire import MAX_BODY
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.validation import (
    VERSION,
    Problem,
    fingerprints,
    header_problems,
    take_of,
    take_problems,
)

MAX_DEPTH = 64
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
#: Of a document. The largest file that is read has no more, if it has anything to say.
MAX_VALUES = 2_000_000
#: Of a text: no answer that is recorded is longer.
MAX_TEXT = MAX_BODY
MAX_KEY = 100_000
#: Of a document: as many are told.
MAX_ERRORS = 1000
SEPARATOR = "---\n"
#: The file with the schema, beside the cassette: there is no public address to name.
SCHEMA_FILE = "awstape.schema.json"
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"

#: What ends a line in YAML 1.1, but not in 1.2, nor in most editors.
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")
_INDENTATION = re.compile(r"[ \t]*")
#: Characters of a line in which YAML 1.1 looks for the end of a key.
_READ_AHEAD = 1024
_BINARY = "tag:yaml.org,2002:binary"
#: Python refuses to read integers of more digits.
_LONGEST_INT = 4300
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
_NUMBER_OF_SOME_YAML = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)


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
    return SEPARATOR.join([header_text(cassette), *map(take_text, cassette.takes)])


def header_text(cassette: Cassette) -> str:
    """The first document."""
    assert len(cassette.keys) <= 1, "a file has one key"
    return SCHEMA_LINE + dump({"version": VERSION, **dict(zip(["key"], cassette.keys, strict=False))})


def take_text(take: Take) -> str:
    """The document of a take, without the separator before it."""
    return dump(take_value(take))


def take_value(take: Take) -> dict[str, Value]:
    """A take as its document says it."""
    track = take.track
    region: dict[str, Value] = {"region": track.region} if track.region else {}
    return {
        "service": track.service,
        "operation": track.operation,
        **region,
        "identity": track.identity,
        **({"faults": [str(fault) for fault in take.faults]} if take.faults else {}),
        "pages": [page_document(page) for page in take.pages],
    }


def page_document(page: Page) -> dict[str, Value]:
    """A page as it stands in the file."""
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
    if _ODD_BREAK.search(text):  # escaped, so that a line is a line to everybody
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_str)


def dump(document: Mapping[str, Value]) -> str:
    """A document in the style of a cassette."""
    text: str = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, default_flow_style=False
    )
    return text


# --- reading ----------------------------------------------------------------------------------------------------


def read(text: str, models: Models) -> Cassette:
    """The cassette that a YAML text describes. Raises DocumentError."""
    takes: list[Take] = []
    keys: set[str] = set()
    for entry in entries(text, models):
        if entry.errors:
            raise entry.errors[0]
        if entry.take:
            takes.append(entry.take)
        else:
            keys |= fingerprints(entry.document.value)
    return Cassette.of(takes, keys)


@dataclass(frozen=True)
class Entry:
    """A document of a cassette and what keeps it from being read. take: None for the header and for what is no take."""

    document: Document
    errors: tuple[DocumentError, ...] = ()
    take: Take | None = None


def entries(text: str, models: Models) -> Iterator[Entry]:
    """The documents of a cassette with everything that is wrong with them. Raises DocumentError for what is no YAML."""
    stream = documents(text)
    header = next(stream, None)
    if header is None:
        empty = DocumentError(1, "", "the file is empty", "a cassette begins with `version: 1`")
        yield Entry(Document(None, {(): 1}), (empty,))
        return
    yield Entry(header, header.errors(header_problems(header.value)))
    tokens: defaultdict[Track, _Tokens] = defaultdict(dict)
    for document in stream:
        if errors := document.errors(take_problems(document.value, models)):
            yield Entry(document, errors)
        else:
            take = take_of(document.value, models)
            yield Entry(document, document.errors(_repeated(document, take, tokens[take.track])), take)


_Tokens = dict[str, tuple[Take, int, int]]
"""The tokens of a track: the take that has it, the line where the take begins, and that of the token."""


def _repeated(document: Document, take: Take, tokens: _Tokens) -> Iterator[Problem]:
    """The tokens that other pages of the track have as well; of a take that was there before, only that it was."""
    for i, page in enumerate(take.pages):
        if page.token is None:
            continue
        here = (take, document.line(()), document.line(("pages", i, "token")))
        other, start, line = first = tokens.setdefault(page.token, here)
        if first is here:
            continue
        if other is not take and other.pages == take.pages:
            problem = f"the take stands twice, the first time in line {start}"
            yield Problem((), problem, "take one of the two out")
            return
        problem = f"another page of the track has this token, in line {line}"
        yield Problem(("pages", i, "token"), problem, "tokens of a track must differ")


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

    def errors(self, problems: Iterable[Problem]) -> tuple[DocumentError, ...]:
        """As many of them as anybody reads."""
        return tuple(self.error(each.path, each.problem, each.tip) for each in islice(problems, MAX_ERRORS))


def documents(text: str, text_tags: Collection[str] = ()) -> Iterator[Document]:
    """The documents of a YAML stream that cassettes may be made of, whatever they say. Raises DocumentError.

    text_tags: tags that other tools put on texts, and that say nothing more.
    """
    text = text.removeprefix("\ufeff")
    try:
        events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                reader = _Reader(text, events, text_tags)
                value = reader.value(next(events), ())
                yield Document(value, reader.lines)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, error) from None
    except UnicodeEncodeError:
        raise DocumentError(1, "", "not YAML: half a surrogate pair") from None
    except yaml.YAMLError as error:  # of a character, such as NUL, that no YAML has
        before = text.encode("utf-8", "replace")[: getattr(error, "position", None) or 0]
        raise DocumentError(before.count(b"\n") + 1, "", "not YAML: a control character") from None


def _syntax_error(text: str, error: yaml.MarkedYAMLError) -> DocumentError:
    """What PyYAML found, in our words: its own differ between versions.

    Depth comes first. To tell whether `[` begins a key PyYAML reads ahead, and from 6.0.4 on it refuses what nests
    deeper than 1,000 levels there, before `_Reader` has seen any of them.
    """
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return DocumentError(1, "", "not YAML")
    line = mark.line + 1
    begin = text.rfind("\n", 0, mark.index) + 1
    if _is_deep(text[max(begin, mark.index - _READ_AHEAD) : mark.index]):
        return DocumentError(line, "", _TOO_DEEP)
    rest = text[mark.index :]
    if not rest.strip():
        problem = "the text ends before a value, a quote or a bracket does"
    elif "\t" in _INDENTATION.match(text, begin)[0]:  # type: ignore[index]
        problem = "a tab in the indentation, where only spaces may be"
    elif rest.startswith(":"):
        problem = "a colon that ends no key; quote a text that has one"
    elif isinstance(error, yaml.scanner.ScannerError) and rest[0] in "@`%":
        problem = f"a text that begins with {rest[0]} needs quotes"
    elif isinstance(error, yaml.scanner.ScannerError):
        problem = "a text, a tag or an escape that can't be read; quote the text"
    else:
        problem = "a value or a sign that doesn't belong here; compare indentation, brackets and commas"
    return DocumentError(line, "", f"not YAML at column {mark.column + 1}: {problem}")


def _is_deep(ahead: str) -> bool:
    """Whether what PyYAML has read ahead nests deeper than a document may."""
    return sum(map(ahead.count, "[{")) - sum(map(ahead.count, "]}")) > MAX_DEPTH


class _Reader:
    """Builds one document's value from YAML events."""

    def __init__(self, text: str, events: Iterator[yaml.Event], text_tags: Collection[str]) -> None:
        self._text = text
        self._events = events
        self._text_tags = text_tags
        self.lines: dict[Path, int] = {}

    def value(self, event: yaml.Event, path: Path) -> Value:
        line = _line(event)
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refused(event, path, "anchors and aliases are not allowed", "write the value out")
        if len(path) > MAX_DEPTH:
            raise DocumentError(line, "", _TOO_DEEP)
        if len(self.lines) > MAX_VALUES:
            raise DocumentError(line, "", f"more than {MAX_VALUES:,} values")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, line)
        if isinstance(event, yaml.CollectionStartEvent) and event.tag is not None:
            raise self._refused(event, path, f"the tag {event.tag} is not allowed")
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

    def _refused(self, event: yaml.Event, path: Path, problem: str, tip: str = "") -> DocumentError:
        """What is wrong with an event, unless what follows it nests too deep: PyYAML may have refused that first."""
        line, at = _line(event), event.start_mark.index if event.start_mark else 0
        if _is_deep(self._text[at : at + _READ_AHEAD].partition("\n")[0]):
            return DocumentError(line, "", _TOO_DEEP)
        return DocumentError(line, spelled(path), problem, tip)

    def _key(self, event: yaml.Event, path: Path, members: Mapping[str, Value]) -> str:
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(event, path, "a key is not a text")
        if event.anchor is not None or event.tag not in (None, *self._text_tags):
            raise DocumentError(line, spelled(path), "anchors and tags on a key are not allowed")
        key: str = event.value
        if len(key) > MAX_KEY:
            raise DocumentError(line, spelled(path), f"a key of more than {MAX_KEY:,} characters")
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
        text: str = event.value
        if len(text) > MAX_TEXT:
            raise DocumentError(line, spelled(path), f"a text of more than {MAX_TEXT:,} characters")
        if event.tag in self._text_tags:
            return text
        if event.tag is not None:
            raise DocumentError(line, spelled(path), f"the tag {event.tag} is not allowed")
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
