"""The pytest plugin, in separate pytest runs: the cassette of a test, errors, recordings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.cli.main import main
from awstape.files import cassette_files
from examples import ROOT
from support import standin_data
from support.misses import not_recorded
from support.pytest_runs import LIST_ROLES, run, run_again, text_of
from support.standin import StandIn
from support.tips import Tip

pytest_plugins = ["pytester"]

HEAVY = {"boto3", "botocore", "click", "cryptography", "httptools", "mitmproxy", "yaml", "asyncio", "rich", "ssl"}


def test_a_test_under_a_frozen_clock_records_a_program(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = """
import freezegun

@freezegun.freeze_time("2012-01-14")
@pytest.mark.awstape("a")
def test_program(awstape):
    program = "import boto3; boto3.client('iam').list_roles()"
    subprocess.run([sys.executable, "-c", program], env=awstape.environ, check=True, timeout=30)
"""
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    text = (pytester.path / "cassettes" / "a.yaml").read_text()
    assert "operation: ListRoles" in text


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import awstape.pytest_plugin; print(*set(sys.modules) - before)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {name.partition(".")[0] for name in output.split()} & HEAVY == set()
    assert {name for name in output.split() if name.startswith("awstape")} == {
        "awstape",
        "awstape.errors",
        "awstape.pytest_plugin",
        "awstape.pytest_plugin.run_summary",
    }


def test_a_run_without_the_marker_loads_no_more_than_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
import sys
def test_it():
    assert not {HEAVY - {"asyncio", "ssl"}} & {{name.partition('.')[0] for name in sys.modules}}
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


# --- which cassette ---------------------------------------------------------------------------------------------


def test_names_in_the_marker_are_files_in_the_folder_beside_the_module(
    pytester: pytest.Pytester, cassettes: Path
) -> None:
    result = run(
        pytester,
        f"""
pytestmark = pytest.mark.awstape("roles")

def test_by_the_module():
    assert len({LIST_ROLES}) == 5

@pytest.mark.awstape("roles.yaml", "policy-generations")
def test_several(awstape):
    assert len({LIST_ROLES}) == 5
    assert awstape.path.name == "roles.yaml"
    assert boto3.client("accessanalyzer").list_policy_generations()["policyGenerations"]

@pytest.fixture
def iam():
    return boto3.client("iam")

class TestInAClass:
    def test_fixtures_find_it_too(self, iam):
        assert iam.list_roles()["Roles"]

import unittest
class Case(unittest.TestCase):
    def test_unittest(self):
        assert boto3.client("iam").list_roles()["Roles"]
""",
    )
    result.assert_outcomes(passed=4)


def test_without_a_name_each_test_has_its_own(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = f"""
@pytest.mark.awstape
def test_plain():
    assert len({LIST_ROLES}) == 5

@pytest.mark.parametrize("path", ["/", "bob@acme.example", "a-b", "ä"])
def test_with(awstape, path):
    boto3.client("iam").list_groups(PathPrefix="/zfake/")

@pytest.fixture(params=["bob", "kim"])
def person(request):
    return request.param

@pytest.mark.parametrize("n", [7])
@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, "bob")])
def test_with_several(awstape, person, n, one, other):
    pass

class TestIt:
    def test_in_a_class(self, awstape):
        {LIST_ROLES}
"""
    run(pytester, module, "--awstape=once").assert_outcomes(passed=10)
    folder = pytester.path / "cassettes" / "test_module"
    files = ["TestIt.test_in_a_class", "test_plain", "test_with-1", "test_with-2", "test_with-3", "test_with-4"]
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.yaml" for name in files]
    calls = aws.calls.total()
    run(pytester, module).assert_outcomes(passed=10)
    run(pytester, module, "--awstape=once", "-k", "test_with and bob and acme").assert_outcomes(passed=1, deselected=9)
    assert aws.calls.total() == calls


def test_the_cassettes_name_of_a_parametrized_test_is_found_from_its_position_alone(pytester: pytest.Pytester) -> None:
    """It is the same whichever tests are selected, no two tests share it, and nothing of the values is in it."""
    module = """
@pytest.fixture(params=["bob", "kim"])
def person(request):
    return request.param

@pytest.fixture(autouse=True)
def show(request):
    with open("names", "a") as file:
        file.write(request.getfixturevalue("awstape").path.name + "\\n")

@pytest.mark.parametrize("n", [7, 8])
@pytest.mark.parametrize("one, other", [(1, 2), (3, "bob")])
def test_several(person, n, one, other):
    pass

@pytest.mark.parametrize(argnames=["one", "other"], argvalues=[("a", "bob"), pytest.param("x", "y", id="kim")])
class TestIt:
    def test_it(self, one, other):
        pass

def pytest_generate_tests(metafunc):
    if "made" in metafunc.fixturenames:
        metafunc.parametrize("made", ["bob", "bob"], indirect=False)

def test_made(made):
    pass

def test_a_very_%s_name():
    pass
""" % ("long_" * 40)
    run(pytester, module).assert_outcomes(passed=13)
    names = (pytester.path / "names").read_text().split()
    several = {f"test_several-{n}.yaml" for n in range(1, 9)}
    others = {"TestIt.test_it-1.yaml", "TestIt.test_it-2.yaml", "test_made-1.yaml", "test_made-2.yaml"}
    (long,) = set(names) - several - others
    assert re.fullmatch(r"test_a_very_(long_)+\w*-[0-9a-f]{6}\.yaml", long) and len(long) < 170
    assert len(names) == len(set(names)) == 13
    (pytester.path / "names").unlink()
    run(pytester, module, "-k", "test_several and kim and 8 and 2").assert_outcomes(passed=1, deselected=12)
    assert (pytester.path / "names").read_text().split()[0] in several & set(names)


def test_the_error_for_a_missing_cassette_explains_how_to_record_it(pytester: pytest.Pytester) -> None:
    module = """
def test_own(awstape):
    with pytest.raises(botocore.exceptions.ClientError, match="CassetteMiss"):
        boto3.client("iam").list_roles()

@pytest.mark.awstape("shared")
def test_named():
    pass

@pytest.mark.awstape
def test_that_asks_for_nothing():
    pass

@pytest.fixture
def wrapped(request):
    return request.getfixturevalue("awstape")

def test_that_asks_for_it_late(wrapped):
    assert wrapped.path.name == "test_that_asks_for_it_late.yaml"
"""
    result = run(pytester, module)
    result.assert_outcomes(passed=3, errors=2)
    for name in ("test_module/test_own.yaml", "shared.yaml"):
        assert f"cassettes/{name}: there is no such cassette" in text_of(result)
    assert "to record it: pytest --awstape=new_episodes 'test_module.py::test_own'" in text_of(result)
    assert "record it: pytest --awstape=once 'test_module.py::test_named'" in text_of(result)
    assert "Traceback" not in text_of(result)
    assert "During handling" not in text_of(result)


def test_an_invalid_marker_is_explained(pytester: pytest.Pytester, cassettes: Path) -> None:
    (cassettes / "broken.yaml").write_text("no cassette\n")
    problems = {
        "'roles', pagin='torture'": "can't be used: no such option: pagin; did you mean paging?",
        "'roles', paging='torturous'": "the paging 'torturous' is none of ",
        "'roles', faults='throtle'": "did you mean throttle?",
        "'roles', faults=['denied ListRolez']": "no operation matches 'ListRolez'",
        "7": Tip("its names are strings, such as awstape('roles')"),
        "'roles', faults=3": Tip("a list of strings, such as ['throttle ListRoles page=2']"),
        "'roles', paging=[]": "paging is a string or a number, such as 'torture'",
        "'roles', strict='no'": "strict is true or false",
        "'broken'": "cassettes/broken.yaml:1: a cassette begins with a document `version: 1`",
    }
    tests = (f"@pytest.mark.awstape({marker})\ndef test_{i}(): pass\n" for i, marker in enumerate(problems))
    result = run(pytester, "\n".join(tests), "--awstape-orphans")
    result.assert_outcomes(errors=len(problems))
    assert [problem for problem in problems.values() if problem not in text_of(result)] == []
    assert "Traceback" not in text_of(result)
    tips = [problem for problem in problems.values() if isinstance(problem, Tip)]
    names, faults = (tip.take(text_of(result), r"such as (.*)") for tip in tips)
    test = f"@pytest.mark.{names[:-1]}, faults={faults})\ndef test_it():\n    {LIST_ROLES}\n"
    run(pytester, test).assert_outcomes(passed=1)


# --- replay -----------------------------------------------------------------------------------------------------


def test_the_marker_and_the_command_line_set_paging_and_faults(pytester: pytest.Pytester, cassettes: Path) -> None:
    module = f"""
def pages():
    return [len(p["Roles"]) for p in boto3.client("iam").get_paginator("list_roles").paginate()]

@pytest.mark.awstape("roles")
def test_default():
    assert pages() == [3, 2]

@pytest.mark.awstape("roles", paging=1, faults="throttle ListRoles page=2 times=2")
def test_here():
    assert pages() == [1, 1, 1, 1, 1]

@pytest.mark.awstape("roles", faults=["denied ListRoles"])
def test_denied():
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        {LIST_ROLES}
"""
    run(pytester, module).assert_outcomes(passed=3)
    result = run(pytester, module, "--awstape-paging=torture")
    result.assert_outcomes(passed=1, failed=2)
    assert re.search(r"assert \[[0-3](, [0-3])+, 0\] == \[3, 2\]", text_of(result))
    assert re.search(r"assert \[[0-3](, [0-3])+, 0\] == \[1, 1, 1, 1, 1\]", text_of(result))


def test_programs_that_a_test_starts_get_responses_from_the_cassette(
    pytester: pytest.Pytester, cassettes: Path
) -> None:
    program = "import boto3; print(len(boto3.client('iam').list_roles(MaxItems=1)['Roles']))"
    result = run(
        pytester,
        f"""
@pytest.mark.awstape("roles", paging="client")
def test_it(awstape):
    assert subprocess.check_output([sys.executable, "-c", {program!r}], env=awstape.environ, text=True) == "1\\n"
    assert awstape.environ["AWS_ENDPOINT_URL"] == awstape.url
    assert "AWS_ENDPOINT_URL" not in os.environ

@pytest.mark.awstape("roles")
def test_its_misses_are_the_tests(awstape):
    program = "import boto3; boto3.client('iam').list_users()"
    assert subprocess.run([sys.executable, "-c", program], env=awstape.environ, stderr=subprocess.DEVNULL).returncode
""",
    )
    result.assert_outcomes(passed=2, errors=1)
    assert f"miss: {not_recorded('iam ListUsers')}" in text_of(result)


def test_clients_created_before_the_test_can_be_attached(pytester: pytest.Pytester, cassettes: Path) -> None:
    result = run(
        pytester,
        """
os.environ.update(AWS_ACCESS_KEY_ID="fake", AWS_SECRET_ACCESS_KEY="fake", AWS_DEFAULT_REGION="us-east-1")
iam = boto3.client("iam", endpoint_url="http://127.0.0.1:9")

@pytest.mark.awstape("roles")
def test_it(awstape):
    awstape.attach(iam)
    assert iam.list_roles()["Roles"]

def test_afterwards():
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        iam.list_roles()
""",
    )
    result.assert_outcomes(passed=2)


# --- errors -----------------------------------------------------------------------------------------------------


def test_misses_and_unplayed_takes_are_raised_at_teardown(pytester: pytest.Pytester, cassettes: Path) -> None:
    (cassettes / "test_module").mkdir()
    shutil.copy(cassettes / "roles.yaml", cassettes / "test_module" / "test_own.yaml")
    result = run(
        pytester,
        """
def ask(**arguments):
    try:
        boto3.client("iam").list_roles(**arguments)
    except botocore.exceptions.ClientError:
        pass

def test_own(awstape):
    ask()

@pytest.mark.awstape("roles")
def test_shared():
    ask()

@pytest.mark.awstape("roles", strict=True)
def test_strict():
    ask()

@pytest.mark.awstape("roles")
def test_missed():
    ask(PathPrefix="/zfake/")

@pytest.mark.awstape("roles", strict=True)
def test_failing():
    ask(PathPrefix="/zfake/")
    assert False

@pytest.mark.awstape("roles", strict=True)
def test_skipped():
    pytest.skip()

@pytest.mark.awstape("roles", faults="throttle ListUsers")
def test_unstruck():
    ask()

@pytest.mark.awstape("roles")
def test_expecting(awstape):
    ask(PathPrefix="/zfake/")
    (miss,) = awstape.misses
    assert (miss.kind, miss.nearest.operation, miss.differences[0].member) == ("identity", "ListRoles", "PathPrefix")
    awstape.misses.clear()
""",
    )
    result.assert_outcomes(passed=6, failed=1, skipped=1, errors=5)
    text = text_of(result)
    missed = rf"""
miss: {not_recorded("iam ListRoles")}
  nearest track: iam ListRoles {{}}
    PathPrefix: request has "/alias-\w+/" / cassette has nothing
  to record it: pytest --awstape=new_episodes 'test_module.py::test_(missed|failing)'
in cassettes/roles.yaml
"""
    assert [match[1] for match in re.finditer(missed, text)] == ["missed", "failing"]
    unplayed = """
not replayed: iam GetRole {"RoleName": "alias-S4t6r3rrlT"}: 1 page
not replayed: iam ListAttachedRolePolicies {"RoleName": "alias-Tsr76sms7l"}: 2 pages
not replayed: iam ListRoles {}: 1 page
"""
    assert text.count(unplayed) == 2
    assert f"{unplayed}to remove what is not replayed: pytest --awstape=rewrite 'test_module.py::test_own'\n" in text
    assert f"{unplayed}to remove what no test in the folder asks for: pytest --awstape=rewrite '.'\n" in text
    assert "\nin cassettes/test_module/test_own.yaml\n" in text
    assert f"\nERROR test_module.py::test_missed - Failed: miss: {not_recorded('iam ListRoles')}\n" in text
    assert "unused fault: throttle ListUsers: no request matched it" in text


# --- recording --------------------------------------------------------------------------------------------------

RECORDED = f"""
@pytest.mark.awstape("tape")
def test_it():
    assert len({LIST_ROLES}) == 5
"""


def test_each_recording_mode(pytester: pytest.Pytester, aws: StandIn) -> None:
    tape = pytester.path / "cassettes" / "tape.yaml"
    run(pytester, RECORDED).assert_outcomes(errors=1)
    assert not aws.calls
    result = run(pytester, RECORDED, "--awstape=once")
    result.assert_outcomes(passed=1)
    assert "recorded cassettes/tape.yaml: 1 track, 2 pages, 5 items" in text_of(result)
    first = tape.read_bytes()
    assert b"111122223333" not in first
    assert aws.calls == {"ListRoles": 2}

    more = RECORDED + "    boto3.client('iam').list_users()\n"
    result = run(pytester, more, "--awstape=once")
    result.assert_outcomes(passed=0, failed=1, errors=0)
    assert text_of(result).count("to record it: pytest --awstape=new_episodes 'test_module.py::test_it'") == 1
    assert f"\nFAILED test_module.py::test_it - miss: {not_recorded('iam ListUsers')}\n" in text_of(result)
    assert (tape.read_bytes(), aws.calls) == (first, {"ListRoles": 2})
    run(pytester, more, "--awstape=new_episodes").assert_outcomes(passed=1)
    assert aws.calls == {"ListRoles": 2, "ListUsers": 1}
    run(pytester, more, "--awstape=all").assert_outcomes(passed=1)
    assert aws.calls == {"ListRoles": 4, "ListUsers": 2}
    aws.calls.clear()
    run(pytester, more).assert_outcomes(passed=1)
    assert not aws.calls
    assert [track.operation for track, _ in cassette_files.load(tape, load_models()).tracks()] == [
        "ListRoles",
        "ListUsers",
    ]


def test_new_episodes_send_every_request_after_a_write(pytester: pytest.Pytester, aws: StandIn) -> None:
    """In each test that makes one: the next test begins with the cassette's answers, and changes nothing."""
    run(pytester, RECORDED, "--awstape=once").assert_outcomes(passed=1)
    first = (pytester.path / "cassettes" / "tape.yaml").read_bytes()
    aws.calls.clear()
    writing = f"""
@pytest.mark.awstape("tape")
@pytest.mark.parametrize("number", [1, 2])
def test_it(number):
    assert len({LIST_ROLES}) == 5
    if number == 1:
        boto3.client("iam").create_role(RoleName="Fake", AssumeRolePolicyDocument="{{}}")
        assert len({LIST_ROLES}) == 5
"""
    run(pytester, writing, "--awstape=new_episodes").assert_outcomes(passed=2)
    assert aws.calls == {"CreateRole": 1, "ListRoles": 2}, "more than the two pages after the write"
    assert (pytester.path / "cassettes" / "tape.yaml").read_bytes() == first


def test_a_recording_that_fails_fails_the_test(pytester: pytest.Pytester, aws: StandIn) -> None:
    (pytester.path / "cassettes" / "tape.yaml.journal").mkdir(parents=True)
    module = f"""
@pytest.mark.awstape("tape")
def test_it():
    try:
        {LIST_ROLES}
    except Exception:
        "a program that ignores all errors"
"""
    result = run(pytester, module, "--awstape=all")
    result.assert_outcomes(passed=1, errors=1)
    assert "tape.yaml.journal: can't be written: Is a directory" in text_of(result)


@pytest.mark.parametrize("is_profile", [False, True], ids=["variable", "profile"])
def test_a_configured_endpoint_is_refused_with_the_upstream_to_use(
    is_profile: bool, pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that the test starts would call AWS in its place."""
    monkeypatch.delenv("AWSTAPE_UPSTREAM")
    if is_profile:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        config = pytester.path / "config"
        config.write_text(f"[profile local]\nendpoint_url = {aws.url}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_PROFILE", "local")
    result = run(pytester, f"def test_it(awstape):\n    {LIST_ROLES}\n", "--awstape=all")
    result.assert_outcomes(errors=1)
    assert "is set: clients would call it instead of AWS" in text_of(result)
    assert not aws.calls and not list(pytester.path.rglob("*.journal*"))
    tip = Tip("record the stand-in with {}, or AWS with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true")
    monkeypatch.setenv(*tip.take(text_of(result), "(AWSTAPE_.*), or").split("="))
    run_again(pytester, "--awstape=all").assert_outcomes(passed=1)


def test_options_that_cannot_work_are_refused_before_aws_is_asked(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWSTAPE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(pytester.path / "config"))
    module = """
def ask():
    boto3.client("iam").list_roles()

@pytest.fixture(autouse=True)
def clean(monkeypatch, request):
    if "missing" in request.node.name:  # an installation without the extra `record`
        monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    if "upstream" in request.node.name:
        monkeypatch.setenv("AWSTAPE_UPSTREAM", "iam")

def test_missing_package(request):
    request.getfixturevalue("awstape")
    ask()

def test_upstream(request):
    request.getfixturevalue("awstape")
    ask()

@pytest.mark.awstape("roles", paging="torturous")
def test_paging():
    ask()

@pytest.mark.awstape("roles", faults="denied ListRolez")
def test_fault():
    ask()

@pytest.mark.awstape("roles", "policies")
def test_several():
    ask()
"""
    for mode in ("once", "all", "new_episodes"):
        result = run(pytester, module, f"--awstape={mode}")
        result.assert_outcomes(failed=2, errors=3)
        for problem in (
            "a recording needs the package cryptography, which is not installed\npip install 'awstape[record]'",
            "the upstream 'iam' is neither URL nor SERVICE=URL",
            "the paging 'torturous' is none of ",
            "no operation matches 'ListRolez'",
            "cassettes/policies.yaml: there is no such cassette",
        ):
            assert problem in text_of(result).replace("\nE   ", "\n")
    assert not aws.calls
    assert not (pytester.path / "cassettes").exists()
    assert not (pytester.path / "config").exists(), "no key is made for nothing"


FAILING = """
import unittest

def ask(operation):
    getattr(boto3.client("iam"), operation)()

@pytest.mark.awstape("assert")
def test_fails():
    ask("list_users")
    assert False

@pytest.fixture
def broken():
    ask("list_users")
    raise RuntimeError

@pytest.mark.awstape("fixture")
def test_whose_fixture_fails(broken):
    pass

@pytest.mark.awstape("unittest")
class Case(unittest.TestCase):
    def test_fails_too(self):
        with self.subTest("of two"):
            ask("list_users")
            self.fail()

@pytest.mark.awstape("nothing")
def test_that_asks_for_nothing():
    assert False

@pytest.mark.awstape("skipped")
def test_that_skips():
    ask("list_users")
    pytest.skip()

@pytest.mark.awstape("expected")
@pytest.mark.xfail
def test_that_is_expected_to_fail():
    ask("list_users")
    assert False

@pytest.mark.awstape("passed")
def test_that_passes():
    ask("list_users")

@pytest.mark.awstape("interrupted")
def test_that_is_interrupted():
    ask("list_users")
    if "INTERRUPT" in os.environ:
        raise KeyboardInterrupt
"""


def names_in(folder: Path) -> list[str]:
    return sorted(re.sub("failed-[0-9a-f]{8}", "failed-N", path.name) for path in folder.iterdir())


def test_a_test_that_fails_while_recording_changes_no_cassette(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it recorded stays as a journal, which nothing but `awstape recover` takes in."""
    folder = pytester.path / "cassettes"
    monkeypatch.setenv("INTERRUPT", "1")
    result = run(pytester, FAILING, "--awstape=once")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    failed = ("assert", "fixture", "interrupted", "unittest")
    assert names_in(folder) == sorted(
        [*(f"{name}.yaml.failed-N.journal" for name in failed), "expected.yaml", "passed.yaml", "skipped.yaml"]
    )
    for name in failed:
        (kept,) = folder.glob(f"{name}.yaml.failed-*.journal")
        assert (
            f"cassettes/{name}.yaml is unchanged: its test failed; the recording is kept in {kept.name}; to take it "
            f"in: awstape recover cassettes/{name}.yaml"
        ) in result.outlines
    assert "recorded cassettes/passed.yaml: 1 track, 1 page, 0 items" in result.outlines

    monkeypatch.delenv("INTERRUPT")
    again = re.sub(r"assert False|raise RuntimeError|self\.fail\(\)", "ask('list_roles')", FAILING)
    run(pytester, again, "--awstape=all").assert_outcomes(passed=6, skipped=1, xpassed=1)
    for name in failed:
        more = set() if name == "interrupted" else {"ListRoles"}
        assert set(operations(folder / f"{name}.yaml")) == {"ListUsers"} | more
    assert len(list(folder.glob("*.failed-*.journal"))) == len(failed), "no recording takes them in, or removes them"


def test_recover_takes_in_what_a_failed_test_recorded(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = """
@pytest.mark.awstape("tape")
@pytest.mark.parametrize("operation", ["list_roles", "list_users"])
def test_it(operation):
    getattr(boto3.client("iam"), operation)()
    assert False
"""
    tape = pytester.path / "cassettes" / "tape.yaml"
    tape.parent.mkdir()
    shutil.copy(ROOT / "cassettes" / "policy-versions.yaml", tape)
    before = tape.read_bytes()
    run(pytester, module, "--awstape=new_episodes", "-n", "2").assert_outcomes(failed=2)
    assert names_in(tape.parent) == ["tape.yaml", *["tape.yaml.failed-N.journal"] * 2]
    assert tape.read_bytes() == before
    assert main(["recover", str(tape)]) == 0
    assert set(operations(tape)) == {"ListPolicyVersions", "ListRoles", "ListUsers"}
    assert names_in(tape.parent) == ["tape.yaml"]


def operations(path: Path) -> list[str]:
    return [track.operation for track, _ in cassette_files.load(path, load_models()).tracks()]


def test_in_ci_nothing_is_recorded(pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = run(pytester, RECORDED, "--awstape=all")
    result.assert_outcomes(errors=1)
    assert "awstape: nothing is recorded, because CI is set" in text_of(result)
    assert not aws.calls
    assert not (pytester.path / "cassettes").exists()
    tip = Tip("awstape: nothing is recorded, because CI is set; if this is no CI: CI=false pytest …")
    monkeypatch.setenv(*tip.take(text_of(result), r"CI=\w+").split("="))
    run_again(pytester, "--awstape=all").assert_outcomes(passed=1)


def test_programs_are_recorded_through_the_proxy(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    program = "import boto3; print(len(boto3.client('iam').list_users(PathPrefix='/zfake/')['Users']))"
    module = f"""
@pytest.mark.awstape("tape")
def test_it(awstape):
    assert len({LIST_ROLES}) == 5
    assert subprocess.check_output([sys.executable, "-c", {program!r}], env=awstape.environ, text=True) == "0\\n"
"""
    result = run(pytester, module, "--awstape=all")
    result.assert_outcomes(passed=1)
    assert "recorded cassettes/tape.yaml: 2 tracks, 3 pages, 5 items" in text_of(result)
    aws.calls.clear()
    run(pytester, module).assert_outcomes(passed=1)
    assert not aws.calls


# --- forked processes -------------------------------------------------------------------------------------------

FORKING = """
import multiprocessing, signal, threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import awstape as api

ROLES = Path(__file__).parent / "cassettes" / "roles.yaml"

def ask():
    return len(boto3.client("iam").list_roles()["Roles"])

def in_fork(function):
    if (pid := os.fork()) == 0:
        signal.alarm(20)
        try:
            function()
        except BaseException as error:
            os._exit(3 if "was forked while the cassette was in use" in str(error) else 4)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

@pytest.mark.awstape("roles")
def test_a_request_is_refused():
    assert ask()
    assert in_fork(ask) == 3
    assert ask()

@pytest.mark.awstape("roles")
def test_the_error_reaches_the_parent():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        with pytest.raises(api.UserError, match="was forked") as caught:
            pool.submit(ask).result()
        raise AssertionError(caught.value.tip)

@pytest.mark.awstape("roles")
def test_a_lock_that_a_thread_held_does_not_matter(awstape):
    with awstape._hook.tape._lock:
        assert in_fork(ask) == 3

@pytest.mark.awstape("roles")
def test_a_fork_without_requests_is_harmless(awstape):
    ask()
    assert in_fork(awstape._hook.close) == in_fork(awstape._hook.keep_journal) == in_fork(lambda: 1) == 0

def test_the_api():
    with pytest.raises(api.UserError, match="was forked while"):
        with api.replay(ROLES):
            assert in_fork(ask) == 3

def test_a_tape_may_be_opened_in_a_fork():
    def replay():
        with api.replay(ROLES):
            ask()
    assert in_fork(replay) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_is_refused_and_the_test_fails(pytester: pytest.Pytester, cassettes: Path) -> None:
    result = run(pytester, FORKING)
    result.assert_outcomes(passed=5, failed=1, errors=3)
    problem = "a process that was forked while the cassette was in use sent a request: it would neither count nor"
    assert text_of(result).count(problem) >= 3
    assert "use threads; or start a program, with the environment that awstape gives it" in text_of(result)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_does_not_damage_a_recording(pytester: pytest.Pytester, cassettes: Path, aws: StandIn) -> None:
    tape = cassettes / "roles.yaml"
    tape.unlink()
    module = (
        FORKING.partition("@pytest.mark.awstape")[0]
        + """
@pytest.mark.awstape("roles")
def test_it():
    assert ask()
    assert in_fork(ask) == 3
    boto3.client("iam").list_users()

@pytest.mark.awstape("closed")
def test_that_closes(awstape):
    ask()
    assert in_fork(awstape._hook.close) == in_fork(awstape._hook.keep_journal) == 0
    boto3.client("iam").list_users()
"""
    )
    result = run(pytester, module, "--awstape=all")
    result.assert_outcomes(passed=2, errors=1)
    assert aws.calls == {"ListRoles": 2, "ListUsers": 2}, "the child sent nothing"
    assert operations(cassettes / "closed.yaml") == ["ListRoles", "ListUsers"]
    assert not tape.exists(), "it lacks what the child asked for"
    assert main(["recover", str(tape)]) == 0
    assert operations(tape) == ["ListRoles", "ListUsers"]
    assert not list(cassettes.glob("*.journal*"))


# --- with other plugins -----------------------------------------------------------------------------------------


def test_xdist_workers_replay_and_record_in_parallel(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = """
@pytest.mark.awstape("shared")
@pytest.mark.parametrize("n", range(6))
def test_it(n):
    boto3.client("iam").list_users(PathPrefix=f"/z{'abcdef'[n]}fake/")
"""
    result = run(pytester, module, "--awstape=all", "-n", "2")
    result.assert_outcomes(passed=6)
    assert text_of(result).count("recorded cassettes/shared.yaml: 1 track, 1 page, 0 items") == 6
    assert len(cassette_files.load(pytester.path / "cassettes" / "shared.yaml", load_models()).takes) == 6
    aws.calls.clear()
    run(pytester, module, "-n", "2").assert_outcomes(passed=6)
    assert not aws.calls


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_unused_cassettes_are_reported(pytester: pytest.Pytester, cassettes: Path, workers: tuple[str, ...]) -> None:
    (cassettes / "test_module").mkdir()
    for name in ("test_gone", "test_own"):
        shutil.copy(cassettes / "roles.yaml", cassettes / "test_module" / f"{name}.yaml")
    (cassettes / "test_module" / "test_of_vcr.yaml").write_text("interactions: []\nversion: 1\n")
    module = """
@pytest.mark.awstape("roles", "policy-versions")
def test_it():
    pass

@pytest.mark.awstape(strict=False)
def test_own():
    pass

def test_other():
    pass
"""
    result = run(pytester, module, "--awstape-orphans", "-k", "other", *workers)
    assert result.ret == 1
    assert [line for line in result.outlines if "used by no test" in line] == [
        "used by no test: cassettes/policy-generations.yaml",
        "used by no test: cassettes/test_module/test_gone.yaml",
    ]
    run(pytester, module, *workers).assert_outcomes(passed=3)
    for line in ("policy-generations.yaml", "test_module/test_gone.yaml"):
        (cassettes / line).unlink()
    assert run(pytester, module, "--awstape-orphans", *workers).ret == 0


@pytest.mark.parametrize("where", ["conftest", "class", "project"])
def test_unused_cassettes_are_found_in_the_folder_that_is_set(
    pytester: pytest.Pytester, cassettes: Path, where: str
) -> None:
    fixture = "{0}@pytest.fixture\n{0}def awstape_config({1}):\n{0}    return {{'folder': 'tapes'}}\n"
    indent, this = ("    ", "self") if where == "class" else ("", "")
    if where == "conftest":
        (pytester.path / "conftest.py").write_text("import pytest\n" + fixture.format("", ""))
    if where == "project":
        (pytester.path / "pyproject.toml").write_text('[tool.awstape.pytest]\nfolder = "tapes"\n')
    shutil.copytree(cassettes, pytester.path / "tapes")
    module = "class TestIt:\n" + fixture.format("    ", "self") if where == "class" else ""
    module += (
        f"{indent}@pytest.mark.awstape('roles', 'policy-versions')\n{indent}def test_it({this}):\n{indent}    pass\n"
    )
    result = run(pytester, module, "--awstape-orphans", "--collect-only", "-q")
    assert result.ret == 1
    found = [line for line in result.outlines if "used by no test" in line]
    assert found == ["used by no test: tapes/policy-generations.yaml"]
    (pytester.path / "tapes" / "policy-generations.yaml").unlink()
    assert run_again(pytester, "--awstape-orphans", "--collect-only", "-q").ret == 0


def test_moto_and_cassettes_work_in_the_same_run(pytester: pytest.Pytester, cassettes: Path) -> None:
    result = run(
        pytester,
        f"""
from moto import mock_aws

@pytest.mark.awstape("roles")
def test_beside_moto():
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="fake")
        assert len({LIST_ROLES}) == 5

@mock_aws
def test_moto_alone():
    assert boto3.client("iam").list_roles()["Roles"] == []
""",
    )
    result.assert_outcomes(passed=2)


def test_vcr_works_in_the_same_run(pytester: pytest.Pytester, cassettes: Path) -> None:
    """vcrpy stores its cassettes in the same folders; neither tool reports the other's as unused."""
    result = run(
        pytester,
        f"""
import threading, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
import vcr

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from the network")
    def log_message(self, *_): pass

@pytest.fixture
def url():
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{{server.server_port}}/"
        server.shutdown()

@pytest.mark.vcr
@pytest.mark.awstape("roles")
def test_both_markers(url):
    assert len({LIST_ROLES}) == 5
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"from the network"

@pytest.mark.awstape("roles")
def test_vcr_by_hand(url, tmp_path):
    with vcr.use_cassette(str(tmp_path / "by-hand.yaml")) as tape:
        assert len({LIST_ROLES}) == 5
        assert len(tape) == 0

@pytest.mark.block_network
@pytest.mark.awstape("roles")
def test_without_any_network():
    assert len({LIST_ROLES}) == 5
""",
        "--record-mode=once",
    )
    result.assert_outcomes(passed=3)
    (recorded,) = (cassettes / "test_module").iterdir()
    assert "amazonaws" not in recorded.read_text()


def test_the_rules_of_the_project_let_requests_match(pytester: pytest.Pytester, cassettes: Path) -> None:
    module = """
@pytest.mark.awstape("roles")
def test_another_path():
    assert len(boto3.client("iam").list_roles(PathPrefix="/elsewhere/")["Roles"]) > 1
"""
    run(pytester, module).assert_outcomes(failed=1)
    rule = '[tool.awstape.match]\n"iam ListRoles PathPrefix" = "ignore"\n'
    (pytester.path / "pyproject.toml").write_text(rule)
    run(pytester, module).assert_outcomes(passed=1)


def test_a_service_that_is_not_recorded_is_named(pytester: pytest.Pytester, aws: StandIn) -> None:
    """What is sent to it will be missed in replay; what a stub answers is not sent."""
    module = """
@pytest.mark.awstape
def test_it():
    boto3.client("iam").list_roles()
    try:
        boto3.client("s3").list_buckets()
    except Exception:
        pass

@pytest.mark.awstape
def test_what_is_not_sent():
    from botocore.stub import Stubber
    client = boto3.client("sqs")
    with Stubber(client) as stubber:
        stubber.add_response("list_queues", {})
        client.list_queues()
"""
    text = text_of(run(pytester, module, "--awstape=once"))
    tip = Tip("  not recorded: {}; to record these as well: {}")
    assert "--awstape-service=s3" in tip.take(text, "--.*").split()
    assert "sqs" not in text


def test_a_stand_in_that_does_not_run_is_named(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWSTAPE_UPSTREAM", "http://127.0.0.1:9")
    result = run(pytester, f"@pytest.mark.awstape\ndef test_it():\n    {LIST_ROLES}\n", "--awstape=once")
    result.assert_outcomes(failed=1)
    assert "nothing was recorded" in text_of(result)
    tip = Tip("This test records from {} (AWSTAPE_UPSTREAM), which can't be reached: start it, and run again.")
    assert "http://127.0.0.1:9" in tip.printed(text_of(result))
    monkeypatch.setenv(tip.take(text_of(result), "AWSTAPE_[A-Z]+"), aws.url)
    run_again(pytester, "--awstape=once").assert_outcomes(passed=1)


def test_aws_that_cannot_be_reached_is_named(
    pytester: pytest.Pytester, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint is a port on which nothing listens, in the place of AWS."""
    monkeypatch.delenv("AWSTAPE_UPSTREAM")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    call = "boto3.client('iam', endpoint_url='http://127.0.0.1:9').list_roles()"
    test = "@pytest.mark.awstape\ndef test_it():\n    {}\n"
    text = text_of(run(pytester, test.format(call), "--awstape=once"))
    tip = Tip("This test records from AWS, which can't be reached. To record from a stand-in: AWSTAPE_UPSTREAM=URL")
    name, _ = tip.take(text, r"\w+=URL").split("=")
    monkeypatch.setenv(name, aws.url)
    run(pytester, test.format(LIST_ROLES), "--awstape=once").assert_outcomes(passed=1)


def test_a_program_without_the_environment_of_the_tape_is_noticed(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = """
import subprocess, sys
LIST_ROLES = "import boto3; print(boto3.client('iam').list_roles()['Roles'][0]['RoleName'])"

@pytest.mark.awstape("roles")
@pytest.mark.parametrize("n", [1, 2])
def test_it(n, awstape):
    subprocess.run([sys.executable, "-c", LIST_ROLES]{environ}, check=True)
    assert {passes}
"""
    tip = Tip(
        "A program that a test starts needs the environment of the fixture `awstape`: "
        "subprocess.run(…, env=awstape.environ)"
    )
    needs = "needs the environment of the fixture `awstape`: subprocess.run(…, env=awstape.environ)"
    text = text_of(run(pytester, module.format(environ="", passes=True), "--awstape=all"))
    silent = "test_module.py::test_it[1] and 1 more"
    assert f"awstape: nothing to record, since no request reached awstape: {silent}. {tip.printed(text)}" in text
    assert needs in text and "recorded" not in text
    mended = module.format(environ=tip.take(text, r"…(, .*)\)"), passes=True)
    text = text_of(run(pytester, mended, "--awstape=all"))
    assert "recorded cassettes/roles.yaml: 1 track" in text and needs not in text

    result = run(pytester, module.format(environ="", passes=False))
    result.assert_outcomes(failed=2)
    assert "the cassette was not used" in text_of(result)
    assert f"No request of this test reached awstape.\n{tip.printed(text_of(result))}" in text_of(result)
    assert mended == module.format(environ=tip.take(text_of(result), r"…(, .*)\)"), passes=True)
    result = run(pytester, mended.replace("assert True", "assert False"))
    result.assert_outcomes(failed=2)
    assert needs not in text_of(result)


def test_cassettes_that_do_not_exist_are_counted_at_the_end(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = f"""
@pytest.mark.awstape
@pytest.mark.parametrize("n", [1, 2])
def test_it(n):
    assert {LIST_ROLES}

@pytest.mark.awstape
def test_without_requests():
    assert 1 == 2
"""
    for workers in ([], ["-n", "2"]):
        text = text_of(run(pytester, module, *workers))
        assert "there is no cassette, or it is empty: cassettes/test_module/test_it-1.yaml" in text
        assert text.count("pytest --awstape=once") == 1
        assert "awstape: failed tests need 2 cassettes that do not exist: pytest --awstape=once" in text
    one = text_of(run_again(pytester, "test_module.py::test_it[1]"))
    assert "awstape: failed tests need 1 cassette that does not exist: pytest --awstape=once" in one
    _, command = Tip("awstape: failed tests need {}: pytest --awstape=once").take(one).split()
    run_again(pytester, command).assert_outcomes(passed=2, failed=1)
    run_again(pytester).assert_outcomes(passed=2, failed=1)


SHARED = f"""
pytestmark = pytest.mark.awstape(scope="module", strict=True)

def test_roles():
    assert {LIST_ROLES}

def test_users():
    assert boto3.client("iam").list_users()
"""


def test_of_tests_that_share_a_tape_some_may_run_alone(pytester: pytest.Pytester, aws: StandIn) -> None:
    run(pytester, SHARED, "--awstape=all").assert_outcomes(passed=2)
    run_again(pytester).assert_outcomes(passed=2)
    for selection in (["-k", "roles"], ["--deselect", "test_module.py::test_users"]):
        run_again(pytester, *selection).assert_outcomes(passed=1, deselected=1)
    pytester.runpytest_inprocess("test_module.py::test_roles").assert_outcomes(passed=1)
    result = run(pytester, SHARED.replace("list_users()", "list_roles()"))  # all run, and one asks for less
    result.assert_outcomes(passed=2, errors=1)
    assert "not replayed: iam ListUsers" in text_of(result)


def test_workers_do_not_rewrite_the_cassette_of_a_module(pytester: pytest.Pytester, aws: StandIn) -> None:
    run(pytester, SHARED, "--awstape=all").assert_outcomes(passed=2)
    before = (pytester.path / "cassettes/test_module.yaml").read_text()
    result = run_again(pytester, "-n", "2", "--awstape=rewrite")
    result.assert_outcomes(errors=2)
    assert "workers would rewrite it at once" in text_of(result)
    assert (pytester.path / "cassettes/test_module.yaml").read_text() == before


def test_a_test_that_passes_when_it_runs_again_leaves_no_journal(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = f"""
RUNS = []

@pytest.mark.awstape
def test_it():
    RUNS.append(1)
    assert {LIST_ROLES} and len(RUNS) == 2
"""
    again = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):  # as plugins do that run a failed test again
    runtestprotocol(item, nextitem=nextitem, log=False)
    item._initrequest()
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
    pytester.makeconftest(again)
    result = run(pytester, module, "--awstape=all")
    result.assert_outcomes(passed=1)
    assert "recorded cassettes/test_module/test_it.yaml" in text_of(result)
    assert "its test failed" not in text_of(result)
    assert [path.name for path in (pytester.path / "cassettes/test_module").iterdir()] == ["test_it.yaml"]


WRITES = """
@pytest.mark.awstape(include_writes=True{options})
def test_it():
    for _ in range({times}):
        boto3.client("iam").delete_role(RoleName="{role}")
"""


def test_a_write_that_is_sent_more_often_than_recorded_fails_the_test(pytester: pytest.Pytester, aws: StandIn) -> None:
    role = next(iter(standin_data.ROLES))
    module = WRITES.format(options="", times=1, role=role)
    run(pytester, module, "--awstape=all").assert_outcomes(passed=1)
    run_again(pytester).assert_outcomes(passed=1)
    result = run(pytester, WRITES.format(options="", times=2, role=role))
    result.assert_outcomes(passed=1, errors=1)
    assert "repeated write: iam DeleteRole" in text_of(result) and "sent 2 times, recorded 1 time" in text_of(result)
    run(pytester, WRITES.format(options=", strict=False", times=2, role=role)).assert_outcomes(passed=1)
