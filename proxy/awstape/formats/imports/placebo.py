"""Files of placebo, https://github.com/garnaat/placebo, one an answer: `[PREFIX.]iam.ListRoles_1.json`.

They hold what boto3 made of an answer, with datetimes as objects and bytes in base64, and nothing of the request. The
number counts the answers to an operation, so the token that led to a page is in the file before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from awstape.core.aws.answer import Answer
from awstape.core.aws.model import Operation, Shape, below
from awstape.core.aws.operation import unblob
from awstape.core.aws.paging import next_token
from awstape.core.aws.wire import Request, Response, WireError
from awstape.formats.imports.boto3_values import answer_from_error, answer_from_output, encode_exchange, find_service
from awstape.formats.imports.entries import Entry, ImportOptions, read_item
from awstape.formats.imports.file_parsing import NotReadableError, load_file

_NAME = re.compile(r"(?:.+\.)?(?P<service>[\w-]+)\.(?P<operation>\w+)_(?P<number>[1-9]\d{0,8})\.json")


def recognises(content: Any) -> bool:
    """Whether a parsed file is one."""
    return isinstance(content, dict) and content.keys() == {"status_code", "data"}


def number_of(path: Path) -> int:
    """The number of a file among those of its operation, 0 for a file that is none of placebo's."""
    match = _NAME.fullmatch(path.name)
    return int(match["number"]) if match else 0


def read(path: Path, content: Any, options: ImportOptions) -> Iterator[Entry]:
    """The one exchange of a file."""

    def made(kept: Any) -> tuple[Request, Response | None]:
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise WireError("the name of the file is not as placebo's: iam.ListRoles_1.json")
        operation = find_service(match["service"]).operations.get(match["operation"])
        if operation is None:
            raise WireError("the name of the file has no operation of the service; a newer botocore may know it")
        answer = _answer(operation, kept)
        return encode_exchange(operation, None, answer, _token_before(path, operation), options)

    yield read_item(str(path), made, content)


def _token_before(path: Path, operation: Operation) -> str | None:
    """The token that the file before this one gives out, if it does."""
    number = number_of(path)
    if number == 1 or operation.paging is None:
        return None
    try:
        before = load_file(path.with_name(path.name.replace(f"_{number}.json", f"_{number - 1}.json")))
        return next_token(operation, _answer(operation, before).output or {})
    except NotReadableError:
        raise WireError(f"{operation.name}: the file with the answer before this one is missing") from None


def _answer(operation: Operation, kept: Any) -> Answer:
    data = _revived(kept["data"], operation.output)
    if "Error" not in data:
        return answer_from_output(operation, data)
    error = dict(data.pop("Error"))
    code, message = error.pop("Code"), error.pop("Message", None)
    others = {name: item for name, item in data.items() if name not in ("ResponseMetadata", "message", "Message")}
    return answer_from_error(kept["status_code"], code, message, {**error, **others})


def _revived(value: Any, shape: Shape | None) -> Any:
    """A value as boto3 gave it to placebo."""
    match value:
        case {"__class__": "datetime"}:
            return datetime(**{k: item for k, item in value.items() if not k.startswith("__")}, tzinfo=UTC)
        case str() if shape and shape.type == "blob":
            return unblob(value)
        case str() if shape and shape.percent_encoded and value.lstrip()[:3].upper() == "%7B":
            return unquote(value)  # placebo listens before botocore decodes policy documents
        case list():
            return [_revived(item, below(shape, i)) for i, item in enumerate(value)]
        case dict():
            return {name: _revived(item, below(shape, name)) for name, item in value.items()}
    return value
