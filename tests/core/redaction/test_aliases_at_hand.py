"""A real value that looks like an alias is none: only what the cassette has, or was given out, counts as one."""

from __future__ import annotations

import pytest

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.replay.misses import Miss
from awstape.core.replay.replies import ServedPage
from support.exchanges import KEY, OTHER_KEY, Exchange, cassette, player, recorder, request, respond

_OTHER = Aliases(OTHER_KEY)
#: Real values that look like aliases.
LOOKALIKES = {
    "account": _OTHER.account("111122223333"),
    "name": _OTHER.name("role", "Deployer"),
    "name of parts": _OTHER.name("role", "prod-deployer"),
    "unique id": _OTHER.unique_id("AROAEXAMPLEID12345678"),
    "e-mail": _OTHER.email("zreal@corp.example"),
    "organization": _OTHER.organization_id("o-exampleorg1"),
}
each_lookalike = pytest.mark.parametrize("real", LOOKALIKES.values(), ids=LOOKALIKES)


def role(name: str) -> Exchange:
    """A role whose name is a value, and which names the value in free text and in a document."""
    members: dict[str, Value] = {
        "RoleName": name,
        "Arn": f"arn:aws:iam::111122223333:role/{name}",
        "Description": f"see {name}, please",
        "AssumeRolePolicyDocument": f'{{"Statement": [{{"Sid": "x", "Principal": {{"AWS": "{name}"}}}}]}}',
    }
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": members})


def recorded_in(*traffic: Exchange) -> Cassette:
    """A cassette that is recorded from real traffic."""
    return cassette(*traffic, old=Cassette())


@each_lookalike
def test_a_real_value_that_looks_like_an_alias_is_replaced_in_a_recording(real: str) -> None:
    assert is_alias(real)
    assert real not in write_cassette(recorded_in(role(real)))


@each_lookalike
def test_a_real_value_that_looks_like_an_alias_matches_in_replay(real: str) -> None:
    recorded = recorded_in(role(real))
    assert isinstance(player(recorded).answer(role(real)[0]), ServedPage)
    (track, _) = next(iter(recorded.tracks()))
    assert isinstance(player(recorded).answer(request("GetRole", dict(track.identity))), ServedPage), "the alias does"


@each_lookalike
def test_an_alias_of_the_cassette_stays_in_a_recording(real: str) -> None:
    """A program that got it from the cassette sends it to AWS."""
    old = recorded_in(role(real))
    alias = str(next(iter(old.tracks()))[0].identity["RoleName"])
    recording = recorder(role(alias), old=old).finish(old)
    assert alias in write_cassette(recording.cassette)
    assert len(list(recording.merged.tracks())) == 1


def test_an_alias_of_another_cassette_is_a_real_value() -> None:
    recorded = recorded_in(role("Deployer"))
    assert isinstance(player(recorded).answer(role(LOOKALIKES["name"])[0]), Miss)
    alias = Aliases(KEY).name("role", "Auditor")
    assert alias not in write_cassette(recorded_in(role(alias)))


def test_what_is_in_a_cassette_without_aliases_is_real() -> None:
    assert isinstance(player(Cassette()).answer(role(LOOKALIKES["name"])[0]), Miss)


def test_a_program_may_build_a_name_of_the_account() -> None:
    """As CDK does, with the account that GetCallerIdentity tells: `cdk-assets-111122223333-eu-west-1`."""
    name = "zreal-deploy-111122223333-eu"
    recorded = recorded_in(role(name))
    account = Aliases(KEY).account("111122223333")
    text = write_cassette(recorded)
    assert account in text
    assert "111122223333" not in text
    for asked in (name, f"zreal-deploy-{account}-eu"):
        answer = player(recorded).answer(request("GetRole", {"RoleName": asked}))
        assert isinstance(answer, ServedPage), asked
    other = Aliases(KEY).account("444455556666")
    for asked in ("zreal-deploy-444455556666-eu", f"zreal-deploy-{other}-eu", "zreal-deploy-eu"):
        assert isinstance(player(recorded).answer(request("GetRole", {"RoleName": asked})), Miss), asked
