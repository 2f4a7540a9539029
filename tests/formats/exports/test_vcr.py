"""VCR.py plays an export to boto3: clients get the same as in a replay."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import boto3
import pytest
import vcr
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from awstape.core.aws.call import Answer, Failure
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.files import cassette_files
from support import asking, in_process
from support.asking import SHIPPED, exported
from support.exchanges import MODELS
from support.in_process import CASSETTES, FAKE_KEYS, LISTING, VERSIONS

MATCH_ON = ["method", "scheme", "host", "path", "query", "body"]


def played(path: Path, **options: Any) -> Any:
    return vcr.use_cassette(str(path), record_mode="none", match_on=MATCH_ON, **options)


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def without_tokens_of_clients(recorded: Cassette) -> Cassette:
    """The cassette without operations for which boto3 generates a token each time; the notes name them."""
    notes = [note for note in exported(recorded, "vcr").notes if "SDKs choose" in note]
    return Cassette.of(take for take in recorded.takes if not any(note.startswith(str(take.track)) for note in notes))


@pytest.mark.parametrize("name", [*SHIPPED, "wire-cases.yaml"])
def test_vcr_plays_what_replay_plays(name: str, tmp_path: Path) -> None:
    path = asking.of(name, tmp_path)
    recorded = without_tokens_of_clients(cassette_files.load(path, MODELS))
    with played(write(tmp_path / "vcr.yaml", exported(recorded, "vcr").text)) as tape:
        got = asking.answers(asking.new_clients(), asking.questions(recorded))
        assert tape.all_played
    assert got == asking.replayed(in_process.save(path, recorded) if name not in SHIPPED else path)


def test_a_paginator_follows_it_to_the_end(tmp_path: Path) -> None:
    recorded = cassette_files.load(CASSETTES / "policy-versions.yaml", MODELS)
    with played(write(tmp_path / "vcr.yaml", exported(recorded, "vcr").text)):
        paginator = asking.new_clients()("iam", "eu-west-1").get_paginator("list_policy_versions")
        pages = list(paginator.paginate(**LISTING, PaginationConfig={"PageSize": 2}))
    assert [[version["VersionId"] for version in page["Versions"]] for page in pages] == [
        VERSIONS[:2],
        VERSIONS[2:4],
        VERSIONS[4:],
    ]


@pytest.mark.parametrize(
    ("repeats", "expected"), [(False, ["take 0", "take 1", "refused"]), (True, ["take 0", "take 0", "take 0"])]
)
def test_takes_are_played_as_noted(repeats: bool, expected: list[str], tmp_path: Path) -> None:
    recorded = cassette_files.load(in_process.with_takes(tmp_path / "takes.yaml", 2), MODELS)
    made = exported(recorded, "vcr")
    assert made.notes == (
        "iam ListRoles {}: its 2 takes are played in order; with allow_playback_repeats, only the first",
    )
    client = asking.new_clients()("iam", "eu-west-1")

    def ask() -> object:
        try:
            return client.list_roles()["Roles"][0]["Description"]
        except HTTPClientError:
            return "refused"

    with played(write(tmp_path / "vcr.yaml", made.text), allow_playback_repeats=repeats):
        assert [ask() for _ in range(3)] == expected


@pytest.mark.parametrize(("repeats", "expected"), [(False, HTTPClientError), (True, ClientError)])
def test_an_error_that_is_retried_is_played_as_noted(
    repeats: bool, expected: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    failure = Failure(503, "ServiceUnavailable", None, {"Type": "Sender"})
    by_hand = Take(Track("iam", "ListUsers", None, {}), (Page(None, None, Answer(error=failure)),))
    made = exported(Cassette((by_hand,)), "vcr")
    assert made.notes == (
        "iam ListUsers {}: SDKs retry its error, which VCR plays only once without allow_playback_repeats",
    )
    twice = Config(retries={"total_max_attempts": 2})
    client = boto3.Session(**FAKE_KEYS).client("iam", region_name="eu-west-1", config=twice)
    with played(write(tmp_path / "vcr.yaml", made.text), allow_playback_repeats=repeats), pytest.raises(expected):
        client.list_users()
