"""`guide`: its pages and its search. `completion`: the words offered to shells, and the script in a real bash."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from awstape.cli.main import main
from examples import ROOT
from support.paths import GUIDE

ROLES = ROOT / "cassettes" / "roles.yaml"


def offered(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> list[str]:
    """The completions of the last word, each after its kind."""
    monkeypatch.setenv("_AWSTAPE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", shlex.join(["awstape", *map(str, words)]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    with pytest.raises(SystemExit) as ended:
        main([])
    output, errors = capfd.readouterr()
    assert (ended.value.code, errors) == (0, "")
    return output.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sho"], ["plain,show"]),
        (["show", "--pa"], ["plain,--page"]),
        (["ls", "cass"], ["file,cass"]),
        (["show", "cass"], ["file,cass"]),
        (["show", ROLES, ""], ["plain,GetRole", "plain,ListAttachedRolePolicies", "plain,ListRoles"]),
        (["show", ROLES, "GetRole", "List"], ["plain,ListAttachedRolePolicies", "plain,ListRoles"]),
        (["show", ROLES, "2"], ["plain,2"]),
        (["show", ROLES, "4"], []),
        (["show", "nowhere.yaml", ""], []),
        (["show", ROOT / "README.md", ""], []),
        (["new", "acce"], ["plain,accessanalyzer"]),
        (["new", "iam", "list-rol"], ["plain,list-role-policies", "plain,list-role-tags", "plain,list-roles"]),
        (["new", "iam", "ListSAMLP"], ["plain,ListSAMLProviderTags", "plain,ListSAMLProviders"]),
        (["new", "nothing", "l"], []),
        (["completion", ""], ["plain,bash", "plain,zsh", "plain,fish"]),
        (["guide", "re"], ["plain,recording", "plain,redaction", "plain,replay"]),
    ],
    ids=lambda value: " ".join(getattr(word, "name", word) for word in value),
)
def test_completions(
    words: list[str | Path], expected: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered(capfd, monkeypatch, *words) == expected


def test_bash_completes_with_the_script(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capfd.readouterr().out)
    command = tmp_path / "awstape"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m awstape "$@"\n')
    command.chmod(0o755)
    ask = 'COMP_WORDS=(awstape show "$1" List) COMP_CWORD=3; _awstape_completion awstape; echo ${COMPREPLY[@]}'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"source script; complete -p awstape; {ask}", "bash", ROLES],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    registered = "complete -o nosort -F _awstape_completion awstape"
    assert (done.stdout, done.stderr) == (f"{registered}\nListAttachedRolePolicies ListRoles\n", "")


@pytest.mark.parametrize(("shell", "begins"), [("zsh", "#compdef awstape\n"), ("fish", "function _awstape_completion")])
def test_scripts_of_other_shells(shell: str, begins: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capfd.readouterr().out
    assert script.startswith(begins)
    if program := shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([program, "-n", tmp_path / "script"], check=True)


# --- guide ---


def printed(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["guide", *words])
    return status, "".join(capfd.readouterr())


def test_the_guide_lists_its_topics_with_what_each_is_about(capfd: pytest.CaptureFixture[str]) -> None:
    status, output = printed(capfd)
    assert status == 0
    assert [line.split()[0] for line in output.splitlines()] == sorted(page.stem for page in GUIDE.glob("*.md"))
    assert all(len(line.split()) > 5 and line.endswith(".") for line in output.splitlines())


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.stem)
def test_a_topic_is_printed_as_it_is(page: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert printed(capfd, page.stem) == (0, page.read_text("utf-8"))


def test_an_unknown_topic_has_a_suggestion(capfd: pytest.CaptureFixture[str]) -> None:
    status, output = printed(capfd, "redacting")
    assert status == 2
    assert "has no topic 'redacting'; did you mean redaction?" in output


def test_the_search_names_topic_and_section(capfd: pytest.CaptureFixture[str]) -> None:
    status, output = printed(capfd, "--search", "SERVICE'S THROTTLING ERROR")
    assert (status, output) == (0, "paging: Faults: | `throttle` | the service's throttling error |\n")
    assert printed(capfd, "replay", "--search", "throttling error")[0] == 1
    assert printed(capfd, "--search", "wholly absent") == (
        1,
        "nothing in the guide has 'wholly absent'; try fewer words\n",
    )


def test_the_search_finds_words_that_a_sentence_has_in_two_lines(capfd: pytest.CaptureFixture[str]) -> None:
    sentence = "A client may be made anywhere: in the test, in a module, in `setUpClass`, in a wider fixture, or under "
    sentence += "moto."
    assert sentence not in (GUIDE / "pytest.md").read_text("utf-8")
    for words in ("moto setUpClass anywhere", "anywhere: in the test, in a module, in `setUpClass`"):
        assert printed(capfd, "--search", words) == (0, f"pytest: A first test: {sentence}\n")


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.stem)
def test_every_line_is_found_by_its_words(page: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for line in page.read_text("utf-8").splitlines()[::7]:
        words = line.lstrip("# ").split()
        if any(character.isalpha() for character in line) and not line.startswith("```"):
            assert printed(capfd, page.stem, "--search", " ".join(words))[0] == 0, line


def test_awstape_alone_prints_its_help(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["awstape"])
    assert main() == 0
    output, errors = capfd.readouterr()
    assert output.startswith("Usage: awstape [OPTIONS] COMMAND") and not errors
