"""In-process replay and recording of aiobotocore's clients. aiobotocore caps botocore, so `make aio` runs these tests
in a separate environment, which has no boto3."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

import awstape
from awstape import clock
from awstape.core.aws.access_keys import access_key_of_account
from awstape.errors import MissError
from awstape.inprocess.aws_guard import AwsGuard
from awstape.inprocess.botocore_hook import InProcess
from awstape.opening import RecordMode, open_for_recording
from support import exchanges, in_process
from support.exchanges import MODELS
from support.in_process import CASSETTES, ENVIRON, FAKE_KEYS, LISTING, PAGINGS, VERSIONS
from support.misses import not_recorded, not_replayed
from support.standin import StandIn

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig = pytest.importorskip("aiobotocore.config").AioConfig

LISTINGS = ("list_roles", "list_groups", "list_users")
ONCE: dict[str, Any] = {"retries": {"total_max_attempts": 1}}
SHIPPED = sorted(path.name for path in CASSETTES.glob("*.yaml"))


quick = in_process.quick


@pytest.fixture(autouse=True)
def tried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[object]]:
    """A process without AWS account and key; without network access, unless the test uses the stand-in."""
    in_process.isolate(monkeypatch, tmp_path)
    tried = [] if "aws" in request.fixturenames else in_process.cut_off(monkeypatch)
    yield tried
    assert not tried


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which coroutines would have slept; instead, they only yield to the event loop."""
    slept: list[float] = []
    sleep = asyncio.sleep

    async def soon(seconds: float, *_: object) -> None:
        slept.extend([seconds] if seconds else [])
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", soon)
    monkeypatch.setattr(clock, "sleep", soon)
    return slept


@asynccontextmanager
async def client(service: str = "iam", config: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[Any]:
    """Creates a client of a new session."""
    session = aiobotocore_session.get_session()
    async with session.create_client(service, config=AioConfig(**(config or {})), **options) as made:
        yield made


async def pages(asked: Any) -> list[list[str]]:
    """Returns the versions on each page of the listing."""
    paginator = asked.get_paginator("list_policy_versions")
    return [[version["VersionId"] for version in page["Versions"]] async for page in paginator.paginate(**LISTING)]


async def versions(asked: Any) -> list[str]:
    return [version for page in await pages(asked) for version in page]


async def failure(asked: Awaitable[object]) -> ClientError:
    """Returns the error with which a call fails."""
    with pytest.raises(ClientError) as caught:
        await asked
    return caught.value


# --- which clients are answered ---------------------------------------------------------------------------------


def test_clients_created_inside_are_answered() -> None:
    async def main() -> None:
        with awstape.replay(CASSETTES) as tape:
            async with client() as iam, client("accessanalyzer") as analyzer:
                assert await versions(iam) == VERSIONS
                assert len((await analyzer.list_policy_generations())["policyGenerations"]) == 2
            async with client(endpoint_url="http://localhost:4566") as iam:
                assert await versions(iam) == VERSIONS
            assert tape.misses == []

    asyncio.run(main())


def test_clients_created_before_can_be_attached() -> None:
    async def main() -> None:
        session = aiobotocore_session.get_session()
        async with client(region_name="us-east-1", **FAKE_KEYS) as iam:
            counts = await handler_counts(iam)
            with awstape.replay(CASSETTES) as tape:
                tape.attach(iam, session, iam)
                assert await handler_counts(iam) != counts
                assert await versions(iam) == VERSIONS
                async with session.create_client("iam") as made:
                    assert await versions(made) == VERSIONS
            assert await handler_counts(iam) == counts

    async def handler_counts(asked: Any) -> list[int]:
        emit = asked.meta.events.emit
        return [len(await emit(f"response-received.{name}.Any", response_dict=None)) for name in MODELS.names]

    asyncio.run(main())


def test_a_client_created_before_is_answered_without_being_attached() -> None:
    async def main() -> None:
        async with client(region_name="us-east-1", **FAKE_KEYS) as iam:
            with awstape.replay(CASSETTES):
                assert await versions(iam) == VERSIONS

    asyncio.run(main())


def test_attaching_a_client_twice_serves_each_take_once(tmp_path: Path) -> None:
    async def main() -> list[str]:
        with awstape.replay(in_process.with_takes(tmp_path / "takes.yaml", 3)) as tape:
            async with client() as iam:
                tape.attach(iam, iam)
                return [(await iam.list_roles())["Roles"][0]["Description"] for _ in range(4)]

    assert asyncio.run(main()) == ["take 0", "take 1", "take 2", "take 2"]


def test_an_attached_client_is_restored_afterwards(aws: StandIn) -> None:
    async def main() -> None:
        async with client(endpoint_url=aws.url, region_name="us-east-1", **FAKE_KEYS) as iam:
            theirs = [role["RoleName"] for role in (await iam.list_roles())["Roles"]]
            with awstape.replay(CASSETTES) as tape:
                tape.attach(iam)
                assert theirs != [role["RoleName"] for role in (await iam.list_roles())["Roles"]]
            assert theirs == [role["RoleName"] for role in (await iam.list_roles())["Roles"]]

    asyncio.run(main())
    assert aws.calls == {"ListRoles": 2}


def test_a_synchronous_client_is_answered_in_a_running_event_loop() -> None:
    async def main() -> None:
        with awstape.replay(CASSETTES, paging="torture"):
            sync: Any = botocore.session.get_session().create_client("iam")
            async with client() as iam:
                assert await versions(iam) == VERSIONS
                found = sync.get_paginator("list_policy_versions").paginate(**LISTING)
                assert [len(page["Versions"]) for page in found] == PAGINGS["torture"]
                assert await versions(iam) == VERSIONS

    asyncio.run(main())


def test_sixteen_concurrent_traversals_are_independent() -> None:
    async def main() -> list[list[list[str]]]:
        with awstape.replay(CASSETTES, paging="torture", faults=["slow page=2 seconds=0.01 times=always"]):

            async def traversal(number: int) -> list[list[str]]:
                async with client() as iam:
                    return await pages(iam)

            return await asyncio.gather(*map(traversal, range(16)))

    assert [[len(page) for page in found] for found in asyncio.run(main())] == [PAGINGS["torture"]] * 16


def test_clients_get_what_was_recorded_for_their_account(tmp_path: Path) -> None:
    callers = [access_key_of_account(account) for account in ("000059865828", "000281889286")]
    recorded = exchanges.cassette(
        *(
            (exchanges.request("ListRoles", caller=caller), exchanges.respond("ListRoles", {"Roles": [{}] * number}))
            for number, caller in enumerate(callers, 1)
        )
    )
    path = in_process.save(tmp_path / "a.yaml", recorded)

    async def main() -> list[int]:
        found = []
        for account in ("000281889286", "000059865828"):
            async with client(region_name="us-east-1", **awstape.credentials(account)) as asked:
                found.append(len((await asked.list_roles())["Roles"]))
        return found

    with awstape.replay(path, strict=True):
        assert asyncio.run(main()) == [2, 1]


# --- the responses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SHIPPED, "wire cases"])
def test_a_client_gets_the_responses_of_a_synchronous_one(name: str, tmp_path: Path) -> None:
    """Compares everything that botocore parses; for failures, the content of the exception."""
    path = CASSETTES / name if name in SHIPPED else in_process.of_wire_cases(tmp_path / "cases.yaml")

    async def walk(is_async: bool) -> list[Any]:
        found: list[Any] = []
        clients: dict[tuple[str, str | None], Any] = {}
        async with AsyncExitStack() as stack:
            for operation, region, first in in_process.questions(path):
                service = operation.service.name
                if (service, region) not in clients:
                    made = client(service, ONCE, region_name=region)
                    sync = botocore.session.get_session().create_client(service, region, config=Config(**ONCE))
                    clients[service, region] = await stack.enter_async_context(made) if is_async else sync
                call = getattr(clients[service, region], xform_name(operation.name))
                more: dict[str, Any] = {}
                while True:
                    try:
                        response = call(**first, **more)
                        found.append(await response if is_async else response)
                    except ClientError as error:
                        found.append((type(error).__name__, str(error), error.response))
                        break
                    if not (more := in_process.next_page(operation, found[-1])):
                        break
        return found

    seen = []
    for is_async in (True, False):
        with suppress(MissError), awstape.replay(path, paging="torture"):  # some wire cases are unfinished
            seen.append(asyncio.run(walk(is_async)))
    assert seen[0] == seen[1]
    assert len(seen[0]) >= len(in_process.questions(path))


@pytest.mark.parametrize(("paging", "sizes"), PAGINGS.items())
def test_paging_modes(paging: str, sizes: list[int]) -> None:
    async def main() -> list[list[str]]:
        with awstape.replay(CASSETTES, paging=paging):
            async with client() as iam:
                return await pages(iam)

    found = asyncio.run(main())
    assert [len(page) for page in found] == sizes
    assert [version for page in found for version in page] == VERSIONS


def test_misses_are_counted_once_and_reported_at_the_end() -> None:
    async def main() -> None:
        with awstape.replay(CASSETTES):
            async with client() as iam, client("sts") as sts, client("dynamodb") as dynamodb:
                missed = await failure(iam.get_role(RoleName="role-aaaaaaaaaaaa"))
                assert missed.response["Error"]["Code"] == "CassetteMiss"
                assert "RoleName: request has" in missed.response["Error"]["Message"]
                for other in (sts.get_caller_identity(), dynamodb.list_tables()):
                    assert "CassetteMiss" in str(await failure(other))

    with pytest.raises(MissError) as caught:
        asyncio.run(main())
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("  nearest track: ")
    first, sts, dynamodb = (line for line in lines if line.startswith("miss: "))
    assert first == f"miss: {not_recorded('iam GetRole')}"
    for line, service in ((sts, "sts"), (dynamodb, "dynamodb")):
        assert line.startswith(f"miss: {not_replayed(service)}")
        assert "times" not in line


# --- faults and retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize("kind", ["throttle", "internal", "drop"])
def test_a_fault_is_retried(kind: str, mode: str, slept: list[float]) -> None:
    async def main() -> list[Any]:
        with awstape.replay(CASSETTES, faults=[f"{kind} ListPolicyVersions page=2 times=2"]):
            async with client(config={"retries": {"mode": mode, "total_max_attempts": 4}}) as iam:
                return [page async for page in iam.get_paginator("list_policy_versions").paginate(**LISTING)]

    found = asyncio.run(main())
    assert [page["ResponseMetadata"]["RetryAttempts"] for page in found] == [0, 2, 0]
    assert [version["VersionId"] for page in found for version in page["Versions"]] == VERSIONS
    assert len(slept) == 2


def test_a_connection_that_is_always_dropped_fails_after_the_last_attempt(slept: list[float]) -> None:
    async def main() -> None:
        with awstape.replay(CASSETTES, faults=["drop ListRoles times=always"]):
            async with client(config={"retries": {"total_max_attempts": 3}}) as iam:
                with pytest.raises(ConnectionClosedError, match=r"https://iam\.amazonaws\.com/"):
                    await iam.list_roles()

    asyncio.run(main())
    assert len(slept) == 2


def test_other_calls_continue_during_a_slow_response() -> None:
    events: list[str] = []

    async def slow(iam: Any) -> None:
        events.append("asked")
        await iam.list_roles()
        events.append("answered")

    async def other(iam: Any) -> None:
        await iam.list_groups()
        events.append("another is answered")

    async def main() -> None:
        with awstape.replay(CASSETTES, faults=["slow ListRoles seconds=0.5"]):
            async with client() as iam:
                await asyncio.gather(slow(iam), other(iam))

    asyncio.run(main())
    assert events == ["asked", "another is answered", "answered"]


def test_a_slow_response_exceeds_the_clients_timeout(slept: list[float]) -> None:
    async def main() -> None:
        with awstape.replay(CASSETTES, faults=["slow ListRoles seconds=12.5"]):
            async with client(config={"read_timeout": 3, **ONCE}) as iam:
                with pytest.raises(ReadTimeoutError):
                    await iam.list_roles()
            async with client() as iam:
                assert await iam.list_roles()

    asyncio.run(main())
    assert slept == [3]


def test_a_cancelled_call_does_not_change_the_replay() -> None:
    async def main() -> None:
        with awstape.replay(CASSETTES, faults=["slow ListPolicyVersions seconds=60"]):
            async with client() as iam:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(pages(iam), 0.01)
                assert await versions(iam) == VERSIONS

    asyncio.run(main())


# --- recording --------------------------------------------------------------------------------------------------


def recording(path: Path, mode: RecordMode = "all") -> InProcess:
    return InProcess(open_for_recording(path, mode, ENVIRON))


async def listed(url: str, *names: str, together: bool = False) -> None:
    """Traverses listings, in sequence or concurrently."""
    async with client(endpoint_url=url, region_name="us-east-1", **FAKE_KEYS) as iam:

        async def traverse(name: str) -> None:
            async for _ in iam.get_paginator(name).paginate():
                pass

        if together:
            await asyncio.gather(*map(traverse, names))
        else:
            for name in names:
                await traverse(name)


def test_a_recording_has_the_same_bytes_as_one_of_a_synchronous_client(aws: StandIn, tmp_path: Path) -> None:
    with recording(tmp_path / "sync.yaml"):
        options = {"endpoint_url": aws.url, "region_name": "us-east-1", **FAKE_KEYS}
        sync: Any = botocore.session.get_session().create_client("iam", **options)
        for name in LISTINGS:
            list(sync.get_paginator(name).paginate())
    before = dict(os.environ)
    for together in (False, True):
        with recording(tmp_path / f"async-{together}.yaml"):
            asyncio.run(listed(aws.url, *LISTINGS, together=together))
    assert dict(os.environ) == before
    assert len({path.read_bytes() for path in tmp_path.glob("*.yaml")}) == 1
    assert all(count % 3 == 0 for count in aws.calls.values())


def test_throttling_that_was_retried_is_not_recorded(aws: StandIn, tmp_path: Path, slept: list[float]) -> None:
    with StandIn(throttle={"ListRoles": 1}) as throttling:
        for name, url in (("smooth", aws.url), ("rough", throttling.url)):
            with recording(tmp_path / f"{name}.yaml"):
                asyncio.run(listed(url, "list_roles"))
        assert throttling.calls["ListRoles"] == aws.calls["ListRoles"] + 1
    assert (tmp_path / "rough.yaml").read_bytes() == (tmp_path / "smooth.yaml").read_bytes()


def test_new_episodes_replays_recorded_listings_and_requests_others(aws: StandIn, tmp_path: Path) -> None:
    for mode, names in (("all", ["list_users"]), ("new_episodes", ["list_users", "list_groups"])):
        with recording(tmp_path / "x.yaml", mode):  # type: ignore[arg-type]
            asyncio.run(listed(aws.url, *names))
    assert aws.calls == {"ListUsers": 1, "ListGroups": 4}


def test_a_recording_is_replayed(aws: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(tmp_path / "x.yaml"):
        asyncio.run(listed(aws.url, *LISTINGS))
    aws.calls.clear()
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])
    with awstape.replay(tmp_path / "x.yaml", strict=True):
        asyncio.run(listed(aws.url, *LISTINGS))
    assert not aws.calls


# --- the guard ---


@pytest.fixture
def guard() -> Iterator[AwsGuard]:
    guard = AwsGuard("mark it")
    guard.install()
    yield guard
    guard.remove()


@pytest.mark.parametrize("keys", [FAKE_KEYS, {}], ids=["credentials", "none"])
def test_the_guard_refuses_a_client_without_a_tape(
    guard: AwsGuard, keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    async def main() -> None:
        async with client(config=ONCE, region_name="us-east-1", **keys) as asked:
            with pytest.raises(awstape.UserError, match=r"it reached for AWS \(iam ListRoles\): mark it"):
                await asked.list_roles()
            with awstape.replay(CASSETTES / "roles.yaml"):
                assert (await asked.list_roles())["Roles"]
            with pytest.raises(awstape.UserError, match="iam ListUsers"):
                await asked.list_users()

    asyncio.run(main())
    assert guard.reached == ["iam ListRoles", "iam ListUsers"]


def test_the_guard_lets_requests_to_a_stand_in_pass(guard: AwsGuard, aws: StandIn) -> None:
    async def main() -> None:
        async with client(endpoint_url=aws.url, region_name="us-east-1", **FAKE_KEYS) as asked:
            assert (await asked.list_roles())["Roles"]

    asyncio.run(main())
    assert not guard.reached
