"""In-process replay and recording: what boto3 and botocore clients get, and that everything is undone afterwards."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
import botocore.endpoint
import botocore.loaders
import botocore.session
import pytest
import urllib3
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, PaginationError, ReadTimeoutError
from botocore.loaders import JSONFileLoader
from botocore.retries.bucket import TokenBucket
from botocore.stub import Stubber
from moto import mock_aws

import awstape
import examples
from awstape.errors import MissError, UserError
from awstape.files import cassette_files
from awstape.inprocess.botocore_hook import InProcess
from awstape.opening import RecordMode, RecordOptions, open_for_recording, open_for_replay
from awstape.program import servers
from awstape.proxying.upstream import parse_upstream
from programs import examples as programs
from support import exchanges, in_process
from support.exchanges import MODELS
from support.in_process import CASSETTES, ENVIRON, FAKE_KEYS, LISTING, PAGINGS, VERSIONS
from support.standin import StandIn

ELSEWHERE = "http://127.0.0.1:9/"
NO_ROLE = {"RoleName": "NoSuchRole"}
ONCE = Config(retries={"total_max_attempts": 1})
SHIPPED = sorted(path.name for path in CASSETTES.glob("*.yaml"))
#: How a miss of another service goes on, for a cassette whose key is not at hand.
ONLY = (
    r"is not replayed: only [\w ]+\n  to record it, set AWSTAPE_KEY .*, and: awstape\.record\(.*"
    r"\n  to drop everything .*\Z"
)


quick = in_process.quick


tried = in_process.tried


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the process would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.extend([seconds] if seconds else []))
    return slept


def client(service: str = "iam", **options: Any) -> Any:
    """A client with explicit credentials and a region."""
    options = {"region_name": "us-east-1", **FAKE_KEYS, **options}
    return boto3.Session().client(service, **options)


def pages(asked: Any) -> list[list[str]]:
    """The versions on each page of the listing."""
    paginator = asked.get_paginator("list_policy_versions")
    return [[version["VersionId"] for version in page["Versions"]] for page in paginator.paginate(**LISTING)]


def versions(asked: Any) -> list[str]:
    return list(chain(*pages(asked)))


def signature(request: Any) -> str:
    """The signature of a request; empty if it isn't signed."""
    text = request.headers.get("Authorization", "")
    return text.decode() if isinstance(text, bytes) else text


@contextmanager
def ends_in_misses(replay: InProcess, *missed: str) -> Iterator[InProcess]:
    """A replay that ends with an error for some misses. missed: their operations, or the kind of one without."""
    with pytest.raises(MissError), replay:
        yield replay
    assert [miss.operation or miss.kind for miss in replay.misses] == list(missed)


def roles(asked: Any) -> list[str]:
    return [role["RoleName"] for role in asked.list_roles()["Roles"]]


def compress(request: Any, **_: Any) -> None:
    request.data = gzip.compress(request.prepare().body.encode())
    request.headers["Content-Encoding"] = "gzip"


# --- who is answered --------------------------------------------------------------------------------------------

MAKERS: dict[str, Callable[[], Any]] = {
    "boto3.client": lambda: boto3.client("iam"),
    "boto3.resource": lambda: boto3.resource("iam").meta.client,
    "session of boto3": lambda: boto3.Session(profile_name=None).client("iam"),
    "session of botocore": lambda: botocore.session.get_session().create_client("iam"),
    "client with everything": lambda: client(endpoint_url=ELSEWHERE, verify=False, use_ssl=False),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_clients_created_inside_are_answered(make: Callable[[], Any]) -> None:
    with awstape.replay(CASSETTES) as tape:
        assert pages(make()) == [["v5", "v4"], ["v3", "v2"], ["v1"]]
        assert tape.misses == []


def test_boto3s_default_session_is_answered_that_was_there_before() -> None:
    boto3.setup_default_session(region_name="eu-west-1")
    before = boto3.DEFAULT_SESSION
    with awstape.replay(CASSETTES):
        assert versions(boto3.client("iam")) == VERSIONS
        assert boto3.client("iam").meta.region_name == "aws-global"
        assert boto3.client("accessanalyzer").meta.region_name == "eu-west-1"
    assert boto3.DEFAULT_SESSION is before


def test_a_default_session_that_was_made_inside_does_not_stay() -> None:
    """It holds dummy credentials, and would sign real calls with them."""
    with awstape.replay(CASSETTES), awstape.replay(CASSETTES):
        boto3.client("iam")
        assert boto3.DEFAULT_SESSION
    assert boto3.DEFAULT_SESSION is None


def test_a_default_session_that_was_replaced_inside_comes_back() -> None:
    boto3.setup_default_session(region_name="eu-west-1")
    before = boto3.DEFAULT_SESSION
    with awstape.replay(CASSETTES):
        boto3.setup_default_session(region_name="us-west-2")
        assert versions(boto3.client("iam")) == VERSIONS
    assert boto3.DEFAULT_SESSION is before


@pytest.mark.parametrize("attached", [False, True], ids=["default session", "attached"])
def test_a_session_from_before_keeps_no_dummy_credentials(attached: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    session = boto3.Session(region_name="eu-west-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None if attached else session)
    with awstape.replay(CASSETTES) as outer, awstape.replay(CASSETTES):
        if attached:
            outer.attach(session, session._session)
        assert versions(session.client("iam")) == VERSIONS
        assert session.get_credentials()
    assert session.get_credentials() is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a fake secret")
    with awstape.replay(CASSETTES) as tape:
        tape.attach(session)
        session.client("iam")
    credentials = session.get_credentials()
    assert credentials and credentials.access_key == "AKIAEXAMPLEEXAMPLE00"


def test_the_next_default_session_loads_no_service_model_again(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    load_file = JSONFileLoader.load_file

    def counted(self: JSONFileLoader, path: str) -> Any:
        loaded.append(Path(path).name)
        return load_file(self, path)

    with awstape.replay(CASSETTES):
        versions(boto3.client("iam"))
    monkeypatch.setattr(JSONFileLoader, "load_file", counted)
    for _ in range(2):
        with awstape.replay(CASSETTES):
            assert versions(boto3.client("iam")) == VERSIONS
        assert boto3.DEFAULT_SESSION is None
    assert loaded == []
    assert botocore.loaders.Loader.__name__ == "Loader"
    boto3.Session().client("iam", **FAKE_KEYS, region_name="us-east-1")
    assert "service-2" in loaded, "outside it is as ever"


def test_sessions_that_search_other_folders_share_no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "fake-service" / "2020-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text('{"metadata": {"serviceId": "Fake Service"}, "operations": {}, "shapes": {}}')
    with awstape.replay(CASSETTES):
        assert "fake-service" not in boto3.Session().get_available_services()
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
        session = botocore.session.get_session()
        assert "fake-service" in session.get_available_services()
        monkeypatch.delenv("AWS_DATA_PATH")
        other = botocore.session.get_session()
        assert "fake-service" not in other.get_available_services()
        other.get_component("data_loader").search_paths.append(str(tmp_path))
        assert "fake-service" in other.get_available_services()
        assert "fake-service" not in botocore.session.get_session().get_available_services()


BEFORE: dict[str, Callable[[], tuple[Any, Callable[[], Any]]]] = {
    "client": lambda: (it := client(), lambda: it),
    "resource": lambda: (it := boto3.resource("iam", **FAKE_KEYS), lambda: it.meta.client),
    "part of a resource": lambda: (it := boto3.resource("iam", **FAKE_KEYS).Role("Fake"), lambda: it.meta.client),
    "session of boto3": lambda: (it := boto3.Session(), lambda: it.client("iam")),
    "session of botocore": lambda: (it := botocore.session.get_session(), lambda: it.create_client("iam")),
}


@pytest.mark.parametrize("made", BEFORE.values(), ids=BEFORE.keys())
def test_clients_created_before_can_be_attached(made: Callable[[], tuple[Any, Callable[[], Any]]]) -> None:
    attached, asked = made()
    with awstape.replay(CASSETTES) as tape:
        tape.attach(attached)
        assert versions(asked()) == VERSIONS


@pytest.mark.parametrize("times", [0, 1, 3])
def test_attaching_again_what_is_answered_already_takes_no_take_twice(times: int, tmp_path: Path) -> None:
    with awstape.replay(in_process.with_takes(tmp_path / "takes.yaml", 3)) as tape:
        iam = boto3.client("iam")
        assert boto3.DEFAULT_SESSION
        tape.attach(*[iam, boto3.DEFAULT_SESSION] * times)
        for asked in (iam, boto3.client("iam"), iam):
            asked.list_roles()
        assert [take for _, take, _ in tape.tape.player.takes_not_replayed()] == []  # type: ignore[union-attr]
        tape.reset()
        assert iam.list_roles()["Roles"][0]["Description"] == "take 0"


def test_attaching_twice_answers_once() -> None:
    """Otherwise a miss would count, and a fault be used, each time."""
    tape = awstape.replay(CASSETTES, faults=["denied ListRoles times=2"])
    with ends_in_misses(tape, "iam GetRole"):
        iam = boto3.client("iam")
        tape.attach(iam, iam)
        for _ in range(2):
            with pytest.raises(ClientError, match="AccessDenied"):
                iam.list_roles()
        assert len(roles(iam)) == 3
        with pytest.raises(ClientError, match="CassetteMiss"):
            iam.get_role(**NO_ROLE)


@pytest.mark.parametrize("nonsense", [None, "iam", boto3, boto3.Session, botocore.session.Session], ids=str)
def test_nothing_else_can_be_attached(nonsense: object) -> None:
    with awstape.replay(CASSETTES) as tape, pytest.raises(TypeError, match="is no session, client or resource of"):
        tape.attach(nonsense)


def test_a_compressed_request_is_answered() -> None:
    with awstape.replay(CASSETTES / "policy-versions.yaml"):
        asked = client()
        asked.meta.events.register("before-sign.iam", compress)
        assert versions(asked) == VERSIONS


def test_a_stubber_that_answers_first_is_left_alone() -> None:
    with awstape.replay(CASSETTES):
        iam = boto3.client("iam")
        with Stubber(iam) as stubber:
            stubber.add_response("list_roles", {"Roles": []})
            assert roles(iam) == []
        assert len(roles(iam)) == 3


# --- what it answers --------------------------------------------------------------------------------------------


def walk(path: Path, **options: Any) -> list[Any]:
    """Every response to every page of a cassette, as botocore parses it; of failures what the exception holds."""
    found: list[Any] = []
    clients: dict[tuple[str, str | None], Any] = {}
    for operation, region, first in in_process.questions(path):
        key = operation.service.name, region
        if key not in clients:
            clients[key] = client(key[0], region_name=region or "us-east-1", config=ONCE, **options)
        more: dict[str, Any] = {}
        while True:
            try:
                response = getattr(clients[key], xform_name(operation.name))(**first, **more)
            except ClientError as error:
                found.append((type(error).__name__, str(error), error.response))
                break
            found.append(response)
            if not (more := in_process.next_page(operation, response)):
                break
    return found


@pytest.mark.parametrize("paging", ["recorded", "torture"])
@pytest.mark.parametrize("name", [*SHIPPED, "wire cases"])
def test_a_client_sees_what_it_sees_over_the_wire(name: str, paging: str, aws: StandIn, tmp_path: Path) -> None:
    path = CASSETTES / name if name in SHIPPED else in_process.of_wire_cases(tmp_path / "cases.yaml")
    unfinished = nullcontext() if name in SHIPPED else suppress(MissError)
    with unfinished, awstape.InProcess(open_for_replay([path], os.environ, paging), strict=True):
        inside = walk(path)
    with servers.run_in_background(servers.serve_endpoint(open_for_replay([path], os.environ, paging), 0)) as (url, _):
        outside = walk(path, endpoint_url=url)
    for response in outside:
        metadata = (response[2] if isinstance(response, tuple) else response)["ResponseMetadata"]
        del metadata["HTTPHeaders"]["content-length"]
        assert metadata["RequestId"]
    assert inside == outside
    assert len(inside) >= len(in_process.questions(path))
    assert not aws.calls


@pytest.mark.parametrize(("paging", "sizes"), PAGINGS.items())
def test_paging_modes(paging: str, sizes: list[int]) -> None:
    with awstape.replay(CASSETTES / "policy-versions.yaml", paging=paging):
        found = pages(boto3.client("iam"))
    assert [len(page) for page in found] == sizes
    assert list(chain(*found)) == VERSIONS


def test_a_number_is_a_paging_mode() -> None:
    with awstape.replay(CASSETTES, paging=2):  # type: ignore[arg-type]
        assert [len(page) for page in pages(boto3.client("iam"))] == [2, 2, 1]


@pytest.mark.parametrize("service", ["iam", "accessanalyzer"])
@pytest.mark.parametrize("url", ["http://localhost:4566", "https://127.0.0.1:9/", "https://aws.example", ELSEWHERE])
def test_a_client_with_an_endpoint_of_its_own_is_answered(service: str, url: str) -> None:
    with awstape.replay(CASSETTES):
        asked: Any = boto3.client(service, endpoint_url=url)
        found = asked.list_roles() if service == "iam" else asked.list_policy_generations()
        assert found.get("Roles") or found["policyGenerations"]


def test_the_region_of_a_client_counts_with_an_endpoint_of_its_own(tmp_path: Path) -> None:
    pairs = []
    for region in ("us-east-1", "eu-west-1"):
        answer = exchanges.respond("ListAnalyzers", {"analyzers": [{"name": f"in-{region}"}]})
        pairs.append((exchanges.request("ListAnalyzers", region=region), answer))
    path = in_process.save(tmp_path / "x.yaml", exchanges.cassette(*pairs))
    takes = {take.track.region: take for take in cassette_files.load(path, MODELS).takes}
    with awstape.replay(path):
        for region, take in takes.items():
            for options in ({}, {"endpoint_url": ELSEWHERE}):
                asked: Any = boto3.client("accessanalyzer", region_name=region, **options)
                expected = take.pages[0].answer.output
                assert {"analyzers": asked.list_analyzers()["analyzers"]} == expected


def test_sixteen_threads_do_not_interfere() -> None:
    together = threading.Barrier(16)

    def listed(asked: Any) -> list[list[str]]:
        together.wait(30)
        return pages(asked)

    with awstape.replay(CASSETTES, paging="torture"), ThreadPoolExecutor(16) as pool:
        found = list(pool.map(listed, [boto3.client("iam") for _ in range(16)]))
    assert [[len(page) for page in listing] for listing in found] == [PAGINGS["torture"]] * 16


# --- what it leaves alone ---------------------------------------------------------------------------------------


def test_no_socket_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for recorded requests, nor for misses, nor for other services and credentials."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with ends_in_misses(awstape.replay(CASSETTES), "iam GetRole", "service"):
        assert versions(boto3.client("iam")) == VERSIONS
        with pytest.raises(ClientError, match="CassetteMiss"):
            boto3.client("iam").get_role(**NO_ROLE)
        with pytest.raises(ClientError, match="CassetteMiss"):
            boto3.client("sts").get_caller_identity()


@pytest.mark.parametrize("region", ["../../x", '"eu-west-1\\0"'])
def test_a_region_that_cannot_be_set_leaves_no_variable_behind(region: str, tmp_path: Path) -> None:
    text = (CASSETTES / "findings.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text.replace("region: us-east-1", f"region: {region}"))
    before = dict(os.environ)
    with pytest.raises(UserError, match=r"a\.yaml:8: region: not the name of a region"):
        awstape.replay(tmp_path / "a.yaml")
    assert dict(os.environ) == before


def test_a_variable_that_cannot_be_set_leaves_none_behind() -> None:
    before = dict(os.environ)
    tape = InProcess(open_for_replay([CASSETTES], ENVIRON), upstream={"iam": urlsplit("http://127.0.0.1:9/\0")})
    with pytest.raises(ValueError, match="null"):
        tape.use()
    assert dict(os.environ) == before
    with pytest.raises(UserError, match="is neither URL nor SERVICE=URL"):
        parse_upstream(["iam=http://127.0.0.1:9/\0"], MODELS.names)


@pytest.mark.parametrize("error", [None, KeyError("of the test"), KeyboardInterrupt()], ids=str)
def test_the_environment_is_restored_exactly(error: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_PROFILE", "nobodys"), ("AWS_SESSION_TOKEN", ""), ("AWS_REGION", "eu-west-3")):
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with suppress(KeyError, KeyboardInterrupt), awstape.replay(CASSETTES / "findings.yaml"):
        assert boto3.client("accessanalyzer").meta.region_name == "us-east-1", "the cassette's"
        with awstape.replay(CASSETTES / "roles.yaml"):
            assert len(roles(boto3.client("iam"))) == 3
            if error:
                raise error
        os.environ["AWS_PROFILE"] = "set-meanwhile"
    assert dict(os.environ) == before


def test_handlers_are_gone_afterwards() -> None:
    before = in_process.handlers()
    asked, session = client(), boto3.Session()
    counts = in_process.handler_counts(asked)
    with awstape.replay(CASSETTES) as tape:
        tape.attach(asked, session, asked)
        with awstape.replay(CASSETTES) as inner:
            inner.attach(asked)
        assert versions(asked) == VERSIONS, "attached to what was left"
        assert in_process.handler_counts(asked) != counts
        assert in_process.handlers() != before
    assert in_process.handlers() == before
    assert in_process.handler_counts(asked) == in_process.handler_counts(session.client("iam", **FAKE_KEYS)) == counts


def test_an_attached_client_is_restored_afterwards(aws: StandIn) -> None:
    outside = client(endpoint_url=aws.url)
    signatures: list[str] = []
    outside.meta.events.register("before-send", lambda request, **_: signatures.append(signature(request)))
    theirs = roles(outside)
    with awstape.replay(CASSETTES) as tape:
        tape.attach(outside)
        inside: Any = boto3.client("iam", endpoint_url=aws.url)
        ours = [roles(outside), roles(inside)]
    assert roles(outside) == roles(inside) == theirs
    assert theirs not in ours and ours[0] == ours[1]
    assert aws.calls == {"ListRoles": 3}
    assert [bool(text) for text in signatures] == [True, False, True], "nothing is signed that is not sent"


def test_the_inner_one_of_nested_replays_is_asked() -> None:
    with awstape.replay(CASSETTES / "policy-versions.yaml") as outer:
        iam = boto3.client("iam")
        with ends_in_misses(awstape.replay(CASSETTES / "roles.yaml"), "iam ListPolicyVersions") as inner:
            assert len(roles(iam)) == 3
            with pytest.raises(ClientError, match="CassetteMiss"):
                pages(iam)
            assert len(inner.misses) == 1
        assert versions(iam) == VERSIONS
        assert outer.misses == []


def test_one_tape_is_not_in_use_twice() -> None:
    before = dict(os.environ)
    with awstape.replay(CASSETTES) as tape:
        with pytest.raises(RuntimeError, match="used before"), tape:
            pass
        assert versions(boto3.client("iam")) == VERSIONS
    assert dict(os.environ) == before


# --- other services, and moto -----------------------------------------------------------------------------------


#: A call of each protocol, and of services that XML clients read in formats of their own.
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sts": ("get_caller_identity", {}),
    "s3": ("list_buckets", {}),
    "s3control": ("list_jobs", {"AccountId": "000611752023"}),
    "route53": ("list_hosted_zones", {}),
    "cloudfront": ("list_distributions", {}),
    "ec2": ("describe_vpcs", {}),
    "dynamodb": ("list_tables", {}),
    "lambda": ("list_functions", {}),
    "cloudwatch": ("list_metrics", {}),
    "organizations": ("list_accounts", {}),
    "iam-toolbox": ("get_request_authorization_details", {"authorizationId": "x"}),
}
SIGNED_AS = {"s3control": "s3", "cloudwatch": "monitoring", "iam-toolbox": "another service that signs as iam"}


@pytest.mark.parametrize("service", OTHERS)
def test_another_service_is_refused(service: str) -> None:
    call, input_ = OTHERS[service]
    if service not in boto3.Session().get_available_services():
        pytest.skip("a newer botocore has it")
    with ends_in_misses(awstape.replay(CASSETTES), "service") as tape:
        with pytest.raises(ClientError) as caught:
            getattr(boto3.client(service, region_name="us-east-1"), call)(**input_)  # type: ignore[call-overload]
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0
        assert caught.value.response["Error"]["Code"] == "CassetteMiss"
        assert (
            caught.value.response["Error"]["Message"].partition("\n")[0].endswith(": only accessanalyzer and iam are")
        )
        assert re.match(rf"{SIGNED_AS.get(service, service)} {ONLY}", tape.misses[0].text)


#: Calls that are not signed: only the host names the service.
UNSIGNED: dict[str, tuple[str, dict[str, Any], str]] = {
    "sts": (
        "assume_role_with_web_identity",
        {"RoleArn": "arn:aws:iam::000611752023:role/x", "RoleSessionName": "xx", "WebIdentityToken": "fake"},
        "sts",
    ),
    "s3": ("get_object", {"Bucket": "bucket-of-zreal", "Key": "x"}, "s3"),
    "sso": (
        "get_role_credentials",
        {"roleName": "x", "accountId": "000611752023", "accessToken": "fake"},
        "sso",
    ),
    "cognito-idp": (
        "initiate_auth",
        {"AuthFlow": "USER_AUTH", "ClientId": "fake"},
        "cognito-idp",
    ),
}


@pytest.mark.parametrize("service", UNSIGNED)
def test_another_service_is_refused_though_the_request_is_not_signed(service: str) -> None:
    call, input_, name = UNSIGNED[service]
    unsigned = Config(signature_version=botocore.UNSIGNED)
    with ends_in_misses(awstape.replay(CASSETTES), "service") as tape:
        asked: Any = boto3.client(service, region_name="us-east-1", config=unsigned)  # type: ignore[call-overload]
        with pytest.raises(ClientError, match=r"\(CassetteMiss\).* is not replayed: only accessanalyzer and iam are"):
            getattr(asked, call)(**input_)
        assert re.match(rf"{name} {ONLY}", tape.misses[0].text)


@pytest.mark.parametrize("moto_first", [True, False])
def test_moto_answers_for_other_services_in_the_same_run(moto_first: bool) -> None:
    replay = awstape.replay(CASSETTES)
    outer, inner = (mock_aws(), replay) if moto_first else (replay, mock_aws())
    with outer, inner:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="fake-bucket")
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["fake-bucket"]
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
        assert versions(boto3.client("iam")) == VERSIONS
        assert len(boto3.client("accessanalyzer").list_policy_generations()["policyGenerations"]) == 2
        assert replay.misses == []


def test_handlers_for_other_services_may_be_registered_later() -> None:
    body = b"<R><GetCallerIdentityResult><Account>000611752023</Account></GetCallerIdentityResult></R>"
    with awstape.replay(CASSETTES):
        sts = boto3.client("sts")
        raw: Any = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
        sts.meta.events.register("before-send", lambda request, **_: AWSResponse(request.url, 200, {}, raw))
        assert sts.get_caller_identity()["Account"] == "000611752023"


def test_the_cassette_takes_precedence_over_moto(tmp_path: Path) -> None:
    """It would perform the writes, and fail for operations that it doesn't know."""
    role = {"RoleName": "Fake", "AssumeRolePolicyDocument": "{}"}
    simulated = {"PolicySourceArn": "arn:aws:iam::000611752023:role/Fake", "ActionNames": ["s3:GetObject"]}
    asked = {"CreateRole": role, "SimulatePrincipalPolicy": simulated}
    pairs = [(exchanges.request(name, input_), exchanges.respond(name)) for name, input_ in asked.items()]
    path = in_process.save(tmp_path / "x.yaml", exchanges.record(*pairs, include_writes=True).cassette)
    inputs = {operation.name: dict(identity) for operation, _, identity in in_process.questions(path)}
    with mock_aws():
        with awstape.replay(path, strict=True):
            boto3.client("iam").create_role(**inputs["CreateRole"])
            boto3.client("iam").simulate_principal_policy(**inputs["SimulatePrincipalPolicy"])
        assert roles(client()) == []


# --- misses -----------------------------------------------------------------------------------------------------


def test_misses_are_an_error_at_the_end_with_all_that_is_known_of_them() -> None:
    tape = awstape.replay(CASSETTES / "roles.yaml").__enter__()
    for _ in range(2):
        with pytest.raises(ClientError) as miss:
            boto3.client("iam").get_role(RoleName="role-aaaaaaaaaaaa")
    with pytest.raises(MissError) as caught:
        tape.__exit__(None, None, None)
    text = tape.misses[0].text
    assert miss.value.response["Error"] == {"Type": "Sender", "Code": "CassetteMiss", "Message": text}
    assert miss.value.response["ResponseMetadata"]["HTTPHeaders"]["x-awstape-miss"] == "true"
    first, rest = text.split("\n", 1)
    assert (
        "RoleName: request has" in rest
        and "cassette has" in rest
        and "to record it, set AWSTAPE_KEY to your team's key" in rest
        and "and: awstape.record('roles.yaml', mode=" in rest
    )
    assert str(caught.value) == f"miss: {first} (2 times)\n{rest}"
    assert isinstance(caught.value, AssertionError), "a test that meets one fails, and does not err"


def test_another_error_is_not_hidden_by_misses() -> None:
    with pytest.raises(ClientError, match="CassetteMiss"), awstape.replay(CASSETTES, strict=True):
        boto3.client("iam").get_role(**NO_ROLE)


@pytest.mark.parametrize("strict", [True, False])
def test_strict_makes_takes_not_replayed_an_error(strict: bool) -> None:
    tape = awstape.replay(CASSETTES / "policy-versions.yaml", strict=strict)
    if not strict:
        with tape:
            pages(boto3.client("iam"))
        return
    with pytest.raises(MissError) as caught, tape:
        boto3.client("iam").list_policy_versions(**LISTING)
    assert [line.partition("policy/")[2] for line in str(caught.value).splitlines()] == [
        'alias-2rk7tll6t4-lrlk23k6t7/alias-3Tl7R4rs44"}: 2 pages',
        'alias-4m7msS4Tsk"}: 1 page',
        'alias-srrm4262kR"}: 2 pages',
    ]


@pytest.mark.parametrize(
    ("cassette", "options", "problem"),
    [
        ("nowhere.yaml", {}, "nowhere.yaml"),
        ("bad.yaml", {}, "bad.yaml:1: "),
        (".", {}, "no cassettes in this folder"),
        (CASSETTES, {"paging": "two"}, "the paging 'two' is none of"),
        (CASSETTES, {"paging": "0"}, "the paging '0' is none of"),
        (CASSETTES, {"faults": ["explode"]}, "the fault 'explode' does not begin with one of"),
        (CASSETTES, {"faults": ["drop ListRolls"]}, "no operation matches 'ListRolls'"),
    ],
)
def test_unusable_cassettes_and_settings_fail_before_the_block(
    cassette: str | Path, options: dict[str, Any], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("Dear Sir,\n")
    with pytest.raises(UserError) as caught:
        awstape.replay(cassette, **options)
    assert problem in caught.value.problem
    assert caught.value.tip


# --- faults and botocore's retries ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("kind", ["throttle", "internal", "unavailable", "drop"])
def test_botocore_retries_a_fault_in_each_of_its_modes(kind: str, mode: Any, slept: list[float]) -> None:
    with awstape.replay(CASSETTES, faults=[f"{kind} ListPolicyVersions page=2"]):
        asked = boto3.client("iam", config=Config(retries={"mode": mode, "total_max_attempts": 4}))
        found = list(asked.get_paginator("list_policy_versions").paginate(**LISTING))
    assert [page["ResponseMetadata"]["RetryAttempts"] for page in found] == [0, 1, 0]
    assert [version["VersionId"] for page in found for version in page["Versions"]] == VERSIONS
    assert slept


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize("service", ["iam", "accessanalyzer"])
def test_a_connection_that_is_always_dropped_fails_after_the_last_attempt(
    service: Any, mode: Any, slept: list[float]
) -> None:
    with awstape.replay(CASSETTES, faults=["drop times=always"]) as tape:
        asked: Any = boto3.client(service, config=Config(retries={"mode": mode, "total_max_attempts": 3}))
        attempts: list[object] = []
        asked.meta.events.register("response-received", lambda exception, **_: attempts.append(exception))
        with pytest.raises(ConnectionClosedError, match=r"https://(iam|access-analyzer\.us-east-1)\.amazonaws\.com/"):
            asked.list_roles() if service == "iam" else asked.list_analyzers()
        assert [type(attempt) for attempt in attempts] == [ConnectionClosedError] * 3
        assert tape.misses == []


RETRIED = ("throttle", "internal", "unavailable", "drop", "slow seconds=9")


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("paging", [*PAGINGS, "torture:7"])
def test_the_paginator_comes_through_every_paging_fault_and_retry_mode(
    paging: str, mode: Any, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the first page twice, on the second once; faults differ in kind, the listing never."""
    monkeypatch.setattr(TokenBucket, "acquire", lambda *_, **__: True)  # adaptive waits by a clock of its own
    config = Config(read_timeout=5, retries={"mode": mode, "total_max_attempts": 4})
    asked = client(config=config)
    for kind in RETRIED:
        kind, _, seconds = kind.partition(" ")
        faults = [f"{kind} ListPolicyVersions page={n} times={3 - n} {seconds}" for n in (1, 2)]
        with awstape.replay(CASSETTES, paging=paging, faults=faults) as tape:
            tape.attach(asked)
            assert versions(asked) == VERSIONS
        player = tape.tape.player
        assert player
        assert player.sessions.total.fault_counts[0] == 2
        assert bool(player.sessions.total.fault_counts[1]) is (paging != "client"), "where all is on the first page"


def test_an_error_that_stays_is_the_services_own(slept: list[float]) -> None:
    with awstape.replay(CASSETTES, faults=["throttle ListRoles times=always"]) as tape:
        with pytest.raises(ClientError) as caught:
            boto3.client("iam", config=Config(retries={"total_max_attempts": 2})).list_roles()
        assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Rate exceeded"}
        assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 1
        assert len(slept) == 1
        assert tape.misses == []


def test_a_slow_answer_comes_after_its_time(slept: list[float]) -> None:
    with awstape.replay(CASSETTES, faults=["slow ListRoles seconds=12.5"]):
        assert len(roles(boto3.client("iam"))) == 3
    assert slept == [12.5]


def test_a_slow_answer_runs_into_the_clients_timeout(slept: list[float]) -> None:
    with awstape.replay(CASSETTES, faults=["slow ListRoles seconds=12.5 times=always"]):
        config = Config(read_timeout=3, retries={"total_max_attempts": 1})
        with pytest.raises(ReadTimeoutError, match=r"https://iam\.amazonaws\.com/"):
            boto3.client("iam", config=config).list_roles()
    assert slept == [3]


# --- recording --------------------------------------------------------------------------------------------------


def recording(
    path: Path, mode: RecordMode = "all", key: str = ENVIRON["AWSTAPE_KEY"], url: str | None = None
) -> InProcess:
    """A recording. url: that of a stand-in for all services."""
    upstream = parse_upstream([url] if url else [], MODELS.names)
    return InProcess(open_for_recording(path, mode, {"AWSTAPE_KEY": key}), upstream=upstream)


def operations(path: Path) -> list[str]:
    return [take.track.operation for take in cassette_files.load(path, MODELS).takes]


@pytest.mark.parametrize("name", examples.NAMES)
def test_a_recording_is_the_same_bytes_as_one_through_the_proxy(
    name: str, aws: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cassettes that ship were recorded through it, from the same data, with its dummy credentials."""
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    before = dict(os.environ)
    with recording(tmp_path / "x.yaml", key=examples.KEY, url=aws.url):
        programs.EXAMPLES[name]()
    assert dict(os.environ) == before
    assert (tmp_path / "x.yaml").read_bytes() == (CASSETTES / f"{name}.yaml").read_bytes()
    assert aws.calls


def test_a_recording_of_aws_changes_no_variable(tmp_path: Path) -> None:
    before = dict(os.environ)
    with recording(tmp_path / "x.yaml"):
        assert dict(os.environ) == before


@pytest.mark.parametrize("is_profile", [False, True], ids=["variable", "profile"])
def test_a_configured_endpoint_is_not_recorded_in_place_of_aws(
    is_profile: bool, aws: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_profile:
        (tmp_path / "config").write_text(f"[profile local]\nendpoint_url = {aws.url}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_PROFILE", "local")
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    told = f"AWSTAPE_UPSTREAM={aws.url}"
    with (
        pytest.raises(UserError, match="clients would call it instead of AWS") as caught,
        recording(tmp_path / "x.yaml"),
    ):
        raise AssertionError("in use")
    assert told in caught.value.tip
    with recording(tmp_path / "x.yaml", url=aws.url):
        boto3.client("iam").list_roles()
    assert operations(tmp_path / "x.yaml") == ["ListRoles"]
    assert aws.calls == {"ListRoles": 1}


def test_a_recording_is_signed_as_usual_and_seen_as_usual(aws: StandIn, tmp_path: Path) -> None:
    asked = client(endpoint_url=aws.url)
    signatures: list[str] = []
    asked.meta.events.register("before-send", lambda request, **_: signatures.append(signature(request)))
    before = roles(asked)
    with recording(tmp_path / "x.yaml") as tape:
        tape.attach(asked)
        assert roles(asked) == before
    assert ["Credential=FAKE/" in text for text in signatures] == [True, True]
    assert aws.calls == {"ListRoles": 2}


def test_new_episodes_answers_what_is_known_and_asks_for_the_rest(aws: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with recording(path):
        client(endpoint_url=aws.url).list_users()
    with recording(path, "new_episodes") as tape:
        asked = client(endpoint_url=aws.url)
        assert asked.list_users()["Users"] == []
        assert asked.get_account_summary()["SummaryMap"]
        recorded = tape.close()
    assert recorded and [take.track.operation for take in recorded.cassette.takes] == ["GetAccountSummary"]
    assert aws.calls == {"ListUsers": 1, "GetAccountSummary": 1}
    assert operations(path) == ["GetAccountSummary", "ListUsers"]


def test_new_episodes_answer_nothing_from_before_a_write(tmp_path: Path) -> None:
    """Whichever client made it. The same calls are answered from the cassette the next time, and send nothing."""
    path, seen = tmp_path / "x.yaml", []
    with mock_aws():  # it answers what is sent to AWS
        one, other = client(), client()
        with recording(path):
            one.list_groups()
        for _ in range(2):
            with InProcess(open_for_recording(path, "new_episodes", ENVIRON, RecordOptions(include_writes=True))):
                seen.append([len(one.list_groups()["Groups"])])
                other.create_group(GroupName="fake-group")  # the second time, moto would refuse it
                seen[-1].append(len(one.list_groups()["Groups"]))
    assert seen == [[0, 1], [0, 1]]
    assert operations(path) == ["CreateGroup", "ListGroups", "ListGroups"]


def test_once_replays_what_is_there(aws: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for _ in range(2):
        with recording(path, "once"):
            assert client(endpoint_url=aws.url).list_users()["Users"] == []
    with (
        ends_in_misses(recording(path, "once"), "iam ListRoles"),
        pytest.raises(ClientError, match="CassetteMiss"),
    ):
        client(endpoint_url=aws.url).list_roles()
    assert aws.calls == {"ListUsers": 1}


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_throttling_that_was_retried_is_not_recorded(
    mode: Any, aws: StandIn, tmp_path: Path, slept: list[float]
) -> None:
    with StandIn(throttle={"ListRoles": 1}, fail={"ListPolicyGenerations": 1}) as troubled:
        for name, asked in (("smooth", aws), ("rough", troubled)):
            with recording(tmp_path / f"{name}.yaml"):
                options = {"endpoint_url": asked.url, "config": Config(retries={"mode": mode})}
                list(client(**options).get_paginator("list_roles").paginate())
                list(client("accessanalyzer", **options).get_paginator("list_policy_generations").paginate())
        assert troubled.calls == {name: count + 1 for name, count in aws.calls.items()}
    assert (tmp_path / "rough.yaml").read_bytes() == (tmp_path / "smooth.yaml").read_bytes()


def test_a_token_that_repeats_ends_a_paginator(tmp_path: Path) -> None:
    more: dict[str, Any] = {"IsTruncated": True, "Marker": "same"}
    recorded = [
        (exchanges.request("ListUsers", asked), exchanges.respond("ListUsers", {"Users": [{"UserName": name}], **more}))
        for name, asked in (("ann", None), ("bob", {"Marker": "same"}))
    ]
    cassette_files.save(tmp_path / "x.yaml", exchanges.cassette(*recorded))
    with awstape.replay(tmp_path / "x.yaml", strict=True):
        pages = iter(boto3.client("iam").get_paginator("list_users").paginate())
        assert [len(next(pages)["Users"]) for _ in range(2)] == [1, 1]
        with pytest.raises(PaginationError):
            next(pages)


def test_a_failed_connection_is_reported(aws: StandIn, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with recording(tmp_path / "x.yaml") as tape:
        with pytest.raises(Exception, match="Could not connect to the endpoint"):
            client(endpoint_url=url, config=ONCE).list_roles()
        client(endpoint_url=aws.url).list_users()
        recorded = tape.close()
    assert recorded and recorded.failed == {"no response: the service can't be reached": 1}
    assert operations(tmp_path / "x.yaml") == ["ListUsers"]


def test_what_was_recorded_before_an_error_is_kept(aws: StandIn, tmp_path: Path) -> None:
    with suppress(KeyError), recording(tmp_path / "x.yaml"):
        client(endpoint_url=aws.url).list_users()
        raise KeyError("of the test")
    assert not (tmp_path / "x.yaml").exists()
    assert len(list(tmp_path.glob("x.yaml.failed-*.journal"))) == 1


def test_threads_record_what_each_of_them_was_answered(aws: StandIn, tmp_path: Path) -> None:
    names = ("list_roles", "list_groups", "get_account_authorization_details", "list_users")
    asked = client(endpoint_url=aws.url)

    def listed(name: str) -> None:
        list(asked.get_paginator(name).paginate())

    with recording(tmp_path / "one.yaml") as tape:
        tape.attach(asked)
        for name in names:
            listed(name)
    with recording(tmp_path / "many.yaml") as tape, ThreadPoolExecutor(16) as pool:
        tape.attach(asked)
        list(pool.map(listed, names * 4))
    assert (tmp_path / "many.yaml").read_bytes() == (tmp_path / "one.yaml").read_bytes()


def test_moto_is_recorded_without_a_socket(tmp_path: Path) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    with mock_aws(), recording(tmp_path / "x.yaml"):
        for i in range(3):
            client().create_role(RoleName=f"fake-role-{i}", AssumeRolePolicyDocument=trust)
        for _ in client().get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}):
            pass
    os.environ.update(ENVIRON)
    with awstape.replay(tmp_path / "x.yaml", strict=True):
        found = list(boto3.client("iam").get_paginator("list_roles").paginate())
    assert [len(page["Roles"]) for page in found] == [2, 1]


# --- clients that were made before ------------------------------------------------------------------------------


def test_a_client_created_before_is_answered_without_being_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    """It signs nothing, so it needs no credentials; it can't reach AWS either."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    make_request = botocore.endpoint.Endpoint.make_request
    before: Any = boto3.Session(region_name="us-east-1").client("iam")
    analyzer = client("accessanalyzer", region_name="us-east-1", **FAKE_KEYS)
    elsewhere = client(region_name="us-east-1", endpoint_url=ELSEWHERE, **FAKE_KEYS)
    sts = client("sts", region_name="us-east-1", **FAKE_KEYS)
    counts = in_process.handler_counts(before)
    with ends_in_misses(awstape.replay(CASSETTES, faults="drop ListPolicyVersions page=2"), "service"):
        assert versions(before) == versions(elsewhere) == VERSIONS
        assert len(analyzer.list_policy_generations()["policyGenerations"]) == 2
        with pytest.raises(ClientError, match="CassetteMiss"):
            sts.get_caller_identity()
    assert botocore.endpoint.Endpoint.make_request is make_request
    assert in_process.handler_counts(before) == counts


@pytest.mark.parametrize("made", BEFORE.values(), ids=BEFORE.keys())
def test_a_client_that_moto_answered_before_is_answered_by_the_cassette(
    made: Callable[[], tuple[Any, Callable[[], Any]]],
) -> None:
    with mock_aws():
        _, ask = made()
        before, s3 = ask(), client("s3")
        s3.create_bucket(Bucket="fake-bucket")
        assert roles(before) == []
        with awstape.replay(CASSETTES / "roles.yaml") as tape:
            assert len(roles(before)) == 3
            assert len(s3.list_buckets()["Buckets"]) == 1, "moto still answers for other services"
            assert tape.misses == []
        replay = awstape.replay(CASSETTES / "roles.yaml")
        with ends_in_misses(replay, "iam CreateRole"), pytest.raises(ClientError, match="CassetteMiss"):
            before.create_role(RoleName="Fake", AssumeRolePolicyDocument="{}")
        assert roles(before) == [], "moto created nothing, and answers again"


def test_a_client_that_moto_answered_before_is_recorded_from_moto(tmp_path: Path) -> None:
    with mock_aws():
        before = client()
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        before.create_role(RoleName="fake-role", AssumeRolePolicyDocument=trust)
        with recording(tmp_path / "x.yaml"):
            assert roles(before) == ["fake-role"]
    (take,) = cassette_files.load(tmp_path / "x.yaml", MODELS).takes
    assert take.track.operation == "ListRoles"


def test_a_client_created_before_is_recorded(aws: StandIn, tmp_path: Path) -> None:
    before = client(region_name="us-east-1", endpoint_url=aws.url, **FAKE_KEYS)
    with InProcess(open_for_recording(tmp_path / "tape.yaml", "all", ENVIRON)):
        before.list_roles()
        client(region_name="us-east-1", endpoint_url=aws.url, **FAKE_KEYS).list_roles()
    assert aws.calls == {"ListRoles": 2}
    (take,) = cassette_files.load(tmp_path / "tape.yaml", MODELS).takes
    assert take.track.operation == "ListRoles"


def test_tapes_may_end_in_any_order() -> None:
    before = dict(os.environ)
    one, two = awstape.replay(CASSETTES), awstape.replay(CASSETTES)
    one.use()
    two.use()
    one.close()
    assert versions(client()) == VERSIONS
    two.close()
    assert dict(os.environ) == before


def test_a_recording_from_an_upstream(aws: StandIn, tmp_path: Path) -> None:
    upstream = parse_upstream([aws.url], MODELS.names)
    with InProcess(open_for_recording(tmp_path / "tape.yaml", "all", ENVIRON), upstream=upstream):
        client().list_roles()
    assert aws.calls == {"ListRoles": 1}
    assert not [name for name in os.environ if name.startswith("AWS_")]
