"""Principals of one account: each gets what was recorded for it, or a miss, with the key and by aliases."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.access_keys import access_key_of_account, principal_of_access_key
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import Aliases
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support import strategies
from support.command_line import okay
from support.exchanges import KEY, Exchange, cassette, fail, operation, player, request
from support.principals import (
    ACCOUNT,
    NAMES,
    OTHER_USER,
    PRINCIPALS,
    ROLE,
    ROLE_AGAIN,
    SECOND_ROLE,
    USER,
    account_of,
    assume,
    give,
    identity,
    key_id,
    users,
)
from support.tips import Tip


def count(playing: Player, key: str | None, name: str = "ListUsers") -> int | str:
    """The number of users or roles that a caller gets, or the kind of its miss."""
    reply = playing.answer(request(name, caller=key))
    if isinstance(reply, Miss):
        return reply.kind
    assert reply.response
    return reply.response.body.count(b"<member>")


def ask(playing: Player, name: str, asked: Request) -> Any:
    """What a program gets for a request that is answered."""
    reply = playing.answer(asked)
    assert isinstance(reply, ServedPage), reply
    assert reply.response
    return parse_response(operation(name), reply.response)


def get_key(playing: Player, exchange: Exchange, name: str = "AssumeRole") -> str:
    """The access key id that a program gets where another one was recorded."""
    key: str = ask(playing, name, exchange[0])["Credentials"]["AccessKeyId"]
    return key


def alias(kind: str, name: str, account: str = ACCOUNT) -> str:
    """The caller of a track."""
    return f"{Aliases(KEY).account(account)}/{kind}/{Aliases(KEY).spell_name(name)}"


def dummy(caller: str) -> str:
    """The access key id that `awstape env --caller` gives out."""
    account, _, principal = caller.partition("/")
    return access_key_of_account(account, principal or None)


def callers_of(recorded: Cassette) -> list[str | None]:
    """Who lists users."""
    return [track.caller for track, _ in recorded.tracks() if track.operation == "ListUsers"]


# --- what a cassette has ------------------------------------------------------------------------------------------


def test_the_principal_is_named_where_several_ask_the_same() -> None:
    made = cassette(assume(ROLE), users(USER, 1), users(ROLE, 2), users(ROLE, 2, "ListRoles"), identity(USER))
    assert callers_of(made) == [alias("role", "zauditor"), alias("user", "zuser1")]
    assert {track.principal for track, _ in made.tracks() if track.operation != "ListUsers"} == {None}
    text = write_cassette(made)
    assert "principal: role/alias-" in text
    assert not any(each in text for each in ("zauditor", "zuser1", ROLE, USER, "fake-secret", "fake-token"))


def test_a_cassette_of_one_principal_names_none() -> None:
    alone = cassette(users(USER, 1), identity(USER), users(USER, 1, "ListRoles"))
    assert "principal" not in write_cassette(alone)
    apart = cassette(assume(ROLE), users(ROLE, 1), users(USER, 1, "ListRoles"), identity(USER))
    assert "principal" not in write_cassette(apart)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_it_does_not_matter_when_an_answer_tells_the_principal(order: tuple[int, ...]) -> None:
    traffic = [users(USER, 1), users(ROLE, 2), identity(USER), identity(ROLE)]
    made = cassette(*(traffic[number] for number in order))
    assert callers_of(made) == [alias("role", "zauditor"), alias("user", "zuser1")]
    assert made == cassette(*traffic)


def test_sessions_of_a_role_are_one_principal() -> None:
    made = cassette(assume(ROLE), assume(ROLE_AGAIN, USER, "zagain"), users(ROLE, 1), users(ROLE_AGAIN, 2))
    assert callers_of(made) == [Aliases(KEY).account(ACCOUNT)]
    playing = player(made)
    assert [count(playing, ROLE), count(playing, USER)] == [1, 2]


def test_a_user_of_whom_nothing_tells_the_name() -> None:
    made = cassette(assume(ROLE), users(USER, 1), users(ROLE, 2))
    assert callers_of(made) == [Aliases(KEY).account(ACCOUNT), alias("role", "zauditor")]
    playing = player(made)
    assert [count(playing, key) for key in (get_key(playing, assume(ROLE)), USER, None)] == [2, 1, 1]


def test_answers_that_contradict_each_other_tell_nothing() -> None:
    """As of a stand-in that takes any access key id."""
    other = request("GetCallerIdentity", caller=USER), identity(OTHER_USER)[1]
    made = cassette(identity(USER), other, users(USER, 1), assume(ROLE), users(ROLE, 2))
    assert callers_of(made) == [Aliases(KEY).account(ACCOUNT), alias("role", "zauditor")]


# --- GetSessionToken, federation and root -------------------------------------------------------------------------


def test_a_session_token_is_of_the_caller() -> None:
    token = give("GetSessionToken", key_id(7), USER, {})
    made = cassette(token, assume(ROLE), users(key_id(7), 1), users(ROLE, 2), identity(USER))
    assert callers_of(made) == [alias("role", "zauditor"), alias("user", "zuser1")]
    playing = player(made)
    assert count(playing, get_key(playing, token, "GetSessionToken")) == 1


def test_federated_users_and_root() -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/zfed"
    user: dict[str, Value] = {"FederatedUserId": f"{ACCOUNT}:zfed", "Arn": arn}
    federated = give("GetFederationToken", key_id(7), USER, {"Name": "zfed"}, {"FederatedUser": user})
    task: dict[str, Value] = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    root = give("AssumeRoot", key_id(8), USER, {"TargetPrincipal": ACCOUNT, "TaskPolicyArn": task})
    made = cassette(federated, root, users(key_id(7), 1), users(key_id(8), 2), users(USER, 3))
    account = Aliases(KEY).account(ACCOUNT)
    assert callers_of(made) == [account, alias("federated-user", "zfed"), f"{account}/root"]
    playing = player(made)
    keys = [get_key(playing, federated, "GetFederationToken"), get_key(playing, root, "AssumeRoot"), USER]
    assert [count(playing, key) for key in keys] == [1, 2, 3]


# --- replay -------------------------------------------------------------------------------------------------------


def test_of_two_users_nothing_tells_which_one_asks() -> None:
    made = cassette(users(USER, 1), identity(USER), users(OTHER_USER, 2), identity(OTHER_USER))
    playing = player(made)
    assert count(playing, USER) == "caller"
    both = alias("user", "zuser1"), alias("user", "zuser2")
    first, last = sorted(both)
    told = playing.misses[0].text
    assert f"it is recorded for {first}, {last}; the request is by an unknown principal" in told
    command = Tip("an unknown principal; for credentials of one: {}").take(told, "awstape env --caller .*")
    assert command == Tip("awstape env --caller {}").printed(told) and command.endswith(first)
    credentials = re.search("AWS_ACCESS_KEY_ID=(.*)", okay(*command.split()[1:]))
    assert credentials and count(player(made), credentials[1]) == both.index(first) + 1
    for key in (KEY, None):
        assert [count(player(made, key=key), dummy(each)) for each in both] == [1, 2]


def test_a_role_that_did_not_ask_gets_no_answer_of_another() -> None:
    made = cassette(assume(ROLE), assume(SECOND_ROLE), users(USER, 1), users(ROLE, 2), identity(USER))
    playing = player(made)
    assert count(playing, get_key(playing, assume(SECOND_ROLE))) == "caller"
    assert f"the request is by role/{Aliases(KEY).spell_name('zadmin')}" in playing.misses[0].text


def test_a_role_is_denied_what_a_user_may() -> None:
    denied = request("ListUsers", caller=ROLE), fail("ListUsers", 403, "AccessDenied", "zauditor may not")
    playing = player(cassette(assume(ROLE), users(USER, 2), denied))
    keys = USER, get_key(playing, assume(ROLE)), USER
    replies = [playing.answer(request("ListUsers", caller=key)) for key in keys]
    assert [reply.response and reply.response.status for reply in replies] == [200, 403, 200]


def test_access_key_ids_of_principals() -> None:
    for principal in ("root", "user/a", "role/alias-k42mrt7s3l", "federated-user/x@y.z"):
        made = access_key_of_account(ACCOUNT, principal)
        assert principal_of_access_key(made) == principal
        assert made.isalnum()
    for wrong in ("", "role", "role/", "group/x", "role/x/y", "role/ä"):
        with pytest.raises(ValueError, match="principal"):
            access_key_of_account(ACCOUNT, wrong)
    with pytest.raises(ValueError, match="unknown account"):
        access_key_of_account("caller-k42mrt7s3lrt", "user/a")
    for other in (USER, ROLE, "fake", ACCOUNT, access_key_of_account(ACCOUNT)):
        assert principal_of_access_key(other) is None


# --- any programs -------------------------------------------------------------------------------------------------

steps = st.tuples(
    st.sampled_from([USER, *NAMES]),
    st.sampled_from(["ListUsers", "ListRoles", "GetCallerIdentity"]),
)


@strategies.few(60)
@given(st.lists(steps, max_size=12), st.randoms(use_true_random=False), st.booleans())
def test_each_principal_gets_its_own_answers_in_their_order(
    program: list[tuple[str, str]], random: Any, has_key: bool
) -> None:
    """However their requests are interleaved in replay."""
    counts = Counter[tuple[int, str]]()
    traffic = [*map(assume, NAMES)]
    expected = dict[int, list[tuple[str, str, int]]]()
    for key, name in program:
        who = PRINCIPALS[key]
        counts[who, name] += 1
        number = 10 * who + counts[who, name]
        traffic.append(identity(key) if name == "GetCallerIdentity" else users(key, number, name))
        expected.setdefault(who, []).append((key, name, number))
    playing = player(cassette(*traffic), key=KEY if has_key else None)
    aliases = Aliases(KEY)
    keys = {USER: USER if has_key else dummy(aliases.account(ACCOUNT))}
    for key, role in NAMES.items():
        arn = f"arn:aws:iam::{aliases.account(account_of(key))}:role/{aliases.spell_name(role)}"
        keys[key] = get_key(playing, assume(key, keys[USER], arn=None if has_key else arn))
    while expected:
        who = random.choice([*expected])
        key, name, number = expected[who].pop(0)
        if name == "GetCallerIdentity":
            arn = ask(playing, name, request(name, caller=keys[key]))["Arn"]
            assert aliases.spell_name(NAMES.get(key, "zuser1")) in arn.split("/")
        else:
            assert count(playing, keys[key], name) == number
        if not expected[who]:
            del expected[who]
