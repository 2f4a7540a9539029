"""An exported module with Stubber: clients get the same as in a replay."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import StubAssertionError

from awstape.core.aws.model import Value
from awstape.errors import UserError
from awstape.files import cassette_files
from support import asking, in_process
from support.asking import SHIPPED, Question, exported
from support.exchanges import MODELS, cassette, listing, request, respond
from support.in_process import CASSETTES, LISTING, POLICY, VERSIONS

#: A stubbed client is as before when its stubs end: these are for all tests.
clients = cache(asking.new_clients)
RUFF = Path(sys.executable).with_name("ruff")


def stubs(text: str) -> dict[str, Any]:
    """The functions of an exported module, by name."""
    module: dict[str, Any] = {}
    exec(compile(text, "stubs.py", "exec"), module)
    return {name: made for name, made in module.items() if name.startswith("stub_")}


def stubbed(text: str, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """The responses of stubbed clients."""
    regions: dict[str, set[str]] = {}
    for question in questions:
        regions.setdefault(question.track.service, set()).add(question.track.region or asking.REGION)
    with ExitStack() as stack:
        for name, stub in stubs(text).items():
            (service,) = (service for service in regions if name.startswith(f"stub_{service}"))
            named = [r for r in regions[service] if r.replace("-", "_") in name]
            (region,) = named or regions[service] & {asking.REGION} or regions[service]
            stack.enter_context(stub(clients()(service, region)))
        return asking.answers(clients(), questions)


def wanted(path: Path, notes: Iterable[str]) -> Iterator[tuple[Question, dict[str, Any]]]:
    """The requests and responses of all exported tracks."""
    questions = asking.questions(cassette_files.load(path, MODELS))
    for question, answer in zip(questions, asking.replayed(path), strict=True):
        said = " ".join(note for note in notes if note.startswith(f"{question.track}: left out"))
        if ": left out: " not in said:
            kept = {"Error"} if "the members of its error" in said else answer.keys()
            yield question, {name: answer[name] for name in kept} | {"RequestId": None}  # Stubber has no ids


@pytest.mark.parametrize("name", [*SHIPPED, "wire-cases.yaml"])
def test_stubs_equal_a_replay(name: str, tmp_path: Path) -> None:
    path = asking.of(name, tmp_path)
    made = exported(cassette_files.load(path, MODELS), "stubber")
    questions, expected = zip(*wanted(path, made.notes), strict=True)
    assert stubbed(made.text, questions) == list(expected)


def test_paginators_follow_them_whatever_their_page_size() -> None:
    made = exported(cassette_files.load(CASSETTES / "policy-versions.yaml", MODELS), "stubber", f"* PolicyArn={POLICY}")
    for size in (2, 1000):
        client = clients()("iam", "eu-west-1")
        with stubs(made.text)["stub_iam"](client) as stubber:
            paginator = client.get_paginator("list_policy_versions")
            pages = list(paginator.paginate(**LISTING, PaginationConfig={"PageSize": size}))
            stubber.assert_no_pending_responses()
        assert [version["VersionId"] for page in pages for version in page["Versions"]] == VERSIONS


def test_a_limit_must_be_sent_where_it_was_recorded_as_noted() -> None:
    made = exported(cassette_files.load(CASSETTES / "policy-versions.yaml", MODELS), "stubber", f"* PolicyArn={POLICY}")
    assert made.notes == (
        f'iam ListPolicyVersions {{"PolicyArn": "{POLICY}"}}: '
        "was recorded with MaxItems=2: Stubber answers only requests with a limit",
    )
    client = clients()("iam", "eu-west-1")
    with stubs(made.text)["stub_iam"](client), pytest.raises(StubAssertionError):
        client.list_policy_versions(**LISTING)


def test_documents_equal_those_of_a_replay(tmp_path: Path) -> None:
    """Documents with percent signs, several lines, or no JSON."""
    documents = ['{"a":"%7E 100% \'"}', '{\n  "b": [1.5, null]\n}', "no JSON: 100%", '"a"', "[" * 5]
    groups = [{"GroupName": f"g{i}", "PolicyName": "p", "PolicyDocument": text} for i, text in enumerate(documents)]
    pairs = [(request("GetGroupPolicy", {"GroupName": g["GroupName"], "PolicyName": "p"}), g) for g in groups]
    recorded = cassette(*((asked, respond("GetGroupPolicy", dict(output))) for asked, output in pairs))
    path = in_process.save(tmp_path / "documents.yaml", recorded)
    got = stubbed(exported(recorded, "stubber").text, list(asking.questions(recorded)))
    assert got == [{**answer, "RequestId": None} for answer in asking.replayed(path)]
    assert sorted(type(answer["PolicyDocument"]).__name__ for answer in got) == ["dict", "dict", "str", "str", "str"]


def test_each_region_is_a_client_of_its_own(tmp_path: Path) -> None:
    path = asking.of("wire-cases.yaml", tmp_path)
    regions = {"us_east_1", "us_west_2", "eu_west_1", "eu_central_1", "ap_southeast_2", "cn_north_1"}
    names = {"stub_iam", "stub_iam_aws_cn_global", *(f"stub_accessanalyzer_{region}" for region in regions)}
    assert stubs(exported(cassette_files.load(path, MODELS), "stubber").text).keys() == names


def test_the_layout_is_that_of_ruff(tmp_path: Path) -> None:
    path = tmp_path / "stubs.py"
    path.write_text(
        exported(cassette_files.load(asking.of("wire-cases.yaml", tmp_path), MODELS), "stubber").text, "utf-8"
    )
    for command in (["format", "--check"], ["check", "--select", "E,F,I,W", "--ignore", "E501"]):
        subprocess.run([RUFF, *command, "--isolated", path], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ({"Users": [{"UserName": "u"}]}, 'page 1: Missing required parameter in Users[0]: "Path"'),
        ({"Users": []}, ""),
    ],
)
def test_an_answer_that_stubber_refuses_is_left_out_with_a_note(answers: dict[str, Value], left: str) -> None:
    recorded = cassette(*listing("ListUsers", {}, [answers]))
    if not left:
        assert exported(recorded, "stubber").notes == ()
        return
    with pytest.raises(UserError) as caught:
        exported(recorded, "stubber")
    assert caught.value.problem == "there is nothing to export to stubber"
    assert caught.value.tip.startswith(f"iam ListUsers {{}}: left out: Stubber refuses {left}")
