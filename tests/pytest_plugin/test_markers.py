"""The options of tests: merged markers, the fixture, the project's settings, and tapes that tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.files import cassette_files
from support.misses import not_recorded
from support.pytest_runs import LIST_ROLES, run, text_of
from support.standin import StandIn

pytest_plugins = ["pytester"]


def operations(path: Path) -> list[str]:
    return [track.operation for track, _ in cassette_files.load(path, load_models()).tracks()]


MERGED = """
pytestmark = pytest.mark.awstape("roles", paging=1)

def pages():
    return [len(p["Roles"]) for p in boto3.client("iam").get_paginator("list_roles").paginate()]

def test_of_the_module():
    assert pages() == [1] * 5

@pytest.mark.awstape(faults="denied ListRoles")
class TestDenied:
    @pytest.mark.awstape(paging=2)
    def test_all_count(self, awstape):
        assert awstape.path.name == "roles.yaml"
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            pages()

    @pytest.mark.awstape("policy-versions", faults=[])
    def test_of_its_own(self, awstape):
        assert awstape.path.name == "policy-versions.yaml"

@pytest.mark.awstape(paging="recorded")
def test_the_closest_counts():
    assert pages() == [3, 2]
"""


def test_markers_of_module_class_and_function_count_together(pytester: pytest.Pytester, cassettes: Path) -> None:
    run(pytester, MERGED).assert_outcomes(passed=4)


ORDER = """
@pytest.mark.awstape("roles"{marker})
def test_it():
    pages = [len(p["Roles"]) for p in boto3.client("iam").get_paginator("list_roles").paginate()]
    assert len(pages) == {pages}
"""


def test_the_command_line_comes_before_marker_fixture_and_project(pytester: pytest.Pytester, cassettes: Path) -> None:
    cassettes.rename(cassettes.with_name("tapes"))
    (pytester.path / "pyproject.toml").write_text('[tool.awstape.pytest]\npaging = 1\nfolder = "tapes"\n')
    run(pytester, ORDER.format(marker="", pages=5)).assert_outcomes(passed=1)
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef awstape_config():\n    return {'paging': 2}\n")
    run(pytester, ORDER.format(marker="", pages=3)).assert_outcomes(passed=1)
    run(pytester, ORDER.format(marker=", paging=4", pages=2)).assert_outcomes(passed=1)
    run(pytester, ORDER.format(marker=", paging=4", pages=5), "--awstape-paging=1").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("text", "problem"),
    {
        "mod = 'once'": "2: pytest: no such option: mod; did you mean mode?",
        "include_writes = true": "2: pytest: no such option: include_writes; did you mean include-writes?",
        "strict = true\nmode = 'twice'": "3: pytest.mode: expected one of none, once, new_episodes, all, rewrite",
        "guard = 'yes'": "2: pytest.guard: expected true or false",
    }.items(),
)
def test_a_wrong_option_of_the_project_is_explained(
    pytester: pytest.Pytester, cassettes: Path, text: str, problem: str
) -> None:
    (pytester.path / "pyproject.toml").write_text(f"[tool.awstape.pytest]\n{text}\n")
    result = run(pytester, ORDER.format(marker="", pages=2))
    result.assert_outcomes(errors=1)
    assert f"pyproject.toml:{problem}" in text_of(result)


@pytest.mark.parametrize("value", ["3", "{'pagin': 1}", "{'strict': 3}"])
def test_a_wrong_option_of_the_fixture_is_explained(pytester: pytest.Pytester, cassettes: Path, value: str) -> None:
    pytester.makeconftest(f"import pytest\n@pytest.fixture\ndef awstape_config():\n    return {value}\n")
    result = run(pytester, ORDER.format(marker="", pages=2))
    result.assert_outcomes(errors=1)
    assert "the fixture awstape_config can't be used: " in text_of(result)


def test_a_mode_of_the_project_records_but_not_in_ci(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.path / "pyproject.toml").write_text('[tool.awstape.pytest]\nmode = "once"\n')
    module = f"@pytest.mark.awstape('tape')\ndef test_it():\n    assert len({LIST_ROLES}) == 5\n"
    monkeypatch.setenv("CI", "true")
    run(pytester, module).assert_outcomes(errors=1)
    monkeypatch.delenv("CI")
    run(pytester, module).assert_outcomes(passed=1)
    assert aws.calls == {"ListRoles": 2}


def test_of_several_cassettes_the_first_is_recorded_and_the_others_answer(
    pytester: pytest.Pytester, cassettes: Path, aws: StandIn
) -> None:
    before = (cassettes / "policy-versions.yaml").read_bytes()
    module = f"""
@pytest.mark.awstape("tape", "policy-versions")
def test_it():
    assert len({LIST_ROLES}) == 5
    boto3.client("iam").list_policy_versions(PolicyArn="arn:aws:iam::000051542854:policy/alias-4cr4tc26m7")
"""
    track, _ = next(cassette_files.load(cassettes / "policy-versions.yaml", load_models()).tracks())
    module = module.replace("arn:aws:iam::000051542854:policy/alias-4cr4tc26m7", str(track.identity["PolicyArn"]))
    for mode in ("once", "new_episodes", "all", "rewrite"):
        aws.calls.clear()
        run(pytester, module, f"--awstape={mode}").assert_outcomes(passed=1)
        assert aws.calls == ({} if mode == "new_episodes" else {"ListRoles": 2})
        assert operations(cassettes / "tape.yaml") == ["ListRoles"]
    aws.calls.clear()
    run(pytester, module).assert_outcomes(passed=1)
    assert not aws.calls
    assert (cassettes / "policy-versions.yaml").read_bytes() == before


SHARED = """
pytestmark = pytest.mark.awstape(scope="module")

@pytest.fixture(scope="module")
def roles():
    yield boto3.client("iam").list_roles()["Roles"]
    boto3.client("iam").list_groups()

def test_what_a_wider_fixture_requests(roles):
    assert roles

def test_more(roles):
    assert roles and boto3.client("iam").list_users()

@pytest.mark.awstape("roles")
def test_of_its_own(awstape):
    assert awstape.path.name == "roles.yaml" and boto3.client("iam").list_roles()["Roles"]

@pytest.fixture(scope="class")
def groups():
    return boto3.client("iam").list_groups()

class TestIt:
    pytestmark = pytest.mark.awstape(scope="class")

    def test_it(self, groups, awstape):
        assert awstape.path.name == "TestIt.yaml"
"""


def test_tests_share_a_tape_with_wider_fixtures(pytester: pytest.Pytester, cassettes: Path, aws: StandIn) -> None:
    run(pytester, SHARED, "--awstape=once").assert_outcomes(passed=4)
    assert operations(cassettes / "test_module.yaml") == ["ListGroups", "ListRoles", "ListUsers"]
    assert operations(cassettes / "test_module" / "TestIt.yaml") == ["ListGroups"]
    aws.calls.clear()
    run(pytester, SHARED).assert_outcomes(passed=4)
    run(pytester, SHARED, "-k", "more").assert_outcomes(passed=1, deselected=3)
    assert not aws.calls


def test_a_miss_belongs_to_the_test_in_which_it_happens(pytester: pytest.Pytester, cassettes: Path) -> None:
    shutil.copy(cassettes / "roles.yaml", cassettes / "test_module.yaml")
    module = """
pytestmark = pytest.mark.awstape(scope="module")

def ask(operation):
    try:
        getattr(boto3.client("iam"), operation)()
    except botocore.exceptions.ClientError:
        pass

@pytest.fixture(scope="module", autouse=True)
def last():
    yield
    ask("list_groups")

def test_one():
    ask("list_users")

def test_other():
    ask("list_roles")
"""
    result = run(pytester, module)
    result.assert_outcomes(passed=2, errors=2)
    assert text_of(result).count("\nmiss: iam List") == 2
    lines = [line for line in result.outlines if line.startswith("ERROR")]
    assert lines == [
        f"ERROR test_module.py::test_one - Failed: miss: {not_recorded('iam ListUsers')}",
        f"ERROR test_module.py::test_other - Failed: miss: {not_recorded('iam ListGroups')}",
    ]


def test_a_scope_where_it_can_not_be_is_explained(pytester: pytest.Pytester, cassettes: Path) -> None:
    module = """
@pytest.mark.awstape("roles", scope="module")
def test_function():
    pass

@pytest.mark.awstape(scope="class")
class TestIt:
    @pytest.mark.awstape(paging=3)
    def test_paging(self):
        pass
"""
    result = run(pytester, module)
    result.assert_outcomes(errors=2)
    assert "scope='module' can't be used here\nset it in the marker of a module" in text_of(result)
    assert "paging can't be set for one of the tests that share a tape" in text_of(result)
