"""64 clients of an endpoint at once get what each gets alone: from memory or anew, read whole or lazily."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.replay.known_replies import KnownReplies
from awstape.files import cassette_files
from awstape.opening import open_for_replay
from awstape.program import servers
from awstape.tape import Tape
from serving.test_known_requests import CASSETTE, FORMS, KEYS

CLIENTS, STEPS = 64, 10
Answers = list[tuple[int, bytes]]


@contextmanager
def endpoint(path: Path) -> Iterator[tuple[Tape, str, int]]:
    tape = open_for_replay([path], {"AWSTAPE_KEY": "0123456789abcdef" * 4})
    with servers.run_in_background(servers.serve_endpoint(tape, 0)) as running:
        url = urlsplit(running.url)
        assert url.hostname
        assert url.port
        yield tape, url.hostname, url.port


def steps(number: int) -> list[tuple[str, str]]:
    """The forms that a client sends, each with its access key id; a form may be a reset of the client's session."""
    chance = random.Random(number)
    sent = [*FORMS, *FORMS, "reset"]
    return [(chance.choice(sent), chance.choice(KEYS)) for _ in range(STEPS)]


def ask(host: str, port: int, number: int) -> Answers:
    """What a client gets in its session, over one connection."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    answers: Answers = []
    for form, key in steps(number):
        scope = f"Credential={key}/20261130/us-east-1/iam/aws4_request"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature={number:064x}",
        }
        if form == "reset":
            connection.request("POST", f"/~client-{number}/~/reset")
        else:
            connection.request("POST", f"/~client-{number}/", form, headers)
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    connection.close()
    return answers


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clients") / "tape.yaml"
    path.write_text(CASSETTE)
    return path


@pytest.fixture(scope="module")
def alone(path: Path) -> tuple[list[Answers], object]:
    """What each client gets from an endpoint that answers anew, one client after the other; and what was played."""
    with endpoint(path) as (tape, *address), pytest.MonkeyPatch.context() as patch:
        patch.setattr(KnownReplies, "serve_again", lambda self, key: None)
        answers = [ask(*address, number) for number in range(CLIENTS)]
    return answers, played(tape)


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "anew"])
@pytest.mark.parametrize("is_lazy", [True, False], ids=["lazily", "whole"])
def test_64_clients_get_what_each_would_get_alone(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    alone: tuple[list[Answers], object],
    is_known: bool,
    is_lazy: bool,
) -> None:
    if not is_known:
        monkeypatch.setattr(KnownReplies, "serve_again", lambda self, key: None)
    if is_lazy:
        monkeypatch.setattr(cassette_files, "LAZY_FROM", 1)
    with endpoint(path) as (tape, *address), ThreadPoolExecutor(CLIENTS) as threads:
        assert any("pages" not in vars(take) for take in tape.cassette.takes) == is_lazy
        assert [*threads.map(lambda number: ask(*address, number), range(CLIENTS))] == alone[0]
    assert played(tape) == alone[1]


def played(tape: Tape) -> object:
    """What all clients have played, and how many misses there were."""
    assert tape.player
    total = tape.player.sessions.total
    return set(total.played), total.requests, len(total.misses)


def test_the_clients_meet_all_kinds_of_answers() -> None:
    assert {form for number in range(CLIENTS) for form, _ in steps(number)} == {*FORMS, "reset"}
    assert KEYS[0] == access_key_of_account("000000000001")
