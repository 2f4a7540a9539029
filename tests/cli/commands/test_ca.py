"""`env`, and what the other commands show and select of a cassette with several callers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import Aliases
from support.command_line import OTHER_PHRASE, PHRASE, key_of, okay, run
from support.exchanges import MODELS, recorder, request, respond
from support.failing import failure

KEY = key_of(PHRASE)
NUMBERS = ("111122223333", "444455556666")
FIRST, SECOND = sorted(NUMBERS, key=lambda number: Aliases(KEY).account(number))
A, B = Aliases(KEY).account(FIRST), Aliases(KEY).account(SECOND)


def made(path: Path, *numbers: str, operation: str = "ListRoles") -> Path:
    pairs = [
        (
            request(operation, caller=access_key_of_account(number)),
            respond(operation, {"Roles": [{"RoleName": "r"}] * n} if operation == "ListRoles" else {}),
        )
        for n, number in enumerate(numbers, 1)
    ]
    path.write_text(write_cassette(recorder(*pairs, key=KEY).finish().cassette))
    return path


@pytest.fixture
def both(tmp_path: Path) -> Path:
    return made(tmp_path / "both.yaml", FIRST, SECOND)


# --- env ------------------------------------------------------------------------------------------------------------


def test_a_shell_reads_the_credentials() -> None:
    lines = okay("env", "--caller", "000059865828")
    show = 'echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY ${AWS_SESSION_TOKEN-none} ${AWS_PROFILE-none}"'
    environ = {"AWS_SESSION_TOKEN": "theirs", "AWS_PROFILE": "theirs", "AWS_ACCESS_KEY_ID": "theirs"}
    done = subprocess.run(["sh", "-c", lines + show], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "AKIAQAA4RPLSAAAAAAAA awstape none none\n"


def test_a_tag_is_its_own_access_key_id() -> None:
    assert (
        json.loads(okay("env", "--caller", "caller-abcdefghij23", "--json"))["AWS_ACCESS_KEY_ID"]
        == "caller-abcdefghij23"
    )


@pytest.mark.parametrize("text", ["team-a", "1234", "AKIAQAA4RPLSAAAAAAAA"])
def test_another_text_is_refused(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    problem, tip = failure(capfd, "env", "--caller", text)
    assert problem == f"{text!r} is not a caller of a cassette"
    assert "twelve digits" in tip


# --- several callers in a cassette ----------------------------------------------------------------------------------


def test_accounts_are_shown_where_there_are_several(both: Path, tmp_path: Path) -> None:
    one = made(tmp_path / "one.yaml", FIRST)
    for shown in (okay("ls", both), okay("show", both), okay("show", both, "--textconv")):
        assert A in shown
        assert B in shown
    for shown in (okay("ls", one), okay("show", one)):
        assert A not in shown
    assert okay("show", one, "--textconv").count(A) == 1, "in the line of the header"
    page = tmp_path / "page.html"
    okay("show", both, "--html", page)
    assert f'"caller": "{B}"' in page.read_text() or f'"caller":"{B}"' in page.read_text()


def test_scripts_get_the_account_always(both: Path, tmp_path: Path) -> None:
    assert [each["account"] for each in json.loads(okay("ls", both, "--json"))] == [A, B]
    assert [each["account"] for each in json.loads(okay("show", both, "--json"))] == [A, B]
    assert [each["account"] for each in json.loads(okay("ls", made(tmp_path / "1.yaml", FIRST), "--json"))] == [A]


@pytest.mark.parametrize(
    ("selector", "expected"), [(f"account={A}", [A]), (f"account={B[:-4]}*", [B]), ("account=000*", [A, B])]
)
def test_a_selector_selects_by_account(selector: str, expected: list[str], both: Path) -> None:
    found = json.loads(okay("show", both, f"ListRoles {selector}", "--json"))
    assert [each["account"] for each in found] == expected


def test_with_the_key_a_selector_takes_a_real_account(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", PHRASE)
    for real in SECOND, access_key_of_account(SECOND):
        found = json.loads(okay("show", both, f"ListRoles account={real}", "--json"))
        assert [each["account"] for each in found] == [B]


def test_merge_keeps_the_tracks_of_both(tmp_path: Path, both: Path) -> None:
    one, two = made(tmp_path / "1.yaml", FIRST), made(tmp_path / "2.yaml", SECOND)
    okay("merge", one, two, "-o", tmp_path / "joined.yaml")
    merged = read_cassette((tmp_path / "joined.yaml").read_text(), MODELS)
    assert [(take.track.account) for take in merged.takes] == [A, B]
    assert merged.account == A
    okay("merge", one, two, "-o", two)
    again = read_cassette(two.read_text(), MODELS)
    assert (again.account, again.takes) == (B, merged.takes)


def test_split_and_rm_by_account(tmp_path: Path, both: Path) -> None:
    okay("split", both, f"ListRoles account={B}", "-o", tmp_path / "b.yaml")
    parts = [read_cassette(each.read_text(), MODELS) for each in (both, tmp_path / "b.yaml")]
    assert [(part.account, [take.track.account for take in part.takes]) for part in parts] == [(A, [A]), (B, [B])]


def test_edits_keep_the_account_of_the_header(tmp_path: Path) -> None:
    path = made(tmp_path / "1.yaml", SECOND)
    okay("set", path, "pages[].output.Roles[0].MaxSessionDuration", "7200")
    okay("fault", path, "ListRoles", "throttle")
    okay("repage", path, "1")
    assert f"account: '{B}'" in path.read_text().split("---")[0]
    assert read_cassette(path.read_text(), MODELS).accounts == (B,)


def test_a_new_track_is_of_the_caller_of_its_cassette(tmp_path: Path) -> None:
    path = made(tmp_path / "1.yaml", SECOND)
    okay("new", "iam", "list-users", "-o", path)
    made_up = read_cassette(path.read_text(), MODELS)
    assert (made_up.account, made_up.accounts, len(made_up.takes)) == (B, (B,), 2)


def test_set_gives_a_track_to_another_caller(both: Path) -> None:
    okay("set", both, "account", "000059865828", "--track", f"ListRoles account={B}")
    assert read_cassette(both.read_text(), MODELS).accounts == (A, "000059865828")


def test_rename_and_redact_include_the_account(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", PHRASE)
    okay("rename", both, B, "777788889999")
    assert read_cassette(both.read_text(), MODELS).accounts == (A, Aliases(KEY).account("777788889999"))
    real = "314159265358"  # those of AWS's documentation are no finding
    both.write_text(both.read_text().replace(A, real))
    assert run("check", both).return_value == 1
    okay("redact", both)
    assert read_cassette(both.read_text(), MODELS).account == Aliases(KEY).account(real)
    assert run("check", both).return_value == 0


def test_rekey_renews_the_account(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_OLD_KEY", PHRASE)
    monkeypatch.setenv("AWSTAPE_KEY", OTHER_PHRASE)
    values = both.with_name("values.txt")
    values.write_text(SECOND)
    okay("rekey", both, "--values", values)
    renewed = read_cassette(both.read_text(), MODELS)
    new = Aliases(key_of(OTHER_PHRASE))
    assert new.account(SECOND) in renewed.accounts
    assert len(renewed.accounts) == 2
    assert not {A, B} & set(renewed.accounts)


def test_diff_tells_accounts_apart_only_where_there_are_several(tmp_path: Path, both: Path) -> None:
    one, two = made(tmp_path / "1.yaml", FIRST), made(tmp_path / "2.yaml", SECOND)
    result = run("diff", one, two)
    assert result.output == f'~ account: "{A}" → "{B}"\nthe accounts differ\n'
    result = run("diff", one, both)
    assert f"+ iam ListRoles {{}} by {B}: " in result.output
    assert A not in result.output


def test_alias_finds_the_account_of_an_access_key_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", PHRASE)
    assert A in okay("alias", "--kind", "caller", access_key_of_account(FIRST))
    assert "caller-" in okay("alias", "--kind", "caller", "testing")
