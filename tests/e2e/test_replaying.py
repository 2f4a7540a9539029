"""Replay as a test tool: paging modes, faults, sessions and --strict, with boto3 and the AWS CLI as clients.

A server and a program take a second to start, so each test starts few of them and makes many calls at the same time.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import botocore
import pytest
import yaml

from awstape.core.cassette.faults import KINDS
from e2e.harness import TESTS, Machine, Server, aws_cli, calls, json_documents, quick
from support.misses import not_replayed
from support.tips import Tip

ASK = quick("ask_in_threads")
CASSETTES = TESTS.parent / "cassettes"
RETRY_MODES = ("legacy", "standard", "adaptive")
#: The members that identify the items in the example cassettes.
NAMES = ("VersionId", "jobId", "GroupName", "RoleName", "PolicyName", "UserName", "id")

JOB_ID = "00000000-0000-4000-8000-00000000000"
POLICIES = ["ReadOnlyAccess", "alias-srrm4262kR", "AWSLambdaBasicExecutionRole"]
FINDING = {
    "analyzerArn": "arn:aws:access-analyzer:us-east-1:000611752023:analyzer/alias-2sss4rmklm-stk3ktlrlt",
    "id": "00000000-0000-4000-9000-000000000011",
}
#: Kind of fault → the operation `List…` that gets it.
LISTED = {
    "throttle": "Roles",
    "internal": "Users",
    "unavailable": "Groups",
    "denied": "Policies",
    "expired": "InstanceProfiles",
    "drop": "AccountAliases",
    "slow": "VirtualMFADevices",
}
assert LISTED.keys() == KINDS.keys()
FAULTS = {kind: kind if kind != "slow" else "slow seconds=3600" for kind in LISTED}

Job = dict[str, Any]
Pages = list[list[str]]


def items(output: Mapping[str, Any]) -> list[str]:
    """Returns the names of the items on a page."""
    (listed,) = (value for value in output.values() if isinstance(value, list))
    return [next(item[name] for name in NAMES if name in item) for item in listed]


def flat(pages: Pages) -> list[str]:
    return [item for page in pages for item in page]


def job(service: str, operation: str, input_: Mapping[str, Any] | None = None, **more: Any) -> Job:
    return {"service": service, "operation": botocore.xform_name(operation), "input": input_ or {}, **more}


def listings() -> Iterator[tuple[Job, Pages]]:
    """Yields the listings in the example cassettes: the job that requests each, and its recorded pages."""
    for path in sorted(CASSETTES.glob("*.yaml")):
        for take in list(yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader))[1:]:
            if take["operation"].startswith("List"):
                pages = [items(page["output"]) for page in take["pages"]]
                yield job(take["service"], take["operation"], take["identity"], size=0), pages


JOBS, RECORDED = zip(*listings(), strict=True)


def ask(machine: Machine, server: Server, jobs: Sequence[Job], **environ: str) -> list[list[Job]]:
    """Runs jobs with boto3; returns for each job the result of each call."""
    results: list[list[Job]] = machine.run(*ASK, json.dumps(jobs), **server.environ, **environ).json
    return results


@contextmanager
def pagings(machine: Machine, *pagings: str) -> Iterator[dict[str, Server]]:
    """Runs a replay of the example cassettes in each paging mode; asserts that none had misses."""
    with ExitStack() as stack:
        servers = {
            paging: stack.enter_context(machine.server("replay", CASSETTES, "--paging", paging)) for paging in pagings
        }
        yield servers
        for server in servers.values():
            assert json.loads(server.stop().err)["misses"] == []


def pages_of(results: Sequence[Job]) -> Pages:
    """Returns the pages of a job that is one traversal."""
    (traversal,) = results
    return [items(page) for page in traversal["answer"]]


def ask_in_each_mode(machine: Machine, server: Server, jobs: Sequence[Job]) -> dict[str, list[list[Job]]]:
    """Runs jobs in each retry mode of boto3, with three attempts; each mode has its own session.

    Returns retry mode → for each job the result of each call.
    """

    def ask_in(mode: str) -> list[list[Job]]:
        in_session = [{**each, "url": f"{server.url}/~{mode}"} for each in jobs]
        return ask(machine, server, in_session, AWS_RETRY_MODE=mode, AWS_MAX_ATTEMPTS="3")

    with ThreadPoolExecutor() as pool:
        return dict(zip(RETRY_MODES, pool.map(ask_in, RETRY_MODES), strict=True))


def write(path: Path, *takes: Mapping[str, Any]) -> Path:
    """Writes a cassette in the form in which people write it by hand."""
    path.write_text(yaml.safe_dump_all([{"version": 1}, *takes], sort_keys=False))
    return path


def take(operation: str, output: Mapping[str, Any], identity: Mapping[str, Any] | None = None, **more: Any) -> Any:
    service = {"iam": {"service": "iam"}, "analyzer": {"service": "accessanalyzer", "region": "us-east-1"}}
    of = service["analyzer" if operation == "ListArchiveRules" else "iam"]
    return {**of, "operation": operation, "identity": dict(identity or {}), **more, "pages": [{"output": dict(output)}]}


# --- paging ---


def test_each_paging_mode_serves_the_same_items_in_other_pages(stranger: Machine) -> None:
    sizes = (0, 1, 3)
    with pagings(stranger, "client", "2", "torture", "torture:7") as servers:
        jobs = [
            {**each, "url": server.url, "size": size} for server, size, each in product(servers.values(), sizes, JOBS)
        ]
        came = iter(ask(stranger, servers["2"], jobs))
        found = {case: [pages_of(next(came)) for _ in JOBS] for case in product(servers, sizes)}
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
                    assert len(flat(recorded)) < 2 or 0 in before
    assert found["torture", 0] != found["torture:7", 0]


def test_the_cli_traverses_and_continues_in_every_paging_mode(stranger: Machine) -> None:
    policy = "arn:aws:iam::000611752023:policy/alias-srrm4262kR"
    versions = f"iam list-policy-versions --policy-arn {policy} --page-size 2 --max-items 3"
    jobs = "accessanalyzer list-policy-generations --max-items 2"
    policies = "iam list-attached-role-policies --role-name alias-Tsr76sms7l --page-size 1"
    with pagings(stranger, "client", "torture:7") as servers:
        commands = [
            f"{command} --endpoint-url {server.url}"
            for server in servers.values()
            for command in (versions, jobs, policies)
        ]
        environ = servers["client"].environ
        first = json_documents(stranger.run(*aws_cli(*commands), **environ).ok().out)
        tokens = [answer.pop("NextToken", None) for answer in first]
        more = [f"{c} --starting-token {token}" for c, token in zip(commands, tokens, strict=True) if token]
        second = json_documents(stranger.run(*aws_cli(*more), **environ).ok().out)
        assert [answer.pop("NextToken", None) is None for answer in second] == [True, False] * 2
    assert [items(answer) for answer in first] == [["v5", "v4", "v3"], [f"{JOB_ID}1", f"{JOB_ID}2"], POLICIES] * 2
    assert [items(answer) for answer in second] == [["v2", "v1"], [f"{JOB_ID}3", f"{JOB_ID}4"]] * 2


# --- faults ---


def test_each_fault_is_retried_as_the_sdk_retries_it(stranger: Machine, cassette: Path) -> None:
    """Faults of the command line end after two requests; those in the cassette don't end."""
    write(
        cassette,
        *(take(f"List{name}", {"IsTruncated": False, name: []}) for name in LISTED.values()),
        *(
            take("ListArchiveRules", {"archiveRules": []}, {"analyzerName": kind}, faults=[f"{fault} times=always"])
            for kind, fault in FAULTS.items()
        ),
    )
    faults = [f"{FAULTS[kind]} times=2".replace(kind, f"{kind} List{name}") for kind, name in LISTED.items()]
    timeout = {kind: 1 if kind == "slow" else 60 for kind in FAULTS}.__getitem__
    jobs = [
        *(job("iam", f"List{name}", timeout=timeout(kind)) for kind, name in LISTED.items()),
        *(job("accessanalyzer", "ListArchiveRules", {"analyzerName": kind}, timeout=timeout(kind)) for kind in FAULTS),
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
        came = ask_in_each_mode(stranger, server, jobs)
        assert server.stop().status == 1
    for mode, results in came.items():
        outcomes = [{name: result[name] for name in result if name != "answer"} for (result,) in results]
        assert outcomes == expected, mode


def test_a_retry_gets_the_same_take_and_the_same_page(stranger: Machine, cassette: Path) -> None:
    roles = [take("GetRole", {"Role": {"Description": f"{i}"}}, {"RoleName": "demo"}) for i in range(3)]
    roles[0]["faults"] = ["throttle", "drop times=1"]
    roles[1]["faults"] = ["slow seconds=3600"]
    versions = next(each for each in JOBS if each["input"].get("PolicyArn", "").endswith("alias-srrm4262kR"))
    faults = ("--fault=unavailable ListPolicyVersions page=2", "--fault=drop ListPolicyVersions page=3")
    with stranger.server("replay", write(cassette, *roles), CASSETTES, *faults) as server:
        jobs = [job("iam", "GetRole", {"RoleName": "demo"}, times=4, timeout=1), versions]
        came = ask_in_each_mode(stranger, server, jobs)
        assert server.stop().status == 0
    for mode, (takes, (traversal,)) in came.items():
        played = [(each["answer"]["Role"]["Description"], each["attempts"]) for each in takes]
        assert played == [("0", 3), ("1", 2), ("2", 1), ("2", 1)], mode
        assert pages_of([traversal]) == [["v5", "v4"], ["v3", "v2"], ["v1"]], mode
        assert traversal["attempts"] == 3 + 2, mode


@pytest.mark.parametrize(
    ("option", "problem", "tip"),
    [
        ("--paging=tortur", "the paging 'tortur' is none of recorded, client,", "for example client, 2 or torture:1"),
        ("--fault=throtle ListRoles", "does not begin with one of throttle, internal,", "did you mean throttle?"),
        ("--fault=drop ListRole", "no operation matches 'ListRole'", "did you mean ListRoles?"),
        ("--fault=drop ListRoles page=0", "has 'page=0'", "page is a number, counted from 1"),
    ],
)
def test_an_invalid_option_is_reported_before_the_program_runs(
    stranger: Machine, option: str, problem: str, tip: str
) -> None:
    run = stranger.awstape("replay", CASSETTES, option, "--", "touch", "it-ran")
    error, advice = run.err.splitlines()
    assert (run.status, run.out) == (2, "")
    assert error.startswith("ERROR ") and problem in error
    assert advice == f"TIP {tip}"
    assert not (stranger.home / "it-ran").exists()


@pytest.mark.parametrize(
    ("way", "tip"),
    [((), "SDKs that ignore AWS_ENDPOINT_URL talk to AWS instead"), (("--proxy",), "")],
    ids=["endpoint", "proxy"],
)
def test_a_program_that_asks_nothing_is_reported(
    stranger: Machine, cassette: Path, way: tuple[str, ...], tip: str
) -> None:
    """Also where nothing is left to replay."""
    write(cassette)
    run = stranger.awstape("replay", cassette, *way, "--", "true")
    assert run.status == 1, "a suite that talks to AWS, or to nothing, is not green"
    assert run.err.startswith("no request arrived: the program asked nothing of the cassette\n")
    assert tip in run.err
    if tip:
        sdks = Tip(
            "  SDKs that ignore AWS_ENDPOINT_URL talk to AWS instead (JavaScript v2, Go v1, Ruby v1, boto3 "
            "before 1.28, AWS CLI before 2.13): awstape replay --proxy"
        )
        ask = shlex.join(calls("iam.list_users()"))
        assert "miss: " in stranger.run("sh", "-c", f"{sdks.take(run.err)} {cassette} -- {ask}").err
        failed = stranger.awstape("replay", cassette, "--", "sh", "-c", "exit 3")
        assert failed.status == 3
        assert "the program ended with exit status 3, perhaps before it called AWS" in failed.err
        ignoring = Tip("  or its SDK ignores AWS_ENDPOINT_URL: awstape replay --proxy")
        assert "miss: " in stranger.run("sh", "-c", f"{ignoring.take(failed.err)} {cassette} -- {ask}").err
    run = stranger.awstape("replay", cassette, *way, "--strict", "--json", "--", "true")
    assert (run.status, json.loads(run.err)["requests"]) == (1, 0)


# --- through the proxy ---

#: A call of each protocol.
OTHERS = {
    "sts": "GetCallerIdentity",
    "s3": "ListBuckets",
    "ec2": "DescribeVpcs",
    "dynamodb": "ListTables",
    "lambda": "ListFunctions",
    "cloudwatch": "ListMetrics",
}


def test_faults_and_other_services_behind_the_proxy(stranger: Machine, cassette: Path) -> None:
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
            *(job(service, operation) for service, operation in OTHERS.items()),
        ]
        came_of_all = ask(stranger, server, jobs, AWS_MAX_ATTEMPTS="3")
        *listed, takes, (rules,) = came_of_all[: -len(OTHERS)]
        run = server.stop()
    for each, came, recorded in zip(JOBS, listed, RECORDED, strict=True):
        assert flat(pages_of(came)) == flat(recorded), each
    faults_met = sum(came["attempts"] - len(came["answer"]) for (came,) in listed)
    assert faults_met == 2, "a throttled page and a dropped one"
    assert [(came["answer"]["Role"]["Description"], came["attempts"]) for came in takes] == [("0", 2), ("1", 1)]
    assert (rules["answer"], rules["attempts"]) == ({"archiveRules": []}, 2)
    refused = {"error": "CassetteMiss", "status": 400, "retries": 0, "attempts": 1}
    assert came_of_all[-len(OTHERS) :] == [[refused]] * len(OTHERS)
    assert run.status == 1
    misses = json.loads(run.err)["misses"]
    names = ("sts", "s3", "ec2", "dynamodb", "lambda", "monitoring")
    assert {(miss["kind"], miss["text"].partition("\n")[0]) for miss in misses} == {
        ("service", not_replayed(name, "accessanalyzer", "iam")) for name in names
    }


# --- strict ---


def test_strict_fails_if_a_recorded_take_was_not_requested(stranger: Machine) -> None:
    """Also in a paging mode whose pages differ from the recorded ones."""
    detail = job("accessanalyzer", "GetFindingV2", FINDING, size=0)
    missing = job("iam", "GetRole", {"RoleName": "alias-S4t6r3rrlT"})
    for jobs, status in ([*JOBS, detail, missing], 0), ([*JOBS, detail], 1):
        command = ("replay", CASSETTES, "--paging", "torture", "--strict", "--", *ASK, json.dumps(jobs))
        run = stranger.awstape(*command)
        unplayed = 'not replayed: iam GetRole {"RoleName": "alias-S4t6r3rrlT"}: 1 page\n'
        assert (run.status, run.err) == (status, unplayed * status)


@pytest.mark.parametrize(
    ("option", "ends_with", "status"),
    [((), 0, 0), (("-v",), 0, 0), (("--strict",), 0, 1), (("--strict",), 7, 7)],
)
def test_only_strict_turns_success_into_failure(
    stranger: Machine, option: tuple[str, ...], ends_with: int, status: int
) -> None:
    ask = shlex.join([*ASK, json.dumps(JOBS[:1])])
    run = stranger.awstape("replay", CASSETTES, *option, "--", "sh", "-c", f"{ask} >&2; exit {ends_with}")
    assert run.status == status
    assert ("not replayed: iam GetRole {" in run.err) == bool(option)


# --- concurrent clients ---


def test_concurrent_traversals_get_their_own_pages(stranger: Machine) -> None:
    times = 4
    assert len(JOBS) * times >= 32
    with pagings(stranger, "recorded", "torture") as servers:
        tortured = [{**each, "url": servers["torture"].url} for each in JOBS]
        alone = [pages_of(came) for came in ask(stranger, servers["torture"], tortured)]
        together = ask(stranger, servers["recorded"], [each for each in (*JOBS, *tortured) for _ in range(times)])
    assert [pages_of(came) for came in together] == [pages for pages in (*RECORDED, *alone) for _ in range(times)]


def test_concurrent_sessions_have_their_own_takes_and_faults(stranger: Machine, cassette: Path) -> None:
    write(cassette, *(take("GetRole", {"Role": {"Description": f"{i}"}}, {"RoleName": "demo"}) for i in range(4)))
    with stranger.server("replay", cassette, "--fault=denied GetRole times=2") as server:
        jobs = [
            job("iam", "GetRole", {"RoleName": "demo"}, url=f"{server.url}/~{i}{'/' * (i % 2)}", times=7)
            for i in range(32)
        ]
        for came in ask(stranger, server, jobs):
            assert [result["error"] for result in came[:2]] == ["AccessDenied"] * 2
            assert [result["answer"]["Role"]["Description"] for result in came[2:]] == ["0", "1", "2", "3", "3"]
        assert server.stop().status == 0
