"""`replay --workers`: several processes that answer as one would, in real processes over real connections."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awstape.errors import UserError
from awstape.opening import open_for_replay
from awstape.program import servers
from awstape.serving.worker import owner_of
from e2e import warm
from support.demo_takes import NO_USERS, READ_AFTER_WRITE, TWO_TAKES
from support.tips import Tip

LIMIT = 30  # seconds
WORKERS = 3
CASSETTE = f"version: 1\n{READ_AFTER_WRITE}{TWO_TAKES}{NO_USERS}"
GET_ROLE = "Action=GetRole&Version=2010-05-08&RoleName=demo"
LIST_USERS = "Action=ListUsers&Version=2010-05-08"
CREATE_GROUP = "Action=CreateGroup&Version=2010-05-08&GroupName=demo"
GET_GROUP = "Action=GetGroup&Version=2010-05-08&GroupName=demo"
MISS = "Action=ListGroups&Version=2010-05-08"
SESSIONS = ["", "/~a", "/~b", "/~c", "/~d"]


class Client(http.client.HTTPConnection):
    """One connection to a replay."""

    def ask(self, path: str, form: str = "", method: str = "POST") -> tuple[int, bytes]:
        self.request(method, path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        response = self.getresponse()
        return response.status, response.read()

    def misses(self, session: str = "") -> Any:
        status, body = self.ask(f"{session}/~/misses", method="GET")
        assert status == 200, body
        return json.loads(body)

    def take(self, session: str) -> str:
        """The take of the role that a session gets."""
        status, body = self.ask(session or "/", GET_ROLE)
        assert status == 200, body
        return next(take for take in ("first", "second") if take.encode() in body)


@dataclass
class Replay:
    """A running replay."""

    process: subprocess.Popen[str]
    address: tuple[str, int]
    closing: ExitStack

    def client(self) -> Client:
        client = Client(*self.address, timeout=LIMIT)
        self.closing.callback(client.close)
        return client

    @property
    def workers(self) -> list[int]:
        """The ids of the processes, in the order of the workers."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True)
        return sorted(map(int, found.stdout.split()))

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Ends the replay; returns its exit status and what it reported, and checks that no process is left."""
        workers = self.workers
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=LIMIT)
        wait_until_gone(workers)
        return self.process.returncode, err


def wait_until_gone(processes: list[int]) -> None:
    until = time.monotonic() + LIMIT
    while any(map(is_running, processes)):
        assert time.monotonic() < until, "a worker is left"
        time.sleep(0.01)


def is_running(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout
        return bool(state) and not state.startswith("Z")
    return False


def command(folder: Path, *options: str, workers: object = WORKERS) -> list[str]:
    path = folder / "tape.yaml"
    path.write_text(CASSETTE)
    return [sys.executable, "-m", "awstape", "replay", str(path), "--workers", str(workers), *options]


def environ(folder: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}


@contextmanager
def replaying(folder: Path, *options: str) -> Iterator[Replay]:
    with ExitStack() as closing:
        process = closing.enter_context(
            warm.Process(
                command(folder, "--json", *options),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environ(folder),
                start_new_session=True,
            )
        )
        closing.callback(end_group, process.pid)
        assert process.stdout
        url = urlsplit(json.loads(process.stdout.readline())["address"])
        assert url.hostname
        assert url.port
        yield Replay(process, (url.hostname, url.port), closing)


def end_group(process: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Replay]:
    with replaying(tmp_path) as replay:
        yield replay


# --- as one process ---

Step = tuple[int, str, str]
"""The number of a connection, the session and the form; or `reset` or `misses`."""
steps = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(SESSIONS),
        st.sampled_from([GET_ROLE, GET_ROLE, LIST_USERS, CREATE_GROUP, GET_GROUP, MISS, "reset", "misses"]),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Client], list[Client]]]:
    """Connections to a replay of several processes, and to one in this process."""
    folder = tmp_path_factory.mktemp("both")
    with ExitStack() as stack:
        workers = stack.enter_context(replaying(folder))
        tape = open_for_replay([folder / "tape.yaml"], {"HOME": str(folder)})
        url = urlsplit(stack.enter_context(servers.run_in_background(servers.serve_endpoint(tape, 0))).url)
        alone = [Client(str(url.hostname), url.port, timeout=LIMIT) for _ in range(5)]
        for client in alone:
            stack.callback(client.close)
        yield [workers.client() for _ in range(5)], alone


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_workers_answer_and_count_as_one_process_does(
    both: tuple[list[Client], list[Client]], asked: list[Step]
) -> None:
    """Whatever the connections, which name several sessions each."""

    def answers(clients: list[Client]) -> Iterator[object]:
        clients[0].ask("/~/reset")
        for number, session, form in asked:
            client = clients[number]
            if form == "misses":
                yield counts(client.misses(session))
            else:
                yield client.ask(f"{session}/~/reset" if form == "reset" else session or "/", form)
        yield counts(clients[0].misses())

    assert [*answers(both[0])] == [*answers(both[1])]


def counts(facts: dict[str, Any]) -> dict[str, Any]:
    """The misses of different sessions come in any order."""
    return {**facts, "misses": sorted(facts["misses"], key=json.dumps)}


def test_64_clients_at_once_get_the_takes_of_their_own_sessions(replay: Replay) -> None:
    def run(number: int) -> list[str]:
        client = replay.client()
        takes = [client.take(f"/~session-{number}") for _ in range(3)]
        client.ask(f"/~session-{number}", MISS)
        client.ask(f"/~session-{number}", LIST_USERS)
        client.close()
        takes.append(replay.client().take(f"/~session-{number}"))  # another connection, the same session
        return takes

    with ThreadPoolExecutor(64) as pool:
        assert [*pool.map(run, range(64))] == [["first", "second", "second", "second"]] * 64
    status, err = replay.end()
    facts = json.loads(err)
    assert status == 1
    assert sorted(miss["session"] for miss in facts["misses"]) == sorted(f"session-{number}" for number in range(64))
    assert facts["requests"] == 64 * 6
    assert [track["operation"] for track in facts["unplayed"]] == ["CreateGroup", "GetGroup"]


def test_clients_without_a_session_share_one_whatever_the_worker(replay: Replay) -> None:
    clients = [replay.client() for _ in range(9)]
    assert [client.take("") for client in clients] == ["first", *["second"] * 8]
    clients[0].ask("/~/reset")
    assert [client.take("") for client in clients] == ["first", *["second"] * 8]
    assert all(client.ask("/", LIST_USERS)[0] == 200 for client in clients)
    assert replay.client().misses()["requests"] == 18
    assert replay.end()[0] == 0


def test_pipelined_requests_of_several_sessions_are_answered_in_order(replay: Replay) -> None:
    def message(session: str) -> bytes:
        head = f"POST {session or '/'} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        return f"{head}Content-Length: {len(GET_ROLE)}\r\n\r\n{GET_ROLE}".encode()

    sent = SESSIONS * 2 + SESSIONS[::-1]
    with socket.create_connection(replay.address, LIMIT) as connection:
        connection.sendall(b"".join(map(message, sent)))
        received = b""
        while received.count(b"</GetRoleResponse>") < len(sent):
            received += connection.recv(1 << 16)
    takes = ["first" if b"first" in part else "second" for part in received.split(b"</GetRoleResponse>")[:-1]]
    assert takes == ["first"] * 5 + ["second"] * 10


@pytest.mark.parametrize("first", [b"", b"POS", b"POST /~" + b"x" * 300, b"\x16\x03\x01 not HTTP\r\n\r\n"])
def test_a_connection_with_an_odd_beginning_harms_nobody(replay: Replay, first: bytes) -> None:
    with socket.create_connection(replay.address, LIMIT) as odd:
        odd.sendall(first)
        assert replay.client().take("/~a") == "first"
        if first == b"POS":
            time.sleep(0.2)  # it was given to some worker meanwhile
            odd.sendall(f"T /~a?{GET_ROLE} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            assert b"second" in odd.recv(1 << 16)


# --- faults and reports ---


def test_a_fault_strikes_each_session_once(tmp_path: Path) -> None:
    with replaying(tmp_path, "--fault", "throttle ListUsers", "--fault", "denied GetGroup") as replay:
        for session in SESSIONS:
            statuses = [replay.client().ask(session or "/", LIST_USERS)[0] for _ in range(4)]
            assert statuses == [400, 200, 200, 200], session
        status, err = replay.end()
    assert status == 0
    assert json.loads(err)["unstruck"] == ["denied GetGroup"]


PROGRAM = """
import os, sys, urllib.request
for session in sys.argv[2:]:
    try:
        urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}{session}?{sys.argv[1]}").read()
    except urllib.error.HTTPError as error:
        print(error.code)
"""


@pytest.mark.parametrize(
    ("form", "sessions", "options", "status"),
    [
        (LIST_USERS, ["/", "/~a", "/~b"], [], 0),
        (LIST_USERS, ["/", "/~a", "/~b"], ["--strict"], 1),
        (MISS, ["/~a", "/~a"], [], 1),
        (LIST_USERS, [], ["--strict"], 1),
    ],
    ids=["fine", "takes that were not replayed", "misses", "no request"],
)
def test_the_report_and_the_exit_status_are_those_of_one_process(
    tmp_path: Path, form: str, sessions: list[str], options: list[str], status: int
) -> None:
    done = []
    for count in (1, WORKERS):
        program = [warm.python(), "-c", PROGRAM, form, *sessions]
        arguments = [*command(tmp_path, *options, workers=count), "--", *program]
        run = warm.run(arguments, env=environ(tmp_path), timeout=LIMIT)
        done.append((run.returncode, run.stdout, run.stderr))
    assert done[0] == done[1]
    assert done[0][0] == status


# --- ends ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_ends_all_processes_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    """As a terminal and service managers send it. Requests that have arrived are answered, also at other workers."""
    with replaying(tmp_path, "--fault", "slow GetRole seconds=0.5 times=always") as replay:
        workers = replay.workers
        clients = [replay.client() for _ in range(6)]
        for client in clients:
            client.request("POST", "/", GET_ROLE, {"Content-Type": "application/x-www-form-urlencoded"})
        time.sleep(0.2)
        os.killpg(replay.process.pid, number)
        assert [client.getresponse().status for client in clients] == [200] * 6
        assert json.loads(replay.process.communicate(timeout=LIMIT)[1])["requests"] == 6
        assert replay.process.returncode == 0
        wait_until_gone(workers)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with replaying(tmp_path, "--fault", "slow ListUsers seconds=4") as replay:
        client = replay.client()
        client.request("POST", "/", LIST_USERS, {"Content-Type": "application/x-www-form-urlencoded"})
        time.sleep(0.3)
        workers = replay.workers
        replay.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        replay.process.send_signal(signal.SIGINT)
        assert json.loads(replay.process.communicate(timeout=LIMIT)[1])["requests"] == 1
        wait_until_gone(workers)
        with pytest.raises((OSError, http.client.HTTPException)):
            client.getresponse()


def test_no_worker_outlives_a_parent_that_was_killed(replay: Replay) -> None:
    workers = replay.workers
    assert len(workers) == WORKERS
    replay.process.kill()
    replay.process.communicate(timeout=LIMIT)
    wait_until_gone(workers)


def test_a_worker_that_hangs_is_reported_and_ended(replay: Replay) -> None:
    for session in SESSIONS:
        replay.client().take(session)
    workers = replay.workers
    os.kill(workers[0], signal.SIGSTOP)
    replay.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    replay.process.send_signal(signal.SIGINT)
    err = replay.process.communicate(timeout=LIMIT)[1]
    assert replay.process.returncode == 2
    assert "ERROR a worker does not tell what it has counted\n" in err
    wait_until_gone(workers)


def test_a_worker_that_dies_is_reported_and_hangs_no_client(replay: Replay) -> None:
    clients = {session: replay.client() for session in SESSIONS}
    for session, client in clients.items():
        assert client.take(session) == "first"
    dead = owner_of("a", WORKERS)
    process = replay.workers[dead]
    os.kill(process, signal.SIGKILL)
    wait_until_gone([process])
    for session in SESSIONS:
        is_lost = owner_of(session.removeprefix("/~"), WORKERS) == dead
        assert replay.client().ask(session or "/", GET_ROLE)[0] == (500 if is_lost else 200), session
    assert replay.client().ask("/~/misses", method="GET")[0] == 500
    status, err = replay.end()
    assert status == 2
    name = f"worker {dead + 1} (process {process}) was killed by signal 9"
    assert f"{name}: what it has counted is lost; requests of its sessions get status 500\n" in err
    assert f"ERROR {name}: what it has counted is lost\nTIP start the replay again\n" in err


# --- options ---


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_number_of_workers_below_one_is_refused(tmp_path: Path, count: str) -> None:
    done = warm.run(command(tmp_path, workers=count), env=environ(tmp_path))
    assert done.returncode == 2
    assert "ERROR" in done.stderr
    assert "--workers" in done.stderr


def test_workers_are_no_proxies(tmp_path: Path) -> None:
    done = warm.run(command(tmp_path, "--proxy"), env=environ(tmp_path))
    assert done.returncode == 2
    assert done.stderr == ("ERROR --workers serves a plain endpoint only, not --proxy\nTIP leave out one of the two\n")


def test_a_platform_without_forks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tape.yaml").write_text(CASSETTE)
    tape = open_for_replay([tmp_path / "tape.yaml"], {"HOME": str(tmp_path)})
    monkeypatch.delattr(os, "fork")
    with pytest.raises(UserError, match="can't fork workers") as caught, servers.workers_for(tape, 2):
        pass
    assert Tip("leave out --workers").printed(caught.value.tip)
    with servers.workers_for(tape, 1) as workers:  # as without the option
        assert workers is None


def test_a_port_that_is_taken_ends_the_workers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = command(tmp_path, "--port", str(port))
        done = warm.run(arguments, timeout=LIMIT, env=environ(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"ERROR can't listen on 127.0.0.1:{port}: ")
