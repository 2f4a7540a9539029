"""What commands show, select and change of a cassette in which a user and a role of one account ask the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.json_schema import cassette_schema
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import Aliases, Key
from support.command_line import OTHER_PHRASE, PHRASE, key_of, okay, run
from support.exchanges import MODELS, Exchange, recorder, request, respond
from support.failing import failure
from support.principals import ACCOUNT, ROLE, USER, assume, identity, users

KEY = key_of(PHRASE)
ALIASES = Aliases(KEY)
AUDITOR, PERSON = f"role/{ALIASES.spell_name('zauditor')}", f"user/{ALIASES.spell_name('zuser1')}"
BY_AUDITOR, BY_PERSON = (f"{ALIASES.account(ACCOUNT)}/{each}" for each in (AUDITOR, PERSON))
TRAFFIC = [assume(ROLE), identity(USER), users(USER, 1), users(ROLE, 2)]


def made(path: Path, traffic: Sequence[Exchange] = TRAFFIC, key: Key = KEY, **options: bool) -> Path:
    path.write_text(write_cassette(recorder(*traffic, key=key, **options).finish().cassette))
    return path


def read(path: Path) -> Cassette:
    return read_cassette(path.read_text(), MODELS)


def principals(path: Path) -> list[str | None]:
    """Of the tracks that list users."""
    return [track.principal for track, _ in read(path).tracks() if track.operation == "ListUsers"]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    return made(tmp_path / "team.yaml")


def test_principals_are_shown_where_there_are_several(team: Path, tmp_path: Path) -> None:
    for shown in (okay("ls", team), okay("show", team), okay("show", team, "--textconv")):
        assert BY_AUDITOR in shown
        assert BY_PERSON in shown
    page = tmp_path / "page.html"
    okay("show", team, "--html", page)
    assert BY_AUDITOR in page.read_text()
    alone = made(tmp_path / "alone.yaml", TRAFFIC[:3])
    assert BY_PERSON not in okay("ls", alone) + alone.read_text()
    assert "principal" not in alone.read_text()


def test_scripts_get_the_principal(team: Path) -> None:
    found = [each.get("principal") for each in json.loads(okay("ls", team, "--json"))]
    assert found == [AUDITOR, PERSON, None, None]


@pytest.mark.parametrize("selector", ["principal=role/*", f"principal={AUDITOR}", "principal=role/zauditor"])
def test_a_selector_selects_by_principal(
    selector: str, team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", PHRASE)
    found = json.loads(okay("show", team, f"ListUsers {selector}", "--json"))
    assert [each["principal"] for each in found] == [AUDITOR]
    okay("split", team, f"ListUsers {selector}", "-o", tmp_path / "role.yaml")
    assert (principals(tmp_path / "role.yaml"), principals(team)) == ([AUDITOR], [PERSON])


def test_merge_keeps_the_tracks_of_both(team: Path, tmp_path: Path) -> None:
    okay("split", team, "ListUsers principal=role/*", "-o", tmp_path / "role.yaml")
    okay("merge", team, tmp_path / "role.yaml", "-o", tmp_path / "both.yaml")
    assert read(tmp_path / "both.yaml") == read(made(tmp_path / "again.yaml"))


def test_diff_tells_principals_apart(team: Path, tmp_path: Path) -> None:
    other = made(tmp_path / "other.yaml", [*TRAFFIC[:3], users(ROLE, 3)])
    output = run("diff", team, other).output
    assert AUDITOR in output
    assert PERSON not in output


def test_rename_edit_and_redact(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", PHRASE)
    okay("rename", team, "zauditor", "zother")
    other = f"role/{ALIASES.spell_name('zother')}"
    assert principals(team) == [other, PERSON] if other < PERSON else [PERSON, other]
    team.write_text(team.read_text().replace(f"principal: {other}", "principal: role/zsecret"))
    assert run("check", team).return_value == 1
    okay("redact", team)
    assert f"role/{ALIASES.spell_name('zsecret')}" in principals(team)
    assert run("check", team).return_value == 0
    okay("set", team, "principal", "root", "--track", "ListUsers principal=role/*")
    assert "root" in principals(team)


def test_rekey_renews_the_principal(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_OLD_KEY", PHRASE)
    monkeypatch.setenv("AWSTAPE_KEY", OTHER_PHRASE)
    values = team.with_name("values.txt")
    values.write_text("zauditor\nzuser1\n")
    okay("rekey", team, "--values", values)
    new = Aliases(key_of(OTHER_PHRASE))
    assert set(principals(team)) == {f"role/{new.spell_name('zauditor')}", f"user/{new.spell_name('zuser1')}"}


@pytest.mark.parametrize("form", ["har", "vcr"])
def test_an_export_tells_an_import_the_principals(
    form: str, team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", PHRASE)
    exported = tmp_path / f"team.{form}"
    okay("export", team, "--to", form, "-o", exported)
    okay("import", exported, "-o", tmp_path / "again.yaml")
    assert principals(tmp_path / "again.yaml") == principals(team)


def test_exports_name_each_caller(team: Path) -> None:
    both = made(team, [*TRAFFIC, identity(ROLE)])
    for operation in "GetCallerIdentity", "ListUsers":
        assert f"--profile {BY_AUDITOR}" in okay("export", both, "--to", "awscli", "--track", operation)
    source = okay("export", both, "--to", "stubber", "--track", "GetCallerIdentity")
    assert source.count("def stub_sts_") == 2
    compile(source, "stubs", "exec")


def test_env_prints_the_credentials_of_a_principal(capfd: pytest.CaptureFixture[str]) -> None:
    printed = json.loads(okay("env", "--caller", BY_AUDITOR, "--json"))
    assert printed["AWS_ACCESS_KEY_ID"] == access_key_of_account(ALIASES.account(ACCOUNT), AUDITOR)
    for wrong in f"{BY_AUDITOR}/x", "caller-abcdefghij23/role/x", "000059865828/group/x", "role/x":
        problem, _ = failure(capfd, "env", "--caller", wrong)
        assert problem == f"{wrong!r} is not a caller of a cassette"


def test_what_is_no_principal_is_refused(team: Path) -> None:
    schema = cassette_schema(MODELS)
    for wrong in ("group/x", "role/", "arn:aws:iam::000059865828:role/x"):
        text = team.read_text().replace(f"principal: {AUDITOR}", f"principal: {wrong}")
        documents = list(yaml.safe_load_all(text))
        assert any(not jsonschema.Draft7Validator(schema).is_valid(each) for each in documents[1:])
        path = team.with_name("wrong.yaml")
        path.write_text(text)
        assert "principal: not a principal of an account" in run("ls", path).output


def test_a_read_comes_after_the_write_of_its_principal(tmp_path: Path) -> None:
    def role(key: str, text: str) -> Exchange:
        return request("GetRole", {"RoleName": "zr"}, caller=key), respond(
            "GetRole", {"Role": {"RoleName": "zr", "Description": text}}
        )

    def tag(key: str) -> Exchange:
        asked = {"RoleName": "zr", "Description": "new"}
        return request("UpdateRole", dict(asked), caller=key), respond("UpdateRole")

    traffic = [*TRAFFIC, tag(USER), role(USER, "one"), tag(ROLE), role(USER, "two")]
    cassette = read(made(tmp_path / "story.yaml", traffic, include_writes=True))
    (after,) = {take.after for take in cassette.takes if take.after}
    assert (after.track.operation, after.track.principal) == ("UpdateRole", AUDITOR)
    assert read_cassette(write_cassette(cassette), MODELS) == cassette
    assert replace(after.track, principal=None) != after.track
