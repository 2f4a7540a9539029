"""Cassettes as text: a small one to the letter, and texts that are refused, with line, path and tip."""

from __future__ import annotations

import pytest

from awstape.core.aws.call import Answer, Failure
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.documents import MAX_DEPTH, DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, write_cassette
from support.exchanges import MODELS

SMALL = """\
version: 1
---
service: accessanalyzer
operation: GetFinding
region: eu-west-1
identity:
  analyzerArn: arn:aws:access-analyzer:eu-west-1:000417360182:analyzer/analyzer-k3vq7x2aaa
  id: 11111111-2222-4333-8444-555555555555
pages:
- error:
    status: 429
    code: ThrottlingException
    message: Rate exceeded
    members:
      retryAfterSeconds: 5
---
service: iam
operation: ListPolicyVersions
identity:
  PolicyArn: arn:aws:iam::000417360182:policy/policy-k3vq7x2aaa
pages:
- limit: 2
  output:
    IsTruncated: true
    Versions:
    - VersionId: v4
      IsDefaultVersion: true
      CreateDate: '2026-03-02T09:14:11Z'
      Document: |-
        {
          "Version": "2012-10-17"
        }
    Marker: page-2.h7qk
- token: page-2.h7qk
  limit: 2
  output:
    Versions: []
    Shade: blue
  unmodelled:
  - Shade
"""

CASSETTE = Cassette(
    (
        Take(
            Track(
                "accessanalyzer",
                "GetFinding",
                "eu-west-1",
                {
                    "analyzerArn": "arn:aws:access-analyzer:eu-west-1:000417360182:analyzer/analyzer-k3vq7x2aaa",
                    "id": "11111111-2222-4333-8444-555555555555",
                },
            ),
            (
                Page(
                    None,
                    None,
                    Answer(error=Failure(429, "ThrottlingException", "Rate exceeded", {"retryAfterSeconds": 5})),
                ),
            ),
        ),
        Take(
            Track(
                "iam",
                "ListPolicyVersions",
                None,
                {"PolicyArn": "arn:aws:iam::000417360182:policy/policy-k3vq7x2aaa"},
            ),
            (
                Page(
                    None,
                    2,
                    Answer(
                        {
                            "IsTruncated": True,
                            "Versions": [
                                {
                                    "VersionId": "v4",
                                    "IsDefaultVersion": True,
                                    "CreateDate": "2026-03-02T09:14:11Z",
                                    "Document": '{\n  "Version": "2012-10-17"\n}',
                                }
                            ],
                            "Marker": "page-2.h7qk",
                        }
                    ),
                ),
                Page("page-2.h7qk", 2, Answer({"Versions": [], "Shade": "blue"}, unmodelled=("Shade",))),
            ),
        ),
    )
)


def test_a_small_cassette_to_the_letter() -> None:
    assert write_cassette(CASSETTE) == "# yaml-language-server: $schema=awstape.schema.json\n" + SMALL
    assert read_cassette(SMALL, MODELS) == CASSETTE


def test_takes_are_sorted_when_read_and_those_of_a_track_keep_their_order() -> None:
    finding, listing = SMALL.removeprefix("version: 1\n---\n").split("---\n")
    second = listing.replace("page-2", "take-2.page-2").replace("blue", "red")
    cassette = read_cassette("---\n".join(["version: 1\n", listing, finding, second]), MODELS)
    assert write_cassette(cassette) == SCHEMA_LINE + "---\n".join(["version: 1\n", finding, listing, second])


def test_a_person_may_use_any_yaml_formatting() -> None:
    text = """\
# yaml-language-server: $schema=./schema.json
%YAML 1.1
---
{version: 1}
...
---
operation: "ListUsers"
service: iam   # the member order of the format doesn't matter
identity: {}
pages: [{output: {Users: [{UserName: 0123, CreateDate: 2026-03-02T09:14:11Z, UserId: off}], IsTruncated: false}}]
"""
    (take,) = read_cassette(text.split("\n", 2)[0] + "\n" + text.split("\n", 2)[2], MODELS).takes
    user = {"UserName": "0123", "CreateDate": "2026-03-02T09:14:11Z", "UserId": "off"}
    assert take.pages[0].answer.output == {"Users": [user], "IsTruncated": False}


# --- refusals ---------------------------------------------------------------------------------------------------


def _swap(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


REFUSED: dict[str, tuple[str, int, str, str]] = {
    # what is wrong: text, line, path, part of the problem
    "empty": ("", 1, "", "the file is empty"),
    "comment only": ("# nothing\n", 1, "", "the file is empty"),
    "version missing": (SMALL.removeprefix("version: 1\n---\n"), 1, "", "begins with a document `version: 1`"),
    "version 2": (_swap("version: 1", "version: 2"), 1, "version", "this awstape knows version 1"),
    "conflict of git": (
        "version: 1\n---\n<<<<<<< HEAD\nservice: iam\n=======\nservice: sts\n>>>>>>> topic\n",
        3,
        "",
        "a conflict of git that is not resolved",
    ),
    "recording of another tool": ("interactions: []\nversion: 1\n", 1, "", "a recording of VCR.py or cassetter"),
    "HTTP archive": ('{"log": {"version": "1.2"}}', 1, "", "an HTTP archive (HAR)"),
    "version as text": (_swap("version: 1", "version: '1'"), 1, "", "begins with a document `version: 1`"),
    "version true": (_swap("version: 1", "version: true"), 1, "", "begins with a document `version: 1`"),
    "version and more": (_swap("version: 1\n", "version: 1\nkee: x\n"), 2, "kee", "unknown key; did you mean key?"),
    "a key that is none": (_swap("version: 1\n", "version: 1\nkey: x\n"), 2, "key", "not the fingerprint of a key"),
    "header a list": (_swap("version: 1", "- version"), 1, "", "begins with a document `version: 1`"),
    "not YAML": (_swap("identity:\n  PolicyArn", "identity: }\n  PolicyArn"), 19, "", "not YAML"),
    "tab": (_swap("- limit: 2", "-\tlimit: 2\n\tx: 1"), 22, "", "not YAML"),
    "unclosed quote": (_swap("code: Thr", "code: 'Thr"), 16, "", "not YAML"),
    "NUL": (_swap("blue", "bl\0ue"), 38, "", "not YAML"),
    "half a surrogate pair": (_swap("blue", "bl\ud800ue"), 38, "", "not YAML"),
    "take a list": (SMALL + "---\n- 1\n", 42, "", "expected a mapping with service"),
    "take empty": (SMALL + "---\n", 42, "", "expected a mapping with service"),
    "unknown key": (_swap("region: eu", "regoin: eu"), 5, "regoin", "unknown key; did you mean region?"),
    "a region that leads out of a folder": (_swap("region: eu-", "region: ../eu-"), 5, "region", "not the name of a"),
    "a region with a NUL": (_swap("eu-west-1\n", '"eu-west-1\\0"\n'), 5, "region", "not the name of a region"),
    "a region with a line end": (_swap("eu-west-1\n", '"eu-west-1\\n"\n'), 5, "region", "not the name of a region"),
    "a region that is empty": (_swap("eu-west-1\n", "''\n"), 5, "region", "not the name of a region"),
    "unknown key of a page": (_swap("- limit: 2", "- limits: 2"), 22, "pages[0].limits", "did you mean limit?"),
    "unknown key of an error": (_swap("status: 429", "stats: 429"), 11, "pages[0].error.stats", "did you mean status"),
    "key missing": (_swap("operation: GetFinding\n", ""), 3, "", "the key operation is missing"),
    "status missing": (_swap("    status: 429\n", ""), 10, "pages[0].error", "the key status is missing"),
    "status not a number": (_swap("429", "'429'"), 11, "pages[0].error.status", "expected a number, got text"),
    "status of no error": (_swap("429", "200"), 11, "pages[0].error.status", "between 301 and 599"),
    "key twice": (_swap("service: iam\n", "service: iam\nservice: iam\n"), 18, "service", "occurs twice"),
    "member twice": (_swap("    Shade: blue", "    Versions: []"), 38, "pages[1].output.Versions", "occurs twice"),
    "anchor": (_swap("Shade: blue", "Shade: &a blue"), 38, "pages[1].output.Shade", "anchors and aliases"),
    "alias": (_swap("Shade: blue", "Shade: *a"), 38, "pages[1].output.Shade", "anchors and aliases"),
    "anchor on a mapping": (_swap("identity:\n  PolicyArn", "identity: &x\n  PolicyArn"), 19, "identity", "anchors"),
    "anchor on a key": (_swap("Shade:", "&a Shade:"), 38, "pages[1].output", "anchors and tags on a key"),
    "tag": (_swap("Shade: blue", "Shade: !!str blue"), 38, "pages[1].output.Shade", "a tag is not allowed"),
    "tag that would call": (
        _swap("blue", "!!python/name:os.system x"),
        38,
        "pages[1].output.Shade",
        "a tag is not allowed",
    ),
    "tag on a list": (
        _swap("Versions: []", "Versions: !!set []"),
        37,
        "pages[1].output.Versions",
        "a tag is not allowed",
    ),
    "tag on a key": (_swap("Shade:", "!!str Shade:"), 38, "pages[1].output", "anchors and tags on a key"),
    "bad base64": (_swap("blue", "!!binary Ä"), 38, "pages[1].output.Shade", "!!binary is not base64"),
    "key a list": (_swap("Shade: blue", "? [a]\n    : b"), 38, "pages[1].output", "a key is not a text"),
    "unknown service": (_swap("service: iam", "service: iaam"), 17, "service", "unknown service; did you mean iam?"),
    "unknown operation": (
        _swap("ListPolicyVersions", "ListPolicyVersion"),
        18,
        "operation",
        "iam has no such operation; did you mean ListPolicyVersions?",
    ),
    "unknown member": (
        _swap("      IsDefaultVersion", "      IsDefault"),
        27,
        "pages[0].output.Versions[0].IsDefault",
        "PolicyVersion has no member IsDefault; did you mean IsDefaultVersion?",
    ),
    "unmodelled not listed": (
        _swap("  unmodelled:\n  - Shade\n", ""),
        38,
        "pages[1].output.Shade",
        "has no member Shade",
    ),
    "member of the wrong type": (
        _swap("Versions: []", "Versions: none"),
        37,
        "pages[1].output.Versions",
        "a list, got text",
    ),
    "text unquoted": (
        _swap("VersionId: v4", "VersionId: 4"),
        26,
        "pages[0].output.Versions[0].VersionId",
        "expected text",
    ),
    "identity of the wrong type": (
        _swap("id: 1111", "id: [1]\n  x: 1111"),
        8,
        "identity.id",
        "expected text, got a list",
    ),
    "identity a text": (_swap("identity:\n  PolicyArn:", "identity:"), 19, "identity", "expected a mapping, got text"),
    "output for an operation without": (
        SMALL + "---\nservice: iam\noperation: DeleteRole\nidentity: {}\npages: [{output: {Role: x}}]\n",
        45,
        "pages[0].output.Role",
        "An operation without output has no member Role",
    ),
    "no pages": (
        SMALL + "---\nservice: iam\noperation: ListUsers\nidentity: {}\npages: []\n",
        45,
        "pages",
        "at least one",
    ),
    "neither output nor error": (_swap("  output:\n    Versions: []\n    Shade: blue\n", ""), 34, "pages[1]", "either"),
    "output and error": (_swap("- error:", "- output: {}\n  error:"), 10, "pages[0]", "an output, an error or a hole"),
    "output and hole": (_swap("- error:", "- hole: lost\n  error:"), 10, "pages[0]", "an output, an error or a hole"),
    "a hole without a reason": (
        SMALL + "---\nservice: iam\noperation: ListUsers\nidentity: {}\npages: [{hole: ''}]\n",
        45,
        "pages[0]",
        "a hole with its reason",
    ),
    "no token after a hole": (
        SMALL + "---\nservice: iam\noperation: ListUsers\nidentity: {}\npages: [{hole: lost}, {hole: lost}]\n",
        45,
        "pages[1]",
        "only the first page of a take has no token",
    ),
    "limit 0": (_swap("- limit: 2", "- limit: 0"), 22, "pages[0].limit", "a limit is at least 1"),
    "limit true": (
        _swap("- limit: 2", "- limit: true"),
        22,
        "pages[0].limit",
        "expected a number, got the boolean true",
    ),
    "unmodelled not text": (_swap("  - Shade\n", "  - [Shade]\n"), 40, "pages[1].unmodelled[0]", "expected text"),
    "first page with a token": (
        _swap("- limit: 2", "- token: x\n  limit: 2"),
        22,
        "pages[0].token",
        "first page of a take",
    ),
    "token leads elsewhere": (
        _swap("- token: page-2.h7qk", "- token: page-3"),
        34,
        "pages[1].token",
        "does not lead here",
    ),
    "no token": (_swap("- token: page-2.h7qk\n ", "-"), 34, "pages[1]", "does not lead here"),
    "page after the last": (_swap("IsTruncated: true", "IsTruncated: false"), 22, "pages[0]", "has no next token"),
    "pages after an error": (
        SMALL.replace("      retryAfterSeconds: 5\n", "      retryAfterSeconds: 5\n- output: {}\n"),
        10,
        "pages[0]",
        "more pages follow",
    ),
    "token twice": (
        SMALL + "---\n" + SMALL.split("---\n")[2].replace("blue", "red"),
        59,
        "pages[1].token",
        "another page of the track has this token",
    ),
    "deep": (_swap("Shade: blue", f"Shade: {'[' * MAX_DEPTH}{']' * MAX_DEPTH}"), 38, "", "nested deeper"),
    "very deep": (_swap("Shade: blue", f"Shade: {'[' * 5000}{']' * 5000}"), 38, "", "nested deeper"),
    "an enormous number": (_swap("429", "9" * 5000), 11, "pages[0].error.status", "expected a number, got text"),
}


@pytest.mark.parametrize(("text", "line", "path", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_text_is_refused_with_line_and_path(text: str, line: int, path: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_cassette(text, MODELS)
    error = caught.value
    assert problem in error.problem
    assert (error.line, error.path) == (line, path)
    assert str(error).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    ("case", "tip"),
    [
        ("version 2", "pip install --upgrade awstape"),
        ("conflict of git", "awstape ls shows the commands"),
        ("recording of another tool", "awstape import"),
        ("HTTP archive", "awstape import"),
        ("empty", "a cassette begins with"),
        ("anchor", "write the value out"),
        ("unknown key of a page", "known: token, limit, output, error, hole, unmodelled"),
        ("unmodelled not listed", "list it under `unmodelled`"),
        ("token leads elsewhere", "the one in the output of the page before"),
    ],
)
def test_a_refusal_says_what_to_do(case: str, tip: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_cassette(REFUSED[case][0], MODELS)
    assert tip in caught.value.tip
