"""Recording modes: the effect of a recording on an existing cassette."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from awstape import opening
from awstape.core.cassette.cassette import Cassette
from awstape.errors import UserError
from awstape.files import cassette_files
from awstape.opening import RecordMode
from awstape.tape import Tape
from support import exchanges, paging
from support.exchanges import MODELS, request, respond

ENVIRON = {"AWSTAPE_KEY": "a key for tests, not a secret"}
PAGES = exchanges.listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}, {"Groups": []}])


def recording(path: Path, mode: RecordMode = "all", is_shared: bool = False) -> Tape:
    return opening.open_for_recording(path, mode, ENVIRON, opening.RecordOptions(is_shared=is_shared))


def record(path: Path, *pairs: exchanges.Exchange, mode: RecordMode = "all") -> Cassette:
    """Records exchanges into a cassette and returns it."""
    opened = recording(path, mode)
    for asked, answered in pairs:
        assert opened.answer(asked) is None
        opened.record(asked, answered)
    opened.close()
    return cassette_files.load(path, MODELS)


def pages_of(cassette: Cassette, operation: str) -> int:
    return sum(len(take.pages) for take in cassette.takes if take.track.operation == operation)


def test_an_unfinished_listing_does_not_replace_a_finished_one(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    assert pages_of(record(path, *PAGES), "ListGroups") == 3
    assert pages_of(record(path, *PAGES[:1]), "ListGroups") == 3
    assert pages_of(record(path, *PAGES[:2], mode="rewrite"), "ListGroups") == 2
    assert pages_of(record(path, *PAGES[:1]), "ListGroups") == 1, "neither was read to its end: the newer one stays"
    assert pages_of(record(path, *PAGES), "ListGroups") == 3


def test_two_recordings_that_overlap_both_stay(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    one, two = recording(path, is_shared=True), recording(path, is_shared=True)
    one.record(request("ListUsers"), respond("ListUsers", {"Users": []}))
    two.record(request("ListRoles"), respond("ListRoles", {"Roles": []}))
    one.close()
    two.close()
    assert [take.track.operation for take in cassette_files.load(path, MODELS).takes] == ["ListRoles", "ListUsers"]


def test_new_episodes_requests_unfinished_listings_again(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    record(path, *PAGES[:1])
    record(path, (request("ListUsers"), respond("ListUsers", {"Users": []})))
    again = recording(path, "new_episodes")
    assert again.answer(request("ListUsers")) is not None
    assert again.answer(request("ListGroups")) is None


def test_rules_of_matching_count_in_what_new_episodes_answers_and_not_in_what_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    one, other, third = (
        (request("ListRoles", {"PathPrefix": f"/{name}/"}), respond("ListRoles", {"Roles": []})) for name in "abc"
    )
    record(path, one)
    assert recording(path, "new_episodes", is_shared=True).answer(other[0]) is None
    (tmp_path / "pyproject.toml").write_text('[tool.awstape.match]\n"iam ListRoles PathPrefix" = "ignore"\n')
    assert recording(path, "new_episodes", is_shared=True).answer(other[0]) is not None
    assert pages_of(record(path, other), "ListRoles") == 2, "two tracks stay two"
    assert recording(path, "once", is_shared=True).answer(third[0]) is not None


def test_an_unwritable_cassette_is_reported_before_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)  # root may write anywhere
    with pytest.raises(UserError, match="permission denied"):
        recording(tmp_path / "new" / "x.yaml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("glob", "tip"), [("list-policy-versions", "ListPolicyVersions"), ("iam:List*", "spelled as in")]
)
def test_a_glob_that_matches_nothing_is_refused(tmp_path: Path, glob: str, tip: str) -> None:
    with pytest.raises(UserError, match="no operation matches") as caught:
        opening.open_for_recording(tmp_path / "x.yaml", "all", ENVIRON, opening.RecordOptions([glob]))
    assert tip in caught.value.tip


def test_a_reply_is_served_again_until_the_tape_fails_or_the_process_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = paging.recording("ListUsers", {}, paging.users(1))
    replaying = Tape(None, listed, None, exchanges.player(listed))
    reply = replaying.answer(request("ListUsers"))
    assert reply
    assert reply.serve_again
    assert reply.serve_again()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        assert not reply.serve_again()
    assert replaying.player
    assert replaying.player.sessions.total.requests == 2
    replaying.failure = UserError("a problem", "a tip")
    assert not reply.serve_again()
