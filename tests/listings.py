"""Records and replays a made-up listing of every paginated operation of AWS, and counts those that come out equal.

    python tests/listings.py --service sqs

For each operation and each of its protocols: three pages that fit the service model become wire text, are recorded with
redaction, written as a cassette and read again; redacting it once more changes nothing. In every paging mode, the
paginator of botocore must then see the same items as in the original, under one renaming of strings. Operations without
one follow their shapes (`catalog.paging_rules`). The exceptions have their reasons.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from botocore.paginate import Paginator

from awstape.catalog.botocore_data import available_services, load_paginators
from awstape.catalog.botocore_values import build_request
from awstape.catalog.response_parser import operation_model, parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.member_paths import put_value, shape_at
from awstape.core.aws.model import Operation, Protocol, Shape, Value
from awstape.core.aws.paging import replace_token, token_members
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.alias_grammar import is_number_alias
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support.exchanges import KEY
from support.model_values import ValueMaker

PAGES = 3
MODES = ("recorded", "client", "2", "torture:1")
REGION = "eu-west-1"


#: Operations whose listings don't come out equal, and why.
EXCEPTIONS = {("s3", "ListParts"): "not paged"}


class UnequalError(Exception):
    """Why a listing does not come out equal."""


@dataclass(frozen=True)
class Outcome:
    """What became of a listing. problem: empty if it came out equal in every mode."""

    service: str
    operation: str
    protocol: Protocol
    has_paginator: bool
    problem: str = ""


def paginated(services: Iterable[str]) -> Iterator[tuple[Operation, bool]]:
    """The operations that page, and whether botocore has a paginator for them."""
    models = load_models()
    for name in services:
        paginators = load_paginators(name)
        for operation in models.services[name].operations.values():
            if operation.name in paginators or operation.paging:
                yield operation, operation.name in paginators


def try_listing(operation: Operation, has_paginator: bool) -> Iterator[Outcome]:
    """The outcomes of an operation, one for each protocol of its service."""
    service = operation.service
    for protocol in service.protocols:
        try:
            _check(operation, protocol)
            problem = ""
        except UnequalError as error:
            problem = str(error)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        yield Outcome(service.name, operation.name, protocol, has_paginator, problem)


def _check(operation: Operation, protocol: Protocol) -> None:
    """Raises UnequalError if a listing does not come out equal."""
    if operation.paging is None:
        raise UnequalError("not paged")
    if reason := _not_representable(operation):
        raise UnequalError(reason)
    region = REGION if operation.service.regional else None
    models = load_models((operation.service.name,))
    recorder = Recorder(models, Redactor(KEY), parse_response, include_writes=True)
    input_ = _input(operation)
    responses = list(_responses(operation, protocol))
    for token, response in responses:
        asked = build_request(operation, input_ | (token_members(operation, token) if token else {}), region, protocol)
        recorder.feed(asked, response)
    recording = recorder.finish()
    if recording.skipped or recording.set_aside:
        raise UnequalError(f"not recorded: {next(iter(recording.skipped), 'set aside')}")
    text = write_cassette(recording.cassette)
    cassette = read_cassette(text, models)
    if write_cassette(Redactor(KEY).redact_cassette(models, cassette)) != text:
        raise UnequalError("redacting it again changes it")
    expected = _items(operation, (parse_response(operation, response, protocol) for _, response in responses))
    for mode in MODES:
        player = Player(models, cassette, Redactor(KEY), has_key=True, paging=PagingMode.parse(mode))
        found = _items(operation, _pages(operation, protocol, player, input_, region))
        compare(expected, found, mode)


def _not_representable(operation: Operation) -> str:
    """Why a listing of the operation can't be made here; empty if it can."""
    members = (operation.output.members if operation.output else {}).values()
    if any(member.shape.event_stream for member in members):
        return "its answer is a stream of events"
    return ""


def _input(operation: Operation) -> dict[str, Value]:
    """The members of the input that are required, without those of paging."""
    shape, paging = operation.input, operation.paging
    if shape is None or paging is None:
        return {}
    in_path = {name for name, member in shape.members.items() if member.location == "uri" or member.host_label}
    return ValueMaker().members(shape, only=frozenset({*shape.required, *in_path} - paging.request_members))


def _responses(operation: Operation, protocol: Protocol) -> Iterator[tuple[str | None, Response]]:
    """The pages as wire text, each with the token that asks for it."""
    paging, maker = operation.paging, ValueMaker()
    assert paging and operation.output
    token = None
    lists = paging.items
    if paging.last_key:  # a page with keys of several lists has a token of its own
        lists = tuple(path for path in lists if path == paging.last_key[0])
    for number in range(1, PAGES + 1):
        is_last = number == PAGES
        output = maker.members(operation.output, only=frozenset(operation.output.members))
        output = replace_token(operation, output, None)
        if paging.echo:
            output = put_value(output, paging.echo, token or "")
        for path in paging.items:
            output = put_value(output, path, [])
        for path in lists:
            items = [item for _ in range(2) if (item := _item(maker, shape_at(operation.output, path))) is not None]
            output = put_value(output, path, items)
        for path in paging.counts:
            output = put_value(output, path, 2)
        if paging.more:
            output = put_value(output, paging.more, not is_last)
        following = None if is_last else _token(operation, output, number)
        if following and not paging.last_key:
            output = replace_token(operation, output, following)
        yield token, write_response(operation, Answer(output), f"request-{number}", protocol)
        token = following


def _item(maker: ValueMaker, shape: Shape | None) -> Value:
    return maker.make(shape.member.shape, 2) if shape and shape.member else None


def _token(operation: Operation, output: Mapping[str, Value], number: int) -> str:
    paging = operation.paging
    assert paging
    if paging.last_key:
        path, key = paging.last_key
        return str(jmespath.search(f"{path}[-1].{key}", output))
    return f"token-of-page-{number}-zreal"


# --- replay ---------------------------------------------------------------------------------------------------------


def _pages(
    operation: Operation, protocol: Protocol, player: Player, input_: Mapping[str, Value], region: str | None
) -> Iterator[dict[str, Any]]:
    """The pages that botocore's paginator gets from a player."""

    def call(**given: Any) -> dict[str, Any]:
        tokens = {name: value for name, value in given.items() if name in _token_names(operation)}
        request: Request = build_request(operation, {**input_, **tokens}, region, protocol)
        reply = player.answer(request)
        if not isinstance(reply, ServedPage) or reply.response is None:
            raise UnequalError(f"a miss: {getattr(reply, 'text', reply)}")
        return parse_response(operation, reply.response, protocol)

    yield from Paginator(call, _configuration(operation), operation_model(operation)).paginate()


def _token_names(operation: Operation) -> tuple[str, ...]:
    assert operation.paging
    return (operation.paging.token, *dict(operation.paging.further_tokens))


def _configuration(operation: Operation) -> dict[str, Any]:
    """The configuration of botocore's paginator; made from the shapes if there is none."""
    paging = operation.paging
    assert paging
    made = {
        "input_token": paging.token,
        "output_token": paging.output_token,
        "result_key": list(paging.items) or [paging.output_token],
        **({"more_results": paging.more} if paging.more else {}),
    }
    found: dict[str, Any] = load_paginators(operation.service.name).get(operation.name, made)
    return {"result_key": [paging.output_token], **found}


def _items(operation: Operation, pages: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The items in each list of the pages."""
    paging = operation.paging
    assert paging
    found: dict[str, list[Any]] = {path: [] for path in paging.items}
    number = 0
    for number, page in enumerate(pages, 1):
        for path, items in found.items():
            items += jmespath.search(path, page) or []
        if number > 50:
            raise UnequalError("the listing does not end")
    return found if found else {"number of pages": list(range(number))} if not paging.is_cuttable else found


def _is_number_alias(value: object) -> bool:
    """Whether a value stands for a sensitive number."""
    return isinstance(value, int | float) and is_number_alias(str(value))


def compare(expected: dict[str, list[Any]], found: dict[str, list[Any]], mode: str) -> None:
    """Raises UnequalError unless the items are the same under one renaming of strings, and of sensitive numbers."""
    there, back = dict[str, str](), dict[str, str]()

    def walk(old: Any, new: Any, path: str) -> None:
        if isinstance(old, dict) and isinstance(new, dict) and len(old) == len(new):
            for (old_key, old_value), (new_key, new_value) in zip(old.items(), new.items(), strict=True):
                walk(old_key, new_key, f"{path}.{old_key}")
                walk(old_value, new_value, f"{path}.{old_key}")
        elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            for i, (old_item, new_item) in enumerate(zip(old, new, strict=True)):
                walk(old_item, new_item, f"{path}[{i}]")
        elif (isinstance(old, str | bytes) and type(old) is type(new)) or _is_number_alias(new):
            if there.setdefault(repr(old), repr(new)) != repr(new) or back.setdefault(repr(new), repr(old)) != repr(
                old
            ):
                raise UnequalError(f"{mode}: {path}: a string has two names, or two strings one")
        elif old != new:
            raise UnequalError(f"{mode}: {path}: {_kind(old)} became {_kind(new)}")

    walk(expected, found, "")


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, dict | list) else repr(value)


# --- the whole run --------------------------------------------------------------------------------------------------


def try_service(name: str) -> list[Outcome]:
    return [outcome for operation, has in paginated([name]) for outcome in try_listing(operation, has)]


def report(outcomes: Iterable[Outcome], *, is_verbose: bool) -> str:
    """A table: equal and all listings by protocol, with and without a paginator; then the reasons of the others."""
    counted: Counter[tuple[str, bool, bool]] = Counter()
    reasons: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    equal: dict[tuple[str, str, bool], bool] = {}
    for each in outcomes:
        counted[each.protocol, each.has_paginator, not each.problem] += 1
        key = (each.service, each.operation, each.has_paginator)
        equal[key] = equal.get(key, True) and not each.problem
        if each.problem:
            kind = re.sub(r"\[\d+\]|'[^']*'|\d+", "…", each.problem.split("\n")[0])[:140]
            reasons[kind] += 1
            names.setdefault(kind, []).append(f"{each.service}.{each.operation} ({each.protocol})")
    lines = ["protocol            with paginator  without"]
    for protocol in sorted({protocol for protocol, _, _ in counted}):
        cells = [
            f"{counted[protocol, has, True]} of {counted[protocol, has, True] + counted[protocol, has, False]}"
            for has in (True, False)
        ]
        lines.append(f"{protocol:20}{cells[0]:16}{cells[1]}")
    totals = [
        f"{sum(ok for (_, _, h), ok in equal.items() if h is has)} of {sum(h is has for _, _, h in equal)}"
        for has in (True, False)
    ]
    lines.append(f"{'operations':20}{totals[0]:16}{totals[1]}")
    for kind, number in reasons.most_common():
        lines.append(f"{number:5} × {kind}: {', '.join(names[kind][: 1000 if is_verbose else 3])}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service", action="append", help="only these services; repeatable")
    parser.add_argument("--verbose", action="store_true", help="name all operations that did not come out equal")
    given = parser.parse_args()
    with multiprocessing.Pool(maxtasksperchild=20) as pool:
        results = pool.imap_unordered(try_service, given.service or available_services())
        outcomes = [outcome for result in results for outcome in result]
    print(report(outcomes, is_verbose=given.verbose))
    return 0


if __name__ == "__main__":
    sys.exit(main())
