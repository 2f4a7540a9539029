"""Replay as a test tool: paging modes, faults, sessions and --strict, as boto3 and the AWS CLI meet them.

A server and a program take a second to start, so each test starts few and asks them for a lot at the same time.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore
import pytest
import yaml

from e2e.harness import TESTS, Machine, Server, aws_cli, json_documents

ASK = (sys.executable, str(TESTS / "programs" / "ask_in_threads.py"))
CASSETTES = TESTS.parent / "cassettes"
RETRY_MODES = ("legacy", "standard", "adaptive")
#: What tells the items of the examples from each other.
NAMES = ("VersionId", "jobId", "GroupName", "RoleName", "PolicyName", "UserName", "id")

JOB_ID = "00000000-0000-4000-8000-00000000000"
POLICIES = ["ReadOnlyAccess", "policy-mdd2mdbui7sb", "AWSLambdaBasicExecutionRole"]
FINDING = {
    "analyzerArn": "arn:aws:access-analyzer:us-east-1:000611752023:analyzer/analyzer-3gnndimudebl",
    "id": "00000000-0000-4000-9000-000000000011",
}
#: Kind → an operation `List…` that it strikes.
LISTED = {
    "throttle": "Roles",
    "internal": "Users",
    "unavailable": "Groups",
    "denied": "Policies",
    "expired": "InstanceProfiles",
    "drop": "AccountAliases",
    "slow": "VirtualMFADevices",
}
FAULTS = {kind: kind if kind != "slow" else "slow seconds=3600" for kind in LISTED}

Job = dict[str, Any]
Pages = list[list[str]]


def items(output: Mapping[str, Any]) -> list[str]:
    """The names of what a page lists."""
    (listed,) = (value for value in output.values() if isinstance(value, list))
    return [next(item[name] for name in NAMES if name in item) for item in listed]


def flat(pages: Pages) -> list[str]:
    return [item for page in pages for item in page]


def job(service: str, operation: str, input_: Mapping[str, Any] | None = None, **more: Any) -> Job:
    return {"service": service, "operation": botocore.xform_name(operation), "input": input_ or {}, **more}


def listings() -> Iterator[tuple[Job, Pages]]:
    """The listings in the example cassettes: how to ask for each, and its recorded pages."""
    for path in sorted(CASSETTES.glob("*.yaml")):
        for take in list(yaml.safe_load_all(path.read_text("utf-8")))[1:]:
            if take["operation"].startswith("List"):
                pages = [items(page["output"]) for page in take["pages"]]
                yield job(take["service"], take["operation"], take["identity"], size=0), pages


JOBS, RECORDED = zip(*listings(), strict=True)


def ask(machine: Machine, server: Server, jobs: Sequence[Job], **environ: str) -> list[list[Job]]:
    """What boto3 makes of each job, each time."""
    came: list[list[Job]] = machine.run(*ASK, json.dumps(jobs), **server.environ, **environ).json
    return came


def pages_of(came: Sequence[Job]) -> Pages:
    """Of a job that is one traversal."""
    (traversal,) = came
    return [items(page) for page in traversal["answer"]]


def write(path: Path, *takes: Mapping[str, Any]) -> Path:
    """A cassette, as people write it."""
    path.write_text(yaml.safe_dump_all([{"version": 1}, *takes], sort_keys=False))
    return path


def take(operation: str, output: Mapping[str, Any], identity: Mapping[str, Any] | None = None, **more: Any) -> Any:
    service = {"iam": {"service": "iam"}, "analyzer": {"service": "accessanalyzer", "region": "us-east-1"}}
    of = service["analyzer" if operation == "ListArchiveRules" else "iam"]
    return {**of, "operation": operation, "identity": dict(identity or {}), **more, "pages": [{"output": dict(output)}]}


# --- paging ---


def test_each_paging_cuts_the_same_items_into_pages_of_its_own(stranger: Machine) -> None:
    found: dict[tuple[str, int], list[Pages]] = {}
    for paging in ("client", "2", "torture", "torture:7"):
        with stranger.server("replay", CASSETTES, "--paging", paging) as server:
            cases = [(size, {**each, "size": size}) for size in (0, 1, 3) for each in JOBS]
            for (size, _), came in zip(cases, ask(stranger, server, [case for _, case in cases]), strict=True):
                found.setdefault((paging, size), []).append(pages_of(came))
            assert json.loads(server.stop().err)["misses"] == []
    for (paging, size), traversals in found.items():
        for pages, recorded in zip(traversals, RECORDED, strict=True):
            assert flat(pages) == flat(recorded), (paging, size)
            *before, last = (len(page) for page in pages)
            assert max(*before, last, 0) <= (size or 100)
            match paging:
                case "client":
                    assert set(before) <= {size}
                case "2":
                    assert set(before) <= {min(2, size or 2)}
                case _:
                    assert last == 0
                    assert not flat(recorded) or 0 in before
    assert found["torture", 0] != found["torture:7", 0]


def test_the_cli_pages_and_goes_on_in_every_paging(stranger: Machine) -> None:
    policy = "arn:aws:iam::000611752023:policy/policy-mdd2mdbui7sb"
    versions = f"iam list-policy-versions --policy-arn {policy} --page-size 2 --max-items 3"
    jobs = "accessanalyzer list-policy-generations --max-items 2"
    policies = "iam list-attached-role-policies --role-name role-yqmy4ayihgou --page-size 1"
    for paging in "client", "torture:7":
        with stranger.server("replay", CASSETTES, "--paging", paging) as server:
            run = stranger.run(*aws_cli(versions, jobs, policies), **server.environ).ok()
            first = json_documents(run.out)
            tokens = [answer.pop("NextToken", None) for answer in first]
            more = (f"{versions} --starting-token {tokens[0]}", f"{jobs} --starting-token {tokens[1]}")
            run = stranger.run(*aws_cli(*more), **server.environ).ok()
            second = json_documents(run.out)
            second[1].pop("NextToken")
            assert server.stop().status == 0
        assert tokens[2] is None
        assert [items(answer) for answer in first] == [["v5", "v4", "v3"], [f"{JOB_ID}1", f"{JOB_ID}2"], POLICIES]
        assert [items(answer) for answer in second] == [["v2", "v1"], [f"{JOB_ID}3", f"{JOB_ID}4"]]


# --- faults ---


def test_each_fault_is_retried_as_the_sdk_retries_it(stranger: Machine, cassette: Path) -> None:
    """Those of the command line end after two; those in the cassette don't end."""
    write(
        cassette,
        *(take(f"List{name}", {"IsTruncated": False, name: []}) for name in LISTED.values()),
        *(
            take("ListArchiveRules", {"archiveRules": []}, {"analyzerName": kind}, faults=[f"{fault} times=always"])
            for kind, fault in FAULTS.items()
        ),
    )
    faults = [f"{FAULTS[kind]} times=2".replace(kind, f"{kind} List{name}") for kind, name in LISTED.items()]
    jobs = [
        *(job("iam", f"List{name}", timeout=1) for name in LISTED.values()),
        *(job("accessanalyzer", "ListArchiveRules", {"analyzerName": kind}, timeout=1) for kind in FAULTS),
        job("iam", "ListSAMLProviders"),
        job("accessanalyzer", "ListAnalyzers"),
    ]
    fine = {"retries": 2, "status": 200, "attempts": 3}
    once = {"retries": 0, "attempts": 1}
    thrice = {"retries": 2, "attempts": 3}
    expected = [
        *(fine for _ in range(3)),
        {"error": "AccessDenied", "status": 403, **once},
        {"error": "ExpiredToken", "status": 403, **once},
        *(fine for _ in range(2)),
        {"error": "ThrottlingException", "status": 429, **thrice},
        {"error": "InternalServerException", "status": 500, **thrice},
        {"error": "ServiceUnavailableException", "status": 503, **thrice},
        {"error": "AccessDeniedException", "status": 403, **once},
        {"error": "ExpiredTokenException", "status": 403, **once},
        {"error": "ConnectionClosedError", "attempts": 3},
        {"error": "ReadTimeoutError", "attempts": 3},
        *({"error": "CassetteMiss", "status": 400, **once} for _ in range(2)),
    ]
    with stranger.server("replay", cassette, *(f"--fault={fault}" for fault in faults)) as server:

        def ask_in(mode: str) -> list[Job]:
            in_session = [{**each, "url": f"{server.url}/~{mode}"} for each in jobs]
            came = ask(stranger, server, in_session, AWS_RETRY_MODE=mode, AWS_MAX_ATTEMPTS="3")
            return [{name: result[name] for name in result if name != "answer"} for (result,) in came]

        with ThreadPoolExecutor() as pool:
            came = dict(zip(RETRY_MODES, pool.map(ask_in, RETRY_MODES), strict=True))
        assert server.stop().status == 1
    assert came == dict.fromkeys(RETRY_MODES, expected)


@pytest.mark.parametrize("mode", RETRY_MODES)
def test_a_retry_gets_the_same_take_and_the_same_page(stranger: Machine, cassette: Path, mode: str) -> None:
    roles = [take("GetRole", {"Role": {"Description": f"{i}"}}, {"RoleName": "demo"}) for i in range(3)]
    write(
        cassette,
        {**roles[0], "faults": ["throttle", "drop times=1"]},
        {**roles[1], "faults": ["slow seconds=60"]},
        roles[2],
    )
    versions = next(each for each in JOBS if each["input"].get("PolicyArn", "").endswith("policy-mdd2mdbui7sb"))
    faults = ("--fault=unavailable ListPolicyVersions page=2", "--fault=drop ListPolicyVersions page=3")
    with stranger.server("replay", cassette, CASSETTES, *faults) as server:
        jobs = [job("iam", "GetRole", {"RoleName": "demo"}, times=4, timeout=1), versions]
        takes, (traversal,) = ask(stranger, server, jobs, AWS_RETRY_MODE=mode, AWS_MAX_ATTEMPTS="3")
        assert server.stop().status == 0
    assert [(came["answer"]["Role"]["Description"], came["attempts"]) for came in takes] == [
        ("0", 3), ("1", 2), ("2", 1), ("2", 1)
    ]  # fmt: skip
    assert [items(page) for page in traversal["answer"]] == [["v5", "v4"], ["v3", "v2"], ["v1"]]
    assert traversal["attempts"] == 5


@pytest.mark.parametrize(
    ("option", "problem", "tip"),
    [
        ("--paging=tortur", "the paging 'tortur' is none of recorded, client,", "for example client, 2 or torture:1"),
        ("--fault=throtle ListRoles", "begins with none of throttle, internal,", "did you mean throttle?"),
        ("--fault=drop ListRole", "no operation matches 'ListRole'", "did you mean ListRoles?"),
        ("--fault=drop ListRoles page=0", "has 'page=0'", "page is a number, counted from 1"),
    ],
)
def test_a_slip_is_told_before_the_program_runs(stranger: Machine, option: str, problem: str, tip: str) -> None:
    run = stranger.awstape("replay", CASSETTES, option, "--", "touch", "it-ran")
    said, advice = run.err.splitlines()
    assert (run.status, run.out) == (2, "")
    assert said.startswith("ERROR ") and problem in said
    assert advice == f"TIP {tip}"
    assert not (stranger.home / "it-ran").exists()


# --- through the proxy ---


def test_faults_and_foreign_hosts_behind_the_proxy(stranger: Machine, cassette: Path) -> None:
    roles = [take("GetRole", {"Role": {"Description": f"{i}"}}, {"RoleName": "demo"}) for i in range(2)]
    write(cassette, take("ListArchiveRules", {"archiveRules": []}, {"analyzerName": "demo"}, faults=["drop"]), *roles)
    faults = (
        "--fault=throttle ListGroups page=2",
        "--fault=drop ListPolicyVersions",
        "--fault=slow GetRole seconds=3600",
    )
    with stranger.server("replay", cassette, CASSETTES, "--proxy", *faults, "--paging", "2") as server:
        jobs = [
            *JOBS,
            job("iam", "GetRole", {"RoleName": "demo"}, times=2, timeout=1),
            job("accessanalyzer", "ListArchiveRules", {"analyzerName": "demo"}),
            job("sts", "GetCallerIdentity"),
        ]
        *listed, takes, (rules,), (foreign,) = ask(stranger, server, jobs, AWS_MAX_ATTEMPTS="3")
        run = server.stop()
    for each, came, recorded in zip(JOBS, listed, RECORDED, strict=True):
        assert flat(pages_of(came)) == flat(recorded), each
    assert [(came["answer"]["Role"]["Description"], came["attempts"]) for came in takes] == [("0", 2), ("1", 1)]
    assert (rules["answer"], rules["attempts"]) == ({"archiveRules": []}, 2)
    assert foreign == {"error": "ProxyConnectionError", "attempts": 3}
    assert run.status == 1
    misses = json.loads(run.err)["misses"]
    assert {(miss["kind"], miss["text"]) for miss in misses} == {
        ("host", "no connection to sts.us-east-1.amazonaws.com: a replay connects to no other host")
    }


# --- strict ---


def test_strict_fails_if_anything_recorded_was_not_asked_for(stranger: Machine) -> None:
    """With other pages than the recorded ones, too."""
    detail = job("accessanalyzer", "GetFindingV2", FINDING, size=0)
    missing = job("iam", "GetRole", {"RoleName": "role-r3pdr6yylyw5"})
    for jobs, status in ([*JOBS, detail, missing], 0), ([*JOBS, detail], 1):
        command = ("replay", CASSETTES, "--paging", "torture", "--strict", "--", *ASK, json.dumps(jobs))
        run = stranger.awstape(*command)
        unplayed = 'unplayed: iam GetRole {"RoleName": "role-r3pdr6yylyw5"}: 1 page\n'
        assert (run.status, run.err) == (status, unplayed * status)


@pytest.mark.parametrize(("option", "ends_with", "status"), [((), 0, 0), (("--strict",), 0, 1), (("--strict",), 7, 7)])
def test_only_strict_turns_success_into_failure(
    stranger: Machine, option: tuple[str, ...], ends_with: int, status: int
) -> None:
    run = stranger.awstape("replay", CASSETTES, *option, "--", "sh", "-c", f"exit {ends_with}")
    assert run.status == status
    assert "unplayed: iam ListRoles {}: 2 pages\n" in run.err


# --- many at the same time ---


def test_traversals_at_the_same_time_see_their_own_pages(stranger: Machine) -> None:
    many = [each for each in JOBS for _ in range(4)]
    assert len(many) >= 32
    for paging in "recorded", "torture":
        with stranger.server("replay", CASSETTES, "--paging", paging) as server:
            alone = [pages_of(came) for came in ask(stranger, server, JOBS)] if paging != "recorded" else RECORDED
            together = [pages_of(came) for came in ask(stranger, server, many)]
            assert together == [pages for pages in alone for _ in range(4)]
            assert server.stop().err.startswith('{"misses": [], ')


def test_sessions_at_the_same_time_have_their_own_takes_and_faults(stranger: Machine, cassette: Path) -> None:
    write(cassette, *(take("GetRole", {"Role": {"Description": f"{i}"}}, {"RoleName": "demo"}) for i in range(4)))
    with stranger.server("replay", cassette, "--fault=denied GetRole times=2") as server:
        jobs = [job("iam", "GetRole", {"RoleName": "demo"}, url=f"{server.url}/~{i}", times=7) for i in range(32)]
        for came in ask(stranger, server, jobs):
            assert [result["error"] for result in came[:2]] == ["AccessDenied"] * 2
            assert [result["answer"]["Role"]["Description"] for result in came[2:]] == ["0", "1", "2", "3", "3"]
        assert server.stop().status == 0
