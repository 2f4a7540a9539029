"""The mode `new_episodes`: the cassette answers until a write goes to AWS; then AWS does, and its answers follow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape import opening
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Page
from awstape.files import cassette_files
from awstape.recovery import recover
from awstape.tape import Tape
from support import strategies
from support.exchanges import MODELS, fail, operation, request, respond

ENVIRON = {"AWSTAPE_KEY": "a key for tests, not a secret"}
NAMES = ("alpha", "bravo")
#: A call, the role that it is for, and what an update sets.
Step = tuple[str, str, int]


def step(name: str, role: str = "alpha", hours: int = 1) -> Step:
    return name, role, hours


UPDATE = step("UpdateRole", hours=2)
GET, LIST, CREATE, DELETE = (step(name) for name in ("GetRole", "ListRoles", "CreateRole", "DeleteRole"))
programs = st.lists(
    st.tuples(
        st.sampled_from(["GetRole", "ListRoles", "CreateRole", "DeleteRole", "UpdateRole"]),
        st.sampled_from(NAMES),
        st.integers(1, 2),
    ),
    max_size=8,
)


@dataclass
class Account:
    """A stand-in for AWS: roles with the longest session, in hours. Listings have pages of one role."""

    roles: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def respond(self, to: Step, marker: str | None) -> Response:
        name, role, hours = to
        self.asked.append(name)
        if name == "ListRoles":
            return self._page(int(marker.removeprefix("real-") if marker else 0))
        if name == "CreateRole" and role in self.roles:
            return fail(name, 409, "EntityAlreadyExists", "It is there.")
        if name != "CreateRole" and role not in self.roles:
            return fail(name, 404, "NoSuchEntity", "It is not there.")
        if name == "DeleteRole":
            del self.roles[role]
            return respond(name)
        if name == "CreateRole":
            self.roles[role] = 1
        if name == "UpdateRole":
            self.roles[role] = hours
            return respond(name)
        return respond(name, {"Role": self._role(role)})

    def _page(self, start: int) -> Response:
        names = sorted(self.roles)
        more: dict[str, Value] = {"IsTruncated": start + 1 < len(names)}
        if start + 1 < len(names):
            more["Marker"] = f"real-{start + 1}"
        return respond("ListRoles", {"Roles": [self._role(name) for name in names[start : start + 1]], **more})

    def _role(self, name: str) -> dict[str, Value]:
        return {"RoleName": name, "MaxSessionDuration": self.roles[name] * 3600}


def request_for(to: Step, marker: str | None = None) -> Request:
    name, role, hours = to
    if name == "ListRoles":
        return request(name, {"Marker": marker} if marker else {})
    return request(name, {"RoleName": role, **({"MaxSessionDuration": hours * 3600} if name == "UpdateRole" else {})})


Ask = Callable[[Step, str | None], Any]
"""Sends a request, with a marker; returns what the client gets."""


def call(ask: Ask, to: Step) -> Any:
    """What a program sees of a call: the code of an error, else the sessions in hours, page by page."""
    seen: list[list[int]] = []
    marker: str | None = None
    while True:
        answer = ask(to, marker)
        if "Error" in answer:
            return answer["Error"]["Code"]
        seen.append(_hours(answer))
        if (marker := answer.get("Marker")) is None:
            return seen


def _hours(output: Any) -> list[int]:
    roles = [output["Role"]] if "Role" in output else output.get("Roles", ())
    return [role["MaxSessionDuration"] // 3600 for role in roles]


def through(tape: Tape, account: Account | None = None) -> Ask:
    """Asks through a tape. account: the upstream, None in replay."""

    def ask(to: Step, marker: str | None) -> Any:
        asked = request_for(to, marker)
        if reply := tape.answer(asked):
            assert reply.response
            return parse_response(operation(to[0]), reply.response)
        assert account
        before = tape.recorded_so_far
        response = account.respond(to, marker)
        tape.record(asked, response, before)
        return parse_response(operation(to[0]), response)

    return ask


def directly(account: Account) -> Ask:
    return lambda to, marker: parse_response(operation(to[0]), account.respond(to, marker))


def new_episodes(path: Path, *, include_writes: bool = True) -> Tape:
    return opening.open_for_recording(
        path, "new_episodes", ENVIRON, opening.RecordOptions(include_writes=include_writes, is_shared=True)
    )


def run(
    path: Path, program: Sequence[Step], account: Account, mode: opening.RecordMode = "new_episodes", **options: Any
) -> list[Any]:
    """Runs a program while it is recorded; returns what it saw."""
    options.setdefault("include_writes", True)
    opened = opening.open_for_recording(path, mode, ENVIRON, opening.RecordOptions(is_shared=True, **options))
    seen = [call(through(opened, account), each) for each in program]
    opened.close()
    return seen


def replay(path: Path, program: Sequence[Step]) -> list[Any]:
    opened = opening.open_for_replay([path], ENVIRON)
    return [call(through(opened), each) for each in program]


def story(path: Path, name: str) -> list[tuple[Any, str | None]]:
    """Each take of an operation: the sessions in hours, page by page, or the error; and the write that it is after."""
    return [
        ([*map(_page_text, take.pages)], take.after and f"{take.after.track.operation} {take.after.take}")
        for take in cassette_files.load(path, MODELS).takes
        if take.track.operation == name
    ]


def _page_text(page: Page) -> list[int] | str | None:
    return page.answer.error.code if page.answer.error else _hours(page.answer.output)


@strategies.few(90)
@given(programs, programs, st.dictionaries(st.sampled_from(NAMES), st.just(1)))
def test_programs_see_the_recorded_story_and_then_the_truth(
    recorded: list[Step], program: list[Step], roles: dict[str, int]
) -> None:
    """Whatever was recorded before: the second run and replay tell the first run's story, and send nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path, account = Path(folder) / "x.yaml", Account(dict(roles))
        if recorded:
            run(path, recorded, account, "all")
        opened = new_episodes(path)
        first = []
        is_written = False
        for each in program:
            account.asked.clear()
            before = replace(account, roles=dict(account.roles), asked=[])
            first.append(call(through(opened, account), each))
            is_written |= bool({"CreateRole", "DeleteRole", "UpdateRole"} & {*account.asked})
            if is_written or account.asked:
                assert first[-1] == call(directly(before), each), "this is not the truth"
        opened.close()
        if path.exists():
            for _ in range(2):
                check_again(path, program, account, first)


# --- stories ----------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.yaml"


def check_story(path: Path, program: Sequence[Step], account: Account, seen: list[Any]) -> None:
    """A program sees `seen` while it is recorded, once and again, and in replay; the second run sends nothing."""
    assert run(path, program, account) == seen
    check_again(path, program, account, seen)


def check_again(path: Path, program: Sequence[Step], account: Account, seen: list[Any]) -> None:
    text = path.read_bytes()
    assert replay(path, program) == seen
    account.asked.clear()
    assert run(path, program, account) == seen
    assert account.asked == []
    assert path.read_bytes() == text


def test_reads_after_a_write_are_requested_again_and_follow(path: Path) -> None:
    account = Account({"alpha": 1, "bravo": 1})
    run(path, [GET, LIST], account, "all")
    check_story(path, [GET, LIST, UPDATE, GET, LIST], account, [[[1]], [[1], [1]], [[]], [[2]], [[2], [1]]])
    assert story(path, "GetRole") == [([[1]], None), ([[2]], "UpdateRole 1")]
    assert story(path, "ListRoles") == [([[1], [1]], None), ([[2], [1]], "UpdateRole 1")]


def test_a_read_that_the_write_did_not_change_is_not_recorded_again(path: Path) -> None:
    account = Account({"alpha": 1})
    run(path, [GET], account, "all")
    check_story(path, [GET, step("CreateRole", "bravo"), GET, UPDATE, GET], account, [[[1]], [[1]], [[1]], [[]], [[2]]])
    assert story(path, "GetRole") == [([[1]], None), ([[2]], "UpdateRole 1")]


def test_takes_that_the_program_did_not_get_are_stale_after_its_write(path: Path) -> None:
    """The cassette has a poll that saw a change. The program asks once before its write, and sees the same change."""
    account = Account({"alpha": 1})
    opened = opening.open_for_recording(path, "all", ENVIRON)
    for hours in (1, 2):
        account.roles["alpha"] = hours
        call(through(opened, account), GET)
    opened.close()
    check_story(path, [GET, step("CreateRole", "bravo"), GET, GET], account, [[[1]], [[1]], [[2]], [[2]]])
    assert story(path, "GetRole") == [([[1]], None), ([[2]], None), ([[2]], "CreateRole 1")]


def test_an_answer_after_a_write_that_the_program_does_not_make(path: Path) -> None:
    """The account was updated when the cassette was recorded; the program, which doesn't, sees that after its write."""
    account = Account({"alpha": 1})
    run(path, [GET, UPDATE, GET], account, "all")
    check_story(path, [GET, step("CreateRole", "bravo"), GET], account, [[[1]], [[1]], [[2]]])
    assert replay(path, [GET, UPDATE, GET]) == [[[1]], [[]], [[2]]]


def test_a_write_that_the_cassette_has_is_sent_again_after_one_that_it_lacks(path: Path) -> None:
    """Replay gives out its new take then, though the program got none of the old ones."""
    account = Account({"alpha": 1})
    run(path, [DELETE, DELETE, GET], account, "all")
    program = [GET, CREATE, DELETE, GET, DELETE]
    check_story(path, program, account, ["NoSuchEntity", [[1]], [[]], "NoSuchEntity", "NoSuchEntity"])
    assert story(path, "DeleteRole") == [
        ([[]], None),
        (["NoSuchEntity"], None),
        ([[]], "CreateRole 1"),
        (["NoSuchEntity"], None),
    ]


def test_a_track_that_the_cassette_lacks_is_recorded_as_ever(path: Path) -> None:
    account = Account({"alpha": 1})
    run(path, [LIST], account, "all")
    check_story(path, [GET, UPDATE, GET, step("GetRole", "bravo")], account, [[[1]], [[]], [[2]], "NoSuchEntity"])
    assert sorted(story(path, "GetRole"), key=str) == [
        (["NoSuchEntity"], None),
        ([[1]], None),
        ([[2]], "UpdateRole 1"),
    ]


def test_without_recorded_writes_the_new_takes_follow_the_old_ones(path: Path) -> None:
    """They come after no write. The same program, run again, adds nothing."""
    account = Account({"alpha": 1})
    run(path, [GET], account, "all")
    for _ in range(3):
        account.roles["alpha"] = 1
        assert run(path, [GET, UPDATE, GET, DELETE, GET, CREATE], account, include_writes=False)[2:5:2] == [
            [[2]],
            "NoSuchEntity",
        ]
        assert story(path, "GetRole") == [([[1]], None), ([[2]], None), (["NoSuchEntity"], None)]


@pytest.mark.parametrize("spelling", ["Alpha", "alpha"])
def test_a_read_in_another_spelling_follows_the_takes_that_answered_it(path: Path, spelling: str) -> None:
    """IAM knows names without case."""
    account = Account({"alpha": 1, "Alpha": 1})
    run(path, [GET], account, "all")
    opened = new_episodes(path)
    program = [step("GetRole", spelling), step("UpdateRole", spelling, 2), step("GetRole", spelling)]
    assert [call(through(opened, account), each) for each in program] == [[[1]], [[]], [[2]]]
    opened.close()
    assert replay(path, program) == [[[1]], [[]], [[2]]]


# --- from when on the cassette is stale -------------------------------------------------------------------------


@pytest.mark.parametrize("include_writes", [True, False])
def test_a_write_without_an_answer_may_have_had_its_effect(path: Path, include_writes: bool) -> None:
    account = Account({"alpha": 1})
    run(path, [GET], account, "all")
    opened = new_episodes(path, include_writes=include_writes)
    asked = request_for(UPDATE)
    assert opened.answer(asked) is None
    assert opened.answer(request_for(GET)) is None, "the write is on its way"
    opened.record(asked, None)
    assert opened.answer(request_for(GET)) is None


def test_a_request_that_cannot_be_read_may_be_a_write(path: Path) -> None:
    run(path, [GET], Account(), "all")
    opened = new_episodes(path)
    form = b"Action=NewOperation&Version=2010-05-08"
    assert opened.answer(replace(request_for(GET), body=form)) is None
    assert opened.answer(request_for(GET)) is None


def test_a_read_that_goes_upstream_changes_nothing(path: Path) -> None:
    run(path, [GET], Account(), "all")
    opened = new_episodes(path)
    assert opened.answer(request_for(LIST)) is None
    assert opened.answer(request_for(GET))


def test_a_write_of_one_client_is_seen_by_all_clients_of_the_tape(path: Path) -> None:
    run(path, [GET], Account({"alpha": 1}), "all")
    opened = new_episodes(path)
    assert opened.answer(request_for(GET), "one")
    assert opened.answer(request_for(UPDATE), "other") is None
    assert opened.answer(request_for(GET), "one") is None


def test_a_listing_that_the_cassette_began_goes_on(path: Path) -> None:
    """AWS would not know its token. A token of AWS, of a listing begun after the write, goes to AWS."""
    account = Account({"alpha": 1, "bravo": 1})
    run(path, [LIST], account, "all")
    opened = new_episodes(path)
    ask = through(opened, account)
    marker = ask(LIST, None)["Marker"]
    call(ask, UPDATE)
    account.asked.clear()
    assert _hours(ask(LIST, marker)) == [1]
    assert account.asked == []
    assert call(ask, LIST) == [[2], [1]]
    assert account.asked == ["ListRoles", "ListRoles"]


def test_an_interrupted_recording_is_recovered_as_it_would_have_been_written(path: Path, tmp_path: Path) -> None:
    account = Account({"alpha": 1})
    run(path, [GET], account, "all")
    other = tmp_path / "other.yaml"
    other.write_bytes(path.read_bytes())
    check = [GET, UPDATE, GET, DELETE, GET]
    run(other, check, Account({"alpha": 1}))
    opened = opening.open_for_recording(path, "new_episodes", ENVIRON, opening.RecordOptions(include_writes=True))
    for each in check:
        call(through(opened, account), each)
    assert opened.keep_journal()
    recover(path, ENVIRON)
    assert path.read_bytes() == other.read_bytes()
