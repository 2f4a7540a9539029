"""Real names in tests, and the aliases that a replay gives in their place."""

from __future__ import annotations

import pytest

import awstape
from support import standin_data
from support.pytest_runs import run, run_again, text_of
from support.standin import StandIn

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
    assert 'awstape.alias("NAME")' in text_of(result)

    module = NAMES.format(expected=f"awstape.alias({NAME!r})")
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)
    assert awstape.alias(NAME).startswith("alias-")


def test_who_has_no_key_is_told_once(pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    module = """
@pytest.mark.awstape("tape")
@pytest.mark.parametrize("n", [1, 2])
def test_it(n):
    boto3.client("iam").get_role(RoleName="{name}")
"""
    module = module.format(name=NAME)
    run(pytester, module, "--awstape=all").assert_outcomes(passed=2)
    run_again(pytester).assert_outcomes(passed=2)
    monkeypatch.delenv("AWSTAPE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(pytester.path / "config"))
    for workers in ([], ["-n", "2"]):
        result = run_again(pytester, *workers)
        result.assert_outcomes(failed=2)
        assert text_of(result).count("set AWSTAPE_KEY to the team's key, or keep names") == 1
