"""Reads files of placebo, https://github.com/garnaat/placebo, one for each response: `[PREFIX.]iam.ListRoles_1.json`.

A file holds the response as boto3 returned it, with datetimes as objects, and nothing of the request. Bytes are text,
or base64: placebo's releases can't save them, people and patches write either. The number counts the responses of an
operation, so the token of a page is in the file before it. Nothing tells the order of two operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Operation, Shape, child_shape
from awstape.core.aws.paging import next_token
from awstape.core.aws.protocols.encodings.scalars import decode_blob
from awstape.core.aws.wire import Request, Response, WireError
from awstape.formats.imports.boto3_values import answer_from_error, answer_from_output, encode_exchange, find_service
from awstape.formats.imports.entries import Entry, ImportedExchange, ImportOptions, read_item
from awstape.formats.imports.file_parsing import NotReadableError, load_file

TITLE = "an answer of placebo"
_NAME = re.compile(r"(?:.+\.)?(?P<service>[\w-]+)\.(?P<operation>\w+)_(?P<number>[1-9]\d{0,8})\.json")


def recognises(content: Any) -> bool:
    """Whether a parsed file is one of placebo."""
    return isinstance(content, dict) and content.keys() == {"status_code", "data"}


def number_of(path: Path) -> int:
    """The number of a file among those of its operation, 0 for a file that is not placebo's."""
    match = _NAME.fullmatch(path.name)
    return int(match["number"]) if match else 0


def read(path: Path, content: Any, options: ImportOptions) -> Iterator[Entry]:
    """Yields the one exchange of a file."""

    def exchange(content: Any) -> tuple[Request, Response | None]:
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise WireError("the file name is not one of placebo, such as iam.ListRoles_1.json")
        operation = find_service(match["service"]).operations.get(match["operation"])
        if operation is None:
            raise WireError("the file name has no known operation; a newer botocore may know it")
        answer = _answer(operation, content)
        return encode_exchange(operation, None, answer, _token_before(path, operation), options)

    entry = read_item(str(path), exchange, content)
    yield replace(entry, has_order=False) if isinstance(entry, ImportedExchange) else entry


def _token_before(path: Path, operation: Operation) -> str | None:
    """The token in the file before this one, None if it has none. Raises WireError if that file is missing."""
    number = number_of(path)
    if number == 1 or operation.paging is None:
        return None
    try:
        before = load_file(path.with_name(path.name.replace(f"_{number}.json", f"_{number - 1}.json")))
        return next_token(operation, _answer(operation, before).output or {})
    except NotReadableError:
        raise WireError(f"{operation.name}: the file with the page before this one is missing") from None


def _answer(operation: Operation, content: Any) -> Answer:
    data = _restore(content["data"], operation.output)
    if "Error" not in data:
        return answer_from_output(operation, data)
    error = dict(data.pop("Error"))
    code, message = error.pop("Code"), error.pop("Message", None)
    others = {name: item for name, item in data.items() if name not in ("ResponseMetadata", "message", "Message")}
    return answer_from_error(content["status_code"], code, message, {**error, **others})


def _restore(value: Any, shape: Shape | None) -> Any:
    """A value as boto3 returned it, from placebo's JSON."""
    match value:
        case {"__class__": "datetime"}:
            return datetime(**{k: item for k, item in value.items() if not k.startswith("__")}, tzinfo=UTC)
        case str() if shape and shape.type == "blob":
            with suppress(WireError):
                return decode_blob(value)
        case str() if shape and shape.percent_encoded and value.lstrip()[:3].upper() == "%7B":
            return unquote(value)  # placebo saves responses before botocore decodes policy documents
        case list():
            return [_restore(item, child_shape(shape, i)) for i, item in enumerate(value)]
        case dict():
            return {name: _restore(item, child_shape(shape, name)) for name, item in value.items()}
    return value
