"""Validates the value of a document as a header or a take, reports every problem with its path, and builds the take.

1. A take has the keys of the format and no others, each of its type, and an operation that is in the service model.
   What it comes after is a take of a write.
   Its region, account and principal are spelled as such. A take without an account has that of the header.
2. Identity and outputs conform to the service model. Members that are not in the model are allowed in an identity
   (a newer SDK may send them), and in an output if the page lists them as `unmodelled`.
3. The pages are a chain: the first has no token, each other one the token in the output of the page before it. After a
   hole, a page has any token.
4. The protocol can write each page as a response.
5. One problem hides as few others as possible: if the operation is unknown, the keys of the pages are still validated.
   Problems come in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from awstape.core.aws.access_keys import ACCOUNT, PRINCIPAL
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import describe_type, did_you_mean, input_misfits, output_misfits
from awstape.core.aws.member_paths import Path, path_pattern
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.paging import next_token
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.routing import REGION, REGION_TIP
from awstape.core.aws.wire import FIRST_ERROR_STATUS, LAST_STATUS, WireError
from awstape.core.cassette.cassette import After, Page, Take, Track
from awstape.core.cassette.faults import Fault, FaultError
from awstape.core.text.lazy_pattern import lazy_pattern

VERSION = 1
#: The file with the schema, beside the cassette: it has no public address.
SCHEMA_FILE = "awstape.schema.json"

_FINGERPRINT = lazy_pattern(r"[a-z2-7]{12}")
HEADER_KEYS = {"version": int, "key": str, "account": str, "apart": list}
_TRACK_KEYS = {"service": str, "operation": str, "region": str, "account": str, "principal": str, "identity": dict}
_TAKE_KEYS = {**_TRACK_KEYS, "after": dict, "faults": list, "pages": list}
_AFTER_KEYS = {**_TRACK_KEYS, "take": int}
_PAGE_KEYS = {"token": str, "limit": int, "output": dict, "error": dict, "hole": str, "unmodelled": list}
_ERROR_KEYS = {"status": int, "code": str, "message": str, "members": dict}
#: A key in the first document of a file → what kind of file it is.
_OTHER_TOOLS = {"interactions": "a recording of VCR.py or cassetter", "log": "an HTTP archive (HAR)"}
_TYPE_NAMES: Mapping[type, str] = {str: "text", int: "a number", dict: "a mapping", list: "a list"}

T = TypeVar("T", str, dict[str, Any], list[Any])


class Problem(NamedTuple):
    """A problem at a place of a document.

    tip: what to do about it, may be empty. kind: the class of the problem, for programs.
    """

    path: Path
    problem: str
    tip: str = ""
    kind: str = "format"


# --- the header -------------------------------------------------------------------------------------------------


def header_problems(value: Value) -> Iterator[Problem]:
    """The problems of a document as the header of a cassette."""
    version = value.get("version") if isinstance(value, dict) else None
    for member, tool in _OTHER_TOOLS.items():
        if isinstance(value, dict) and member in value:
            yield Problem((), f"{tool}, not a cassette of awstape", "awstape import FILE -o CASSETTE reads it")
            return
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        problem = f"version {version} of the format; this awstape knows version {VERSION}"
        yield Problem(("version",), problem, "pip install --upgrade awstape")
        return
    if not isinstance(value, dict) or version != VERSION or isinstance(version, bool):
        yield Problem((), "a cassette begins with a document `version: 1`", "is this file a cassette?")
        return
    yield from _key_problems(value, (), HEADER_KEYS)
    if (key := _typed(value, "key", str)) is not None and not _FINGERPRINT.fullmatch(key):
        tip = "it identifies the key that the aliases were made with; leave it out if it is unknown"
        yield Problem(("key",), "not the fingerprint of a key", tip)
    yield from _account_problems(value, ())
    for i, mark in enumerate(_typed(value, "apart", list) or ()):
        if not isinstance(mark, str) or not _FINGERPRINT.fullmatch(mark):
            yield Problem(("apart", i), "not a mark", "awstape writes the marks; leave out what is none")


def _account_problems(value: dict[str, Value], path: Path) -> Iterator[Problem]:
    if (account := _typed(value, "account", str)) is not None and not ACCOUNT.fullmatch(account):
        tip = "it has twelve digits, or is caller-… as awstape alias --kind caller makes it from an access key id"
        yield Problem((*path, "account"), "not the account of a caller", tip)


def header_account(header: Value) -> str | None:
    """The account in a header without problems, None if it has none."""
    return str(header["account"]) if isinstance(header, dict) and "account" in header else None


def header_marks(header: Value) -> frozenset[str]:
    """The marks in a header without problems."""
    marks = header.get("apart") if isinstance(header, dict) else None
    return frozenset(map(str, marks)) if isinstance(marks, list) else frozenset()


def key_fingerprints(header: Value) -> set[str]:
    """The fingerprint of the key in a header without problems; an empty set if it has none."""
    return {str(header["key"])} if isinstance(header, dict) and "key" in header else set()


# --- takes ------------------------------------------------------------------------------------------------------


def take_problems(value: Value, models: Models) -> Iterator[Problem]:
    """The problems of a document as a take."""
    yield from _key_problems(value, (), _TAKE_KEYS, ("service", "operation", "identity", "pages"))
    if not isinstance(value, dict):
        return
    operation = find_operation(value, models)
    yield from _track_problems(value, models, ())
    if (after := _typed(value, "after", dict)) is not None:
        yield from _after_problems(after, models)
    if (region := _typed(value, "region", str)) is not None and not REGION.fullmatch(region):
        yield Problem(("region",), "not the name of a region", REGION_TIP)
    pages = _typed(value, "pages", list)
    if pages == []:
        yield Problem(("pages",), "a take has at least one page")
    for i, page in enumerate(pages or ()):
        yield from _page_problems(page, operation, ("pages", i))
    if operation:
        yield from _chain_problems(operation, pages or [])
    for i, text in enumerate(_typed(value, "faults", list) or ()):
        yield from _fault_problems(text, ("faults", i))


def _track_problems(value: dict[str, Value], models: Models, path: Path) -> Iterator[Problem]:
    """The problems of service, operation, caller and identity, at a path of the document."""
    operation = find_operation(value, models)
    yield from _account_problems(value, path)
    if (principal := _typed(value, "principal", str)) is not None and not PRINCIPAL.fullmatch(principal):
        tip = "it is role/NAME, user/NAME, federated-user/NAME or root, with the alias of the name"
        yield Problem((*path, "principal"), "not a principal of an account", tip)
    if operation is None:
        yield from (found._replace(path=(*path, *found.path)) for found in _operation_problems(value, models))
    if operation and (identity := _typed(value, "identity", dict)) is not None:
        for misfit in input_misfits(identity, operation.input):
            yield Problem((*path, "identity", *misfit.path), misfit.problem)


def _after_problems(after: dict[str, Value], models: Models) -> Iterator[Problem]:
    yield from _key_problems(after, ("after",), _AFTER_KEYS, ("service", "operation", "identity", "take"))
    yield from _track_problems(after, models, ("after",))
    if type(take := after.get("take")) is int and take < 1:
        yield Problem(("after", "take"), "takes are counted from 1")
    write = find_operation(after, models)
    if write and write.is_read:
        yield Problem(("after", "operation"), f"{write.name} is a read", "a take comes after a write")


def find_operation(value: Value, models: Models) -> Operation | None:
    """The operation that a document names, if the models have it; other problems of the document do not matter."""
    if not isinstance(value, dict):
        return None
    service = models.services.get(_typed(value, "service", str) or "")
    return service.operations.get(_typed(value, "operation", str) or "") if service else None


def build_take(value: Any, models: Models, account: str | None = None) -> Take:
    """The take of a document without problems. account: that of the header."""
    after = value.get("after")
    pages = tuple(_build_page(page) for page in value["pages"])
    faults = tuple(Fault.parse(text) for text in value.get("faults", ()))
    write = After(_build_track(after, models, account), after["take"]) if after else None
    return Take(_build_track(value, models, account), pages, faults, write)


def _build_track(value: Any, models: Models, account: str | None) -> Track:
    operation = models.operation(value["service"], value["operation"])
    account = value.get("account", account)
    where = value.get("region"), value["identity"], account, value.get("principal")
    return Track(operation.service.name, operation.name, *where)


def _build_page(page: Any) -> Page:
    return Page(page.get("token"), page.get("limit"), _build_answer(page), page.get("hole"))


def _build_answer(page: Any) -> Answer:
    if "hole" in page:
        return Answer()
    unmodelled = tuple(page.get("unmodelled", ()))
    if (error := page.get("error")) is None:
        return Answer(page["output"], unmodelled=unmodelled)
    failure = Failure(error["status"], error.get("code"), error.get("message"), error.get("members", {}))
    return Answer(error=failure, unmodelled=unmodelled)


def _operation_problems(value: dict[str, Value], models: Models) -> Iterator[Problem]:
    service_name, name = _typed(value, "service", str), _typed(value, "operation", str)
    service = models.services.get(service_name or "")
    if service_name is not None and service is None:
        yield Problem(("service",), f"unknown service{did_you_mean(service_name, models.services)}")
    elif name is not None and service is not None:
        hint = did_you_mean(name, service.operations)
        yield Problem(("operation",), f"{service.name} has no such operation{hint}")


def _page_problems(page: Value, operation: Operation | None, path: Path) -> Iterator[Problem]:
    problems = list(_format_problems(page, operation, path))
    yield from problems
    if operation and not problems and isinstance(page, dict) and "hole" not in page:
        try:
            write_response(operation, _build_answer(page), "")
        except WireError as error:
            yield Problem(path, str(error), "no response of the service can hold it")


def _format_problems(page: Value, operation: Operation | None, path: Path) -> Iterator[Problem]:
    yield from _key_problems(page, path, _PAGE_KEYS)
    if not isinstance(page, dict):
        return
    contents = [name for name in ("output", "error", "hole") if name in page]
    if len(contents) != 1 or page.get("hole") == "":
        yield Problem(path, "a page has either an output, an error or a hole with its reason")
    if type(limit := page.get("limit")) is int and limit < 1:
        yield Problem((*path, "limit"), "a limit is at least 1")
    unmodelled = _typed(page, "unmodelled", list) or []
    wrong = ((i, name) for i, name in enumerate(unmodelled) if not isinstance(name, str))
    yield from (Problem((*path, "unmodelled", i), f"expected text, got {describe_type(name)}") for i, name in wrong)
    if (error := _typed(page, "error", dict)) is not None:
        yield from _failure_problems(error, (*path, "error"))
    if operation and (output := _typed(page, "output", dict)) is not None:
        for misfit in output_misfits(operation, output):
            if not misfit.unknown or path_pattern(misfit.path) not in unmodelled:
                tip = "list it under `unmodelled` of the page if AWS really sends it" if misfit.unknown else ""
                yield Problem((*path, "output", *misfit.path), misfit.problem, tip)


def _failure_problems(error: dict[str, Value], path: Path) -> Iterator[Problem]:
    yield from _key_problems(error, path, _ERROR_KEYS, ("status",))
    if type(status := error.get("status")) is int and not FIRST_ERROR_STATUS <= status <= LAST_STATUS:
        yield Problem((*path, "status"), f"the status of an error is between {FIRST_ERROR_STATUS} and {LAST_STATUS}")


def _chain_problems(operation: Operation, pages: list[Value]) -> Iterator[Problem]:
    expected: str | None = None
    is_known = True  # whether the token after the page before is known
    for i, page in enumerate(pages):
        fields = page if isinstance(page, dict) else {}
        before = pages[i - 1] if i else None
        token, output = fields.get("token"), fields.get("output")
        if i and token is None and isinstance(before, dict) and "hole" in before:
            yield Problem(("pages", i), "only the first page of a take has no token")
        elif is_known and token != expected and (token is None or isinstance(token, str)):
            where: Path = ("pages", i, "token") if token is not None else ("pages", i)
            problem = "the first page of a take has no token" if i == 0 else "the page before does not lead here"
            yield Problem(where, problem, "a page's token is the one in the output of the page before")
        expected = next_token(operation, output) if isinstance(output, dict) else None
        is_known = isinstance(output, dict) or isinstance(fields.get("error"), dict)
        if is_known and expected is None and i + 1 < len(pages):
            yield Problem(("pages", i), "more pages follow, but this page has no next token")
            is_known = False  # reported once


def _fault_problems(text: Value, path: Path) -> Iterator[Problem]:
    if not isinstance(text, str):
        yield Problem(path, f"expected text, got {describe_type(text)}")
        return
    try:
        fault = Fault.parse(text)
    except FaultError as error:
        yield Problem(path, str(error), error.tip)
        return
    if fault.operation is not None:
        yield Problem(path, "a fault of a take names no operation", f"it belongs to the take: {fault.kind} …")


# --- mappings of the format -------------------------------------------------------------------------------------


def _key_problems(
    value: Value, path: Path, known: Mapping[str, type], required: tuple[str, ...] = ()
) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, f"expected a mapping with {', '.join(known)}, got {describe_type(value)}")
        return
    for name, item in value.items():
        if name not in known:
            yield Problem((*path, name), f"unknown key{did_you_mean(name, known)}", f"known: {', '.join(known)}")
        elif not isinstance(item, known[name]) or isinstance(item, bool):
            yield Problem((*path, name), f"expected {_TYPE_NAMES[known[name]]}, got {describe_type(item)}")
    for name in required:
        if name not in value:
            yield Problem(path, f"the key {name} is missing")


def _typed(value: Mapping[str, Value], name: str, type_: type[T]) -> T | None:
    """The value of a key, if it is of the expected type."""
    item = value.get(name)
    return item if isinstance(item, type_) else None
