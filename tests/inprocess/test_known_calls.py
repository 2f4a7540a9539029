"""A call that is answered from memory is answered as over the wire format: values, errors, events and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import awstape
from awstape.inprocess import known_calls
from awstape.inprocess.botocore_hook import InProcess
from awstape.report import replay_facts
from awstape.tape import Tape
from support import in_process
from support.demo_takes import READ_AFTER_WRITE, TWO_TAKES

#: Two takes of a role, an error, a write that a read waits for, a listing of two pages with a document, an object.
CASSETTE = f"""\
version: 1
{READ_AFTER_WRITE}{TWO_TAKES}---
service: iam
operation: GetUser
identity: {{UserName: nobody}}
pages:
- error: {{status: 404, code: NoSuchEntity, message: there is none, members: {{Type: Sender}}}}
---
service: iam
operation: ListRoles
identity: {{}}
pages:
- output:
    Roles:
    - {{RoleName: one, CreateDate: "2024-03-02T09:14:11Z", Description: "100%25",
       AssumeRolePolicyDocument: '{{"Statement": ["100%25"]}}'}}
    IsTruncated: true
    Marker: page-2
- token: page-2
  output: {{Roles: [{{RoleName: two}}], IsTruncated: false}}
---
service: s3
operation: GetObject
region: us-east-1
identity: {{Bucket: demo, ChecksumMode: ENABLED, Key: demo}}
pages:
- output: {{Body: text}}
"""
KEYS = ["FAKE", "OTHER"]
ONE_RETRY = Config(retries={"total_max_attempts": 2, "mode": "standard"})
Asked = tuple[str, Mapping[str, str]]
CALLS: list[Asked] = [
    ("create_group", {"GroupName": "demo"}),
    ("get_group", {"GroupName": "demo"}),
    ("get_role", {"RoleName": "demo"}),
    ("get_user", {"UserName": "nobody"}),
    ("get_user", {"UserName": "other"}),
    ("list_roles", {}),
    ("list_roles", {"Marker": "page-2"}),
]


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", in_process.ENVIRON["AWSTAPE_KEY"])  # for equal aliases in equal misses


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "tape.yaml"
    made.write_text(CASSETTE)
    return made


def client(key: str = KEYS[0], service: str = "iam") -> Any:
    return boto3.session.Session().client(
        service,
        aws_access_key_id=key,
        aws_secret_access_key="fake",
        region_name="us-east-1",
        config=ONE_RETRY,
    )


def ask(of: Any, asked: Asked) -> Any:
    """The values that a call returns, or those of its error."""
    try:
        return getattr(of, asked[0])(**asked[1])
    except ClientError as error:
        return error.response


@contextmanager
def counting() -> Iterator[list[object]]:
    """Collects the requests that tapes answer over the wire format."""
    requests: list[object] = []
    answer = Tape.answer

    def note(tape: Tape, request: Any, session: str = "") -> Any:
        requests.append(request)
        return answer(tape, request, session)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tape, "answer", note)
        yield requests


def note(got: list[object], **_: object) -> None:
    got.append("an event")


def facts(tape: InProcess) -> object:
    assert tape.tape.player
    total = tape.tape.player.sessions.total
    return replay_facts(tape.tape.player), set(total.played), dict(total.fault_counts)


Step = tuple[int, Asked] | str
steps = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 1), st.sampled_from(CALLS)), st.sampled_from(["reset", "new client", "handler"])
    ),
    max_size=30,
)
everything: list[Step] = [(number, asked) for _ in range(3) for asked in CALLS for number in (0, 1)]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.sampled_from(["recorded", "1", "torture"]), st.sampled_from(["", "throttle times=2"]))
@example(everything, "recorded", "")
@example([*everything, "reset", *everything], "client", "denied ListRoles times=2")
def test_a_known_call_gets_what_a_new_one_gets(path: Path, program: list[Step], paging: str, fault: str) -> None:
    def run() -> list[object]:
        got: list[object] = []
        with awstape.replay(path, paging=paging, faults=fault or ()) as tape, pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.sleep", lambda _: None)  # between the attempts
            clients = [client(key) for key in KEYS]
            for step in program:
                if step == "reset":
                    tape.reset()
                elif step == "new client":
                    clients[0] = client()
                elif step == "handler":
                    clients[0].meta.events.register("response-received", partial(note, got))
                elif not isinstance(step, str):
                    got += [ask(clients[step[0]], step[1]), facts(tape)]
            tape.tape.player.sessions.total.misses.clear()  # type: ignore[union-attr]
        return got

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_calls, "MAX_KEPT", 0)
        expected = run()
    for one, other in zip(run(), expected, strict=True):
        assert one == other


def test_an_equal_call_is_answered_from_memory_and_counts(path: Path) -> None:
    with awstape.replay(path) as tape, counting() as requests:
        one = client()
        came = [ask(one, CALLS[5]) for _ in range(10)]
        assert came == [came[0]] * 10
        assert len(requests) == 1
        assert tape.tape.player
        assert tape.tape.player.sessions.total.requests == 10


def test_what_a_client_changes_in_its_values_no_other_call_gets(path: Path) -> None:
    with awstape.replay(path):
        one = client()
        for _ in range(3):
            got = one.list_roles()
            assert got["Roles"][0]["AssumeRolePolicyDocument"]["Statement"] == ["100%25"]
            assert got["Roles"][0]["Description"] == "100%25"
            got["Roles"][0]["AssumeRolePolicyDocument"]["Statement"].clear()
            got["Roles"].clear()
            got["ResponseMetadata"]["HTTPHeaders"].clear()


@pytest.mark.parametrize(
    "event", ["before-send", "before-sign.iam", "request-created.iam.ListRoles", "response-received", "needs-retry.iam"]
)
def test_a_handler_of_the_program_sees_each_call(path: Path, event: str) -> None:
    seen: list[str] = []

    def note(event_name: str, **_: object) -> None:
        seen.append(event_name)

    with awstape.replay(path), counting() as requests:
        one = client()
        one.list_roles()
        one.meta.events.register(event, note)
        for _ in range(3):
            one.list_roles()
        assert len(requests) == 4
        assert len(seen) == 3
        one.meta.events.unregister(event, note)
        one.list_roles()
        assert len(requests) == 4


@pytest.mark.parametrize("event", ["before-parameter-build", "before-call", "after-call.iam"])
def test_handlers_around_a_call_see_each_call_and_may_change_it(path: Path, event: str) -> None:
    seen: list[str] = []

    def note(event_name: str, params: Any = None, parsed: Any = None, **_: object) -> None:
        seen.append(event_name)
        if parsed:
            parsed["Roles"].append(len(seen))
        elif "body" in params:
            params["body"]["Marker"] = "page-2"
        else:
            params["Marker"] = "page-2"

    with awstape.replay(path), counting() as requests:
        one = client()
        one.list_roles()
        one.meta.events.register_last(event, note)
        came = [one.list_roles()["Roles"] for _ in range(3)]
        assert len(seen) == 3
        expected = {"after-call.iam": [1, 2, 3]}.get(event, ["two"] * 3)
        assert [roles[-1]["RoleName"] if isinstance(roles[-1], dict) else roles[-1] for roles in came] == expected
        assert len(requests) == {"after-call.iam": 1, "before-parameter-build": 2, "before-call": 4}[event]


def test_a_stub_of_the_program_answers_first(path: Path) -> None:
    with awstape.replay(path):
        one = client()
        one.list_roles()
        with Stubber(one) as stubbing:
            stubbing.add_response("list_roles", {"Roles": []})
            assert one.list_roles()["Roles"] == []
        assert len(one.list_roles()["Roles"]) == 1


def test_a_stream_is_made_anew(path: Path) -> None:
    with awstape.replay(path):
        one = client(service="s3")
        assert [one.get_object(Bucket="demo", Key="demo")["Body"].read() for _ in range(3)] == [b"text"] * 3


def test_calls_of_other_credentials_are_other_calls(path: Path) -> None:
    with awstape.replay(path), counting() as requests:
        one = client()
        one.list_roles()
        one._request_signer._credentials.access_key = "CHANGED"
        one.list_roles()
        one._request_signer._credentials.token = "t"
        one.list_roles()
        assert len(requests) == 3


def test_each_tape_answers_its_own_calls(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        "version: 1\n---\nservice: iam\noperation: ListRoles\nidentity: {}\npages:\n- output: {Roles: []}\n"
    )
    with awstape.replay(path):
        one = client()
        assert len(one.list_roles()["Roles"]) == 1
        with awstape.replay(other):
            assert one.list_roles()["Roles"] == one.list_roles()["Roles"] == []
        assert len(one.list_roles()["Roles"]) == 1


def test_threads_may_share_a_client(path: Path) -> None:
    with awstape.replay(path) as tape, ThreadPoolExecutor(16) as threads:
        one = client()
        came = list(threads.map(lambda _: one.list_roles(), range(200)))
        assert came == [came[0]] * 200
        assert tape.tape.player
        assert tape.tape.player.sessions.total.requests == 200


def test_what_is_known_of_a_client_ends_with_it(path: Path) -> None:
    """A client's handlers refer to it in a circle, so that it ends with the next collection."""
    import gc

    from awstape.inprocess.botocore_handlers import _known

    with awstape.replay(path):
        client().list_roles()
        gc.collect()
        assert len(_known._signers) == 0
