"""Reads and writes: replay tells the story in the order in which it was recorded, to any program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import After, Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.editing.edits import merge_cassettes, remove_takes
from awstape.core.editing.rekey import AliasRenewer
from awstape.core.recording.recorder import Recorder
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.text.hidden import Hidden
from awstape.core.view.selectors import select
from support import strategies
from support.exchanges import (
    MODELS,
    OTHER_KEY,
    cassette,
    fail,
    journalled,
    listing,
    player,
    recorder,
    request,
    respond,
    restored,
    traverse,
)

NAMES = ("alpha", "bravo", "charlie")
#: What a program does: a call and the role that it is for.
Step = tuple[str, str]
steps = st.lists(
    st.tuples(st.sampled_from(["GetRole", "ListRoles", "CreateRole", "DeleteRole"]), st.sampled_from(NAMES))
)


@dataclass
class Account:
    """A stand-in for AWS with roles that a program creates and deletes."""

    roles: set[str] = field(default_factory=set)

    def answer(self, step: Step) -> tuple[Request, Response]:
        name, role = step
        asked: dict[str, Value] = {} if name == "ListRoles" else {"RoleName": role}
        return request(name, asked), self._respond(name, role)

    def _respond(self, name: str, role: str) -> Response:
        is_there = role in self.roles
        match name:
            case "ListRoles":
                return respond(
                    name, {"Roles": [{"RoleName": role} for role in sorted(self.roles)], "IsTruncated": False}
                )
            case "CreateRole" if is_there:
                return fail(name, 409, "EntityAlreadyExists", f"Role with name {role} already exists.")
            case "CreateRole":
                self.roles.add(role)
                return respond(name, {"Role": {"RoleName": role}})
            case _ if not is_there:
                return fail(name, 404, "NoSuchEntity", f"The role with name {role} cannot be found.")
            case "DeleteRole":
                self.roles.remove(role)
                return respond(name)
        return respond(name, {"Role": {"RoleName": role}})


def record(program: list[Step], roles: set[str] | None = None) -> Cassette:
    account = Account(set(roles or ()))
    return cassette(*map(account.answer, program), include_writes=True)


def outcome(response: Response | None) -> tuple[int, int]:
    """The status of a response and the number of roles in it."""
    assert response
    return response.status, response.body.count(b"<RoleName>")


def expected(program: list[Step], roles: set[str] | None = None) -> Iterator[tuple[int, int]]:
    account = Account(set(roles or ()))
    return (outcome(account.answer(step)[1]) for step in program)


def replay(playing: Player, program: list[Step], session: str = "") -> Iterator[tuple[int, int] | str]:
    for step in program:
        reply = playing.answer(Account().answer(step)[0], session)
        yield f"miss: {reply.kind}" if isinstance(reply, Miss) else outcome(reply.response)


# --- the same program -----------------------------------------------------------------------------------------------


def test_the_story_does_not_run_ahead_of_the_program() -> None:
    program = [("GetRole", "alpha"), ("GetRole", "alpha"), ("DeleteRole", "alpha"), ("GetRole", "alpha")]
    recorded = record(program, {"alpha"})
    takes = [take for take in recorded.takes if take.track.operation == "GetRole"]
    (write,) = (take for take in recorded.takes if take.track.operation == "DeleteRole")
    assert [take.after for take in takes] == [None, After(write.track, 1)]
    assert list(replay(player(recorded), program)) == list(expected(program, {"alpha"}))


@strategies.few(100)
@given(steps, st.sets(st.sampled_from(NAMES)))
def test_the_same_program_sees_the_same_answers(program: list[Step], roles: set[str]) -> None:
    playing = player(record(program, roles))
    for session in ("", "another"):
        assert list(replay(playing, program, session)) == list(expected(program, roles))


CALLERS = tuple(map(access_key_of_account, ("111122223333", "444455556666")))


@strategies.few(60)
@given(st.lists(st.tuples(st.integers(0, 1), steps.map(lambda drawn: drawn[:1])), max_size=12))
def test_two_callers_see_their_own_stories(turns: list[tuple[int, list[Step]]]) -> None:
    """Two accounts have roles of the same names."""
    accounts = [Account({"alpha"}), Account()]
    program = [(caller, step) for caller, drawn in turns for step in drawn]
    traffic = [(caller, *accounts[caller].answer(step)) for caller, step in program]
    pairs = [(replace(asked, caller=Hidden(CALLERS[caller])), answered) for caller, asked, answered in traffic]
    playing = player(cassette(*pairs, include_writes=True))
    replies = [playing.answer(asked) for asked, _ in pairs]
    assert [outcome(reply.response) for reply in replies] == [outcome(answered) for _, answered in pairs]
    assert not playing.misses


@strategies.few(60)
@given(steps, steps, st.sets(st.sampled_from(NAMES)))
def test_another_program_gets_no_answer_from_before_its_own_writes(
    program: list[Step], other: list[Step], roles: set[str]
) -> None:
    """It gets recorded answers or misses. After a write of its own, none is from before that write was recorded."""
    recorded = record(program, roles)
    playing = player(recorded)
    tracks = dict(recorded.tracks())
    written: set[After] = set()
    for step in other:
        reply = playing.answer(Account().answer(step)[0])
        if isinstance(reply, Miss):
            continue
        take = tracks[reply.track][reply.take - 1]  # type: ignore[attr-defined]
        if step[0] in ("CreateRole", "DeleteRole"):
            written.add(After(take.track, reply.take))  # type: ignore[attr-defined]
            continue
        assert take.after is None or take.after in written
        later = tracks[take.track][reply.take :]  # type: ignore[attr-defined]
        assert not [each for each in later if each.after in written]


@strategies.few(40)
@given(steps, st.sets(st.sampled_from(NAMES)))
def test_a_restored_recording_tells_the_same_story(program: list[Step], roles: set[str]) -> None:
    account = Account(set(roles))
    traffic = [account.answer(step) for step in program]
    contents = journalled(*traffic, include_writes=True)
    assert restored(contents).finish().merged == recorder(*traffic, include_writes=True).finish().merged


def test_a_read_that_was_sent_before_a_write_was_answered_does_not_come_after_it() -> None:
    """The responses of two requests that wait at the same time may come in any order."""
    account = Account({"alpha"})
    subject = recorder(account.answer(("GetRole", "alpha")), include_writes=True)
    sent = subject.recorded_so_far
    read = account.answer(("ListRoles", ""))
    late = account.answer(("GetRole", "alpha"))
    subject.feed(*account.answer(("DeleteRole", "alpha")))
    subject.feed(*late, recorded_before=sent)
    subject.feed(*read, recorded_before=sent)
    subject.feed(*account.answer(("GetRole", "alpha")))
    takes = [take for take in subject.finish().merged.takes if take.track.operation == "GetRole"]
    assert [(take.pages[0].answer.error is None, take.after is None) for take in takes] == [
        (True, True),
        (False, False),
    ]


def test_a_read_that_was_answered_while_a_write_was_in_flight_comes_after_it_if_it_shows_it() -> None:
    """The service deletes the role at once, but its answer takes long: reads see the role, then that it is gone."""
    account = Account({"alpha"})
    look = ("GetRole", "alpha")
    subject = recorder(account.answer(look), include_writes=True)
    sent = subject.recorded_so_far
    subject.feed(*account.answer(look))
    deleted = account.answer(("DeleteRole", "alpha"))
    subject.feed(*account.answer(look))
    subject.feed(*deleted, recorded_before=sent)
    subject.feed(*account.answer(look))
    playing = player(subject.finish().merged)
    assert list(replay(playing, [look] * 4)) == [(200, 1)] * 4
    assert list(replay(playing, [("DeleteRole", "alpha"), look, look])) == [(200, 0), (404, 0), (404, 0)]


def fail_once(name: str) -> Response:
    return fail(name, 500, "ServiceFailure", "Internal error")


@pytest.mark.parametrize("invocations", [(None, None), ("one", "two")])
@pytest.mark.parametrize("failure", [fail_once("DeleteRole"), None])
def test_a_write_that_failed_and_took_effect_is_a_hole_in_the_story(
    failure: Response | None, invocations: tuple[str | None, str | None]
) -> None:
    account = Account({"alpha"})
    program = [("GetRole", "alpha"), ("DeleteRole", "alpha"), ("GetRole", "alpha"), ("CreateRole", "alpha")]
    program += [("GetRole", "alpha"), ("DeleteRole", "alpha"), ("GetRole", "alpha")]
    subject = recorder(include_writes=True)
    deletes = iter(zip((True, False), invocations, strict=True))
    for step in program:
        _, answered = account.answer(step)
        fails, invocation = next(deletes) if step[0] == "DeleteRole" else (False, None)
        subject.feed(request(*asked_of(step), invocation=invocation), failure if fails else answered)
    recording = subject.finish()
    assert sum(recording.failed.values()) == 1
    assert afters(recording.merged) == ["-", "DeleteRole 1", "CreateRole 1", "DeleteRole 2"]
    replies = list(
        replay(player(recording.merged), [step for step in program for _ in range(1 + step[0].startswith("Get"))])
    )
    assert replies == [
        *[(200, 1)] * 2,
        "miss: hole",
        *[(404, 0)] * 2,
        (200, 1),
        *[(200, 1)] * 2,
        (200, 0),
        *[(404, 0)] * 2,
    ]


def asked_of(step: Step) -> tuple[str, dict[str, Value]]:
    return step[0], {} if step[0] == "ListRoles" else {"RoleName": step[1]}


# --- requests that overlap in time ----------------------------------------------------------------------------------


@dataclass(eq=False)
class InFlight:
    """A call that is in flight: it is sent, takes effect, and is answered. failures: how many attempts fail first."""

    step: Step
    number: int
    failures: int
    gives_up: bool
    sent: int
    attempt_sent: int
    effect: Response | None = None
    answered: int | None = None


@dataclass
class Traffic:
    """Calls of a program with threads to a stand-in for AWS, recorded as they overlap."""

    account: Account
    subject: Recorder = field(default_factory=lambda: recorder(include_writes=True))
    calls: list[InFlight] = field(default_factory=list)

    @property
    def in_flight(self) -> list[InFlight]:
        return [call for call in self.calls if call.answered is None]

    def send(self, step: Step, failures: int, gives_up: bool) -> None:
        step = ("ListRoles", "") if step[0] == "ListRoles" else step
        failures = failures if step[0] in WRITES else 0
        now = self.subject.recorded_so_far
        self.calls.append(InFlight(step, len(self.calls), failures, gives_up and failures > 0, now, now))

    def advance(self, call: InFlight) -> None:
        """The next thing happens to a call: AWS does what it asks for, or its answer arrives."""
        if call.effect is None:
            call.effect = self.account.answer(call.step)[1]
            return
        now, name = self.subject.recorded_so_far, call.step[0]
        response = call.effect if not call.failures else fail_once(name) if call.number % 2 else None
        asked = request(*asked_of(call.step), invocation=str(call.number))
        self.subject.feed(asked, response, recorded_before=call.attempt_sent)
        assert self.subject.recorded_so_far == now + 1
        if call.failures > call.gives_up:  # the SDK sends it again
            call.failures, call.effect, call.attempt_sent = call.failures - 1, None, self.subject.recorded_so_far
        else:
            call.answered = now


WRITES = ("CreateRole", "DeleteRole")
sends = st.tuples(
    steps.map(lambda drawn: drawn[0] if drawn else ("GetRole", "alpha")), st.integers(0, 2), st.booleans()
)
traffic = st.lists(st.one_of(st.integers(0, 3), sends), max_size=60)


@strategies.few(300)
@given(traffic, st.sets(st.sampled_from(NAMES)))
def test_reads_that_overlap_writes_are_never_ahead_of_the_program_nor_behind_it(
    events: list[int | tuple[Step, int, bool]], roles: set[str]
) -> None:
    """Replay knows the writes that the program sent. Of a role, it shows nothing that was recorded after the next write
    to it was answered, but for the first take, and in the end what was recorded after all were answered.
    """
    happening = Traffic(Account(set(roles)))
    for event in events:
        if not isinstance(event, int):
            happening.send(*event)
        elif flying := happening.in_flight:
            happening.advance(flying[event % len(flying)])
    while flying := happening.in_flight:
        happening.advance(flying[0])
    recorded = happening.subject.finish().merged
    playing = player(recorded)
    writes = sorted(
        (call for call in happening.calls if call.step[0] in WRITES), key=lambda call: (call.sent, call.answered)
    )
    reads = [(call, call.answered or 0) for call in happening.calls if call.step[0] not in WRITES]
    firsts = {call.step: next(replay(player(recorded), [call.step])) for call, _ in reads}
    for k in range(len(writes) + 1):
        if k:
            list(replay(playing, [writes[k - 1].step]))
        for step, first in firsts.items():
            sent, ahead = ([w for w in part if step[1] in ("", w.step[1])] for part in (writes[:k], writes[k:]))
            end = (ahead[0].answered or 0) if ahead else happening.subject.recorded_so_far
            known = [(call.sent, outcome(call.effect)) for call, at in reads if call.step == step and at < end]
            polls = list(replay(playing, [step] * (len(reads) + 1)))
            assert set(polls) <= {first, *(seen for _, seen in known)}
            all_answered = max((write.answered or 0 for write in sent), default=-1)
            if certain := [seen for since, seen in known if since > all_answered]:
                assert polls[-1] == certain[-1]


def test_polls_within_an_epoch_advance_and_the_last_repeats() -> None:
    asked = request("GetServiceLastAccessedDetails", {"JobId": "zreal"})
    begin = (request("CreateRole", {"RoleName": "alpha"}), respond("CreateRole", {"Role": {"RoleName": "alpha"}}))
    answers = ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]
    polls = [(asked, respond(asked_name(), {"JobStatus": status})) for status in answers]
    playing = player(cassette(polls[0], begin, *polls, include_writes=True))

    def poll() -> str:
        reply = playing.answer(asked)
        assert reply.response
        return "COMPLETED" if b"COMPLETED" in reply.response.body else "IN_PROGRESS"

    assert [poll(), poll(), poll()] == ["IN_PROGRESS"] * 3
    playing.answer(begin[0])
    assert [poll(), poll(), poll()] == ["IN_PROGRESS", "COMPLETED", "COMPLETED"]


def asked_name() -> str:
    return "GetServiceLastAccessedDetails"


def test_a_traversal_that_began_goes_on() -> None:
    pages: list[dict[str, Value]] = [{"Roles": [{"RoleName": "alpha"}]}, {"Roles": [{"RoleName": "bravo"}]}]
    before, after = listing("ListRoles", {}, pages), listing("ListRoles", {}, pages[1:], token="U")
    delete = (request("DeleteRole", {"RoleName": "alpha"}), respond("DeleteRole"))
    recorded = cassette(*before, delete, *after, include_writes=True)
    playing = player(recorded)
    assert playing.answer(request("ListRoles")).response
    playing.answer(delete[0])
    (first, _) = (take for take in recorded.takes if take.track.operation == "ListRoles")
    rest = playing.answer(request("ListRoles", {"Marker": first.pages[1].token}))
    assert rest.response
    assert rest.response.body.count(b"<RoleName>") == 1
    assert not playing.misses


def test_equal_writes_are_played_in_order() -> None:
    program = [("CreateRole", "alpha"), ("CreateRole", "alpha"), ("CreateRole", "alpha")]
    recorded = record(program)
    assert len(recorded.takes) == 3
    assert list(replay(player(recorded), program)) == list(expected(program))


def test_a_write_has_the_answer_to_its_retry() -> None:
    """The client did not get the first answer: it sent the request again, and AWS had done it already."""
    account = Account()
    look, (create, made) = account.answer(("GetRole", "alpha")), account.answer(("CreateRole", "alpha"))
    first, retry = (request("CreateRole", {"RoleName": "alpha"}, invocation="one", attempt=number) for number in (1, 2))
    there_already = account.answer(("CreateRole", "alpha"))[1]
    recorded = cassette(
        look, (first, made), (retry, there_already), account.answer(("GetRole", "alpha")), include_writes=True
    )
    playing = player(recorded)
    assert len(recorded.takes) == 3
    replies = [playing.answer(asked).response for asked in (look[0], create, look[0])]
    assert list(map(outcome, replies)) == [(404, 0), (409, 0), (200, 1)]


DELETE = (request("DeleteRole", {"RoleName": "alpha"}), respond("DeleteRole"))
PAGES: list[dict[str, Value]] = [{"Roles": [{"RoleName": "alpha"}]}, {"Roles": [{"RoleName": "bravo"}] * 2}]


def counts(playing: Player, *program: str) -> list[int | str]:
    """The numbers of roles in what a program gets that lists roles to the end, or deletes one."""
    replies: list[int | str] = []
    for step in program:
        try:
            pages = traverse(playing, step, {} if step == "ListRoles" else {"RoleName": "alpha"})
            replies.append(sum(page.response.body.count(b"<RoleName>") for page in pages))
        except AssertionError as error:
            replies.append(f"miss: {error.args[0].kind}")
    return replies


@pytest.mark.parametrize("is_first_whole", [True, False])
def test_a_page_that_was_read_on_one_side_of_a_write_is_not_answered_on_the_other(is_first_whole: bool) -> None:
    whole, begun = listing("ListRoles", {}, PAGES), listing("ListRoles", {}, PAGES, token="U")[:1]
    first, second = (whole, begun) if is_first_whole else (begun, whole)
    playing = player(cassette(*first, DELETE, *second, include_writes=True))
    expected: list[int | str] = [3, 3, 0, "miss: end", "miss: end"]
    assert counts(playing, *["ListRoles"] * 2, "DeleteRole", *["ListRoles"] * 2) == (
        expected if is_first_whole else [*expected[3:], 0, 3, 3]
    )


def test_a_page_requested_again_after_a_write_is_no_page_from_before_it() -> None:
    """The same token leads to another page after the write: a listing from before it has the page from before it."""
    before = listing("ListRoles", {}, [PAGES[0], PAGES[0]])
    after = listing("ListRoles", {}, PAGES)
    traffic = [*before, DELETE, after[1], *listing("ListRoles", {}, PAGES, token="U")]
    playing = player(cassette(*traffic, include_writes=True))
    assert counts(playing, "ListRoles", "ListRoles", "DeleteRole", "ListRoles") == [2, 2, 0, 3]


# --- edited cassettes -----------------------------------------------------------------------------------------------

STORY: list[Step] = [
    *(("GetRole", "alpha"), ("CreateRole", "alpha"), ("GetRole", "alpha")),
    *(("DeleteRole", "alpha"), ("GetRole", "alpha"), ("CreateRole", "alpha"), ("GetRole", "alpha")),
]


def afters(recorded: Cassette) -> list[str]:
    return [
        f"{take.after.track.operation} {take.after.take}" if take.after else "-"
        for take in recorded.takes
        if take.track.operation == "GetRole"
    ]


def test_what_names_a_write_follows_it() -> None:
    recorded = record(STORY)
    assert afters(recorded) == ["-", "CreateRole 1", "DeleteRole 1", "CreateRole 2"]
    without = remove_takes(MODELS, recorded, select(MODELS, recorded, ["CreateRole take=1"]))
    assert afters(without) == ["-", "-", "DeleteRole 1", "CreateRole 1"]
    both = merge_cassettes(MODELS, [recorded, record(STORY[:4])], "both")
    assert afters(both) == ["-", "CreateRole 1", "DeleteRole 1", "CreateRole 2", "-", "CreateRole 3"]
    assert merge_cassettes(MODELS, [recorded, recorded], None) == recorded
    renewed = AliasRenewer(OTHER_KEY).rekey_cassette(MODELS, recorded)
    assert afters(renewed) == afters(recorded)
    assert list(replay(player(renewed, key=OTHER_KEY), STORY)) == ["miss: identity"] * len(STORY)
    assert read_cassette(write_cassette(both), MODELS) == both


def without(recorded: Cassette, operation: str) -> Cassette:
    return recorded.with_takes(take for take in recorded.takes if take.track.operation != operation)


def test_no_take_is_given_out_without_its_write() -> None:
    recorded = record(STORY)
    reads = without(without(recorded, "CreateRole"), "DeleteRole")
    assert list(replay(player(reads), [("GetRole", "alpha")] * 3)) == [(404, 0)] * 3
    # The creations are missing: of the story there is left what came before the first one and after the deletion.
    replies = list(replay(player(without(recorded, "CreateRole")), STORY))
    assert replies == [(404, 0), "miss: operation", (404, 0), (200, 0), (404, 0), "miss: operation", (404, 0)]


def test_a_track_that_only_comes_after_a_missing_write_is_a_miss_that_says_so() -> None:
    recorded = record([("GetRole", "bravo"), *STORY[:3]])
    began = remove_takes(MODELS, recorded, select(MODELS, recorded, ["GetRole take=1"]))
    miss = player(without(began, "CreateRole")).answer(request("GetRole", {"RoleName": "alpha"}))
    assert isinstance(miss, Miss)
    assert miss.kind == "early"
    first, *lines = miss.text.splitlines()
    assert first == "iam GetRole was recorded only after a write that is in no cassette that is replayed"
    assert "  after: iam CreateRole" in miss.text
    assert "  to record both anew: awstape record CASSETTE --include-writes -- COMMAND" in lines


def test_a_write_that_was_recorded_again_less_often_tells_the_story_of_the_reads() -> None:
    """The recording replaces the two takes of CreateRole by one; the reads, which it did not ask for, stay."""
    subject = recorder(Account().answer(("CreateRole", "alpha")), include_writes=True)
    merged = subject.finish(record(STORY)).merged
    assert len([take for take in merged.takes if take.track.operation == "CreateRole"]) == 1
    assert list(replay(player(merged), STORY)) == list(expected(STORY))
    polls = [*STORY[:5], STORY[4], STORY[4]]
    assert list(replay(player(merged), polls)) == list(expected(polls))


def test_reads_that_are_recorded_again_without_their_writes_are_named() -> None:
    old = record(STORY[:5])
    subject = recorder(Account({"alpha"}).answer(("GetRole", "alpha")), include_writes=True)
    recording = subject.finish(old)
    assert afters(recording.merged) == ["-"]
    assert [note.partition(";")[0] for note in recording.notes if "replaced" in note] == [
        "GetRole: its answer after CreateRole was replaced",
        "GetRole: its answer after DeleteRole was replaced",
    ]
    whole = recorder(*map(Account().answer, STORY[:5]), include_writes=True).finish(old)
    assert not [note for note in whole.notes if "replaced" in note]


def test_no_take_is_given_out_before_its_write() -> None:
    recorded = record(STORY[:3])
    chosen = select(MODELS, recorded, ["GetRole take=1"])
    playing = player(remove_takes(MODELS, recorded, chosen))
    miss = playing.answer(request("GetRole", {"RoleName": "alpha"}))
    assert isinstance(miss, Miss)
    assert miss.kind == "early"
    assert "  after: iam CreateRole" in miss.text
    assert list(replay(playing, STORY[1:3])) == [(200, 1), (200, 1)]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("take: 1", "take: 0", "after.take: takes are counted from 1"),
        ("operation: CreateRole\n  identity", "operation: GetRole\n  identity", "after.operation: GetRole is a read"),
        ("operation: CreateRole\n  identity", "operation: MakeRole\n  identity", "iam has no such operation"),
        ("  take: 1\n", "", "after: the key take is missing"),
        ("  take: 1\n", "  take: 1\n  page: 1\n", "after.page: unknown key"),
    ],
)
def test_a_write_that_can_not_be_one_is_an_error(old: str, new: str, problem: str) -> None:
    text = write_cassette(record(STORY[:3]))
    assert text.count(old) == 1
    with pytest.raises(ValueError, match=problem):
        read_cassette(text.replace(old, new), MODELS)


def test_a_write_that_is_sent_more_often_than_recorded_is_counted() -> None:
    account = Account()
    twice = [account.answer(("CreateRole", "alpha")), account.answer(("CreateRole", "alpha"))]
    others = [account.answer(("DeleteRole", "alpha")), account.answer(("ListRoles", ""))]
    replay = player(cassette(*twice, *others, include_writes=True))
    create, delete, list_ = (
        request(name, asked)
        for name, asked in (
            ("CreateRole", {"RoleName": "alpha"}),
            ("DeleteRole", {"RoleName": "alpha"}),
            ("ListRoles", {}),
        )
    )
    for asked in (create, create, delete, list_, list_, list_):
        replay.answer(asked)
    assert [*replay.repeated_writes()] == []
    for asked in (create, delete, delete):
        replay.answer(asked)
    sent = {track.operation: (sent, recorded) for track, sent, recorded in replay.repeated_writes()}
    assert sent == {"CreateRole": (3, 2), "DeleteRole": (3, 1)}


def test_retries_and_other_sessions_repeat_no_write() -> None:
    replay = player(cassette(Account().answer(("CreateRole", "alpha")), include_writes=True))
    create = request("CreateRole", {"RoleName": "alpha"})
    for session in ("one", "two"):
        replay.answer(create, session)
        replay.answer(replace(create, headers=(*create.headers, ("amz-sdk-request", "attempt=2; max=3"))), session)
    replay.reset("one")
    replay.answer(create, "one")
    assert [*replay.repeated_writes()] == []
    replay.answer(create, "two")
    assert [(sent, recorded) for _, sent, recorded in replay.repeated_writes()] == [(2, 1)]
    assert [*replay.repeated_writes(replay.sessions.by_name["one"])] == []


def test_a_write_is_counted_where_its_session_is() -> None:
    """So one process answers it, and no attempt of a call counts twice."""
    replay = player(cassette(Account().answer(("CreateRole", "alpha")), include_writes=True))
    create = [request("CreateRole", {"RoleName": "alpha"}, invocation=call) for call in ("one", "two")]
    assert not replay.has_same_answer(create[0])
    for _ in range(3):
        replay.answer(create[0])
    assert [*replay.repeated_writes()] == []
    replay.answer(create[1])
    assert [(sent, recorded) for _, sent, recorded in replay.repeated_writes()] == [(2, 1)]
