"""Exports Python source that uses botocore's Stubber: for each client a function that stubs the recorded responses.

1. Stubber is strict: it expects the calls in the order of the cassette, with the recorded parameters. The token of a
   page equals the one in the page before, so botocore's paginators work. A limit may have any value, but must be sent
   where one was recorded, and only there.
2. A stubbed response replaces the output of botocore's parser. So times are datetimes, blobs are bytes, and there is no
   ResponseMetadata. Policy documents are text that botocore's client unquotes and parses afterwards: their % are
   percent-encoded.
3. Stubber validates responses against the service model. A track with a response that it would refuse is left out.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import botocore.exceptions
import botocore.model
from botocore import xform_name
from botocore.validate import validate_parameters

from awstape.catalog.botocore_values import to_botocore
from awstape.catalog.response_parser import operation_model
from awstape.core.cassette.cassette import Track
from awstape.core.view.selectors import SelectedTrack
from awstape.formats.exports.exported_pages import (
    AddNote,
    ExportedPage,
    UnsupportedTrackError,
    exported_pages,
    limit_notes,
    unmodelled_notes,
)

_WIDTH = 88
_INDENT = "    "
_MODULE = '''\
"""Stubs of botocore clients, exported by awstape from a cassette.

Call the methods in the order of the responses below:

    with stub_{example}(client):
        ...
"""

'''


class _Any:
    """A placeholder for botocore's ANY."""


@dataclass(frozen=True)
class Stubs:
    """The statements that stub a track."""

    track: Track
    source: str


def convert_track(chosen: SelectedTrack, add_note: AddNote) -> Stubs:
    """The stubs of a track."""
    source = [f"{_INDENT}# {chosen}\n"]
    source += [_stub(exported, add_note) for exported in exported_pages(chosen)]
    for note in (*limit_notes(chosen, "Stubber answers only requests with a limit"), *unmodelled_notes(chosen)):
        add_note(note)
    return Stubs(chosen.track, "".join(source))


def assemble(parts: Sequence[Stubs]) -> str:
    """The module."""
    functions = dict(_functions(parts))
    body = "\n\n".join(functions.values())
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    imports = "from datetime import datetime, timezone\n\n" if "datetime" in names else ""
    imports += "from botocore.client import BaseClient\n"
    imports += f"from botocore.stub import {'ANY, ' if 'ANY' in names else ''}Stubber\n"
    return f"{_MODULE.format(example=next(iter(functions)))}{imports}\n\n{body}"


def _functions(parts: Iterable[Stubs]) -> Iterator[tuple[str, str]]:
    """(name without stub_, source): one for each service, or for each region and caller if it has several."""
    clients: dict[tuple[str, str, str], list[str]] = {}
    for stubs in parts:
        client = (stubs.track.service, stubs.track.region or "", stubs.track.caller or "")
        clients.setdefault(client, []).append(stubs.source)
    names = Counter[str]()
    for client in clients:
        same = [other for other in clients if other[0] == client[0]]
        differing = [field for i, field in enumerate(client) if i and len({other[i] for other in same}) > 1]
        name = re.sub(r"\W", "_", "_".join(part for part in (client[0], *differing) if part), flags=re.ASCII)
        names[name] += 1
        name += f"_{names[name]}" if names[name] > 1 else ""
        yield name, _FUNCTION.format(name=name, stubs="".join(clients[client]))


_FUNCTION = """\
def stub_{name}(client: BaseClient) -> Stubber:
    stubber = Stubber(client)
{stubs}    return stubber
"""


# --- calls ------------------------------------------------------------------------------------------------------


def _stub(exported: ExportedPage, add_note: AddNote) -> str:
    """The statement that stubs a page."""
    answer = exported.parse(_document)
    paging = exported.operation.paging
    expected = to_botocore(exported.input, exported.operation.input)
    if paging and paging.limit in expected:
        expected[paging.limit] = _Any()
    method = xform_name(exported.operation.name)
    failure = exported.page.answer.error
    problem = _refusal(exported, answer)
    if failure is None and problem:
        raise UnsupportedTrackError(f"Stubber refuses page {exported.number}: {problem}")
    if failure is None:
        return _call("add_response", [method, answer, expected])
    if problem:
        add_note(f"left out the members of its error, which Stubber refuses: {problem}")
    error = answer.pop("Error")
    meta = {name: value for name, value in error.items() if name not in ("Code", "Message")}
    named = {"service_error_meta": meta, "modeled_fields": {} if problem else answer}
    named = {name: value for name, value in named.items() if value}
    arguments = [method, error.get("Code", ""), error.get("Message", ""), failure.status]
    return _call("add_client_error", arguments, {**named, "expected_params": expected})


def _call(name: str, arguments: Iterable[Any], named: dict[str, Any] | None = None) -> str:
    inner = _INDENT * 2
    lines = [_line(value, inner) for value in arguments]
    lines += [_line(value, inner, f"{name}=") for name, value in (named or {}).items()]
    return f"{_INDENT}stubber.{name}(\n{''.join(lines)}{_INDENT})\n"


def _refusal(exported: ExportedPage, answer: dict[str, Any]) -> str | None:
    """Why Stubber refuses an answer, None if it doesn't; the same check as in botocore/stub.py."""
    plan = operation_model(exported.operation)
    shape: botocore.model.Shape | None = plan.output_shape
    if exported.page.answer.error:
        shape = plan.service_model.shape_for_error_code(answer["Error"].get("Code", ""))
        answer = {name: value for name, value in answer.items() if name != "Error"}
    if shape is None:
        return "it has no shape in the service model" if answer else None
    try:
        validate_parameters(answer, shape)
    except botocore.exceptions.ParamValidationError as error:
        return " ".join(str(error.kwargs["report"]).splitlines())
    return None


def _document(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return quote(text, safe="")  # what a client returns for a document that is not JSON
    return text.replace("%", "%25")


# --- literals ---------------------------------------------------------------------------------------------------


def _literal(value: Any, indent: str, before: str = "") -> str:
    """A value as Python source, in the layout of ruff and black. before: the text before it on its line."""
    inner = indent + _INDENT
    is_short = len(indent + before) + len(text := _inline(value)) < _WIDTH  # a comma follows
    match value:
        case dict() if value:
            items = [_line(item, inner, f"{_text(name)}: ") for name, item in value.items()]
            return f"{{\n{''.join(items)}{indent}}}"
        case list() if value:
            return f"[\n{''.join(_line(item, inner) for item in value)}{indent}]"
        case datetime() if not is_short:
            return text.replace("(", f"(\n{inner}").replace(")", f"\n{indent})")
        case str() if not is_short and len(lines := value.splitlines(keepends=True)) > 1:
            texts = [f"{inner}{_text(line)}\n" for line in lines]
            return f"(\n{''.join(texts)}{indent})"
    return text


def _line(value: Any, indent: str, before: str = "") -> str:
    return f"{indent}{before}{_literal(value, indent, before)},\n"


def _inline(value: Any) -> str:
    match value:
        case dict() | list() if value:
            return ""
        case str() | bytes():
            return _text(value)
        case datetime():
            at = [value.year, value.month, value.day, value.hour, value.minute, value.second]
            at += [value.microsecond] if value.microsecond else []
            return f"datetime({', '.join(map(str, at))}, tzinfo=timezone.utc)"
        case _Any():
            return "ANY"
    return repr(value)


def _text(value: str | bytes) -> str:
    """A literal in double quotes, or in single quotes if those need fewer backslashes."""
    text = repr(value)
    if text.endswith('"') or text.count('"') > text.count("\\'"):
        return text
    prefix, _, quoted = text.removesuffix("'").partition("'")
    escaped = quoted.replace("\\'", "'").replace('"', '\\"')
    return f'{prefix}"{escaped}"'
