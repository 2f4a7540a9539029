"""Which YAML files are taken for cassettes of awstape."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.core.cassette.recognition import looks_like_cassette
from examples import FOLDER, ROOT

TAKE = "service: iam\noperation: ListUsers\nidentity: {}\npages:\n- output: {Users: []}\n"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_a_cassette(path: Path) -> None:
    assert looks_like_cassette(path.read_text("utf-8")[:1000])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff\n",
        "version: 1\n",
        "version: 2\n---\nsomething: new\n",
        "# ours\nversion: 1\nkey: t366skr2trrs\n---\n",
        f"verzion: 1\n---\n{TAKE}",
        f"version: 1\n<<<<<<< HEAD\n---\n{TAKE}",
        TAKE,
        "# yaml-language-server: $schema=awstape.schema.json\n{{ broken",
        'version: 1\nkey: "a text that has no en',
    ],
)
def test_a_cassette_is_recognised_however_damaged_it_is(text: str) -> None:
    assert looks_like_cassette(text)


@pytest.mark.parametrize(
    "text",
    [
        "interactions:\n- request: {method: GET, uri: 'https://iam.amazonaws.com/'}\nversion: 1\n",
        "version: 1\ninteractions: []\n",
        'version: "3"\nservices: {web: {image: nginx}}\n',
        "Resources:\n  Role: {Type: 'AWS::IAM::Role', Arn: !GetAtt Role.Arn}\n",
        "on: push\njobs: {}\n",
        "[a, list]\n",
        "- version: 1\n",
        "a text\n",
        "{{ a template }}\n",
        "? [a, b]\n: 1\n",
        "&a version: 1\n*a : 2\n",
    ],
)
def test_other_files_are_not(text: str) -> None:
    assert not looks_like_cassette(text)


def test_the_recording_of_another_tool_is_none() -> None:
    text = (ROOT / "tests" / "recordings" / "cassetter.yaml").read_text("utf-8")
    assert text.startswith("version: 1\n")
    assert not looks_like_cassette(text[:1000])
