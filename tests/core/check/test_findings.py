"""Real values that a person put into a cassette: all are found, in the right line, and none is quoted.

Each test is for one place, with all kinds of values. Its message has the number of planted values found.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from awstape.core.check.findings import FORMAT, Finding, check_text
from awstape.core.redaction.project_rules import Rules
from canaries import KINDS, KNOWN_NAME, NAME, found
from support import strategies
from support.exchanges import MODELS
from support.planting import Spot
from support.plants import spots

PLANTED = 2 if strategies.SHARE == 1 else 1  # values of a kind at a place; each place gets different spellings
THIRDS = 3 if strategies.SHARE == 10 else 1  # under the fast profile, each place gets a third of the kinds


def same_worker(spot: Spot) -> pytest.MarkDecorator:
    """Puts the tests of a spot on one worker, which checks their common texts once."""
    return pytest.mark.xdist_group(f"spot {spot.name}")


each_spot = pytest.mark.parametrize(
    "spot", [pytest.param(spot, id=spot.name, marks=same_worker(spot)) for spot in spots()]
)


@cache
def planted(spot: Spot, kind: str) -> tuple[str, int, tuple[str, ...], list[Finding]]:
    """The first value of a kind at a spot: the text, the line, the real parts, and the findings."""
    text, line, parts = spot.plant(kind, 0)
    return text, line, parts, check_text(text, MODELS)


def leaks_at(spot: Spot, kind: str, number: int) -> list[Finding]:
    return errors(planted(spot, kind)[3]) if number == 0 else leaks(spot.plant(kind, number)[0])


def leaks(text: str, rules: Rules | None = None) -> list[Finding]:
    return errors(check_text(text, MODELS, rules) if rules else check_text(text, MODELS))


def errors(every: list[Finding]) -> list[Finding]:
    return [finding for finding in every if finding.kind != FORMAT and finding.level == "error"]


def kinds_at(spot: Spot) -> list[str]:
    # A tag whose key says password has a secret as its value. Sentences about passwords stand in texts.
    no_texts = {"tag key": {"secret of a key", "told password"}, "path": {"told password"}, "token": {"told password"}}
    others = no_texts.get(spot.name, set())
    kinds = [kind for kind in KINDS if spot.accepts(kind) and kind not in others]
    return kinds[len(spot.name) % min(THIRDS, len(kinds)) :: THIRDS]


@each_spot
def test_a_cassette_is_clean_before_the_edit(spot: Spot) -> None:
    assert leaks(spot.before) == []
    assert spot.edited.count("VALUE") == 1


@each_spot
def test_every_planted_value_is_found(spot: Spot) -> None:
    missed = [(kind, i) for kind in kinds_at(spot) for i in range(PLANTED) if not leaks_at(spot, kind, i)]
    tried = PLANTED * len(kinds_at(spot))
    assert tried
    reported = f"{tried - len(missed)}/{tried} found at {spot.name}; missed: {missed}"
    assert not missed, f"{reported}\n{spot.plant(*missed[0])[0]}"


@each_spot
def test_a_planted_value_is_found_in_its_line(spot: Spot) -> None:
    """In a literal block, in the line within the block; in other text of several lines, in the first."""
    wrong = {}
    for kind in kinds_at(spot):
        line = planted(spot, kind)[1]
        if (reported := {finding.line for finding in leaks_at(spot, kind, 0)}) != {line}:
            wrong[kind] = f"line {line} is reported as {sorted(reported)}"
    assert not wrong, f"{spot.name}: {wrong}"


@each_spot
def test_a_finding_names_the_member(spot: Spot) -> None:
    wrong = {}
    for kind in kinds_at(spot):
        reported = {finding.member for finding in leaks_at(spot, kind, 0)}
        if reported != {spot.member}:
            wrong[kind] = f"{spot.member or 'no member'} is reported as {sorted(reported)}"
    assert not wrong, f"{spot.name}: {wrong}"


@each_spot
def test_a_finding_does_not_quote_the_value(spot: Spot) -> None:
    reported = {}
    for kind in kinds_at(spot):
        _, _, parts, every = planted(spot, kind)
        if leaked := found(map(repr, every), parts):
            reported[kind] = leaked
    assert not reported, f"{spot.name}: {reported}"


# --- several ---

ROLES = next(spot.before for spot in spots() if spot.name == "name")
ACCOUNT = "314159265358"


def edited(*changes: tuple[str, str]) -> str:
    text = ROLES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_each_line_of_a_block_has_a_finding() -> None:
    text = edited(("Description: ''", f"Description: |-\n        of {ACCOUNT}\n        and\n        of {ACCOUNT}"))
    first = text.splitlines().index(f"        of {ACCOUNT}") + 1
    assert [finding.line for finding in leaks(text)] == [first, first + 2]


def test_findings_are_sorted_by_line_without_repetition() -> None:
    text = edited(("version: 1", f"version: 1 # {ACCOUNT} {ACCOUNT}"), ("code: NoSuch", f"code: {ACCOUNT}.NoSuch"))
    text += f"# {ACCOUNT}\n"
    code = text.splitlines().index(f"    code: {ACCOUNT}.NoSuchEntity") + 1
    expected = [(2, "a comment"), (code, "pages[0].error.code"), (len(text.splitlines()), "a comment")]
    assert [(finding.line, finding.member) for finding in leaks(text)] == expected


def test_a_value_and_its_comment_give_one_finding() -> None:
    text = edited(("Description: ''", f"Description: of {ACCOUNT} # of {ACCOUNT}"))
    assert len(leaks(text)) == 1


def test_lines_are_counted_as_editors_do() -> None:
    """YAML 1.1 and Python know more line endings than editors and GitHub."""
    for separator in ("\u2028", "\u2029", "\u0085"):
        text = edited(("Description: ''", f'Description: "one{separator}two" # three{separator}four'))
        line = text.count("\n") + 1
        assert [finding.line for finding in leaks(f"{text}# {ACCOUNT}\n")] == [line], repr(separator)


def test_windows_line_endings_change_nothing() -> None:
    text = edited(("Description: ''", f"Description: |-\n        of\n        {ACCOUNT}"))
    assert leaks(text.replace("\n", "\r\n")) == leaks(text) != []


# --- what a project keeps ---


@pytest.mark.parametrize(
    "new",
    [
        "Description: of {}",
        "Description: arn:aws:iam::{}:root",
        "Description: '' # of {}",
        "Description: ''\n      NewMember: '{}'",
        'Description: \'{{"Statement":{{"Principal":{{"AWS":"{}"}}}}}}\'',
    ],
)
def test_kept_values_are_no_findings(new: str) -> None:
    text = edited(("Description: ''", new.format(ACCOUNT)))
    assert leaks(text)
    kept = leaks(text, Rules(keep=(ACCOUNT,)))
    # A member that the model doesn't know is no identifier.
    assert kept == [] if "NewMember" not in new else {finding.kind for finding in kept} == {"text"}
    assert leaks(text, Rules(keep=("4444*",))) == leaks(text)


def test_kept_names_are_no_findings() -> None:
    for spot in spots():
        if spot.name in ("identity name", "name", "path", "identity path"):
            for i in range(PLANTED):
                assert leaks(spot.plant(NAME, i)[0], Rules(keep_names=True)) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (NAME, KNOWN_NAME, "bucket")])
def test_other_identifiers_are_found_where_names_are_kept(kind: str) -> None:
    spot = next(spot for spot in spots() if spot.name == "description")
    for i in range(PLANTED):
        text, line, _ = spot.plant(kind, i)
        # An ARN without an account id has only names that could be found.
        if kind != "arn" or re.search(r":\d{12}:", text.splitlines()[line - 1]):
            assert leaks(text, Rules(keep_names=True)), text.splitlines()[line - 1]


def test_kept_names_by_their_glob() -> None:
    text = edited(("RoleName: alias-Tsr76sms7l\n    ", "RoleName: Payroll-a\n    "))
    text = text.replace("RoleName: alias-66rS7L22tT", "RoleName: Deploy")
    assert [f.kind for f in leaks(text)] == ["role", "role"]
    assert [f.kind for f in leaks(text, Rules(keep=("Payroll-*",)))] == ["role"]
    assert leaks(text, Rules(keep=("Payroll-*", "Deploy"))) == []


@pytest.mark.parametrize(
    "name",
    """
    111122223333 123456789012 444455556666 AKIAIOSFODNN7EXAMPLE AIDACKCEVSQ6C2EXAMPLE server.example.com
    wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY 1a2b3c4d-1234-abcd-7890-abcdeEXAMPLE
    sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    """.split(),
)
def test_what_documentation_uses_is_no_finding(name: str) -> None:
    assert leaks(edited(("Description: ''", f"Description: of {name} # of {name}"))) == []
    assert leaks(f"# arn:aws:s3:::amzn-s3-demo-bucket and {name}\n{ROLES}") == []


@pytest.mark.parametrize(
    ("name", "kinds"), [("ReadOnlyRole", set()), ("my-test-role", set()), ("Payroll-role", {"role"})]
)
def test_a_name_of_general_words_only_is_no_finding(name: str, kinds: set[str]) -> None:
    text = edited(("RoleName: alias-", f"RoleName: {name} # alias-"))
    assert {finding.kind for finding in leaks(text)} == kinds
