"""Callers and partitions: each gets what was recorded for it, or a miss, with the key and by aliases."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from awstape.core.text.hidden import Hidden
from support import strategies
from support.exchanges import KEY, Exchange, cassette, player, request, respond

#: Access key ids: two that encode an account, one that does not.
A, B, C = access_key_of_account("111122223333"), access_key_of_account("444455556666"), "AKIAEXAMPLE000000000"
SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260302/{}/iam/aws4_request, SignedHeaders=host, Signature=00"


def roles_of(caller: str, name: str, region: str = "us-east-1") -> Exchange:
    return request("ListRoles", caller=caller, region=region), respond("ListRoles", {"Roles": [{"RoleName": name}]})


def alias_of(caller: str, key: Key = KEY) -> str:
    return Aliases(key).caller(Hidden(caller))


def dummy(caller: str) -> str:
    """The access key id that a program gets for a caller of the cassette."""
    return access_key_of_account(alias_of(caller))


def role_count(playing: Player, caller: str | None, operation: str = "ListRoles") -> int | None:
    """The number of roles that a caller gets, None for a miss."""
    reply = playing.answer(request(operation, caller=caller))
    return reply.response.body.count(b"<RoleName>") if isinstance(reply, ServedPage) and reply.response else None


def counted(numbers: Mapping[str | None, int]) -> Cassette:
    """A cassette in which each caller has another number of roles."""
    return cassette(
        *(
            (request("ListRoles", caller=caller), respond("ListRoles", {"Roles": [{"RoleName": "x"}] * number}))
            for caller, number in numbers.items()
        )
    )


SEVERAL = {A: 1, B: 2, C: 3}


@pytest.mark.parametrize("key", [KEY, None], ids=["key", "no key"])
def test_each_caller_gets_its_own_data(key: Key | None) -> None:
    playing = player(counted(SEVERAL), key=key)
    for order in (A, B, C), (C, B, A), (B, B, A, C):
        assert [role_count(playing, dummy(caller)) for caller in order] == [SEVERAL[caller] for caller in order]
        if key:
            assert [role_count(playing, caller) for caller in order] == [SEVERAL[caller] for caller in order]
    assert not playing.misses


@pytest.mark.parametrize("stranger", [access_key_of_account("777788889999"), "testing", None])
def test_a_caller_that_the_cassette_does_not_know_misses(stranger: str | None) -> None:
    playing = player(counted({A: 1, B: 2}))
    assert role_count(playing, stranger) is None
    (miss,) = playing.misses
    known = sorted(map(alias_of, (A, B)))
    assert miss.kind == "caller"
    assert f"it knows {', '.join(known)}" in miss.text
    assert f"awstape env --caller {known[0]}" in miss.text
    assert stranger is None or stranger not in miss.text


def test_without_the_key_only_dummy_credentials_tell_the_caller() -> None:
    playing = player(counted({A: 1, B: 2}), key=None)
    assert role_count(playing, A) is None
    assert "or set AWSTAPE_KEY" in playing.misses[0].text
    assert "111122223333" not in playing.misses[0].text


def test_a_known_caller_without_the_track_misses() -> None:
    users = request("ListUsers", caller=B), respond("ListUsers", {"Users": []})
    playing = player(cassette(roles_of(A, "x"), users))
    assert role_count(playing, B) is None
    (miss,) = playing.misses
    assert (miss.kind, miss.nearest and miss.nearest.account) == ("caller", alias_of(A))
    assert f"it is recorded for {alias_of(A)}; the request is by {alias_of(B)}" in miss.text


@pytest.mark.parametrize("caller", [A, B, C, "testing", None])
@pytest.mark.parametrize("recorded_for", [A, C, None])
def test_a_cassette_of_one_caller_answers_everybody(recorded_for: str | None, caller: str | None) -> None:
    assert role_count(player(counted({recorded_for: 2})), caller) == 2


def test_tracks_of_unknown_callers_are_for_those_without_such_a_track() -> None:
    playing = player(counted({None: 3, A: 1, B: 2}))
    assert [role_count(playing, caller) for caller in (A, B, C, None)] == [1, 2, 3, 3]


def test_new_episodes_answer_nobody_from_the_tracks_of_another() -> None:
    playing = player(counted({A: 1}))
    asked = [request("ListRoles", caller=caller) for caller in (A, dummy(A), B, C, None)]
    assert [playing.has_answer(each) for each in asked] == [True, True, False, False, False]
    assert player(counted({None: 1})).has_answer(asked[2]), "whose tracks these are is unknown"


def test_new_episodes_answer_no_other_region() -> None:
    """What is recorded there after a write would follow answers of this region."""
    there = player(cassette((request("ListAnalyzers"), respond("ListAnalyzers", {"analyzers": []}))))
    assert there.has_answer(request("ListAnalyzers"))
    elsewhere = request("ListAnalyzers", region="us-east-1")
    assert not there.has_answer(elsewhere)
    assert isinstance(there.answer(elsewhere), ServedPage), "replay does"


def test_the_tokens_of_a_listing_are_for_its_own_caller() -> None:
    def pages(caller: str, names: str) -> list[Exchange]:
        first, second = ({"Roles": [{"RoleName": name}]} for name in names)
        return [
            (request("ListRoles", caller=caller), respond("ListRoles", {**first, "Marker": "T1" + caller})),
            (request("ListRoles", {"Marker": "T1" + caller}, caller=caller), respond("ListRoles", dict(second))),
        ]

    recorded = cassette(*pages(A, "ab"), *pages(B, "cdd"[:2]))
    playing = player(recorded)
    tokens = {page.token for take in recorded.takes for page in take.pages if page.token}
    assert len(tokens) == 1, "tokens name a position"
    (token,) = tokens
    second = [playing.answer(request("ListRoles", {"Marker": token}, caller=caller)) for caller in (A, B)]
    tracks = [reply.track.account for reply in second if isinstance(reply, ServedPage)]
    assert tracks == [alias_of(A), alias_of(B)]


# --- partitions ---------------------------------------------------------------------------------------------------


def test_a_client_is_never_served_the_data_of_another_partition() -> None:
    china = request("ListRoles", region="cn-north-1", caller=A), respond("ListRoles", {"Roles": []})
    playing = player(cassette(china))
    assert isinstance(playing.answer(china[0]), ServedPage)
    miss = playing.answer(request("ListRoles", caller=A))
    assert isinstance(miss, Miss)
    assert miss.kind == "region"
    assert "it is recorded in the partition aws-cn; the request is for the partition aws" in miss.text


def test_with_an_endpoint_the_credential_scope_tells_the_partition() -> None:
    playing = player(cassette(roles_of(A, "here"), roles_of(A, "inChina", "cn-north-1")))

    def asked(region: str) -> Request:
        made = request("ListRoles", endpoint="http://127.0.0.1:5000")
        return Request(
            "POST", made.host, "/", "", (*made.headers, ("Authorization", SIGNED.format(A, region))), made.body
        )

    found = [playing.answer(asked(region)) for region in ("eu-west-1", "us-east-1", "cn-northwest-1", "us-gov-west-1")]
    regions = [reply.track.region if isinstance(reply, ServedPage) else "miss" for reply in found]
    assert regions == [None, None, "aws-cn-global", "miss"]


@pytest.mark.parametrize(
    ("region", "kind"),
    [("eu-west-1", None), ("us-west-2", None), ("cn-north-1", "region"), ("us-gov-west-1", "region")],
)
def test_another_region_is_served_only_within_the_partition(region: str, kind: str | None) -> None:
    recorded = cassette((request("ListAnalyzers", region="eu-west-1"), respond("ListAnalyzers", {"analyzers": []})))
    reply = player(recorded).answer(request("ListAnalyzers", region=region))
    assert (reply.kind if isinstance(reply, Miss) else None) == kind


# --- any programs -------------------------------------------------------------------------------------------------

REGIONS = ("us-east-1", "eu-west-1", "cn-north-1")
Asked = tuple[str, str, str]
programs = st.lists(
    st.tuples(
        st.sampled_from([A, B, C]), st.sampled_from(REGIONS), st.sampled_from(["ListRoles", "ListUsers", "GetUser"])
    ),
    max_size=8,
)


def answer_of(asked: Asked) -> Exchange:
    """A stand-in for AWS: the answer tells who asked, in which partition, for what."""
    caller, region, operation = asked
    partition = "cn" if region.startswith("cn") else "aws"
    name = f"{partition}{'ABC'[[A, B, C].index(caller)]}{operation}"
    output = {
        "ListRoles": {"Roles": [{"RoleName": name}]},
        "ListUsers": {"Users": [{"UserName": name}]},
        "GetUser": {"User": {"UserName": name}},
    }
    return request(operation, region=region, caller=caller), respond(operation, dict(output[operation]))  # type: ignore[arg-type]


@strategies.few(60)
@given(programs, programs)
def test_another_program_gets_its_own_data_or_a_miss(recorded: list[Asked], other: list[Asked]) -> None:
    for key in (KEY, None):
        playing = player(cassette(*map(answer_of, recorded)), key=key)
        own = {(caller, region.startswith("cn"), operation) for caller, region, operation in recorded}
        several = len({caller for caller, _, _ in recorded}) > 1
        for caller, region, operation in [*recorded, *other]:
            by = caller if key else dummy(caller)
            reply = playing.answer(request(operation, region=region, caller=by))
            is_own = (caller, region.startswith("cn"), operation) in own
            if isinstance(reply, ServedPage):
                assert (reply.track.region == "aws-cn-global") == region.startswith("cn")
                assert reply.track.account == alias_of(caller) or not several
            else:
                assert not is_own


@pytest.mark.parametrize("key", [KEY, None], ids=["key", "no key"])
@pytest.mark.parametrize("values", [["ACTIVE", "ARCHIVED"], ["ARCHIVED", "ACTIVE"]])
@pytest.mark.parametrize("other", ["region", "caller"])
def test_a_track_of_another_region_or_caller_does_not_win_by_its_spelling(
    key: Key | None, values: list[str], other: str
) -> None:
    """Two programs build a list from one set: each may have the order that was recorded for the other."""

    def listed(
        values: list[str], who: tuple[str, str | None], arn: Value = "arn:aws:access-analyzer:::analyzer/x"
    ) -> Request:
        filters: dict[str, Value] = {"status": {"eq": [*values]}}
        return request("ListFindings", {"analyzerArn": arn, "filter": filters}, region=who[0], caller=who[1])

    callers = [("eu-west-1", A), ("us-east-1", A)] if other == "region" else [("eu-west-1", None), ("eu-west-1", B)]
    empty = respond("ListFindings", {"findings": []})
    traffic = [
        (listed(["ACTIVE", "ARCHIVED"], callers[0]), empty),
        (listed(["ARCHIVED", "ACTIVE"], callers[1]), empty),
        answer_of((C, "eu-west-1", "GetUser")),
    ]
    recorded = cassette(*traffic)
    arns = [take.track.identity["analyzerArn"] for take in recorded.takes if take.track.operation == "ListFindings"]
    playing = player(recorded, key=key)
    for region, caller in callers:
        by = (caller if key else dummy(caller)) if caller else None
        reply = playing.answer(listed(values, (region, by), arns[0]))
        assert isinstance(reply, ServedPage)
        assert (reply.track.region, reply.track.account) == (region, alias_of(caller) if caller else None)
