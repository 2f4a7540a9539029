"""The stand-in behaves like AWS: boto3 parses its responses, and raw requests get the bytes that AWS would send."""

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from e2e import warm
from support import standin_data as data
from support.standin import StandIn

HERE = Path(__file__).parent
DEPLOY_POLICY, AUDIT_POLICY, BOUNDARY_POLICY = data.POLICY_VERSIONS
DEPLOY_ROLE = "arn:aws:iam::111122223333:role/DeployRole"
MARKER = re.compile(r"[A-Za-z0-9+/]{88}")


def client(aws: StandIn, service: str, attempts: int = 1) -> Any:
    """A client that gives up after `attempts`."""
    return boto3.client(
        service,  # type: ignore[call-overload,unused-ignore]  # stubs know literals only
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
    )


def pages(aws: StandIn, service: str, operation: str, size: int | None = None, **arguments: Any) -> list[Any]:
    """Returns all pages of a listing, as boto3's paginator yields them."""
    paginator = client(aws, service).get_paginator(operation)
    return list(paginator.paginate(**arguments, PaginationConfig={"PageSize": size}))


def raw(
    aws: StandIn, target: str, form: Mapping[str, str] | None = None, **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    """Sends a request without any SDK; returns status, headers with lower-case names, body."""
    connection = HTTPConnection(urlsplit(aws.url).netloc, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST" if form else "GET", target, urlencode(form) if form else None, named)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


# --- Pages -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("service", "operation", "arguments", "size", "lists"),
    [
        ("iam", "list_policy_versions", {"PolicyArn": DEPLOY_POLICY}, 2, {"Versions": [2, 2, 1]}),
        ("iam", "list_policy_versions", {"PolicyArn": DEPLOY_POLICY}, None, {"Versions": [2, 2, 1]}),
        ("iam", "list_policy_versions", {"PolicyArn": DEPLOY_POLICY}, 1, {"Versions": [1, 1, 1, 1, 1]}),
        ("iam", "list_policy_versions", {"PolicyArn": AUDIT_POLICY}, None, {"Versions": [2, 1]}),
        ("iam", "list_policy_versions", {"PolicyArn": BOUNDARY_POLICY}, None, {"Versions": [1]}),
        ("iam", "list_roles", {}, None, {"Roles": [3, 2]}),
        ("iam", "list_roles", {"PathPrefix": "/ci/"}, None, {"Roles": [1]}),
        ("iam", "list_users", {}, None, {"Users": [0]}),
        ("iam", "list_groups", {}, None, {"Groups": [2, 0, 2, 2]}),
        ("iam", "list_groups", {}, 1, {"Groups": [1, 1, 0, 1, 1, 1, 1]}),
        ("iam", "list_attached_role_policies", {"RoleName": "DeployRole"}, None, {"AttachedPolicies": [2, 1]}),
        ("iam", "list_attached_role_policies", {"RoleName": "AuditRole"}, None, {"AttachedPolicies": [0]}),
        (
            "iam",
            "get_account_authorization_details",
            {},
            None,
            {
                "UserDetailList": [2, 0, 0],
                "GroupDetailList": [1, 0, 0],
                "RoleDetailList": [0, 2, 0],
                "Policies": [0, 1, 1],
            },
        ),
        ("accessanalyzer", "list_policy_generations", {}, None, {"policyGenerations": [2, 2, 1]}),
        ("accessanalyzer", "list_policy_generations", {"principalArn": DEPLOY_ROLE}, 1, {"policyGenerations": [1, 1]}),
        ("accessanalyzer", "list_analyzers", {}, None, {"analyzers": [2]}),
        ("accessanalyzer", "list_analyzers", {"type": "ACCOUNT"}, None, {"analyzers": [1]}),
        ("accessanalyzer", "list_findings", {"analyzerArn": data.EXTERNAL}, None, {"findings": [2, 2, 1]}),
        (
            "accessanalyzer",
            "list_findings",
            {"analyzerArn": data.EXTERNAL, "filter": {"status": {"eq": ["ARCHIVED"]}}},
            None,
            {"findings": [1]},
        ),
        ("accessanalyzer", "list_findings_v2", {"analyzerArn": data.UNUSED}, None, {"findings": [2, 1]}),
        (
            "accessanalyzer",
            "get_finding_v2",
            {"analyzerArn": data.UNUSED, "id": "00000000-0000-4000-9000-000000000011"},
            None,
            {"findingDetails": [2, 1]},
        ),
    ],
)
def test_pages(
    aws: StandIn, service: str, operation: str, arguments: Any, size: int | None, lists: dict[str, list[int]]
) -> None:
    found = pages(aws, service, operation, size, **arguments)
    assert {name: [len(page[name]) for page in found] for name in lists} == lists
    tokens = [page.get("Marker", page.get("nextToken")) for page in found]
    assert tokens[-1] is None
    assert all(MARKER.fullmatch(token) for token in tokens[:-1])
    if service == "iam":
        assert [page["IsTruncated"] for page in found] == [token is not None for token in tokens]


def test_the_pages_together_are_the_listing(aws: StandIn) -> None:
    found = pages(aws, "iam", "list_policy_versions", PolicyArn=DEPLOY_POLICY)
    assert [version["VersionId"] for page in found for version in page["Versions"]] == ["v5", "v4", "v3", "v2", "v1"]


@pytest.mark.parametrize(
    ("service", "operation"), [("iam", "list_roles"), ("accessanalyzer", "list_policy_generations")]
)
def test_markers_are_new_on_every_request_and_stay_valid(aws: StandIn, service: str, operation: str) -> None:
    ask = getattr(client(aws, service), operation)
    name = "Marker" if service == "iam" else "nextToken"
    first, second = ask(), ask()
    assert first[name] != second[name]
    after = [ask(**{name: page[name]}) for page in (first, second, first)]
    assert len({json.dumps(page, default=str, sort_keys=True) for page in map(without_volatile, after)}) == 1


def without_volatile(page: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name not in {"ResponseMetadata", "nextToken", "Marker"}}


def test_a_marker_is_valid_for_its_own_listing_only(aws: StandIn) -> None:
    iam = client(aws, "iam")
    marker = iam.list_policy_versions(PolicyArn=DEPLOY_POLICY)["Marker"]
    for arguments in {"PolicyArn": AUDIT_POLICY, "Marker": marker}, {"PolicyArn": DEPLOY_POLICY, "Marker": "made+up/"}:
        with pytest.raises(ClientError) as failure:
            iam.list_policy_versions(**arguments)
        assert failure.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError) as failure:
        client(aws, "accessanalyzer").list_findings(analyzerArn=data.EXTERNAL, nextToken=marker)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_each_page_of_a_finding_repeats_the_finding(aws: StandIn) -> None:
    finding = "00000000-0000-4000-9000-000000000011"
    first, second = pages(aws, "accessanalyzer", "get_finding_v2", analyzerArn=data.UNUSED, id=finding)
    assert first["resource"] == second["resource"] == DEPLOY_ROLE


# --- The wire --------------------------------------------------------------------------------------------------------
def test_iam_success_on_the_wire(aws: StandIn) -> None:
    status, headers, body = raw(aws, "/", {"Action": "ListUsers", "Version": "2010-05-08"})
    assert (status, headers["content-type"], headers["x-stand-in"]) == (200, "text/xml", "awstape tests")
    assert body.decode() == (
        '<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n'
        "  <ListUsersResult>\n"
        "    <IsTruncated>false</IsTruncated>\n"
        "    <Users/>\n"
        "  </ListUsersResult>\n"
        "  <ResponseMetadata>\n"
        f"    <RequestId>{headers['x-amzn-requestid']}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</ListUsersResponse>\n"
    )


def test_iam_answers_the_query_form_of_get_too(aws: StandIn) -> None:
    _, _, body = raw(
        aws, f"/?{urlencode({'Action': 'GetPolicyVersion', 'PolicyArn': DEPLOY_POLICY, 'VersionId': 'v4'})}"
    )
    assert f"<Document>{data.ALLOW_ENCODED_LOG}</Document>" in body.decode()
    assert "arn%253Aaws%253Aiam%253A%253A111122223333" in body.decode()


def test_access_analyzer_success_on_the_wire(aws: StandIn) -> None:
    _, headers, body = raw(aws, f"/policy/generation?principalArn={quote(DEPLOY_ROLE, safe='')}&maxResults=1")
    token = json.loads(body)["nextToken"]
    assert body.decode() == f'{{"policyGenerations":[{data.POLICY_GENERATIONS[0]}],"nextToken":"{token}"}}'
    assert headers["content-type"] == "application/json"
    assert headers.keys() >= {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id", "date"}


def test_documents_are_percent_encoded_as_iam_does_it() -> None:
    documents = {k: v for k, v in vars(data).items() if k.startswith(("TRUST_", "ALLOW_", "DENY_"))}
    assert len(documents) == 10
    for document in documents.values():
        assert quote(unquote(document), safe="-._~") == document
        assert json.loads(unquote(document))["Statement"]


def test_json_items_are_compact_and_complete() -> None:
    found = data.ANALYZERS + data.POLICY_GENERATIONS + data.FINDINGS[data.EXTERNAL] + data.FINDINGS_V2[data.UNUSED]
    for item in found + tuple(detail for _, details in data.FINDING_DETAILS.values() for detail in details):
        assert json.dumps(json.loads(item), separators=(",", ":")) == item


def test_unique_ids_are_fake_and_of_aws_length() -> None:
    text = Path(data.__file__).read_text()
    assert set(re.findall(r"\b\d{12}\b", text)) <= {"111122223333", "123456789012", "444455556666"} | {
        f"0000000000{n:02}" for n in range(1, 20)
    }
    ids = set(re.findall(r"\bA(?:ROA|IDA|GPA|NPA|IPA)[A-Z0-9]+\b", text))
    assert {len(name) for name in ids} == {21}
    # Words, filled up: ids of AWS's documentation, which end with EXAMPLE, would stay readable in a recording.
    assert not [name for name in ids if name.endswith("EXAMPLE")]
    assert [name for name in ids if re.search("ROLE|USER|GRP|POL|ADMIN|PROF|BOT|DEV|AUDIT|PORT", name)]


def test_boto3_reads_the_documents(aws: StandIn) -> None:
    roles = [role for page in pages(aws, "iam", "list_roles") for role in page["Roles"]]
    trust = {role["RoleName"]: role["AssumeRolePolicyDocument"]["Statement"][0] for role in roles}
    assert trust["DeployRole"]["Condition"] == {"StringEquals": {"sts:ExternalId": "example-external-id-0042"}}
    assert trust["AuditRole"]["Principal"] == {"AWS": "444455556666"}
    assert "Federated" in trust["ci-runner"]["Principal"]
    assert trust["AWSServiceRoleForSupport"]["Principal"] == {"Service": "support.amazonaws.com"}


def test_single_answers(aws: StandIn) -> None:
    iam = client(aws, "iam")
    role = iam.get_role(RoleName="DeployRole")["Role"]
    assert role["RoleLastUsed"]["Region"] == "us-east-1"
    assert role["Description"] == "Deploys <everything> & more, ask alice@example.com"
    assert iam.get_role(RoleName="AuditRole")["Role"]["RoleLastUsed"] == {}
    assert b"arn:aws:iam::111122223333:user/alice" in iam.get_credential_report()["Content"]
    assert iam.get_account_summary()["SummaryMap"]["Roles"] == 5
    document = '{"Statement": "a b*"}'
    created = iam.create_role(RoleName="NewRole", Path="/x/", AssumeRolePolicyDocument=document)["Role"]
    assert (created["Arn"], created["CreateDate"].microsecond) == ("arn:aws:iam::111122223333:role/x/NewRole", 159000)
    assert created["AssumeRolePolicyDocument"] == json.loads(document)
    assert iam.delete_role(RoleName="NewRole")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_large_bodies_are_compressed_on_request(aws: StandIn) -> None:
    form = {"Action": "ListRoles", "Version": "2010-05-08"}
    _, plain, body = raw(aws, "/", form, Accept_Encoding="identity")
    _, packed, content = raw(aws, "/", form, Accept_Encoding="gzip")
    assert (plain["vary"], packed["vary"]) == ("Accept-Encoding", "Accept-Encoding")
    assert "content-encoding" not in plain
    assert packed["content-encoding"] == "gzip"
    assert len(content) < len(gzip.decompress(content)) == len(body)
    _, small, _ = raw(aws, "/", {"Action": "ListUsers"}, Accept_Encoding="gzip")
    assert not {"content-encoding", "vary"} & small.keys()


# --- Errors and faults -----------------------------------------------------------------------------------------------
def test_iam_error_on_the_wire(aws: StandIn) -> None:
    status, headers, body = raw(aws, "/", {"Action": "GetRole", "RoleName": "X"})
    assert status == 404
    assert body.decode() == (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n'
        "  <Error>\n"
        "    <Type>Sender</Type>\n"
        "    <Code>NoSuchEntity</Code>\n"
        "    <Message>The role with name X cannot be found.</Message>\n"
        "  </Error>\n"
        f"  <RequestId>{headers['x-amzn-requestid']}</RequestId>\n"
        "</ErrorResponse>\n"
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "status"),
    [
        ("iam", "list_policy_versions", {"PolicyArn": f"{DEPLOY_POLICY}-not"}, "NoSuchEntity", 404),
        ("iam", "get_policy_version", {"PolicyArn": DEPLOY_POLICY, "VersionId": "v9"}, "NoSuchEntity", 404),
        ("iam", "list_attached_role_policies", {"RoleName": "NoSuchRole"}, "NoSuchEntity", 404),
        ("iam", "get_account_authorization_details", {"Filter": ["User"]}, "ValidationError", 400),
        ("iam", "list_virtual_mfa_devices", {}, "InvalidAction", 400),
        ("accessanalyzer", "list_findings", {"analyzerArn": f"{data.UNUSED}-not"}, "ResourceNotFoundException", 404),
        (
            "accessanalyzer",
            "get_finding_v2",
            {"analyzerArn": data.UNUSED, "id": "none"},
            "ResourceNotFoundException",
            404,
        ),
        ("accessanalyzer", "list_archive_rules", {"analyzerName": "none"}, "UnknownOperationException", 404),
    ],
)
def test_the_error_for_what_is_not_there_has_code_and_status_of_aws(
    aws: StandIn, service: str, operation: str, arguments: Any, code: str, status: int
) -> None:
    with pytest.raises(ClientError) as failure:
        getattr(client(aws, service), operation)(**arguments)
    assert failure.value.response["Error"]["Code"] == code
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("service", "operation", "name", "throttled", "failed"),
    [
        ("iam", "list_roles", "ListRoles", (400, "Throttling"), (500, "ServiceFailure")),
        (
            "accessanalyzer",
            "list_policy_generations",
            "ListPolicyGenerations",
            (429, "ThrottlingException"),
            (500, "InternalServerException"),
        ),
    ],
)
def test_faults_hit_the_first_calls_of_their_operation(
    service: str, operation: str, name: str, throttled: tuple[int, str], failed: tuple[int, str]
) -> None:
    with StandIn(throttle={name: 2}, fail={name: 1}) as aws:
        ask = getattr(client(aws, service), operation)
        for expected in throttled, throttled, failed:
            with pytest.raises(ClientError) as failure:
                ask()
            answer: Any = failure.value.response
            assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == expected
            if service == "accessanalyzer":
                assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "0"
        ask()
        assert aws.calls == {name: 4}


def test_sdks_retry_a_throttled_call() -> None:
    with StandIn(throttle={"ListRoles": 1}) as aws:
        assert client(aws, "iam", attempts=3).list_roles()["Roles"]
        assert aws.calls["ListRoles"] == 2


# --- Running it ------------------------------------------------------------------------------------------------------
def test_connections_are_kept_alive_and_end_with_the_stand_in() -> None:
    with StandIn() as aws:
        connection = HTTPConnection(urlsplit(aws.url).netloc, timeout=10)
        for _ in range(2):
            connection.request("GET", "/?Action=ListUsers")
            response = connection.getresponse()
            response.read()
            assert response.version == 11
            assert not response.will_close
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_failure_inside_the_stand_in_fails_the_test() -> None:
    with pytest.raises(ExceptionGroup, match="stand-in"), StandIn() as aws, pytest.raises(ConnectionError):
        raw(aws, "/finding", {"not": "json"})


def test_the_command_line_and_the_programs(tmp_path: Path) -> None:
    """The programs page through a stand-in in another process; threads change nothing, names change the responses."""
    arguments = [sys.executable, "-m", "support.standin", "--throttle", "ListRoles=1"]
    with warm.Process(arguments, cwd=HERE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            found = re.fullmatch(r"stand-in for AWS \(not AWS\) on (http://127\.0\.0\.1:\d+)\n", line)
            assert found
            environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
                "AWS_ENDPOINT_URL": found[1],
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "example",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            }

            def run(program: str, *options: str) -> str:
                done = warm.run([sys.executable, str(HERE / "programs" / program), *options], env=environment)
                assert done.returncode == 0, done.stderr
                return done.stdout

            assert run("seed_operations.py").splitlines() == [
                "iam ListPolicyVersions page 1: v5, v4",
                "iam ListPolicyVersions page 2: v3, v2",
                "iam ListPolicyVersions page 3: v1",
                "accessanalyzer ListPolicyGenerations page 1: SUCCEEDED 2024-05-01",
                "accessanalyzer ListPolicyGenerations page 2: SUCCEEDED 2024-03-02",
            ]
            everything = run("list_everything.py")
            assert run("list_everything.py", "--threads", "8") == everything
            names = tmp_path / "names.json"
            names.write_text(json.dumps({"missing_role_name": "Another"}))
            answers = json.loads(run("list_everything.py", "--names", str(names)))
            message = "The role with name Another cannot be found."
            assert answers["missing role"] == {"Code": "NoSuchEntity", "Message": message, "status": 404}
            assert not re.search(r'"(Marker|nextToken|ResponseMetadata)"', everything)
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def test_the_credential_report_is_base64_on_the_wire(aws: StandIn) -> None:
    _, _, body = raw(aws, "/", {"Action": "GetCredentialReport"})
    content = re.search(rb"<Content>([A-Za-z0-9+/=]+)</Content>", body)
    assert content
    assert base64.b64decode(content[1]).decode() == data.CREDENTIAL_REPORT_CSV
