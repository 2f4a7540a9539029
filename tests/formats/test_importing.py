"""`awstape import`: recordings of other tools become the cassette that awstape would have recorded."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import re
import shlex
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import brotli
import placebo
import pytest
import vcr
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from awstape import InProcess
from awstape.catalog.response_parser import parse_response
from awstape.cli.main import cli
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.files import cassette_files, keys
from awstape.opening import open_for_recording
from e2e.test_secrecy import is_clean
from support import botocore_files, exchanges, failing, in_process, wire_cases
from support.exchanges import MODELS
from support.paths import TESTS
from support.standin import StandIn
from support.tips import Tip

ENVIRON = {"AWSTAPE_KEY": "fa4e" * 16}
KEY = keys.find_key(ENVIRON)
RECORDINGS = TESTS / "recordings"
HOSTS = {"iam": "iam.amazonaws.com", "accessanalyzer": "access-analyzer.eu-west-1.amazonaws.com"}
POLICY = "arn:aws:iam::111122223333:policy/DeployPolicy"
ANALYZER = "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/account-external"
ROLES = "Action=ListRoles&Version=2010-05-08"
NO_ROLES = """\
<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ListRolesResult>
    <IsTruncated>false</IsTruncated>
    <Roles/>
  </ListRolesResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-0000-0000-000000000000</RequestId>
  </ResponseMetadata>
</ListRolesResponse>
"""


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])


def session() -> boto3.Session:
    return boto3.Session(**in_process.FAKE_KEYS, region_name="eu-west-1")


def ask_aws(proxy: str, by: boto3.Session | None = None) -> None:
    """Asks for what the tests import; the stand-in is the proxy, so that AWS's hosts are what a recorder sees."""
    using = Config(proxies={"http": proxy})
    iam, analyzer = (
        (by or session()).client(name, endpoint_url=f"http://{host}", config=using)  # type: ignore[call-overload]
        for name, host in HOSTS.items()
    )
    list(iam.get_paginator("list_roles").paginate())
    list(iam.get_paginator("list_policy_versions").paginate(PolicyArn=POLICY, PaginationConfig={"PageSize": 2}))
    iam.get_role(RoleName="DeployRole")
    with contextlib.suppress(ClientError):
        iam.get_role(RoleName="NoSuchRole")
    iam.get_credential_report()
    list(analyzer.get_paginator("list_policy_generations").paginate(PaginationConfig={"PageSize": 1}))
    list(analyzer.get_paginator("list_findings_v2").paginate(analyzerArn=ANALYZER, PaginationConfig={"PageSize": 1}))
    iam.delete_role(RoleName="AuditRole")


def headers_as_text(request: Any) -> Any:
    """VCR.py's JSON serializer can't write the bytes that botocore's headers are."""
    request.headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
    return request


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings of the same calls by several tools; `own.yaml` is awstape's."""
    folder = tmp_path_factory.mktemp("recorded")
    own = open_for_recording(folder / "own.yaml", "all", ENVIRON)
    with StandIn() as aws, pytest.MonkeyPatch.context() as patch:
        botocore_files.read_once(patch.setattr)
        with InProcess(own):
            ask_aws(aws.url)
        with vcr.use_cassette(folder / "vcr.yaml"):
            ask_aws(aws.url)
        with vcr.use_cassette(folder / "vcr.json", serializer="json", before_record_request=headers_as_text):
            ask_aws(aws.url)
        (folder / "placebo").mkdir()
        by = session()
        placebo.attach(by, str(folder / "placebo")).record()
        with contextlib.redirect_stdout(io.StringIO()):  # placebo prints what it writes
            ask_aws(aws.url, by)
    return folder


def run(*arguments: str | Path) -> Result:
    """Runs a successful import; its output holds no real value."""
    result = CliRunner().invoke(cli, ["import", *map(str, arguments)], standalone_mode=False)
    assert result.exception is None, result.exception
    assert is_clean(result.output)
    return result


def imported(path: Path, *arguments: str | Path) -> Cassette:
    result = run(*arguments, "-o", path)
    assert result.return_value == 0, result.output
    return cassette_files.load(path, MODELS)


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


def parsed(cassette: Cassette) -> dict[str, Any]:
    """Each page as botocore parses it, by track: the order of members is ignored."""
    pages: dict[str, Any] = {}
    for take in cassette.takes:
        operation = MODELS.operation(take.track.service, take.track.operation)
        pages[str(take.track)] = [
            parse_response(operation, write_response(operation, page.answer, "")) for page in take.pages
        ]
    return pages


# --- recordings of real tools ---


@pytest.mark.parametrize("name", ["vcr.yaml", "vcr.json"])
def test_raw_http_becomes_the_same_bytes_as_a_recording_by_awstape(recorded: Path, tmp_path: Path, name: str) -> None:
    result = run(recorded / name, "-o", tmp_path / "x.yaml", "--json")
    assert (tmp_path / "x.yaml").read_bytes() == (recorded / "own.yaml").read_bytes()
    facts = json.loads(result.stdout)
    assert (facts["tracks"], facts["skipped"]) == (7, {"DeleteRole: a write operation; --include-writes records it": 1})
    assert str(recorded / name) in facts["first"]["DeleteRole: a write operation; --include-writes records it"]


@pytest.mark.parametrize("name", ["cassetter.yaml", "cassetter.toml"])
def test_cassettes_of_cassetter(recorded: Path, tmp_path: Path, name: str) -> None:
    """Written by version 0.16.1, which can't be installed here: its pytest plugin conflicts with pytest-recording."""
    cassette = imported(tmp_path / "x.yaml", RECORDINGS / name)
    own = cassette_files.load(recorded / "own.yaml", MODELS)
    tracks = {"GetRole": 2, "ListPolicyGenerations": 1, "ListPolicyVersions": 1}
    assert Counter(take.track.operation for take in cassette.takes) == tracks
    takes = (replace(take, track=replace(take.track, account=None)) for take in own.takes)  # it keeps no signature
    assert write_cassette(cassette) == write_cassette(
        Cassette.of([take for take in takes if take.track.operation in tracks], own.keys)
    )


def test_other_bodies_of_cassetter(tmp_path: Path) -> None:
    """cassetter writes bytes that are not text as hexadecimal."""
    asked = {"method": "GET", "uri": f"{IAM}?{ROLES}", "headers": {}, "body": {"type": "none"}}
    unsigned = {**asked, "uri": "http://127.0.0.1:4566/analyzer"}
    answered = {"status": 200, "headers": {}, "body": {"type": "binary", "content": NO_ROLES.encode().hex()}}
    odd = {**answered, "body": {"type": "xml", "content": NO_ROLES}}
    pairs = [(asked, answered), (unsigned, answered), (asked, odd)]
    result = run(write(tmp_path / "x.json", vcr_of(*pairs)), "-o", tmp_path / "x.yaml")
    assert result.output.splitlines()[0].endswith("1 track, 1 page, 0 items")
    assert "1 × for a host outside AWS" in result.output, "cassetter drops the signature"
    assert "1 × malformed" in result.output


def test_other_services_are_imported_where_they_are_chosen(tmp_path: Path) -> None:
    asked = har_request(
        "https://sqs.us-east-1.amazonaws.com/", "POST", "{}", **{"X-Amz-Target": "AmazonSQS.ListQueues"}
    )
    answered = har_response(200, [], '{"QueueUrls":["https://sqs.us-east-1.amazonaws.com/111122223333/zreal"]}')
    file = write(tmp_path / "x.har", har((asked, answered)))
    assert run(file, "-o", tmp_path / "x.yaml").return_value == 1
    (take,) = imported(tmp_path / "x.yaml", file, "--service", "sqs").takes
    assert (take.track.service, take.track.operation, len(take.pages)) == ("sqs", "ListQueues", 1)


def test_responses_without_requests_are_equal_if_the_identity_is_known(recorded: Path, tmp_path: Path) -> None:
    told = ("ListPolicyVersions.PolicyArn=" + POLICY, "analyzerArn=" + ANALYZER, "RoleName=NoSuchRole")
    options = [part for each in told for part in ("--identity", each)]
    files = sorted((recorded / "placebo").iterdir(), reverse=True)
    cassette = imported(tmp_path / "x.yaml", *files, *options, "--region", "eu-west-1")
    assert parsed(cassette) == parsed(cassette_files.load(recorded / "own.yaml", MODELS))
    assert cassette.keys == cassette_files.load(recorded / "own.yaml", MODELS).keys


def test_an_unknown_identity_must_be_given(recorded: Path, tmp_path: Path) -> None:
    result = run(recorded / "placebo", "-o", tmp_path / "x.yaml")
    assert result.return_value == 0
    assert "ListPolicyVersions: the file holds no request; add --identity PolicyArn=…" in result.output
    options = [
        part for each in re.findall(r"GetRole: .*; add (--identity RoleName)=…", result.output) for part in each.split()
    ]
    assert options == ["--identity", "RoleName"]
    assert (
        Tip("--identity {}=…").printed(result.output.partition("GetRole: ")[2].splitlines()[0])
        == "--identity RoleName=…"
    )
    told = run(recorded / "placebo", "-o", tmp_path / "y.yaml", "--identity", "RoleName=NoSuchRole").output
    assert "GetRole: the file holds no request" not in told
    roles = [
        take.track
        for take in cassette_files.load(tmp_path / "x.yaml", MODELS).takes
        if take.track.operation == "GetRole"
    ]
    assert len(roles) == 1, "the one of which the answer says which it is"


def test_without_the_page_before_a_page_is_not_used(recorded: Path, tmp_path: Path) -> None:
    second = tmp_path / "iam.ListRoles_2.json"
    second.write_bytes((recorded / "placebo" / second.name).read_bytes())
    assert "the file with the page before this one is missing" in run(second, "-o", tmp_path / "x.yaml").output
    (tmp_path / "iam.ListRoles_1.json").write_bytes((recorded / "placebo" / "iam.ListRoles_1.json").read_bytes())
    assert "continues a listing whose first page was not" in run(second, "-o", tmp_path / "x.yaml").output


def test_responses_without_an_order_come_after_no_write(tmp_path: Path) -> None:
    """Placebo counts the responses of each operation: which of two operations came first, nothing tells."""
    (tmp_path / "files").mkdir()
    for number in (1, 2):
        role = {"RoleName": "x", "Path": "/", "Description": str(number)}
        for name, data in (("iam.DeleteRole", {}), ("iam.GetRole", {"Role": role})):
            write(tmp_path / "files" / f"{name}_{number}.json", {"status_code": 200, "data": data})
    options = ["--include-writes", "--identity", "RoleName=x"]
    takes = imported(tmp_path / "x.yaml", tmp_path / "files", *options).takes
    assert [(take.track.operation, take.after) for take in takes] == [
        *[("DeleteRole", None)] * 2,
        *[("GetRole", None)] * 2,
    ]


# --- the order in time ---

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
#: A program's calls: operation, description of the role, when the request was sent and the response was there, in
#: milliseconds, and whether the answer to the read came after the write in the recording.
STORY = [
    ("GetRole", "old", 0, 40),
    ("UpdateRole", "", 100, 900),
    ("GetRole", "old", 200, 1000),
    ("GetRole", "new", 1100, 1140),
]


def body_of_role(description: str) -> str:
    role = f"<RoleName>x</RoleName><Path>/</Path><Description>{description}</Description>"
    return f"<GetRoleResponse><GetRoleResult><Role>{role}</Role></GetRoleResult></GetRoleResponse>"


def har_in_time(calls: Iterable[tuple[str, str, int, int]], connecting: int = 0) -> dict[str, Any]:
    """A HAR of calls. connecting: what a tool adds to the time of the first call, as mitmproxy does."""
    entries = []
    for number, (name, description, sent, answered) in enumerate(calls):
        body = body_of_role(description) if name == "GetRole" else f"<{name}Response/>"
        asked = har_request(f"{IAM}?Action={name}&RoleName=x&Version=2010-05-08")
        before = 0 if number else connecting
        timings = {"connect": before or -1, "send": 0, "wait": answered - sent, "receive": 0}
        began = (MOMENT + timedelta(milliseconds=sent)).astimezone(timezone(timedelta(hours=number))).isoformat()
        times = {"startedDateTime": began, "time": answered - sent + before, "timings": timings}
        entries.append({**times, "request": asked, "response": har_response(200, XML, body)})
    return {"log": {"version": "1.2", "entries": entries}}


def flows_in_time(path: Path, calls: Iterable[tuple[str, str, int, int]]) -> Path:
    """A flow file of calls."""
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for name, description, sent, answered in calls:
            body = body_of_role(description) if name == "GetRole" else f"<{name}Response/>"
            flow = tflow.tflow()
            flow.request = http.Request.make("GET", f"{IAM}?Action={name}&RoleName=x&Version=2010-05-08")
            flow.response = http.Response.make(200, body, {"content-type": "text/xml"})
            flow.request.timestamp_start = MOMENT.timestamp() + sent / 1000
            flow.response.timestamp_end = MOMENT.timestamp() + answered / 1000
            writer.add(flow)
    return path


def story_of(cassette: Cassette) -> list[tuple[str, str | None]]:
    """Description and write before it, for each take of a read."""
    takes = [(take.pages[0].answer.output, take.after) for take in cassette.takes if take.track.operation == "GetRole"]
    return [(output["Role"]["Description"], after and after.track.operation) for output, after in takes]  # type: ignore


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
@pytest.mark.parametrize("form", ["har", "flows"])
def test_a_read_comes_after_the_writes_that_were_answered_when_it_was_sent(
    form: str, order: tuple[int, ...], tmp_path: Path
) -> None:
    """Neither the order of the file nor that of the responses tells this: a read may overlap a write."""
    calls = [STORY[i] for i in order]
    path = tmp_path / f"x.{form}"
    flows_in_time(path, calls) if form == "flows" else write(path, har_in_time(calls))
    cassette = imported(tmp_path / "x.yaml", path, "--include-writes")
    assert story_of(cassette) == [("old", None), ("new", "UpdateRole")]


@pytest.mark.parametrize("connecting", [0, 500])
def test_calls_one_after_the_other_do_not_overlap_whatever_a_tool_rounds_or_adds(
    connecting: int, tmp_path: Path
) -> None:
    calls = [("UpdateRole", "", 100, 111), ("GetRole", "new", 110, 120), ("GetRole", "old", 0, 50)]
    path = write(tmp_path / "x.har", har_in_time(calls, connecting))
    cassette = imported(tmp_path / "x.yaml", path, "--include-writes")
    assert story_of(cassette) == [("old", None), ("new", "UpdateRole")]


def test_pages_of_a_listing_may_be_in_any_order_of_the_file(tmp_path: Path) -> None:
    def page(more: str) -> str:
        return f"<ListRolesResponse><ListRolesResult>{more}<Roles/></ListRolesResult></ListRolesResponse>"

    first = har_request(f"{IAM}?{ROLES}"), har_response(200, XML, page("<Marker>AAAA</Marker>"))
    second = har_request(f"{IAM}?{ROLES}&Marker=AAAA"), har_response(200, XML, page(""))
    archive = har(second, first)
    for entry, second_of_day in zip(archive["log"]["entries"], ("05", "04"), strict=True):
        entry["startedDateTime"] = f"2026-01-02T03:04:{second_of_day}Z"
    cassette = imported(tmp_path / "x.yaml", write(tmp_path / "x.har", archive))
    assert [len(take.pages) for take in cassette.takes] == [2]


@pytest.mark.parametrize("began", [None, 5, "yesterday", "2026-13-01T00:00:00Z"])
@pytest.mark.parametrize("time", [None, -1, 10**400, 1e308, "5", True])
def test_without_usable_times_the_order_is_that_of_the_file(began: object, time: object, tmp_path: Path) -> None:
    archive = har_in_time([STORY[0], STORY[1], STORY[3]])
    for entry in archive["log"]["entries"]:
        entry |= {"startedDateTime": began, "time": time, "timings": time}
    cassette = imported(tmp_path / "x.yaml", write(tmp_path / "x.har", archive), "--include-writes")
    assert story_of(cassette) == [("old", None), ("new", "UpdateRole")]


# --- all that is known of the wire, by hand in each format ---


def har(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return {"log": {"version": "1.2", "entries": [{"request": a, "response": b} for a, b in pairs]}}


def har_request(url: str, method: str = "GET", body: str | None = None, **headers: str) -> dict[str, Any]:
    posted = {"postData": {"mimeType": "application/x-www-form-urlencoded", "text": body}} if body else {}
    pairs = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    return {"method": method, "url": url, "headers": pairs, **posted}


def har_response(status: int, headers: Any, text: str | None, **content: Any) -> dict[str, Any]:
    pairs = [{"name": name, "value": value} for name, value in headers]
    return {"status": status, "headers": pairs, "content": {**({} if text is None else {"text": text}), **content}}


def vcr_of(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return {"version": 1, "interactions": [{"request": a, "response": b} for a, b in pairs]}


def as_har(case: wire_cases.WireCase) -> tuple[Any, Any]:
    sent = [{"name": name, "value": value} for name, value in case.request_headers]
    request = {**har_request(case.url, case.method), "headers": sent}
    request["postData"] = {"mimeType": "", "text": case.request_body.decode()}
    text = base64.b64encode(case.response_body).decode()
    return request, har_response(case.status, case.response_headers, text, encoding="base64")


def as_vcr(case: wire_cases.WireCase) -> tuple[Any, Any]:
    sent: dict[str, list[str]] = {}
    for name, value in case.request_headers:
        sent.setdefault(name, []).append(value)
    answered = {name: [value] for name, value in case.response_headers}
    request = {"method": case.method, "uri": case.url, "body": case.request_body, "headers": sent}
    return request, {"status": {"code": case.status}, "headers": answered, "body": {"string": case.response_body}}


def test_every_literal_exchange_is_imported_as_it_is_recorded(tmp_path: Path) -> None:
    cases = wire_cases.load()
    own = exchanges.record(*in_process.wire_pairs(), key=KEY, include_writes=True).merged
    write(tmp_path / "har", har(*map(as_har, cases)))
    (tmp_path / "vcr").write_text(yaml.dump(vcr_of(*map(as_vcr, cases)), Dumper=yaml.CSafeDumper), "utf-8")
    for name in "har", "vcr":
        imported(tmp_path / f"{name}.yaml", tmp_path / name, "--include-writes")
        assert (tmp_path / f"{name}.yaml").read_text() == write_cassette(own)


SIGNED = "AWS4-HMAC-SHA256 Credential=F/20260101/us-east-1/sqs/aws4_request"
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
IAM = "https://iam.amazonaws.com/"
XML = [("content-type", "text/xml")]
PARAMS = {"mimeType": FORM["Content_Type"], "params": [{"name": "Action", "value": "ListRoles"}]}
BROWSER: Mapping[str, tuple[Any, Any]] = {
    "as a browser writes it": (har_request(IAM, "POST", ROLES, **FORM), har_response(200, XML, NO_ROLES, size=999)),
    "a query": (har_request(f"{IAM}?{ROLES}"), har_response(200, XML, NO_ROLES)),
    "the type only with the form": (har_request(IAM, "POST", ROLES), har_response(200, XML, NO_ROLES)),
    "a form of fields": ({**har_request(IAM, "POST"), "postData": PARAMS}, har_response(200, XML, NO_ROLES)),
    "decoded, the header kept": (
        har_request(f"{IAM}?{ROLES}"),
        har_response(200, [("Content-Encoding", "br")], NO_ROLES),
    ),
    "still compressed": (
        har_request(f"{IAM}?{ROLES}"),
        har_response(
            200,
            [("Content-Encoding", "GZip")],
            base64.b64encode(gzip.compress(NO_ROLES.encode())).decode(),
            encoding="base64",
        ),
    ),
}


@pytest.mark.parametrize("pair", BROWSER.values(), ids=BROWSER)
def test_har_of_browsers_and_proxies(tmp_path: Path, pair: tuple[Any, Any]) -> None:
    cassette = imported(tmp_path / "x.yaml", write(tmp_path / "x.har", har(pair)))
    assert [(take.track.operation, take.pages[0].answer.output) for take in cassette.takes] == [
        ("ListRoles", {"IsTruncated": False, "Roles": []})
    ]


def test_recordings_of_local_stack(tmp_path: Path) -> None:
    """For an unknown host, the signature names service and region; the form of the request identifies IAM."""
    signed = SIGNED.replace("us-east-1/sqs", "eu-west-1/access-analyzer")
    answered = har_response(200, [("content-type", "application/json")], '{"analyzers":[]}')
    analyzers = (har_request("http://localhost:4566/analyzer", Authorization=signed), answered)
    roles = (har_request("http://localhost:4566/", "POST", ROLES, **FORM), har_response(200, XML, NO_ROLES))
    cassette = imported(tmp_path / "x.yaml", write(tmp_path / "x.har", har(analyzers, roles)))
    tracks = [(take.track.operation, take.track.region) for take in cassette.takes]
    assert tracks == [("ListAnalyzers", "eu-west-1"), ("ListRoles", None)]


@pytest.mark.parametrize(
    ("encoding", "encode_body"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_bodies_of_vcr_may_be_compressed(tmp_path: Path, encoding: str, encode_body: Callable[[bytes], bytes]) -> None:
    asked = {"content-type": FORM["Content_Type"], "content-encoding": encoding}
    request = {"method": "POST", "uri": IAM, "body": encode_body(ROLES.encode()), "headers": asked}
    answered = {"Content-Encoding": [encoding]}
    response = {"status": {"code": 200}, "headers": answered, "body": {"string": encode_body(NO_ROLES.encode())}}
    (tmp_path / "vcr").write_text(yaml.safe_dump(vcr_of((request, response))))
    assert len(imported(tmp_path / "x.yaml", tmp_path / "vcr").takes) == 1


def test_texts_may_have_the_tags_of_python_2(tmp_path: Path) -> None:
    (tmp_path / "vcr").write_text(f"""\
interactions:
- request:
    body: !!python/unicode '{ROLES}'
    headers: {{!!python/unicode 'Content-Type': [!!python/unicode '{FORM["Content_Type"]}']}}
    method: !!python/unicode 'POST'
    uri: !!python/unicode '{IAM}'
  response:
    body: {{string: !!python/unicode '{NO_ROLES}'}}
    headers: {{}}
    status: {{code: 200, message: OK}}
version: 1
""")
    assert len(imported(tmp_path / "x.yaml", tmp_path / "vcr").takes) == 1


# --- values as botocore's Stubber takes them ---


def test_responses_of_a_stubber(tmp_path: Path) -> None:
    role = {
        "Path": "/",
        "RoleName": "DeployRole",
        "RoleId": "AROAEXAMPLEDEPLOYROLE",
        "Arn": "arn:aws:iam::111122223333:role/DeployRole",
        "CreateDate": "2016-08-23T19:23:16Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
    }
    get = {"service": "iam", "method": "get_role"}
    metadata: dict[str, Any] = {"ResponseMetadata": {}}
    missing = {"service_error_code": "NoSuchEntity", "service_message": "No DeployRole.", "http_status_code": 404}
    finding = {"analyzerArn": ANALYZER, "id": "1"}
    generation = {"service": "access-analyzer", "method": "list_policy_generations"}
    items = [
        {**get, "expected_params": {"RoleName": "DeployRole"}, "service_response": {"Role": role, **metadata}},
        {**get, "expected_params": {"RoleName": "NoSuchRole"}, **missing},
        {**generation, "service_response": {"policyGenerations": [], "nextToken": "a token of theirs"}},
        {**generation, "service_response": {"policyGenerations": []}},
        {"method": "get_finding", "expected_params": finding, "service_error_code": "Oops"},
    ]
    cassette = imported(tmp_path / "x.yaml", write(tmp_path / "stubs.json", items))
    told = {
        take.track.operation: [page.answer.error or page.answer.output for page in take.pages]
        for take in cassette.takes
    }
    assert [len(told[name]) for name in ("ListPolicyGenerations", "GetRole", "GetFinding")] == [2, 1, 1]
    found, lacking = (take.pages[0].answer for take in cassette.takes if take.track.operation == "GetRole")
    if lacking.error is None:
        found, lacking = lacking, found
    assert lacking.error and (lacking.error.status, lacking.error.code) == (404, "NoSuchEntity")
    assert found.output and json.loads(found.output["Role"]["AssumeRolePolicyDocument"]) == {  # type: ignore[index, call-overload, arg-type]
        "Version": "2012-10-17",
        "Statement": [],
    }
    assert is_clean(write_cassette(cassette))


# --- what can not be used ---

DEEP = json.loads('{"x":' * 600 + "1" + "}" * 600)
SECRET = "DeployRole"  # is_clean finds it
EXPIRED = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>no</Message></Error></ErrorResponse>"
UNUSABLE: Mapping[str, tuple[Any, str]] = {
    "no answer": (
        har((har_request(f"{IAM}?{ROLES}&PathPrefix={SECRET}"), {"status": 0, "headers": []})),
        "no response: the connection broke",
    ),
    "expired credentials": (
        har((har_request(f"{IAM}?{ROLES}&PathPrefix={SECRET}"), har_response(403, XML, EXPIRED))),
        "ExpiredToken: the credentials have expired",
    ),
    "a body that is cut off": (
        har((har_request(f"{IAM}?{ROLES}"), har_response(200, XML, f"<a>{SECRET}", size=999))),
        "the body was cut off",
    ),
    "a body that was not kept": (
        har((har_request(f"{IAM}?{ROLES}"), har_response(200, XML, None, size=999))),
        "the body was not kept",
    ),
    "an unreadable body": (
        har((har_request(f"{IAM}?{ROLES}"), har_response(200, XML, f"{SECRET}"))),
        "ListRoles: page 1: the body is not XML",
    ),
    "an encoding of nobody": (
        har((har_request(f"{IAM}?{ROLES}"), har_response(200, [("Content-Encoding", SECRET)], f"\0{SECRET}"))),
        "the content encoding of the body is not supported",
    ),
    "not compressed at all": (
        har((har_request(f"{IAM}?{ROLES}"), har_response(200, [("Content-Encoding", "br")], f"\0{SECRET}"))),
        "ListRoles: page 1: the body is not compressed as its header says",
    ),
    "an unknown operation": (
        har((har_request(f"{IAM}?Action=Zz{SECRET}&Version=2010-05-08"), har_response(200, XML, NO_ROLES))),
        "iam has no such operation",
    ),
    "the middle of a listing": (
        har((har_request(f"{IAM}?{ROLES}&Marker={SECRET}"), har_response(200, XML, NO_ROLES))),
        "ListRoles: continues a listing whose first page was not recorded",
    ),
    "another service": (
        har((har_request("https://sqs.us-east-1.amazonaws.com/"), har_response(200, XML, SECRET))),
        "for sqs.us-east-1.amazonaws.com, which is not recorded",
    ),
    "a bucket": (
        har((har_request(f"https://{SECRET}.s3.amazonaws.com/"), har_response(200, XML, SECRET))),
        "for a host under amazonaws.com, which is not recorded",
    ),
    "a host of nobody": (
        har((har_request(f"https://{SECRET}.example/"), har_response(200, XML, SECRET))),
        "for a host outside AWS, without a signature that names the service",
    ),
    "another service of LocalStack": (
        har(
            (
                har_request(
                    "http://localhost:4566/",
                    Authorization=SIGNED,
                ),
                har_response(200, XML, SECRET),
            )
        ),
        "for sqs, which is not recorded",
    ),
    "another service that signs as IAM": (
        har(
            (
                har_request("http://localhost:4566/authorization/x?", Authorization=SIGNED.replace("sqs", "iam")),
                har_response(200, XML, SECRET),
            )
        ),
        "for another service that signs as iam, which is not recorded",
    ),
    "an unsigned analyzer of LocalStack": (
        har((har_request(f"http://127.0.0.1:4566/analyzer/{SECRET}"), har_response(200, XML, SECRET))),
        "for a host outside AWS, without a signature that names the service",
    ),
    "no URL": (har((har_request(f"http://[{SECRET}/"), har_response(200, XML, SECRET))), "malformed"),
    "half a surrogate pair": (har((har_request(f"{IAM}?{ROLES}&x=\ud800"), har_response(200, XML, ""))), "malformed"),
    "an entry that is none": (har((None, SECRET)), "malformed"),
    "a HAR without a list": ({"log": {"entries": SECRET}}, "malformed"),
    "a status that is a text": (vcr_of(({}, {"status": {"code": SECRET}})), "malformed"),
    "a stub of another service": ([{"method": "get_x", "service": SECRET}], "for a service that is unknown"),
    "a stub of no operation": ([{"method": SECRET, "service": "iam"}], "no recorded service has such a method"),
    "a stub with an unknown parameter": (
        [{"method": "list_roles", "expected_params": {SECRET: 1}, "service_response": {}}],
        "ListRoles: the request's input has a member unknown to the service model",
    ),
    "a stub with a wrong answer": (
        [{"method": "list_roles", "service_response": {"Roles": SECRET}}],
        "ListRoles: Roles: expected a list, got text",
    ),
    "a stub that nests deep": (
        [{"method": "get_role", "expected_params": {"RoleName": "x"}, "service_response": {"Role": {"x": DEEP}}}],
        "malformed",
    ),
    "a stub with a control character": (
        [{"method": "get_role", "expected_params": {"RoleName": "x"}, "service_response": {"Role": {"Path": "\x01"}}}],
        "Path holds a character that XML can't represent",
    ),
    "a stub with one in a member of any name": (
        [{"method": "list_roles", "service_response": {"Roles": [], SECRET: "\x01"}}],
        "a member that the service model doesn't know holds a character that XML can't represent",
    ),
    "a method of any name": (
        har((har_request("https://access-analyzer.eu-west-1.amazonaws.com/", SECRET), har_response(200, [], "{}"))),
        "no operation at this method",
    ),
    "a stub with a status of success": (
        [{"method": "list_roles", "service_error_code": SECRET, "http_status_code": 200}],
        "malformed",
    ),
    "a page of placebo by another name": (
        {"status_code": 200, "data": {"Roles": []}},
        "not one of placebo, such as iam.ListRoles_1.json",
    ),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_entries_are_counted_with_their_place(tmp_path: Path, content: Any, reason: str) -> None:
    file = write(tmp_path / "x.json", content)
    result = run(file, "-o", tmp_path / "new.yaml")
    assert result.return_value == 1
    nothing = f"nothing was imported, {tmp_path / 'new.yaml'} was not written"
    (told,) = (line for line in result.output.splitlines() if line != nothing)
    assert told.startswith(("  skipped: 1 × ", f"{reason}; 1 request not imported"))
    assert reason in told
    assert str(file) in told
    assert not (tmp_path / "new.yaml").exists()


@pytest.mark.parametrize("form", ["har", "vcr"])
def test_an_export_can_be_imported_again(form: str, tmp_path: Path) -> None:
    """Page tokens included: those of an export are not real, although they are in the place of real ones."""
    cassette = in_process.CASSETTES / "roles.yaml"
    arguments = ["export", str(cassette), "--to", form, "-o", str(tmp_path / "exported")]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert imported(tmp_path / "x.yaml", tmp_path / "exported").takes == cassette_files.load(cassette, MODELS).takes


REPORT = "user,arn\nalice,arn:aws:iam::111122223333:user/alice\n"


@pytest.mark.parametrize("content", [REPORT, base64.b64encode(REPORT.encode()).decode()])
def test_a_credential_report_of_placebo_is_text_or_base64(content: str, tmp_path: Path) -> None:
    data = {"Content": content, "ReportFormat": "text/csv", "ResponseMetadata": {}}
    file = write(tmp_path / "iam.GetCredentialReport_1.json", {"status_code": 200, "data": data})
    (take,) = imported(tmp_path / "x.yaml", file).takes
    report = take.pages[0].answer.output["Content"]  # type: ignore[index]
    assert isinstance(report, str) and report.startswith("user,arn\nalias-")
    assert is_clean(report)


EVALUATED = {"status_code": 200, "data": {"EvaluationResults": [], "IsTruncated": False}}


def test_a_list_may_be_given_as_the_identity(tmp_path: Path) -> None:
    file = write(tmp_path / "iam.SimulatePrincipalPolicy_1.json", EVALUATED)
    arn = ("--identity", "PolicySourceArn=arn:aws:iam::111122223333:role/x")
    given = ("--identity", 'ActionNames=["iam:GetRole", "s3:GetObject"]')
    (take,) = imported(tmp_path / "x.yaml", file, *arn, *given).takes
    assert take.track.identity["ActionNames"] == ["iam:GetRole", "s3:GetObject"]
    without = run(file, "-o", tmp_path / "y.yaml").output
    assert "add --identity PolicySourceArn=… --identity 'ActionNames=[…]'" in without
    option = Tip("--identity '{}=[…]'").printed(without).replace("…", '"iam:GetRole"')
    imported(tmp_path / "z.yaml", file, *arn, *shlex.split(option))
    bare = run(file, "-o", tmp_path / "y.yaml", *arn, "--identity", "ActionNames=iam:GetRole").output
    assert Tip("{}: --identity {}: write the {} as JSON").printed(bare), "as in `given`"


def test_an_invalid_date_is_malformed(tmp_path: Path) -> None:
    far = {"__class__": "datetime", "year": 10**20, "month": 1, "day": 1}
    write(tmp_path / "iam.ListRoles_1.json", {"status_code": 200, "data": {"Roles": [{"CreateDate": far}]}})
    assert "1 × malformed" in run(tmp_path / "iam.ListRoles_1.json", "-o", tmp_path / "x.yaml").output


def test_equal_reasons_are_counted_with_the_first_place(tmp_path: Path) -> None:
    sts, iam = har_request("https://sqs.us-east-1.amazonaws.com/"), har_request(f"{IAM}?{ROLES}")
    answered = har_response(200, XML, NO_ROLES)
    file = write(tmp_path / "x.har", har((iam, answered), (sts, answered), (sts, answered)))
    assert run(file, "-o", tmp_path / "x.yaml").output.splitlines() == [
        f"imported into {tmp_path / 'x.yaml'}: 1 track, 1 page, 0 items",
        f"  skipped: 2 × for sqs.us-east-1.amazonaws.com, which is not recorded (first: {file}, entry 2)",
    ]


# --- files that are none ---

BAD: Mapping[str, tuple[str | bytes, str]] = {
    "empty": ("", "not a recording of any format"),
    "another document": (f'{{"{SECRET}": 1}}', "not a recording of any format"),
    "JSON that breaks off": (f'{{"log": {SECRET}', "line 1: not JSON"),
    "deep JSON": ('{"log":' + "[" * 100_000, "nested too deeply"),
    "a long number": (f"[{'9' * 5000}]", "a number has too many digits"),
    "YAML that breaks off": (f"interactions:\n- {SECRET}: [", "line 3: not YAML"),
    "deep YAML": ("a: " + "[" * 5000, "line 1: nested deeper than 64 levels"),
    "aliases": ("a: &a [x, x]\nb: &b [*a, *a]\ninteractions: [*b, *b]", "line 1: anchors and aliases are not allowed"),
    "an object": (f"interactions:\n- !!python/object/apply:os.system [{SECRET}]", "line 2: a tag is not allowed"),
    "a tag of a scalar": (f"interactions:\n- !{SECRET} x", "line 2: a tag is not allowed"),
    "a key twice": (f"{SECRET}: 1\n{SECRET}: 2", "line 2: the key occurs twice"),
    "a pickle": (b"\x80\x04\x95" + SECRET.encode(), "a pickle, which is never read"),
    "not text": (b"\xff\xfe" + SECRET.encode(), "not UTF-8 at byte 0"),
    "a cassette of ours": ((in_process.CASSETTES / "roles.yaml").read_bytes(), "already a cassette of awstape"),
    "VCR's first format": ("- request: {}\n  response: {}\n", "not a recording of any format"),
}


@pytest.mark.parametrize(("content", "problem"), BAD.values(), ids=BAD)
def test_a_file_of_no_format_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: str | bytes, problem: str
) -> None:
    file = tmp_path / "raw"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    said, tip = failing.failure(capfd, "import", file, "-o", tmp_path / "x.yaml")
    assert said.startswith(f"{file}: {problem}")
    assert is_clean(said + tip)
    assert not (tmp_path / "x.yaml").exists()
    folder = run(tmp_path, "-o", tmp_path / "x.yaml")
    assert folder.return_value == 1 and problem in folder.output, "among others it is counted"


def test_bad_toml_is_not_quoted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.toml").write_text(f"version = {SECRET}")
    said, _ = failing.failure(capfd, "import", tmp_path / "x.toml", "-o", tmp_path / "x.yaml")
    assert said == f"{tmp_path / 'x.toml'}: not TOML"


def test_large_files_and_large_bodies_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = base64.b64encode(gzip.compress(b" " * 3000)).decode()
    answered = har_response(200, [("Content-Encoding", "gzip")], large, encoding="base64")
    file = write(tmp_path / "x.har", har((har_request(f"{IAM}?{ROLES}"), answered)))
    monkeypatch.setattr("awstape.core.aws.content_encoding.MAX_BODY", 2000)
    assert "1 × ListRoles: page 1: the body is larger than 0 MiB" in run(file, "-o", tmp_path / "x.yaml").output
    monkeypatch.setattr("awstape.formats.imports.file_parsing.MAX_BYTES", 100)
    assert "larger than 0 MiB" in failing.failure(capfd, "import", file, "-o", tmp_path / "x.yaml")[0]


@pytest.mark.parametrize("content", [b"999999999999:9:websocket;", b"8:4:type;0:~}", b"18:4:type;4:http;}DeployRole"])
def test_a_damaged_flow_file_is_read_up_to_the_damage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "flows").write_bytes(content)
    result = run(tmp_path / "flows", "-o", tmp_path / "x.yaml")
    assert result.return_value == 1 and "1 × the file is damaged here" in result.output


def test_flows_need_mitmproxy(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awstape.formats.imports.mitmproxy.find_spec", lambda _: None)
    (tmp_path / "flows").write_bytes(b"8:4:type;0:~}")
    told = failing.failure(capfd, "import", tmp_path / "flows", "-o", tmp_path / "x.yaml")
    assert told == (
        f"{tmp_path / 'flows'}: reading flows of mitmproxy needs mitmproxy",
        "pip install 'awstape[record]'",
    )


# --- the command ---


def test_an_import_is_merged_into_an_existing_cassette(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    groups = exchanges.listing("ListGroups", {}, [{"Groups": []}])
    in_process.save(path, exchanges.record(*groups, key=KEY).cassette)
    first = imported(path, recorded / "vcr.yaml", "--operation", "List*")
    assert {take.track.operation for take in first.takes} == {
        *("ListGroups", "ListRoles", "ListPolicyVersions", "ListPolicyGenerations", "ListFindingsV2")
    }
    text = path.read_text()
    imported(path, recorded / "vcr.yaml", recorded / "vcr.json", "--operation", "List*")
    assert path.read_text() == text


def test_a_cassette_of_another_key_is_left_alone(
    recorded: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = in_process.save(tmp_path / "x.yaml", exchanges.cassette(*exchanges.listing("ListGroups", {}, [{}])))
    before = path.read_bytes()
    assert "made with another key" in failing.failure(capfd, "import", recorded / "vcr.yaml", "-o", path)[0]
    assert path.read_bytes() == before


def test_from_accepts_only_one_format(recorded: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert imported(tmp_path / "x.yaml", recorded / "vcr.json", "--from", "vcr").takes
    said, _ = failing.failure(capfd, "import", recorded / "vcr.json", "--from", "har", "-o", tmp_path / "x.yaml")
    assert said == f"{recorded / 'vcr.json'}: not HAR"


def test_a_place_is_one_line_whatever_the_file_is_called(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a\nb\x1b[31m.har",
        har((har_request("https://sqs.us-east-1.amazonaws.com/"), har_response(200, XML, ""))),
    )
    said = run(file, "-o", tmp_path / "x.yaml").output
    assert said.endswith("which is not recorded (" + str(tmp_path / "a\\nb\\u001b[31m.har, entry 1)\n"))


@pytest.mark.parametrize(
    ("option", "value", "problem", "tip"),
    [
        ("--identity", "RoleName", "expected MEMBER=VALUE", "--identity RoleName="),
        ("--identity", "Rolename=x", "no request has a member Rolename", "did you mean RoleName?"),
        ("--identity", "GetRole.Rolename=x", "no request has a member GetRole.Rolename", "GetRole.RoleName?"),
        ("--region", "moon-1", "AWS has no region moon-1", "eu-west-1"),
        ("--operation", "Lst", "no operation matches 'Lst'", "operations are spelled"),
    ],
)
def test_wrong_options_are_refused(
    recorded: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], option: str, value: str, problem: str, tip: str
) -> None:
    said, told = failing.failure(capfd, "import", recorded / "vcr.json", "-o", tmp_path / "x", option, value)
    assert problem in said and tip in told


def test_empty_recordings_and_folders(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "x.json", vcr_of())
    assert run(tmp_path / "x.json", "-o", tmp_path / "x.yaml").output.endswith("  these files hold no exchanges\n")
    (tmp_path / "folder" / ".hidden").mkdir(parents=True)
    (tmp_path / "folder" / ".hidden" / "x.json").touch()
    assert "no files in" in failing.failure(capfd, "import", tmp_path / "folder", "-o", tmp_path / "x.yaml")[0]


def test_a_bug_in_awstape_shows_its_location(
    recorded: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("awstape.core.recording.recorder.Recorder.feed", fail)
    said, _ = failing.failure(capfd, "import", recorded / "vcr.yaml", "-o", tmp_path / "x.yaml")
    assert said.startswith(f"{recorded / 'vcr.yaml'}, entry 1: RuntimeError in test_importing.py, line ")
