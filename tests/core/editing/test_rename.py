"""Renaming: a name, account id or unique id is replaced everywhere in a cassette."""

from __future__ import annotations

import json
from typing import Any

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.editing import edits
from awstape.core.editing.rename import rename
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from support.exchanges import KEY, MODELS, cassette, player, request, respond
from support.role_cassette import ALIASES, alias_of_role, assert_valid, chosen, role


def test_rename_is_everywhere(recorded: Cassette) -> None:
    after = rename(MODELS, recorded, "Deploy", "Other", ALIASES)
    text = write_cassette(after)
    assert alias_of_role("Deploy") not in text
    assert text.count(alias_of_role("Other")) == write_cassette(recorded).count(alias_of_role("Deploy"))
    reply = player(after).answer(request("GetRole", {"RoleName": "Other"}))
    assert reply.response
    assert reply.response.status == 200
    assert_valid(after)
    assert rename(MODELS, after, alias_of_role("Other"), alias_of_role("Deploy"), None) == recorded


def test_rename_of_accounts_and_ids(recorded: Cassette) -> None:
    account = ALIASES.account("111122223333")
    after = rename(MODELS, recorded, account, "444455556666", ALIASES)
    assert account not in write_cassette(after)
    assert ALIASES.account("444455556666") in write_cassette(after)
    unique = ALIASES.unique_id("AROAEXAMPLEIDDEPLOYX")
    after = rename(MODELS, recorded, unique, "AROAEXAMPLEIDOTHERXX", ALIASES)
    assert unique not in write_cassette(after)
    assert_valid(after)


def test_rename_of_names_that_the_project_keeps() -> None:
    rules = Rules.from_settings({"keep": ["demo-*"]}, MODELS)
    aliases = Aliases(KEY, rules)
    real = {"Role": role("demo-a", Description="demo-a, not demo-ab; ask demo-a.")}
    text = write_cassette(cassette((request("GetRole", {"RoleName": "x"}), respond("GetRole", {}))))
    kept = read_cassette(text, MODELS)
    kept = edits.set_value(MODELS, kept, chosen(kept), "identity.RoleName", "demo-a")
    kept = edits.set_value(MODELS, kept, chosen(kept), "pages[0].output", json.dumps(real))
    after = rename(MODELS, kept, "demo-a", "demo-b", aliases)
    output: Any = after.takes[0].pages[0].answer.output
    assert after.takes[0].track.identity == {"RoleName": "demo-b"}
    assert output["Role"]["Arn"].endswith(":role/demo-b")
    assert output["Role"]["Description"] == "demo-b, not demo-ab; ask demo-b."
    assert "demo-a" not in output["Role"]["AssumeRolePolicyDocument"]


def test_accounts_are_renamed_where_names_are_kept(recorded: Cassette) -> None:
    aliases = Aliases(KEY, Rules.from_settings({"keep-names": True}, MODELS))
    after = rename(MODELS, recorded, "111122223333", "444455556666", aliases)
    assert ALIASES.account("111122223333") not in write_cassette(after)
    assert ALIASES.account("444455556666") in write_cassette(after)
