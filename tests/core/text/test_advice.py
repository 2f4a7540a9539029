"""Advice for the command line: the commands that it prints."""

from __future__ import annotations

import pytest

from awstape.core.text.advice import on_command_line


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("", "COMMAND"),
        ("npm test", "npm test"),
        ("npm run test:e2e", "npm run test:e2e"),
        ("python tests/list_roles.py", "python tests/list_roles.py"),
        ("python -m pytest", "python -m pytest"),
        ("node --test", "node …"),
        ("./audit", "./audit"),
        ("./audit DeployRole", "./audit …"),
        ("aws iam get-role --role-name Deploy", "aws …"),
        ("curl https://me:hunter2@host.invalid", "curl …"),
        ("deploy --password=zfake", "deploy …"),
        ("deploy 111122223333", "deploy …"),
    ],
)
def test_a_program_is_shown_with_plain_words_only(program: str, shown: str) -> None:
    """The text of a miss is in logs, where an argument may be a secret or a real name."""
    command = on_command_line(program.split()).about("my tape.yaml").record("new_episodes")
    assert command == f"awstape record 'my tape.yaml' --mode new_episodes -- {shown}"


def test_a_program_is_quoted() -> None:
    assert on_command_line(["my audit", "test"]).record("all") == "awstape record CASSETTE -- 'my audit' test"
    assert on_command_line(["my audit", "zfake-1"]).record("all") == "awstape record CASSETTE -- 'my audit' …"


def test_a_command_repeats_what_the_one_at_hand_was_given() -> None:
    others = ["--upstream", "http://127.0.0.1:5000", "--operation", "List*"]
    advice = on_command_line(["npm", "test"], writes=True, services=["s3", "iam"], others=others).about("a.yaml")
    begin = "awstape record a.yaml --mode rewrite --include-writes "
    end = " --upstream http://127.0.0.1:5000 --operation 'List*' -- npm test"
    assert advice.record("rewrite") == f"{begin}--service s3 --service iam{end}"
    assert advice.record("rewrite", writes=True, services=["sqs"]) == f"{begin}--service sqs{end}"
