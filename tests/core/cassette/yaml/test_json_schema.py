"""Schema, reader and writer agree: the schema accepts what is written, and refuses what the reader refuses."""

from __future__ import annotations

import base64
import re
from copy import deepcopy
from functools import cache, reduce
from operator import getitem
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Operation
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.faults import FIELDS, KINDS, Fault, FaultError
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.json_schema import cassette_schema, dump_schema
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.validation import take_problems
from awstape.core.cassette.yaml.writer import write_cassette
from examples import FOLDER, NAMES
from support import strategies
from support.exchanges import MODELS

SCHEMA = cassette_schema(MODELS, "made for a test")
OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]
HEADER = "version: 1\n"
ROLES = "---\nservice: iam\noperation: ListRoles\nidentity: {}\n"
ANALYZERS = "---\nservice: accessanalyzer\noperation: ListAnalyzers\nidentity: {}\n"

#: What only the loader can say: how it says it, and what the schema takes that it refuses.
ONLY_THE_LOADER: dict[str, tuple[str, str]] = {
    "where a document stands": ("begins with a document", ROLES + "pages: [output: {}]\n"),
    "a second header": ("unknown key", HEADER + "---\n" + HEADER),
    "the first page has no token": ("first page of a take", HEADER + ROLES + "pages: [{token: x, output: {}}]\n"),
    "tokens lead on": ("does not lead here", HEADER + ROLES + "pages: [output: {Marker: a}, {token: b, output: {}}]\n"),
    "the last page is the last": ("has no next token", HEADER + ROLES + "pages: [output: {}, output: {}]\n"),
    "tokens differ": (
        "another page of the track",
        HEADER
        + (ROLES + "pages: [output: {Marker: a}, {token: a, output: {}}]\n")
        + (ROLES + "pages: [output: {Marker: a, Roles: []}, {token: a, output: {}}]\n"),
    ),
    "which members are unmodelled": (
        "has no member Extra",
        HEADER + ROLES + "pages: [{output: {Extra: 1}, unmodelled: [Other]}]\n",
    ),
    "types beside unmodelled members": (
        "expected a list",
        HEADER + ROLES + "pages: [{output: {Roles: 1}, unmodelled: [Other]}]\n",
    ),
    "a whole number": (
        "expected an? (number|integer), got a number",
        HEADER + ROLES + "pages: [{limit: 1.0, output: {}}]\n",
    ),
    "characters of XML": ("XML can't represent", HEADER + ROLES + 'pages: [output: {Marker: "\\a"}]\n'),
    "characters of a header": ("a header can't hold", HEADER + ANALYZERS + "pages: [error: {status: 404, code: 日}]\n"),
    "lists in a header": (
        "expected a scalar, got a list",
        HEADER
        + ANALYZERS
        + "pages: [error: {status: 429, code: ThrottlingException, members: {retryAfterSeconds: [[]]}}]\n",
    ),
    "nesting": (
        "nested deeper",
        HEADER + ROLES.replace("{}", f"{{Extra: {'[' * 65}{']' * 65}}}") + "pages: [output: {}]\n",
    ),
    "!!binary": ("got binary data", HEADER + ROLES + "pages: [output: {Marker: !!binary /w==}]\n"),
    "tags": ("a tag is not allowed", HEADER + ROLES + "pages: [output: {Marker: !!str x}]\n"),
    "anchors": ("anchors and aliases", HEADER + ROLES + "pages: [output: {Marker: &a x}]\n"),
    "keys that stand twice": ("the key occurs twice", HEADER + ROLES + "pages: [output: {Marker: x, Marker: x}]\n"),
}
#: Those of them that a mistake can be by chance, and that are known by what the loader says.
BY_CHANCE = ("the first page has no token", "tokens lead on", "the last page is the last", "!!binary")


@cache
def validator() -> Any:
    return jsonschema.Draft7Validator(SCHEMA)


def is_valid(value: Any) -> bool:
    """Whether the schema accepts a document. The operation is selected directly: eight times as fast as the chain."""
    whole, value = validator(), in_json(value)
    name = f"{value.get('service')}.{value.get('operation')}" if isinstance(value, dict) else ""
    if name in SCHEMA["definitions"] and "version" not in value:
        take = {key: part for key, part in SCHEMA["definitions"]["take"].items() if key != "allOf"}
        whole = whole.evolve(schema={"allOf": [take, {"$ref": f"#/definitions/{name}"}]})
    return bool(whole.is_valid(value))


def in_json(value: Any) -> Any:
    """A document as an editor has it: !!binary is text."""
    if isinstance(value, dict):
        return {key: in_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_json(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def refusal(text: str) -> DocumentError | None:
    """The error with which the reader refuses a text; None if it accepts it."""
    try:
        read_cassette(text, MODELS)
    except DocumentError as error:
        return error
    return None


# --- the schema itself ------------------------------------------------------------------------------------------


def test_it_is_a_schema_and_small() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert len(dump_schema(SCHEMA)) < 500_000


def test_every_definition_is_used_and_there() -> None:
    text = dump_schema(SCHEMA)
    assert set(re.findall(r'"\$ref":"#/definitions/([^"]+)"', text)) == set(SCHEMA["definitions"])


def test_a_take_is_selected_by_its_service_and_operation() -> None:
    for op in OPERATIONS[::10]:
        take = {"service": op.service.name, "operation": op.name, "identity": {}, "pages": [{"output": {}}]}
        assert validator().is_valid(take)
        (error,) = validator().iter_errors({**take, "pages": [{"output": {"Invented": 1}}]})
        assert list(error.absolute_path) == ["pages", 0, "output"]
        other = "ListGroups" if op.service.name == "accessanalyzer" else "ListAnalyzers"
        assert not validator().is_valid({**take, "operation": other})


# --- what is written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_cassettes_that_ship_are_valid(name: str) -> None:
    for each in parse_documents((FOLDER / f"{name}.yaml").read_text("utf-8")):
        assert list(validator().iter_errors(each.value)) == []


@st.composite
def takes(draw: st.DrawFn, op: Operation) -> Take:
    """A take with any members that a take may have."""
    outputs = draw(st.lists(strategies.outputs(op), min_size=1, max_size=2 if op.paging else 1))
    pages = []
    for i, output in enumerate(outputs):
        if op.paging and i + 1 < len(outputs):
            output[op.paging.output_token] = f"page-{i + 2}"
        unmodelled: tuple[str, ...] = ()
        if draw(st.integers(0, 5)) == 5:
            output["Invented"], unmodelled = {"Depth": ["x"]}, ("Invented",)
        limit = draw(st.sampled_from((None, 1, 1000)))
        pages.append(Page(f"page-{i + 1}" if i else None, limit, Answer(output, unmodelled=unmodelled)))
    if draw(st.integers(0, 3)) == 3:
        pages[-1] = Page(pages[-1].token, None, Answer(error=draw(failures)))
    region = draw(st.sampled_from((None, "eu-west-1")))
    track = Track(op.service.name, op.name, region, draw(strategies.inputs(op)))
    return Take(track, tuple(pages), draw(st.sampled_from(((), (Fault("throttle", page=2), Fault("slow"))))))


failures = st.builds(
    Failure,
    st.sampled_from((301, 404, 599)),
    st.sampled_from((None, "ThrottlingException")),
    st.sampled_from((None, "", "Rate exceeded")),
    st.sampled_from(({}, {"Type": "Sender", "More": [{"x": None}]})),
)


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
@strategies.few(2)
@given(data=st.data())
def test_writer_reader_and_schema_agree(op: Operation, data: st.DataObject) -> None:
    text = write_cassette(Cassette((data.draw(takes(op)),), frozenset({"abcdefghijkl"})))
    assert refusal(text) is None
    header, written = [each.value for each in parse_documents(text)]
    assert is_valid(header)
    assert is_valid(written)
    for _ in range(2):
        assert_agreement(data.draw(mistakes(written)))


# --- what people get wrong --------------------------------------------------------------------------------------


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


WRONG = (
    *(None, True, 0, -1, 7, 200, 600, 1.5, "", "text", "page-2", b"\xff", [], [None], ["x"], {}, {"Invented": 1}),
    *("throttle page=2 times=always", "slow seconds=3600.5", "throttle ListRoles", ["Invented"]),
)


_MISSING = object()
MORE: tuple[dict[str, Any], ...] = ({"output": {}}, {"error": {"status": 404}}, {"Extra": 1}, {"limit": 0})

#: A place of every type in both protocols, in outputs and in identities.
TAKES = (
    """
    service: iam
    operation: SimulateCustomPolicy
    identity: {ActionNames: [a], ContextEntries: [{ContextKeyValues: [v]}], MaxItems: 5, Invented: [1]}
    faults: [throttle]
    pages:
    - limit: 5
      output: {IsTruncated: false, EvaluationResults: [{EvalDecision: allowed, EvalDecisionDetails: {a: b}}]}
    """,
    """
    service: iam
    operation: GetAccountSummary
    identity: {}
    pages: [output: {SummaryMap: {Users: 5}}]
    """,
    """
    service: iam
    operation: GetCredentialReport
    identity: {Invented: {a: 1}}
    pages: [output: {Content: text, GeneratedTime: '2024-05-02T01:00:00Z'}]
    """,
    """
    service: accessanalyzer
    operation: GetFinding
    region: eu-west-1
    identity: {analyzerArn: x, id: y}
    pages: [output: {finding: {action: [x], condition: {k: v}, isPublic: true, createdAt: 5.5}}]
    """,
    """
    service: accessanalyzer
    operation: ListFindings
    identity: {filter: {status: {eq: [ACTIVE], exists: true}}, sort: {attributeName: x}}
    pages: [error: {status: 404, code: c, message: m, members: {a: b}}]
    """,
    """
    service: iam
    operation: DeleteRole
    identity: {RoleName: x}
    pages: [{output: {Invented: {a: b}}, unmodelled: [Invented]}]
    """,
)


@st.composite
def mistakes(draw: st.DrawFn, right: Any) -> Any:
    """A document with a random change, more often near its top; it may still be valid."""
    wrong = deepcopy(right)
    depth = draw(st.sampled_from((1, 3, 5, 99)))
    *above, step = draw(st.sampled_from([path for path in paths(wrong) if len(path) <= depth]))
    parent = reduce(getitem, above, wrong)
    match draw(st.sampled_from(("replace", "replace", "remove", "misspell", "add"))):
        case "remove":
            del parent[step]
        case "misspell" if isinstance(parent, dict):
            parent[draw(st.sampled_from((step[1:], step.swapcase(), f"{step}s")))] = parent.pop(step)
        case "add" if isinstance(parent, dict):
            name = draw(st.sampled_from(("Invented", "token", "limit", "output", "Marker")))
            parent[name] = draw(st.sampled_from(WRONG))
        case "add":
            parent.append(draw(st.sampled_from(WRONG)))
        case _:
            parent[step] = draw(st.sampled_from(WRONG))
    return wrong


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of a value and of everything in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for step, item in items for each in ((*path, step), *paths(item, (*path, step)))]


def assert_agreement(take: Any) -> None:
    error = refusal(f"{HEADER}---\n{yaml.dump(take, Dumper=_Dumper, sort_keys=False)}")
    if is_valid(take):
        assert error is None or only_the_reader_refuses(error, take), error
    else:
        assert error is not None, jsonschema.exceptions.best_match(validator().iter_errors(in_json(take)))


def only_the_reader_refuses(error: DocumentError, take: Any) -> bool:
    page = re.match(r"pages\[(\d+)\]\.output", error.path)
    if page and take["pages"][int(page[1])].get("unmodelled"):
        return True
    return any(re.search(ONLY_THE_LOADER[name][0], error.problem) for name in BY_CHANCE)


@pytest.mark.parametrize("take", TAKES)
def test_they_agree_on_every_mistake_in_a_small_take(take: str) -> None:
    right = yaml.safe_load(take)
    assert_agreement(right)
    assert is_valid(right)
    for *above, step in paths(right):
        for mistake in (*WRONG, _MISSING, *MORE):
            wrong = deepcopy(right)
            parent = reduce(getitem, above, wrong)
            if mistake is _MISSING:
                del parent[step]
            elif mistake not in MORE:
                parent[step] = mistake
            elif isinstance(parent, dict):
                parent.update(deepcopy(mistake))
            assert_agreement(wrong)


@pytest.mark.parametrize("name", ONLY_THE_LOADER)
def test_what_only_the_reader_refuses(name: str) -> None:
    how, text = ONLY_THE_LOADER[name]
    error = refusal(text)
    assert error and re.search(how, error.problem)
    loaded = yaml.load_all(text, Loader=yaml.CSafeLoader)
    assert all(validator().is_valid(in_json(value)) for value in loaded)


@strategies.few(200)
@given(
    st.sampled_from((1, 2, True, "1", 1.5, None, [])),
    st.sampled_from(("abcdefghijkl", "abcdefghijk", "abcdefghijkl2", "Abcdefghijkl", "abcdefghijk1", None, 7)),
    st.sampled_from(("version", "key", "kee", "service")),
)
def test_reader_and_schema_agree_on_headers(version: Any, key: Any, name: str) -> None:
    for header in ({"version": version}, {"version": version, name: key}, {name: key}):
        assert is_valid(header) == (refusal(yaml.dump(header)) is None)


_WORDS = """
    page=1 page=0 page=01 page=999999999 page=1000000000 page= page times=1 times=always times=never times=0 seconds=0
    seconds=3600 seconds=3600.0 seconds=3600.001 seconds=2999.999 seconds=3599 seconds=9999 seconds=03600 seconds=1.
    seconds=.5 seconds=1.2345 seconds=0009 seconds=-1 ListRoles List* operation=ListRoles Page=1 pages=1 page=1=2 7
    """.split()


def is_fault_of_a_take(text: str) -> bool:
    """Whether the parser accepts a fault, as the schema must."""
    try:
        is_fault = Fault.parse(text).operation is None
    except FaultError:
        is_fault = False
    return is_fault


def test_reader_and_schema_agree_on_the_fields_of_each_kind() -> None:
    """Exhaustive, since few random texts are faults with a valid field."""
    fault = validator().evolve(schema=SCHEMA["definitions"]["fault"])
    texts = [f"{kind} {first} {second}" for kind in KINDS for first in _WORDS for second in ("", "page=2", "seconds=1")]
    assert [text for text in texts if fault.is_valid(text) != is_fault_of_a_take(text)] == []
    for kind, row in KINDS.items():
        assert [name for name in FIELDS if fault.is_valid(f"{kind} {name}=1")] == list(row.fields)


@strategies.few(400)
@given(
    st.sampled_from((*KINDS, "throtle", "Slow", "")),
    st.lists(st.sampled_from(_WORDS), max_size=3),
    st.sampled_from((" ", "  ", "\t", "\n", "", ",")),
    st.sampled_from(("", " ", "\n")),
)
def test_reader_and_schema_agree_on_faults(kind: str, words: list[str], between: str, around: str) -> None:
    text = around + between.join([kind, *words]) + around
    fault = validator().evolve(schema=SCHEMA["definitions"]["fault"])
    assert fault.is_valid(text) == is_fault_of_a_take(text)


def test_numbers_that_json_does_not_have_and_documents() -> None:
    models = load_models(("cloudwatch", "ecs"))
    schema = jsonschema.Draft7Validator(cassette_schema(models, "made for a test"))

    def assert_both(service: str, operation: str, output: Any, is_right: bool) -> None:
        about = {"service": service, "operation": operation, "region": "eu-west-1", "identity": {}}
        take = {**about, "pages": [{"output": output}]}
        assert schema.is_valid(take) == is_right
        assert any(take_problems(take, models)) != is_right

    for number, is_right in ((1.5, True), (1, True), ("NaN", True), ("-Infinity", True), ("nan", False), ("x", False)):
        assert_both("cloudwatch", "GetMetricStatistics", {"Datapoints": [{"Sum": number}]}, is_right)
    documents: list[Any] = ["text", 1, [None], {"a": {}}]
    for document in documents:
        hooks = {"lifecycleHooks": [{"hookDetails": document}]}
        assert_both("ecs", "CreateService", {"service": {"deploymentConfiguration": hooks}}, True)
