"""Python source with botocore's Stubber: a function for each client, which stubs what was recorded.

1. Stubber is strict: calls come in the order of the cassette, with the parameters that were recorded. The token of a
   page is what the page before gave out, so botocore's paginators work. A limit may be any, but must be there where one
   was recorded, and only there.
2. Stubber hands out what it is given where the parser would stand. So times are datetimes and blobs are bytes; policy
   documents are text, of which botocore's client makes objects after that, unquoting it first: its % are quoted.
   There is no ResponseMetadata.
3. Stubber checks answers against the service model. A track with an answer that it would refuse is left out.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import botocore.exceptions
import botocore.model
from botocore import xform_name
from botocore.validate import validate_parameters

from awstape.catalog import catalog
from awstape.catalog.botocore_values import for_botocore
from awstape.core.cassette.cassette import Track
from awstape.core.view.selectors import Chosen
from awstape.formats.exports.exchanges import Exchange, LeftOut, Note, exchanges, limit_note, unmodelled_notes

_WIDTH = 88
_INDENT = "    "
_MODULE = '''\
"""Stubs of botocore clients, exported by awstape from a cassette.

Call them in the order in which the answers stand here:

    with stub_{example}(client):
        ...
"""

'''


class _Any:
    """Stands for botocore's ANY."""


@dataclass(frozen=True)
class Stubs:
    """The statements that stub a track."""

    track: Track
    source: str


def part(chosen: Chosen, note: Note) -> Stubs:
    """The stubs of a track."""
    source = [f"{_INDENT}# {chosen.track}\n"]
    source += [_stub(exchange, note) for exchange in exchanges(chosen)]
    for said in (*limit_note(chosen, "Stubber answers only who asks for a limit"), *unmodelled_notes(chosen)):
        note(said)
    return Stubs(chosen.track, "".join(source))


def whole(parts: Sequence[Stubs]) -> str:
    """The module."""
    functions = dict(_functions(parts))
    body = "\n\n".join(functions.values())
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    imports = "from datetime import datetime, timezone\n\n" if "datetime" in names else ""
    imports += "from botocore.client import BaseClient\n"
    imports += f"from botocore.stub import {'ANY, ' if 'ANY' in names else ''}Stubber\n"
    return f"{_MODULE.format(example=next(iter(functions)))}{imports}\n\n{body}"


def _functions(parts: Iterable[Stubs]) -> Iterator[tuple[str, str]]:
    """(name without stub_, source): one a service, or one a region where a service was asked in several."""
    clients: dict[tuple[str, str], list[str]] = {}
    for stubs in parts:
        clients.setdefault((stubs.track.service, stubs.track.region or ""), []).append(stubs.source)
    for service, region in clients:
        is_alone = sum(other == service for other, _ in clients) == 1
        name = service if is_alone or not region else f"{service}_{region.replace('-', '_')}"
        yield name, _FUNCTION.format(name=name, stubs="".join(clients[service, region]))


_FUNCTION = """\
def stub_{name}(client: BaseClient) -> Stubber:
    stubber = Stubber(client)
{stubs}    return stubber
"""


# --- calls ------------------------------------------------------------------------------------------------------


def _stub(exchange: Exchange, note: Note) -> str:
    """The statement that stubs a page."""
    answer = exchange.parsed(_document)
    paging = exchange.operation.paging
    expected = for_botocore(exchange.asked, exchange.operation.input)
    if paging and paging.limit in expected:
        expected[paging.limit] = _Any()
    method = xform_name(exchange.operation.name)
    failure = exchange.page.answer.error
    problem = _refused(exchange, answer)
    if failure is None and problem:
        raise LeftOut(f"Stubber refuses page {exchange.number}: {problem}")
    if failure is None:
        return _call("add_response", [method, answer, expected])
    if problem:
        note(f"left out the members of its error, which Stubber refuses: {problem}")
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


def _refused(exchange: Exchange, answer: dict[str, Any]) -> str | None:
    """Why Stubber refuses an answer; by the same check as in botocore/stub.py."""
    plan = catalog.plan(exchange.operation)
    shape: botocore.model.Shape | None = plan.output_shape
    if exchange.page.answer.error:
        shape = plan.service_model.shape_for_error_code(answer["Error"].get("Code", ""))
        answer = {name: value for name, value in answer.items() if name != "Error"}
    if shape is None:
        return "it is of no shape" if answer else None
    try:
        validate_parameters(answer, shape)
    except botocore.exceptions.ParamValidationError as error:
        return " ".join(str(error.kwargs["report"]).splitlines())
    return None


def _document(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return quote(text, safe="")  # what a client sees of a document that is no JSON
    return text.replace("%", "%25")


# --- literals ---------------------------------------------------------------------------------------------------


def _literal(value: Any, indent: str, before: str = "") -> str:
    """A value as Python source, laid out as ruff and black do. before: what stands before it on its line."""
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
    """In double quotes, unless that takes more backslashes."""
    text = repr(value)
    if text.endswith('"') or text.count('"') > text.count("\\'"):
        return text
    prefix, _, quoted = text.removesuffix("'").partition("'")
    escaped = quoted.replace("\\'", "'").replace('"', '\\"')
    return f'{prefix}"{escaped}"'
