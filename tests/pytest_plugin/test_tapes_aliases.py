"""Real names in tests, and the aliases that a replay gives in their place."""

from __future__ import annotations

import re

import pytest

import awstape
from support import standin_data
from support.pytest_runs import LIST_ROLES, run, run_again, text_of, without_key
from support.standin import StandIn
from support.tips import Tip

pytest_plugins = ["pytester"]

NAMES = """
@pytest.mark.awstape("tape")
def test_it(awstape):
    names = [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    assert {expected} in names, names
"""


NAME = next(iter(standin_data.ROLES))


def test_a_real_name_fails_in_replay_with_what_to_compare_instead(pytester: pytest.Pytester, aws: StandIn) -> None:
    run(pytester, NAMES.format(expected=repr(NAME)), "--awstape=all").assert_outcomes(passed=1)
    result = run_again(pytester)
    result.assert_outcomes(failed=1)
    assert "names in this cassette are aliases" in text_of(result)
    tip = Tip(
        "A replay gives aliases in the place of real names. So a filter on real names finds nothing.\n"
        'To compare with a real name: awstape.alias("NAME"), of the fixture `awstape`; it is the name itself while '
        "recording.\n"
        'To keep names as they are: keep = ["NAME"] in [tool.awstape] of pyproject.toml, and record again:\n'
        "pytest --awstape=rewrite"
    )
    settings = pytester.path / "pyproject.toml"
    table, setting = (tip.take(text_of(result), pattern) for pattern in (r"\[tool.*?\]", r"keep = \[.*?\]"))
    settings.write_text(f"{table}\n{setting.replace('NAME', NAME)}\n")
    run_again(pytester, *tip.take(text_of(result), "pytest (--.*)").split()).assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)
    settings.unlink()
    module = NAMES.format(expected=tip.take(text_of(result), r"awstape\.alias\(.*?\)").replace("NAME", NAME))
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)
    assert awstape.alias(NAME).startswith("alias-")


def test_aliases_are_explained_once_and_not_for_a_miss(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = NAMES.format(expected=repr(NAME))
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    missing = """
@pytest.mark.awstape("tape")
def test_that_misses():
    boto3.client("iam").get_role(RoleName="another-name")
"""
    result = run(pytester, missing)
    result.assert_outcomes(failed=1)
    assert "names in this cassette are aliases" not in text_of(result)
    again = module.replace("def test_it", "def test_once_more")
    result = run(pytester, missing + module + again)
    result.assert_outcomes(failed=3)
    assert text_of(result).count("names in this cassette are aliases") == 1


def test_who_has_no_key_or_another_is_told_once(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = """
@pytest.mark.awstape("tape")
@pytest.mark.parametrize("n", [1, 2])
def test_it(n):
    boto3.client("iam").get_role(RoleName="{name}")
"""
    module = module.format(name=NAME)
    run(pytester, module, "--awstape=all").assert_outcomes(passed=2)
    run_again(pytester).assert_outcomes(passed=2)
    with without_key(pytester) as patch:
        for workers, key in ([], None), (["-n", "2"], None), ([], "the-key-of-another-team"):
            if key:
                patch.setenv("AWSTAPE_KEY", key)
            result = run_again(pytester, *workers)
            result.assert_outcomes(failed=2)
            assert text_of(result).count("set AWSTAPE_KEY to the team's key, or keep names") == 1


def test_an_alias_without_a_key_fails_at_the_line_of_the_test(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = NAMES.format(expected=f"awstape.alias({NAME!r})")
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    with without_key(pytester):
        result = run_again(pytester)
    result.assert_outcomes(failed=1)
    text = text_of(result)
    assert "FAILED test_module.py::test_it - Failed: no key found" in text
    assert f">       assert awstape.alias({NAME!r}) in names" in text
    assert "set AWSTAPE_KEY to the key of the cassette" in text
    assert "botocore_hook.py" not in text and "fixture.py" not in text
    run_again(pytester).assert_outcomes(passed=1)


#: What a test does → how many of the names that it records come from its code.
TESTS = {
    'assert "DeployRole" in NAMES': 1,
    'arn = "arn:aws:iam::111122223333:role/ci-runner"\n    assert arn.rpartition("/")[2] in NAMES': 1,
    'boto3.client("iam").get_role(RoleName="".join(["Deploy", "Role"]))': 1,
    'boto3.client("iam").get_role(RoleName="".join(["Deploy", "Role"]))\n    assert "DeployRole" in NAMES': 1,
    'assert {"DeployRole", "ci-runner", "AWSServiceRoleForSupport"} < NAMES': 2,
    'assert awstape.alias("DeployRole") in NAMES': 0,
    'assert awstape.alias("arn:aws:iam::111122223333:role/DeployRole")\n    assert "DeployRole" in NAMES': 0,
    'boto3.client("iam").get_role(RoleName=min(NAMES))': 0,
    'assert NAMES, "roles, of a folder: list_roles, Role"': 0,
}
LIST_NAMES = f"{{role['RoleName'] for role in {LIST_ROLES}}}"
HINT = re.compile(r"(\d+) names? comes? from your code, and a replay gives aliases in place of names: (.*)")


def own_names(pytester: pytest.Pytester, body: str, *arguments: str) -> int:
    """Records a test and returns how many names come from its code, by the summary."""
    module = f"@pytest.mark.awstape\ndef test_it(awstape):\n    {body.replace('NAMES', LIST_NAMES)}\n"
    result = run(pytester, module, "--awstape=all", *arguments)
    result.assert_outcomes(passed=1)
    numbers = [int(number) for number, _ in HINT.findall(text_of(result))]
    assert len(numbers) < 2 and NAME not in text_of(result)
    return sum(numbers)


@pytest.mark.parametrize(("body", "number"), TESTS.items())
def test_a_recording_counts_the_names_that_come_from_the_code_of_tests(
    pytester: pytest.Pytester, aws: StandIn, body: str, number: int
) -> None:
    assert own_names(pytester, body) == number


def test_following_the_advice_to_compare_with_an_alias(pytester: pytest.Pytester, aws: StandIn) -> None:
    assert own_names(pytester, f"assert {NAME!r} in NAMES") == 1
    run_again(pytester).assert_outcomes(failed=1)
    assert own_names(pytester, f"assert awstape.alias({NAME!r}) in NAMES") == 0
    run_again(pytester).assert_outcomes(passed=1)


def test_following_the_advice_to_keep_a_name(pytester: pytest.Pytester, aws: StandIn) -> None:
    body = f"assert boto3.client('iam').get_role(RoleName={NAME!r})['Role']['RoleName'] == {NAME!r}"
    module = f"@pytest.mark.awstape\ndef test_it():\n    {body}\n"
    result = run(pytester, module, "--awstape=all")
    run_again(pytester).assert_outcomes(failed=1)
    tip = Tip(
        "{} {} from your code, and a replay gives aliases in place of names: keep {} (keep = […] in [tool.awstape] of "
        "pyproject.toml, then {}), or compare with {}(…)"
    )
    again = Tip("pytest --awstape=rewrite").take(tip.printed(text_of(result)), "pytest (.*)")
    setting = tip.take(text_of(result), r"keep = .….").replace("…", repr(NAME))
    (pytester.path / "pyproject.toml").write_text(f"[tool.awstape]\n{setting}\n")
    assert "from your code" not in text_of(run_again(pytester, again))
    run_again(pytester).assert_outcomes(passed=1)


def test_own_names_are_counted_once_in_a_run(pytester: pytest.Pytester, aws: StandIn) -> None:
    tests = [f"@pytest.mark.awstape\ndef test_{n}():\n    assert {NAME!r} in {LIST_NAMES}\n" for n in range(3)]
    for workers in ([], ["-n", "2"]):
        result = run(pytester, "\n".join(tests), "--awstape=all", *workers)
        result.assert_outcomes(passed=3)
        assert [number for number, _ in HINT.findall(text_of(result))] == ["1"]


def test_a_filter_that_finds_nothing_is_explained(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = f"""
@pytest.mark.awstape("tape")
def test_it():
    names = [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    assert len([name for name in names if name.startswith("{NAME}")]) == 1
"""
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    result = run_again(pytester)
    result.assert_outcomes(failed=1)
    assert "names in this cassette are aliases" in text_of(result)
    assert "a filter on real names finds nothing" in text_of(result)
