"""Each command that the plugin prints mends what it is printed for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.files import cassette_files
from support.misses import not_recorded, not_replayed
from support.pytest_runs import LIST_ROLES, run, run_again, text_of, without_key
from support.standin import StandIn
from support.tips import Tip, run_line

pytest_plugins = ["pytester"]


def operations(path: Path) -> list[str]:
    return [track.operation for track, _ in cassette_files.load(path, load_models()).tracks()]


#: The command that records; what goes before it tells why.
PYTEST = Tip("pytest --awstape={}{} {}")


def follow(pytester: pytest.Pytester, result: pytest.RunResult, tip: Tip = PYTEST) -> pytest.RunResult:
    """Runs the command of pytest that a report prints."""
    return run_again(pytester, *shlex.split(tip.take(text_of(result), "pytest .*"))[1:])


OLD = f"    {LIST_ROLES}\n    boto3.client('iam').list_users()\n"
#: Situation → the test before and after a change of the program, its marker, and the words of the report.
CHANGES = {
    "a request was added": (OLD, OLD + "    boto3.client('iam').list_groups()\n", "", "miss: iam ListGroups was not"),
    "a request is gone": (OLD, f"    {LIST_ROLES}\n", "", "not replayed: iam ListUsers"),
    "a request is gone from a shared one": (
        OLD,
        f"    {LIST_ROLES}\n",
        "'tape', strict=True",
        "not replayed: iam L",
    ),
    "an unfinished listing": (
        "    boto3.client('iam').list_roles()\n",
        f"    {LIST_ROLES}\n",
        "",
        "recording ended",
    ),
    "a write": (
        OLD,
        OLD + "    boto3.client('iam').create_role(RoleName='zfake', AssumeRolePolicyDocument='{}')\n",
        "",
        f"miss: {not_recorded('iam CreateRole')}",
    ),
}


@pytest.mark.parametrize(("before", "after", "marker", "words"), CHANGES.values(), ids=CHANGES)
def test_following_the_advice_mends_a_changed_test(
    pytester: pytest.Pytester, aws: StandIn, before: str, after: str, marker: str, words: str
) -> None:
    head = f"@pytest.mark.awstape({marker})\ndef test_it():\n"
    run(pytester, head + before, "--awstape=once").assert_outcomes(passed=1)
    result = run(pytester, head + after)
    assert result.ret and words in text_of(result)
    assert "awstape record" not in text_of(result)
    tip = Tip("to remove what {}: {}") if words.startswith("not replayed") else PYTEST
    follow(pytester, result, tip).assert_outcomes(passed=1)
    aws.calls.clear()
    run_again(pytester).assert_outcomes(passed=1)
    assert not aws.calls


def test_following_the_advice_records_a_missing_cassette(pytester: pytest.Pytester, aws: StandIn) -> None:
    result = run(pytester, f"@pytest.mark.awstape('tape')\ndef test_it():\n    {LIST_ROLES}\n")
    result.assert_outcomes(errors=1)
    follow(pytester, result, Tip("record it: {}")).assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)


def test_following_the_advice_records_another_service(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = f"@pytest.mark.awstape\ndef test_it():\n    {LIST_ROLES}\n"
    (pytester.path / "pyproject.toml").write_text('[tool.awstape]\nservices = ["iam"]\n')
    run(pytester, head, "--awstape=once").assert_outcomes(passed=1)
    with monkeypatch.context() as offline:
        offline.delenv("AWS_ENDPOINT_URL")
        result = run(pytester, head + "    boto3.client('accessanalyzer').list_analyzers()\n")
    assert not_replayed("access-analyzer", "iam") in text_of(result)
    tip = Tip("in [tool.awstape] of pyproject.toml set services = [{}], and run: {}")
    setting = tip.take(text_of(result), r"services = \[.*\]")
    (pytester.path / "pyproject.toml").write_text(f"[tool.awstape]\n{setting}\n")
    follow(pytester, result, tip).assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)


def test_services_are_an_option_as_well(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWSTAPE_UPSTREAM", aws.url)
    call = "boto3.client('accessanalyzer').list_analyzers()"
    test = f"@pytest.mark.awstape\ndef test_it():\n    {call}\n"
    run(pytester, test, "--awstape=once", "--awstape-service=access*").assert_outcomes(passed=1)
    assert operations(pytester.path / "cassettes" / "test_module" / "test_it.yaml") == ["ListAnalyzers"]
    result = run(pytester, test, "--awstape=all", "--awstape-service=amazon")
    result.assert_outcomes(errors=1)
    assert "no service matches 'amazon'" in text_of(result)


def test_a_command_fits_the_folder_in_which_pytest_was_started(pytester: pytest.Pytester, aws: StandIn) -> None:
    folder = pytester.mkdir("below")
    run(pytester, f"@pytest.mark.awstape\ndef test_it():\n    {LIST_ROLES}\n")
    result = run_again(pytester, "../test_module.py", folder=folder)
    (command,) = dict.fromkeys(re.findall(r"to record it: pytest (--awstape=.*)", text_of(result)))
    run_again(pytester, *shlex.split(command), folder=folder).assert_outcomes(passed=1)


WRITING = """
@pytest.mark.awstape({marker})
def test_it():
    boto3.client("iam").create_role(RoleName="zfake", AssumeRolePolicyDocument="{{}}")
"""


def test_a_write_that_is_not_recorded_names_the_option_at_hand(pytester: pytest.Pytester, aws: StandIn) -> None:
    result = run(pytester, WRITING.format(marker=""), "--awstape=once")
    assert Tip("{}: a write operation; {} records it").printed(text_of(result))
    tip = Tip("@pytest.mark.awstape(include_writes=True), or --awstape-include-writes,")
    option = tip.take(text_of(result), "--[a-z-]+")
    run_again(pytester, "--awstape=once", option).assert_outcomes(passed=1)
    marker = tip.take(text_of(result), r"@.*?\)")
    module = WRITING.format(marker="").replace("@pytest.mark.awstape()", marker)
    run(pytester, module, "--awstape=rewrite").assert_outcomes(passed=1)
    run(pytester, module).assert_outcomes(passed=1)
    assert operations(pytester.path / "cassettes" / "test_module" / "test_it.yaml") == ["CreateRole"]


SHARING = """
@pytest.mark.awstape("tape")
def test_one():
    boto3.client("iam").list_{one}()

@pytest.mark.awstape("tape")
def test_other():
    boto3.client("iam").list_users()
"""


def test_rewrite_removes_what_no_test_asks_for(pytester: pytest.Pytester, aws: StandIn) -> None:
    """A cassette that tests share is rewritten by the first, and the others add to it."""
    tape = pytester.path / "cassettes" / "tape.yaml"
    run(pytester, SHARING.format(one="roles"), "--awstape=new_episodes").assert_outcomes(passed=2)
    assert operations(tape) == ["ListRoles", "ListUsers"]
    run(pytester, SHARING.format(one="groups"), "--awstape=new_episodes").assert_outcomes(passed=2)
    assert operations(tape) == ["ListGroups", "ListRoles", "ListUsers"]
    run_again(pytester, "--awstape=rewrite").assert_outcomes(passed=2)
    assert operations(tape) == ["ListGroups", "ListUsers"]
    result = run_again(pytester, "--awstape=rewrite", "-n", "2")
    result.assert_outcomes(errors=2)
    assert "tests share this cassette, and workers would rewrite it at once" in text_of(result)
    tip = Tip("rewrite it without workers: pytest --awstape=rewrite -n 0")
    follow(pytester, result, tip).assert_outcomes(passed=2)


@pytest.mark.parametrize("marker", ["", "'tape'"], ids=["own", "shared"])
def test_following_the_advice_on_another_key(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch, marker: str
) -> None:
    module = f"@pytest.mark.awstape({marker})\ndef test_it():\n    {LIST_ROLES}\n"
    module += f"@pytest.mark.awstape({marker})\ndef test_other():\n    boto3.client('iam').list_users()\n"
    run(pytester, module, "--awstape=new_episodes").assert_outcomes(passed=2)
    monkeypatch.setenv("AWSTAPE_KEY", "another fake key")
    result = run_again(pytester, "--awstape=new_episodes")
    result.assert_outcomes(errors=2)
    assert "--mode" not in text_of(result)
    assert text_of(result).count("set AWSTAPE_KEY to your team's key") > 1, "those of two tests"
    for command in dict.fromkeys(re.findall(r"with a key of your own: pytest (.*)", text_of(result))):
        run_again(pytester, *shlex.split(command))
    run_again(pytester, "--awstape=new_episodes").assert_outcomes(passed=2)
    run_again(pytester).assert_outcomes(passed=2)


def test_following_the_advice_on_a_lacking_key(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "@pytest.mark.awstape\ndef test_it():\n    boto3.client('iam').get_role(RoleName='DeployRole')\n"
    run(pytester, module, "--awstape=once").assert_outcomes(passed=1)
    with without_key(pytester):
        result = run_again(pytester)
        result.assert_outcomes(failed=1)
    tip = Tip(
        "awstape: tests with {} of the cassettes failed without their key. Real names match only with it: set "
        "AWSTAPE_KEY to the team's key, or keep names (keep = […] in [tool.awstape]) and record again: "
        "pytest --awstape=rewrite"
    )
    run_again(pytester).assert_outcomes(passed=1)
    setting = tip.take(text_of(result), r"keep = .….").replace("…", "'DeployRole'")
    (pytester.path / "pyproject.toml").write_text(f"{tip.take(text_of(result), r'.tool.awstape.')}\n{setting}\n")
    follow(pytester, result, tip).assert_outcomes(passed=1)
    monkeypatch.delenv("AWSTAPE_KEY")
    run_again(pytester).assert_outcomes(passed=1)


def test_following_the_advice_on_a_test_that_failed_while_it_recorded(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pytester, f"@pytest.mark.awstape('other')\ndef test_it():\n    {LIST_ROLES}\n", "--awstape=once")
    module = "@pytest.mark.awstape('my tape', 'other')\ndef test_it():\n    boto3.client('iam').list_users()\n"
    result = run(pytester, f"{module}    assert {{}}\n", "--awstape=once")
    result.assert_outcomes(failed=1)
    monkeypatch.chdir(pytester.path)
    assert run_line(Tip("{}; to take it in: awstape recover {}").take(text_of(result))) == 0
    run(pytester, module).assert_outcomes(passed=1)


def test_following_the_advice_on_an_upstream_of_another_service(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWSTAPE_UPSTREAM", f"accessanalyzer={aws.url} iam={aws.url}")
    (pytester.path / "pyproject.toml").write_text('[tool.awstape]\nservices = ["iam"]\n')
    call = "boto3.client('accessanalyzer').list_analyzers()"
    result = run(pytester, f"@pytest.mark.awstape\ndef test_it():\n    {call}\n", "--awstape=once")
    result.assert_outcomes(errors=1)
    option = Tip("to record it as well: {}").take(text_of(result), "--.*")
    run_again(pytester, "--awstape=once", *option.split()).assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)


def test_following_the_advice_of_the_guard(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = "def test_it():\n    boto3.client('iam', endpoint_url='https://iam.amazonaws.com').list_roles()\n"
    result = run(pytester, module, "--awstape-guard")
    marker = Tip("mark it @pytest.mark.awstape").take(text_of(result), "@.*")
    module = f"{marker}\n{module}".replace(", endpoint_url='https://iam.amazonaws.com'", "")
    run(pytester, module, "--awstape-guard", "--awstape=once").assert_outcomes(passed=1)
    run_again(pytester, "--awstape-guard").assert_outcomes(passed=1)


def test_what_a_changed_test_no_longer_asks_for_is_told_when_it_is_recorded(
    pytester: pytest.Pytester, aws: StandIn
) -> None:
    """Not by the next replay, which would fail for it."""
    test = f"@pytest.mark.awstape\ndef test_it():\n    {LIST_ROLES}\n    boto3.client('iam').{{}}()\n"
    run(pytester, test.format("list_users"), "--awstape=once").assert_outcomes(passed=1)
    changed = test.format("list_groups")
    result = run(pytester, changed, "--awstape=new_episodes")
    text = text_of(result)
    tip = Tip("  {}, and the next replay fails for it; to drop what is not needed: {}")
    assert "1 take of the cassette was not asked for, " in text
    run_again(pytester).assert_outcomes(passed=1, errors=1)
    follow(pytester, result, tip).assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)


def test_rewriting_for_one_of_the_tests_that_share_a_tape_says_what_it_removed(
    pytester: pytest.Pytester, aws: StandIn
) -> None:
    module = """
pytestmark = pytest.mark.awstape(scope="module")

def test_roles():
    boto3.client("iam").list_roles()

def test_users():
    boto3.client("iam").list_users()
"""
    run(pytester, module, "--awstape=once").assert_outcomes(passed=2)
    result = run_again(pytester, "--awstape=rewrite", "test_module.py::test_roles")
    assert "  removed: 1 track that nothing asked for (iam ListUsers)" in text_of(result)
    tip = Tip("  if other tests need them, run all that share the cassette: {}")
    follow(pytester, result, tip).assert_outcomes(passed=2)
    run_again(pytester).assert_outcomes(passed=2)
