"""Every problem of a text is reported, and reading raises the first one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette, read_entries
from awstape.core.check.findings import FORMAT, HIDDEN, check_text
from support.exchanges import MODELS
from support.planting import cassettes
from support.strategies import few

#: A problem in nearly every line that can have one.
BROKEN = """\
version: 1
kee: x
key: short
---
service: iam
operation: ListRolse
identity: {}
pages:
- limits: 2
  token: x
---
service: iaam
operation: ListRoles
identity: []
regoin: here
pages: []
---
service: iam
operation: ListRoles
identity:
  PathPrefix: [a]
faults: [throtle, 7, denied ListRoles]
pages:
- limit: 0
  output:
    Roels: []
    Roles:
    - RoleName: 7
      Arn: []
    Marker: page-2.abcd
- token: page-3.abcd
  error: {status: 200, mesage: x}
  unmodelled: [7]
- output: {Roles: []}
  error: {status: 404}
- 7
"""
TOLD = [
    (2, "kee", "unknown key; did you mean key?"),
    (3, "key", "not the fingerprint of a key"),
    (6, "operation", "iam has no such operation; did you mean ListRoles?"),
    (9, "pages[0].limits", "unknown key; did you mean limit?"),
    (9, "pages[0]", "a page has either an output, an error or a hole with its reason"),
    (14, "identity", "expected a mapping, got a list"),
    (15, "regoin", "unknown key; did you mean region?"),
    (12, "service", "unknown service; did you mean iam?"),
    (16, "pages", "a take has at least one page"),
    (21, "identity.PathPrefix", "expected text, got a list"),
    (24, "pages[0].limit", "a limit is at least 1"),
    (26, "pages[0].output.Roels", "ListRolesResponse has no member Roels; did you mean Roles?"),
    (28, "pages[0].output.Roles[0].RoleName", "expected text, got a number"),
    (29, "pages[0].output.Roles[0].Arn", "expected text, got a list"),
    (33, "pages[1].unmodelled[0]", "expected text, got a number"),
    (32, "pages[1].error.mesage", "unknown key; did you mean message?"),
    (32, "pages[1].error.status", "the status of an error is between 301 and 599"),
    (34, "pages[2]", "a page has either an output, an error or a hole with its reason"),
    (36, "pages[3]", "expected a mapping with token, limit, output, error, hole, unmodelled, got a number"),
    (31, "pages[1].token", "the page before does not lead here"),
    (31, "pages[1]", "more pages follow, but this page has no next token"),
    (34, "pages[2]", "more pages follow, but this page has no next token"),
    (22, "faults[0]", "the fault 'throtle' does not begin with one of"),
    (22, "faults[1]", "expected text, got a number"),
    (22, "faults[2]", "a fault of a take names no operation"),
]


def errors(text: str) -> list[DocumentError]:
    """All errors of a text, in the order of the text."""
    found: list[DocumentError] = []
    try:
        for entry in read_entries(text, MODELS):
            found += entry.errors
    except DocumentError as error:
        found.append(error)
    return found


def test_every_problem_is_reported() -> None:
    told = errors(BROKEN)
    for error, (line, path, problem) in zip(told, TOLD, strict=True):
        assert (error.line, error.path, error.problem[: len(problem)]) == (line, path, problem)


def test_check_reports_all_of_them_by_line() -> None:
    told = [(f.line, f.member, f.problem, f.tip) for f in check_text(BROKEN, MODELS) if f.kind == FORMAT]
    assert told == sorted((e.line, e.path, e.problem, e.tip) for e in errors(BROKEN))


def test_documents_after_a_broken_one_are_validated() -> None:
    take = "---\nservice: iam\noperation: GetRole\nidentity: {}\npages: [{error: {status: 200}}]\n"
    text = f"version: 1\n{take}{take}---\n[a\n{take}"
    assert [(error.line, error.path) for error in errors(text)] == [
        (6, "pages[0].error.status"),
        (11, "pages[0].error.status"),
        (14, ""),
    ]


def test_no_consequential_problem_is_reported() -> None:
    text = BROKEN.replace("throtle", "throttle 314159265358").replace("Roels", "arn:aws:iam::314159265358:role/Payroll")
    told = [finding for finding in check_text(text, MODELS) if finding.kind == FORMAT]
    assert len(told) == len(TOLD)
    assert [finding.line for finding in told if finding.problem == HIDDEN] == [22, 26]
    assert "3141" not in repr(told)
    assert "Payroll" not in repr(told)


# --- takes that are there twice ---

LISTING = """\
---
service: iam
operation: ListUsers
identity: {}
pages:
- output: {IsTruncated: true, Users: [], Marker: page-2.abcd}
- token: page-2.abcd
  output: {Users: [{UserName: alias-Tsr76sms7l}]}
"""


def test_a_duplicate_take_is_reported() -> None:
    (error,) = errors(f"version: 1\n{LISTING}{LISTING}")
    assert (error.line, error.path) == (11, "")
    assert error.problem == "the take occurs twice, the first time in line 3"
    assert error.tip == "remove one of the two"


def test_another_take_with_the_same_tokens_is_reported_with_their_line() -> None:
    (error,) = errors(f"version: 1\n{LISTING}{LISTING.replace('alias-Tsr76sms7l', 'alias-66rS7L22tT')}")
    assert (error.line, error.path) == (16, "pages[1].token")
    assert error.problem == "another page of the track has this token, in line 8"
    assert error.tip == "tokens of a track must differ"


def test_a_duplicate_token_in_a_take_is_reported() -> None:
    again = "- token: page-2.abcd\n  output: {Users: []}\n"
    text = f"version: 1\n{LISTING.replace('{Users', '{Marker: page-2.abcd, Users')}{again}"
    assert [(error.line, error.problem) for error in errors(text)] == [
        (10, "another page of the track has this token, in line 8")
    ]


def test_two_tracks_may_have_the_same_token() -> None:
    assert errors(f"version: 1\n{LISTING}{LISTING.replace('identity: {}', 'identity: {PathPrefix: /}')}") == []


# --- one source for reading and for check ---

_PIECES = st.sampled_from(
    ["- ", ": ", "\n", "\n  ", "---\n", "[]", "{}", "null", "7", "x", "pages:", "token: page-2.abcd\n", "&a ", "'"]
)


@few(60)
@given(st.data())
def test_reading_raises_the_first(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([BROKEN, f"version: 1\n{LISTING}{LISTING}", *cassettes().values()]))
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(_PIECES) + text[start + data.draw(st.integers(0, 20)) :]
    first = next(iter(errors(text)), None)
    if first is None:
        read_cassette(text, MODELS)
        assert not [finding for finding in check_text(text, MODELS) if finding.kind == FORMAT]
        return
    with pytest.raises(DocumentError) as caught:
        read_cassette(text, MODELS)
    assert (str(caught.value), caught.value.tip) == (str(first), first.tip)
    lines = {finding.line for finding in check_text(text, MODELS) if finding.kind == FORMAT}
    assert lines == {error.line for error in errors(text)}
