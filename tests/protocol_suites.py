"""Runs botocore's own protocol suites against awstape: `make protocol-suites`.

    python tests/protocol_suites.py --protocol rest-xml --verbose

1. The suites are in botocore's source distribution only. pip downloads that of the installed version into a temporary
   folder; nothing of it is kept.
2. A request must be read as the parameters that it was made of. So must the request that botocore makes of them, and
   botocore must make the same request of the input that was read. What the suite leaves open is as in botocore's.
3. A service can't know of some parameters whether they were given: empty lists, maps and payloads that are not sent,
   tokens that the client makes itself, and entries of a map of query parameters that have a member of their own.
4. A response must be read as its result. Read and written again, it must be to botocore's parser what it was before;
   and the result, written by awstape, must be that result to botocore's parser.
5. Where botocore leaves out a case of its own, since it serializes or parses something else, awstape's reading counts.
6. Values are compared by meaning: times as instants, blobs as bytes. A null is no value.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore
import botocore.awsrequest
import botocore.model
import botocore.parsers
import botocore.serialize
from botocore.utils import parse_timestamp

from awstape.catalog.botocore_values import from_botocore, to_botocore
from awstape.catalog.service_models import build_service
from awstape.core.aws.call import Answer, Failure, error_name
from awstape.core.aws.model import SPECIAL_NUMBERS, Operation, Protocol, Shape, Value, child_shape
from awstape.core.aws.protocols.dispatch import decode_request, read_request, read_response, write_response
from awstape.core.aws.timestamps import seconds_of
from awstape.core.aws.wire import Request, Response

HOST = "zservice.example.com"
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
#: What a service model needs to have, and those of the suites don't all have.
METADATA = {"apiVersion": "2020-01-08", "endpointPrefix": "zservice", "serviceId": "Z Service"}

#: Why cases don't come out equal → their names.
EXCEPTIONS = {
    "an endpoint with a path, which AWS has none of": (
        "input/ec2 Ec2QueryHostWithPath",
        "input/query QueryHostWithPath",
        "input/rest-json RestJsonHostWithPath",
    ),
    "a member holds the encoding of a body that the SDK compresses; AWS has no such operation": (
        "input/rest-json SDKAppliedContentEncoding_restJson1",
        "input/rest-json SDKAppendedGzipAfterProvidedEncoding_restJson1",
        "input/rest-xml SDKAppliedContentEncoding_restXml",
        "input/rest-xml SDKAppendedGzipAfterProvidedEncoding_restXml",
    ),
    "the shape of a structure has a name on the wire: to awstape, as to botocore, its members have it": (
        "input/rest-xml BodyWithXmlName",
        "output/rest-xml BodyWithXmlName",
    ),
    "a header that the client sends by itself, too": ("legacy/input/rest-json Content-Type and JSON body 7",),
    "botocore can't make the request: its root has no name": ("legacy/input/rest-xml Idempotency token auto fill 0",),
    "the model of the case is wrong: a map is of the type string": ("legacy/output/json Lists 1",),
    "two maps hold one header; its spelling is that of one of them": (
        "legacy/output/rest-json Supports header maps 0",
    ),
    "a stream of events, which is passed through and not recorded": (
        "legacy/output/json RPC JSON Event Stream 0",
        "legacy/output/rest-xml REST XML Event Stream 0",
        "legacy/output/rest-xml REST XML Event Stream 1",
        "legacy/output/rest-xml REST XML Event Stream 2",
    ),
}
#: Headers that each response has, in maps of all headers, too.
OWN_HEADERS = ("content-length", "content-type", "x-amzn-requestid")


class UnequalError(Exception):
    """Why a case does not come out equal."""


@dataclass(frozen=True)
class Case:
    """A case of a suite.

    name: its id, or else file, suite and number. data: as in the suite's file. is_left_out: whether botocore leaves it
    out of its own tests.
    """

    name: str
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    is_left_out: bool

    @property
    def protocol(self) -> Protocol:
        protocol: Protocol = self.model["metadata"]["protocol"]
        return protocol

    @property
    def operation_name(self) -> str:
        name: str = self.data["given"].get("name", "OperationName")
        return name

    @property
    def is_input(self) -> bool:
        return "serialized" in self.data

    @cached_property
    def service_data(self) -> dict[str, Any]:
        """The service model with the operation of the case alone."""
        given = self.data["given"]
        operation = {**given, "http": {"method": "POST", "requestUri": "/", **given.get("http", {})}}
        if self.protocol == "query" and "output" in given and self.model["shapes"][given["output"]["shape"]]["members"]:
            operation["output"] = {"resultWrapper": f"{self.operation_name}Result", **given["output"]}
        return {
            "metadata": METADATA | self.model["metadata"],
            "operations": {self.operation_name: operation},
            "shapes": self.model["shapes"],
        }

    @cached_property
    def operation(self) -> Operation:
        return build_service("zservice", self.service_data, {}).operations[self.operation_name]

    @cached_property
    def botocore_model(self) -> botocore.model.ServiceModel:
        return botocore.model.ServiceModel(self.service_data, "zservice")

    def run(self) -> None:
        """Raises UnequalError, or WireError, if the case does not come out equal."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # botocore's own deprecations
            if self.is_input:
                self._run_input()
            else:
                self._run_output()

    # --- requests ---------------------------------------------------------------------------------------------

    def _run_input(self) -> None:
        shape = self.operation.input
        parameters = _without_nulls(self.data.get("params", {}))
        made = self._serialize(to_botocore(from_botocore(parameters, shape), shape))
        input_ = self._read("the request", self._given_request(made), parameters)
        if not self.is_left_out:
            self._read("botocore's request", made, parameters)
            verify("botocore's request of the input", _parts(self._serialize(to_botocore(input_, shape))), _parts(made))

    def _given_request(self, made: Request) -> Request:
        """The request of the suite. made: that of botocore, for what the suite leaves open."""
        wire = self.data["serialized"]
        url = urlsplit(wire["uri"]) if "uri" in wire else None
        body = wire["body"].encode() if "body" in wire else None
        if body and self.protocol == "smithy-rpc-v2-cbor":
            body = base64.b64decode(body)
        own = {name.lower(): (name, value) for name, value in made.headers}
        headers = own | {name.lower(): (name, value) for name, value in wire.get("headers", {}).items()}
        body = made.body if body is None else body
        if headers.get("content-encoding", ("", ""))[1].endswith("gzip"):
            body = gzip.compress(body)
        return Request(
            wire.get("method") or made.method,
            wire.get("host", HOST),
            url.path if url else made.path,
            url.query if url else made.query,
            tuple(headers.values()),
            body,
        )

    def _read(self, what: str, request: Request, parameters: Mapping[str, Any]) -> dict[str, Value]:
        service, shape = self.operation.service, self.operation.input
        operation, input_, _ = read_request(service, decode_request(service, request))
        verify("the operation", operation.name, self.operation.name)
        found, expected = meaning(input_, shape), meaning(parameters, shape)
        members = shape.members if shape else {}
        for name, member in members.items():
            if member.is_incidental and name not in expected:
                found.pop(name, None)
            if member.location == "querystring" and isinstance(entries := expected.get(name), dict):
                named = {each.wire_name for each in members.values() if each is not member}
                expected[name] = {key: value for key, value in entries.items() if key not in named}
            for one, other in ((found, expected), (expected, found)):
                if name not in other and one.get(name) in ([], {}):
                    del one[name]
        verify(f"the input of {what}", found, expected)
        return input_

    def _serialize(self, parameters: Any) -> Request:
        serializer = botocore.serialize.create_serializer(self.protocol, include_validation=False)
        model = self.botocore_model.operation_model(self.operation.name)
        parts = serializer.serialize_to_request(parameters, model)
        botocore.awsrequest.prepare_request_dict(parts, endpoint_url=f"https://{HOST}")
        prepared = botocore.awsrequest.create_request_object(parts).prepare()
        url = urlsplit(prepared.url)
        texts = {name: v.decode() if isinstance(v, bytes) else str(v) for name, v in prepared.headers.items()}
        headers = (*texts.items(), *([FORM] if self.protocol in ("query", "ec2") else []))
        body = prepared.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        return Request(prepared.method, url.hostname or "", url.path, url.query, headers, raw)

    # --- responses --------------------------------------------------------------------------------------------

    def _run_output(self) -> None:
        response = self._given_response()
        answer = read_response(self.operation, response)
        expected = self._expected_answer(response.status)
        if self.is_left_out:
            verify("the answer", self._known(answer), self._known(expected))
            return
        before = self._parse(response)
        verify("the response again", self._parse(self._write(answer)), before)
        verify("the response of the result", self._parse(self._write(expected)), before)

    def _given_response(self) -> Response:
        wire = self.data["response"]
        body = wire.get("body", "<xml/>" if self.protocol == "query" else "").encode()
        if self.protocol == "smithy-rpc-v2-cbor":
            body = base64.b64decode(body)
        return Response(wire.get("status_code", 200), tuple(wire.get("headers", {}).items()), body)

    def _expected_answer(self, status: int) -> Answer:
        if "error" not in self.data:
            return Answer(output=from_botocore(self.data["result"], self.operation.output))
        members = dict(self.data["error"])
        message = members.pop("message", members.pop("Message", None))
        return Answer(
            error=Failure(status, self.data.get("errorCode"), self.data.get("errorMessage", message), members)
        )

    def _known(self, answer: Answer) -> object:
        """What the model knows of an answer, as far as the suite has it."""
        error = answer.error
        name = error_name(error.code or "") if error else None
        shape = self.operation.service.find_error(name) if error else self.operation.output
        members = meaning(error.members if error else answer.output, shape)
        known = shape.members if shape else {}
        return name, {key: value for key, value in members.items() if key in known and value not in ("", b"", {}, [])}

    def _write(self, answer: Answer) -> Response:
        return write_response(self.operation, answer, "00000000-0000-4000-8000-000000000000")

    def _parse(self, response: Response) -> Any:
        """A response as botocore parses it, times as seconds."""
        parser = botocore.parsers.create_parser(self.protocol)
        parser._timestamp_parser = lambda value: parse_timestamp(value).timestamp()  # type: ignore[attr-defined]
        output = self.operation.output
        bound = {member.wire_name.lower() for member in output.members.values()} if output else set()
        kept = [each for each in response.headers if each[0].lower() in bound or each[0].lower() not in OWN_HEADERS]
        headers = botocore.awsrequest.HeadersDict(kept)
        wire = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
        parsed = parser.parse(wire, self.botocore_model.operation_model(self.operation.name).output_shape)
        if "Error" in parsed:
            shape = self.botocore_model.shape_for_error_code(parsed["Error"].get("Code", ""))
            parsed |= parser.parse(wire, shape) if shape else {}
            # Of rest-xml, botocore keeps all members here.
            parsed["Error"] = {key: parsed["Error"].get(key, "") for key in ("Code", "Message")}
        parsed.pop("ResponseMetadata", None)
        return _comparable(parsed)


def verify(what: str, found: object, expected: object) -> None:
    """Raises UnequalError if a value is not the expected one."""
    if found != expected:
        raise UnequalError(f"{what} differs\n  found    {found}\n  expected {expected}")


def meaning(value: Any, shape: Shape | None) -> Any:
    """A value of the core, or of a suite's file, in the one form of its meaning; without null members."""
    match value:
        case dict():
            items = {name: meaning(item, child_shape(shape, name)) for name, item in value.items()}
            return {name: item for name, item in items.items() if item is not None}
        case list():
            return [meaning(item, child_shape(shape, i)) for i, item in enumerate(value)]
        case str() | int() | float() if shape and shape.type == "timestamp":
            return seconds_of(value)
        case str() if shape and shape.type == "blob":
            return value.encode()
        case str() if shape and shape.type == "string" and value.startswith(("{", "[")):  # JSON in a string
            return json.loads(value)
        case str() if shape and shape.type in ("float", "double"):
            return _comparable(SPECIAL_NUMBERS.get(value, value))
    return _comparable(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value


def _comparable(value: Any) -> Any:
    """A value that botocore parsed, in which NaN equals NaN."""
    match value:
        case dict():
            return {name: _comparable(item) for name, item in value.items()}
        case list():
            return [_comparable(item) for item in value]
        case float() if value != value:
            return "NaN"
        case datetime():
            return value.timestamp()
    return value


def _parts(request: Request) -> tuple[object, ...]:
    headers = {name.lower(): value for name, value in request.headers}
    return request.method, request.path, request.query, headers, request.body


# --- suites -------------------------------------------------------------------------------------------------------


def download_suites(folder: Path) -> Path:
    """Downloads the source distribution of the installed botocore and unpacks its suites. Returns their folder."""
    version = f"botocore=={botocore.__version__}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "botocore", version]
    subprocess.run([*command, "--dest", folder], check=True)
    with tarfile.open(next(folder.glob("botocore-*.tar.gz"))) as archive:
        chosen = [member for member in archive.getmembers() if "/tests/unit/protocols/" in member.name]
        archive.extractall(folder, members=chosen, filter="data")
    return next(folder.glob("botocore-*/tests/unit/protocols"))


def load_cases(folder: Path) -> Iterator[Case]:
    """The cases of all suites."""
    ignored = json.loads((folder / "protocol-tests-ignore-list.json").read_text("utf-8"))
    for path in sorted(folder.glob("**/*put/*.json")):
        kind = path.parent.name
        lists = [ignored["general"].get(kind, {}), ignored["protocols"].get(path.stem, {}).get(kind, {})]
        left_out = {name for each in lists for names in each.values() for name in names}
        for suite in json.loads(path.read_text("utf-8")):
            description, file = suite["description"], path.relative_to(folder).with_suffix("")
            for number, case in enumerate(suite["cases"]):
                name = f"{file} {case.get('id', f'{description} {number}')}"
                yield Case(name, suite, case, bool(left_out & {description, case.get("id")}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", help="only the suites of one protocol")
    parser.add_argument("--folder", type=Path, help="the folder tests/unit/protocols of botocore, already at hand")
    parser.add_argument("--verbose", action="store_true", help="print what differs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        cases = list(load_cases(options.folder or download_suites(Path(temporary))))
    chosen = [case for case in cases if options.protocol in (None, case.protocol)]
    problems = {case.name: problem for case in chosen if (problem := find_problem(case))}
    print_table(chosen, problems)
    for reason, names in EXCEPTIONS.items():
        known = [name for name in names if problems.pop(name, None)]
        print(f"\n{len(known)} × {reason}" + "".join(f"\n  {name}" for name in known) if known else "", end="")
    print("\n")
    for name, problem in problems.items():
        print(f"{name}: {problem if options.verbose else problem.partition(chr(10))[0]}")
    return int(bool(problems))


def find_problem(case: Case) -> str:
    """Why a case does not come out equal; empty if it does."""
    try:
        case.run()
    except Exception as error:  # of any module that the case runs through
        return str(error) or type(error).__name__
    return ""


def print_table(cases: Iterable[Case], problems: Mapping[str, str]) -> None:
    """Prints the number of cases, and of those that come out equal, for each protocol."""
    totals, equal = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for case in cases:
        row = case.protocol, "requests" if case.is_input else "responses"
        totals[row] += 1
        equal[row] += case.name not in problems
    print(f"{'protocol':<20} {'':<10} {'cases':>6} {'equal':>6}")
    for (protocol, kind), count in sorted(totals.items()):
        print(f"{protocol:<20} {kind:<10} {count:>6} {equal[protocol, kind]:>6}")
    print(f"{'all':<31} {totals.total():>6} {equal.total():>6}")


if __name__ == "__main__":
    sys.exit(main())
