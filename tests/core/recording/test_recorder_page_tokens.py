"""Page tokens in recordings: empty ones, those that repeat, and those that are names or words, too."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.summary import Recording
from awstape.core.replay.replies import ServedPage
from support import paging
from support.exchanges import ACCOUNT, Exchange, cassette, fail, listing, player, record, request, respond, traverse

NAME = "ListUsers"


def page(asked: str | None, name: str, token: str | None, **members: Value) -> Exchange:
    """A page of one user. asked: the token of the request; token: that of the response."""
    more: dict[str, Value] = {"IsTruncated": token is not None, **({"Marker": token} if token is not None else {})}
    input_: dict[str, Value] = {} if asked is None else {"Marker": asked}
    return request(NAME, input_), respond(NAME, {"Users": [{"UserName": name, **members}], **more})


# --- empty tokens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "token", "page"),
    [
        ("ListAnalyzers", "nextToken", {"analyzers": []}),  # in the query string
        ("ListFindings", "nextToken", {"findings": []}),  # in a JSON body
        (NAME, "Marker", {"Users": []}),  # in a form
    ],
)
def test_an_empty_token_asks_for_the_first_page(name: str, token: str, page: dict[str, Value]) -> None:
    beside: dict[str, Value] = {"analyzerArn": "x"} if name == "ListFindings" else {}
    (_, first), second = listing(name, beside, [page, page])
    recorded = cassette((request(name, {**beside, token: ""}), first), second)
    assert recorded == cassette(*listing(name, beside, [page, page]))
    for asked in ({**beside, token: ""}, beside):
        assert isinstance(player(recorded).answer(request(name, asked)), ServedPage)
    assert len(list(traverse(player(recorded), name, beside))) == 2


# --- tokens that repeat -----------------------------------------------------------------------------------------


def tokens(recorded: Cassette, number: int = 0) -> list[tuple[str | None, str | None]]:
    """The tokens with which the pages of a take are requested, and those that they give out, without the track."""
    pages = recorded.takes[number].pages
    return [(_bare(each.token), _bare((each.answer.output or {}).get("Marker"))) for each in pages]


def _bare(token: Any) -> str | None:
    return token.rpartition(".")[0] if token else None


SAME = [page(None, "ann", "same"), page("same", "bob", "same")]


def test_a_token_that_is_given_out_for_itself_is_recorded_so() -> None:
    recorded = cassette(*SAME)
    assert tokens(recorded) == [(None, "page-2"), ("page-2", "page-2")]
    served = list(islice(traverse(player(recorded), NAME, {}), 4))
    assert [each.page for each in served] == [1, 2, 2, 2]
    assert player(recorded).has_answer(request(NAME))
    assert record(*SAME).notes == ()


def test_a_page_that_is_read_again_and_again_is_one_page() -> None:
    assert cassette(*SAME, SAME[1], SAME[1]) == cassette(*SAME)


def test_a_repetition_of_an_earlier_token() -> None:
    loop = [page(None, "ann", "T1"), page("T1", "bob", "T2"), page("T2", "cem", "T1")]
    recorded = cassette(*loop, *loop[1:])
    assert tokens(recorded) == [(None, "page-2"), ("page-2", "page-3"), ("page-3", "page-2")]


def test_a_token_that_leads_on_all_the_same() -> None:
    """A service with a cursor of its own gives out one token for each page."""
    pages = [*SAME, page("same", "cem", "same"), page("same", "dan", None)]
    recorded = cassette(*pages)
    assert tokens(recorded) == [(None, "page-2"), ("page-2", "page-3"), ("page-3", "page-4"), ("page-4", None)]


def test_two_traversals_that_repeat_tokens_are_one_take() -> None:
    other = [page(None, "ann", "again"), page("again", "bob", "again")]
    assert cassette(*SAME, *other) == cassette(*SAME)
    goes_on = [page(None, "ann", "U1"), page("U1", "bob", "U2"), page("U2", "cem", None)]
    recorded = cassette(*SAME, *goes_on)
    assert tokens(recorded, 1)[-1] == ("take-2.page-3", None)


@pytest.mark.parametrize("mode", paging.MODES)
def test_a_listing_that_repeats_its_token_has_its_items_once_in_every_mode(mode: str) -> None:
    """Then it gives out the token that it was requested with: botocore's paginator raises PaginationError."""
    found: list[str] = []
    seen: list[object] = []
    for got in islice(paging.follow(player(cassette(*SAME), paging=mode), NAME, {}), 50):
        found += [user["UserName"] for user in got.parsed["Users"]]
        seen.append(got.parsed.get("Marker"))
        if len(seen) > 1 and seen[-1] == seen[-2]:
            break
    assert len(found) == 2
    assert len(seen) < 50


# --- tokens that are names or words -----------------------------------------------------------------------------


def text_of(recording: Recording) -> str:
    """The cassette of a recording that sets nothing aside."""
    assert not recording.set_aside
    return write_cassette(recording.merged)


@pytest.mark.parametrize("token", ["policy", "alice-of-the-sales-team", "AmazonEC2ReadOnlyAccess", "Description", "a"])
def test_a_token_does_no_harm_elsewhere_on_the_page(token: str) -> None:
    """It is a word of a description, a name on its own or the next page, or public."""
    tags: list[Value] = [{"Key": token, "Value": f"the {token} of this user, not-{token}s"}]
    one, other = (
        text_of(record(page(None, "zreal-ann", each, Tags=tags), page(each, token, None))) for each in (token, "T" * 88)
    )
    assert one == other
    assert "T" * 88 not in one


def test_a_public_name_as_a_token_stays_where_it_is_a_name() -> None:
    name = "AmazonEC2ReadOnlyAccess"
    arn = f"arn:aws:iam::aws:policy/{name}"
    pages: list[Value] = [
        [{"PolicyName": each, "PolicyArn": f"arn:aws:iam::aws:policy/{each}"}] for each in ("ReadOnlyAccess", name)
    ]
    operation = "ListAttachedUserPolicies"
    for token in (name, arn):
        exchanges = [
            (
                request(operation, {"UserName": "ann", **({"Marker": token} if i else {})}),
                respond(operation, {"AttachedPolicies": policies, **({} if i else {"Marker": token})}),
            )
            for i, policies in enumerate(pages)
        ]
        assert arn in text_of(record(*exchanges))


def test_a_token_in_an_error_is_replaced_as_a_whole_only() -> None:
    token = "AAEXAMPLE0token"
    message = f"Invalid marker {token}: not like {token}2"
    (asked, _) = page(token, "bob", None)
    text = text_of(record(page(None, "ann", token), (asked, fail(NAME, 400, "ValidationError", message))))
    assert f"Invalid marker page-token: not like {token}2" in text


def test_a_name_in_an_error_keeps_its_alias_though_it_is_the_token() -> None:
    input_: dict[str, Value] = {"UserName": "zreal-ann7"}
    first = (request("ListUserTags", input_), respond("ListUserTags", {"Tags": [], "Marker": "zreal-ann7"}))
    gone = fail("ListUserTags", 404, "NoSuchEntity", "The user with name zreal-ann7 cannot be found.")
    recording = record(first, (request("ListUserTags", {**input_, "Marker": "zreal-ann7"}), gone))
    ((track, _),) = recording.merged.tracks()
    assert f"The user with name {track.identity['UserName']} cannot be found." in text_of(recording)


def test_a_token_with_an_account_id_is_not_in_the_cassette() -> None:
    text = text_of(record(page(None, "ann", f"after {ACCOUNT} zreal"), page(f"after {ACCOUNT} zreal", "bob", None)))
    assert ACCOUNT not in text
    assert "zreal" not in text
