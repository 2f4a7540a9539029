"""The guard: tests without a cassette that reach for AWS fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.pytest_runs import run, run_again, text_of
from support.standin import StandIn
from support.tips import Tip

pytest_plugins = ["pytester"]

REACHING = """
@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")

def test_reaches():
    boto3.client("iam").list_roles()

def test_handles_errors():
    try:
        boto3.client("iam").list_users()
    except Exception:
        pass

@pytest.fixture
def broken():
    boto3.client("iam").list_groups()

def test_whose_fixture_reaches(broken):
    pass

@pytest.mark.awstape("roles")
def test_with_a_cassette():
    assert boto3.client("iam").list_roles()["Roles"]

def test_with_moto():
    import moto
    with moto.mock_aws():
        assert boto3.client("iam").list_roles()["Roles"] == []

def test_with_a_stubber():
    from botocore.stub import Stubber
    client = boto3.client("iam")
    with Stubber(client) as stubber:
        stubber.add_response("list_roles", {"Roles": []})
        assert client.list_roles()["Roles"] == []

def test_that_asks_for_nothing():
    pass
"""


@pytest.mark.parametrize("is_option", [True, False], ids=["option", "project"])
def test_a_test_without_a_cassette_that_reaches_for_aws_fails(
    is_option: bool, pytester: pytest.Pytester, cassettes: Path
) -> None:
    if not is_option:
        (pytester.path / "pyproject.toml").write_text("[tool.awstape.pytest]\nguard = true\n")
    result = run(pytester, REACHING, *(["--awstape-guard"] if is_option else []))
    result.assert_outcomes(passed=4, failed=2, errors=1)
    for operation in ("ListRoles", "ListUsers", "ListGroups"):
        assert f"it reached for AWS (iam {operation}): mark it @pytest.mark.awstape" in text_of(result)
    for line in ("FAILED test_module.py::test_reaches", "ERROR test_module.py::test_whose_fixture_reaches"):
        assert f"{line} - it reached for AWS" in text_of(result)


def test_a_project_below_the_root_sets_its_own_guard(pytester: pytest.Pytester) -> None:
    """As with all settings, the nearest pyproject.toml that has some counts."""
    reaching = "import boto3\ndef test_{}():\n    boto3.client('iam', 'us-east-1').list_roles()\n"
    for folder, settings in {
        ".": "[tool.awstape.pytest]\nguard = false\n",
        "one": "[tool.awstape.pytest]\nguard = true\n",
        "one/below": "[project]\ndependencies = ['awstape']\n",
        "two": "",
        "two/below": "[tool.awstape]\n",
    }.items():
        (pytester.path / folder).mkdir(exist_ok=True)
        (pytester.path / folder / "pyproject.toml").write_text(settings)
        name = f"test_{folder.replace('/', '_').replace('.', 'root')}"
        (pytester.path / folder / f"{name}.py").write_text(reaching.format(name))
    result = run_again(pytester)
    result.assert_outcomes(failed=5)
    guarded = [line.split(" - ")[0] for line in result.outlines if line.startswith("FAILED") and "it reached" in line]
    assert guarded == [
        "FAILED one/below/test_one_below.py::test_test_one_below",
        "FAILED one/test_one.py::test_test_one",
    ]


def test_an_endpoint_on_this_machine_is_no_aws(pytester: pytest.Pytester, aws: StandIn) -> None:
    module = "def test_it():\n    assert boto3.client('iam').list_roles()['Roles']\n"
    run(pytester, module, "--awstape-guard").assert_outcomes(passed=1)
    assert aws.calls == {"ListRoles": 1}


WIDER = """
@pytest.fixture(scope="module")
def roles():
    return boto3.client("iam").list_roles()["Roles"]

@pytest.mark.awstape("roles")
def test_it(roles):
    pass
"""
CREDENTIALS = 'os.environ.update(AWS_ACCESS_KEY_ID="fake", AWS_SECRET_ACCESS_KEY="fake")\n'


WIDER_TIP = Tip(
    "a fixture for several tests needs a cassette for all of them, "
    'pytestmark = pytest.mark.awstape(scope="module"), or guard = false in [tool.awstape.pytest] to let it reach AWS'
)


@pytest.mark.parametrize("options", [(), ("--awstape-guard",), ("--awstape=all",)], ids=" ".join)
@pytest.mark.parametrize("credentials", [CREDENTIALS, ""], ids=["credentials", "none"])
def test_a_wider_fixture_of_a_test_with_a_cassette_does_not_reach_aws(
    options: tuple[str, ...], credentials: str, pytester: pytest.Pytester, cassettes: Path
) -> None:
    result = run(pytester, credentials + WIDER, *options)
    result.assert_outcomes(errors=1)
    assert "ERROR test_module.py::test_it - it reached for AWS (iam ListRoles): a fixture" in text_of(result)
    assert WIDER_TIP.printed(text_of(result))
    assert "NoCredentialsError" not in text_of(result).partition("short test summary")[2]


def test_the_advice_for_a_wider_fixture_mends_it(pytester: pytest.Pytester, cassettes: Path) -> None:
    mark = WIDER_TIP.take(text_of(run(pytester, WIDER)), r"pytestmark = .*?\)")
    shutil.copy(cassettes / "roles.yaml", cassettes / "test_module.yaml")  # what would be recorded
    marked = WIDER.replace('@pytest.mark.awstape("roles")\n', "")
    run(pytester, f"{mark}\n{marked}").assert_outcomes(passed=1)


def test_a_project_lets_its_fixtures_reach_aws(pytester: pytest.Pytester, cassettes: Path) -> None:
    told = text_of(run(pytester, WIDER))
    table, setting = WIDER_TIP.take(told, r"\[.*\]"), WIDER_TIP.take(told, "guard = false")
    (pytester.path / "pyproject.toml").write_text(f"{table}\n{setting}\n")
    result = run_again(pytester)
    result.assert_outcomes(errors=1)
    assert "NoCredentialsError" in text_of(result)
    assert "it reached for AWS" not in text_of(result)


def test_tests_that_share_a_tape_are_guarded_apart(pytester: pytest.Pytester, cassettes: Path) -> None:
    """Guards come and go while the tape stays, which answers a client that was made before."""
    module = """
import botocore.endpoint

before = botocore.endpoint.Endpoint.make_request
pytestmark = pytest.mark.awstape("roles", scope="module")
iam = boto3.client("iam", region_name="us-east-1")

def test_one():
    assert iam.list_roles()["Roles"]

def test_two():
    assert boto3.client("iam").list_roles()["Roles"]
    assert boto3.Session().client("iam").list_roles()["Roles"]
"""
    (pytester.path / "test_later.py").write_text("""
import botocore.endpoint, test_module

def test_that_all_is_as_before():
    assert botocore.endpoint.Endpoint.make_request is test_module.before
""")
    run(pytester, module, "test_module.py", "test_later.py").assert_outcomes(passed=3)
