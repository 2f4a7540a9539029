"""A replay opens no connection to other hosts: for recorded requests, for misses, for unknown hosts."""

import json
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.conftest import Recorded
from e2e.harness import LIST_EVERYTHING, Machine, calls, program
from e2e.watch import Watch
from support.misses import not_recorded, not_replayed, recording_ended
from support.standin import StandIn

LOCAL = {"127.0.0.1", "localhost"}


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    folder = tmp_path / "watch"
    folder.mkdir()
    return Watch(folder)


def test_the_watch_sees_connections(machine: Machine, watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        machine.run(*program(f"import socket; socket.create_connection({server.getsockname()})"), **watch.environ).ok()
        assert watch.events("program", "socket.connect") == {str(server.getsockname())}


@pytest.mark.parametrize("way", [(), ("--proxy",)], ids=["endpoint", "proxy"])
def test_neither_a_replayed_call_nor_a_miss_opens_a_connection(
    recorded: Recorded, owner: Machine, watch: Watch, way: tuple[str]
) -> None:
    both = ("sh", "-c", f'"$@" && exec {sys.executable} -c "$MISS"', "sh", *LIST_EVERYTHING)
    miss = {"MISS": calls("iam.list_role_tags(RoleName='DeployRole')")[-1]}
    run = owner.awstape("replay", recorded.cassette, *way, "--", *both, **watch.environ, **miss)
    assert run.status == 1
    assert run.out.endswith("}\n400 CassetteMiss\n")
    assert run.err.startswith(f"miss: {not_recorded('iam ListRoleTags')}\n")
    assert run.err.count("miss: ") == 1, "a recorded call was missed, or a miss was retried"
    assert watch.events("awstape", "socket") <= LOCAL
    (address,) = watch.events("program", "socket.connect")
    assert address.startswith("('127.0.0.1', ")
    assert watch.events("program", "socket.get") <= LOCAL


def test_the_proxy_connects_to_no_other_host(recorded: Recorded, owner: Machine, watch: Watch) -> None:
    owner.environ |= watch.environ
    with owner.server("replay", recorded.cassette, "--proxy") as replay:
        with tunnel(replay.port, "example.com:443") as (_, status):
            assert status == 403
        # Through tunnels to a recorded host: TLS with the name of another host, and bytes that are not TLS.
        context = ssl.create_default_context()
        with tunnel(replay.port, "iam.amazonaws.com:443") as (connection, status):
            assert status == 200
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(connection, server_hostname="example.com")
        with tunnel(replay.port, "iam.amazonaws.com:443") as (connection, status):
            connection.sendall(b"\0\1\2\3\r\n\r\n")
            assert b"x-awstape" not in received(connection)
        with socket.create_connection(("127.0.0.1", replay.port), timeout=10) as connection:
            connection.sendall(b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
            assert b"x-awstape-miss: true" in received(connection)
        run = replay.stop()
    assert watch.events("awstape", "socket") <= LOCAL
    assert run.status == 1
    assert [miss["text"].splitlines()[0] for miss in json.loads(run.err)["misses"]] == [
        not_replayed(what, "accessanalyzer", "iam") for what in ("a host under example.com", "an unknown service")
    ]


@contextmanager
def tunnel(port: int, target: str) -> Iterator[tuple[socket.socket, int]]:
    """Yields a connection after CONNECT, and the status of the proxy's response."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = connection.recv(65536)
        yield connection, int(answer.split()[1])


def received(connection: socket.socket) -> bytes:
    """Returns all bytes that arrive until the other side closes the connection."""
    chunks = []
    try:
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    except ConnectionError:
        pass
    return b"".join(chunks)


def test_pages_beyond_an_unfinished_recording_are_misses(machine: Machine, aws: StandIn, cassette: Path) -> None:
    arn = "arn:aws:iam::111122223333:policy/DeployPolicy"
    first_pages = (
        f"print(len(iam.list_policy_versions(PolicyArn='{arn}', MaxItems=2)['Versions']), flush=True)",
        "print(len(analyzer.list_policy_generations(maxResults=2)['policyGenerations']), flush=True)",
    )
    all_pages = (
        f"try: list(iam.get_paginator('list_policy_versions').paginate(PolicyArn='{arn}'))",
        "except ClientError as error: print(error.response['Error']['Code'], flush=True)",
        "list(analyzer.get_paginator('list_policy_generations').paginate())",
    )
    assert machine.record(cassette, aws.url, command=calls(*first_pages)).ok().out == "2\n2\n"
    run = machine.awstape("replay", cassette, "--", *calls(*first_pages, *all_pages))
    assert (run.status, run.out) == (1, "2\n2\nCassetteMiss\n400 CassetteMiss\n")
    assert f"miss: {recording_ended('iam ListPolicyVersions', 1)}\n" in run.err
    assert f"miss: {recording_ended('accessanalyzer ListPolicyGenerations', 1)}\n" in run.err
