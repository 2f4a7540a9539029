"""Grammar: a redacted text still meets the min, max, pattern and enum of its member in the model.

Checked for every string member of the inputs, outputs and errors of every operation: a client may validate responses,
and a recorded request must stay one that a client could have sent.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from support import strategies
from support.exchanges import ACCOUNT, KEY, MODELS, OTHER_KEY

# --- grammar ----------------------------------------------------------------------------------------------------


@cache
def java(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, translated from Java for `fullmatch`."""
    in_class_or_dot = r"(\\.|\[(?:\\.|[^\]])*\])|\."
    pattern = re.sub(in_class_or_dot, lambda match: match[1] or r"[^\n\r\u0085\u2028\u2029]", pattern)
    return re.compile(re.sub(r"\\p\{(\w)\}", lambda match: category(match[1]), pattern), re.ASCII)


@cache
def category(major: str) -> str:
    """The characters of a Unicode category, as ranges of a character class, without those beyond 16 bits."""
    points = (i for i in range(0x10000) if unicodedata.category(chr(i))[0] == major)
    runs = (list(run) for _, run in groupby(enumerate(points), lambda pair: pair[1] - pair[0]))
    return "".join(rf"\u{run[0][1]:04x}-\u{run[-1][1]:04x}" for run in runs)


def meets(shape: Shape, text: str) -> bool:
    fits = (shape.min or 0) <= len(text) and (shape.max is None or len(text) <= shape.max)
    matches = shape.pattern is None or java(shape.pattern).fullmatch(text) is not None
    return fits and matches and (not shape.enum or text in shape.enum)


# --- members ----------------------------------------------------------------------------------------------------

Path = tuple[str, ...]
_ITEM, _VALUE, _KEY = "[]", "{}", "{key}"


@dataclass(frozen=True)
class Spot:
    """A string member: its position, and how redaction changes a text there."""

    operation: Operation
    side: str  # input, output, or an error's code
    path: Path
    shape: Shape

    def __str__(self) -> str:
        op, shape = self.operation, self.shape
        where = f"{op.service.name} {op.name} {self.side} {'.'.join(self.path)}"
        return f"{where}: {shape.name}, min {shape.min}, max {shape.max}, pattern {shape.pattern}"

    def redact(self, text: str, key: Key) -> str:
        value: Value = None if self.path[-1] == _KEY else text
        for step in reversed(self.path):
            value = [value] if step == _ITEM else {{_KEY: text, _VALUE: "key"}.get(step, step): value}
        assert isinstance(value, dict)
        value = self._redact(value, Redactor(key))
        for step in self.path:
            assert isinstance(value, list | dict)
            (value,) = value if step == _KEY or isinstance(value, list) else value.values()
        assert isinstance(value, str)
        return value

    def _redact(self, value: dict[str, Value], redactor: Redactor) -> Value:
        if self.side == "input":
            return redactor.redact_identity(self.operation, value)
        if self.side == "output":
            return redactor.redact_answer(self.operation, Answer(value)).output
        message = value.pop("message", None)  # of which a failure makes no member
        assert message is None or isinstance(message, str)
        error = redactor.redact_answer(self.operation, Answer(error=Failure(400, self.side, message, value))).error
        assert error
        return dict(error.members) or {"message": error.message}


def spots(op: Operation) -> Iterator[Spot]:
    codes = {shape: code for code, shape in op.service.errors.items()}
    sides = [("input", op.input), ("output", op.output), *((codes[shape], shape) for shape in op.errors)]
    tokens = {("input", op.paging.token), ("output", op.paging.output_token)} if op.paging else set()
    for side, whole in sides:  # real page tokens are not redacted but left out
        yield from (Spot(op, side, path, s) for path, s in strings(whole) if (side, ".".join(path)) not in tokens)


def strings(shape: Shape | None, path: Path = (), above: tuple[Shape, ...] = ()) -> Iterator[tuple[Path, Shape]]:
    """The strings of a shape with their paths; recursive shapes are cut off."""
    if shape is None or shape in above:
        return
    if shape.type == "string":
        yield path, shape
    for step, member in {_ITEM: shape.member, _KEY: shape.key, _VALUE: shape.value, **shape.members}.items():
        yield from strings(member.shape if member else None, (*path, step), (*above, shape))


OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]
SPOTS = {op: list(spots(op)) for op in OPERATIONS}
OF_SHAPE: dict[Shape, list[Spot]] = {}
for _spot in chain(*SPOTS.values()):
    OF_SHAPE.setdefault(_spot.shape, []).append(_spot)

# --- real texts -------------------------------------------------------------------------------------------------

_UNIQUE = "AIDAEXAMPLEID1234567"
_POLICY = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::finance", "Sid": ACCOUNT}]}
#: Values that a member can have as a whole. Each is tested in the members with a grammar that allows it.
_WHOLE = f"""
    x bob en-GB Finance.Team_1 _x-1 bob+x=1,2 bob_example_lower_case_id ${{aws:username}} bob@corp.example a@b.co
    / /x/ /division/team/ /division/bob@corp.example/ /division
    {ACCOUNT} 1111-2222-3333 123456 v1.{ACCOUNT} x-{ACCOUNT} vpc:{ACCOUNT} {"abc:" * 9}{ACCOUNT} {ACCOUNT}{"abcd" * 7}
    {_UNIQUE} {_UNIQUE}:bob AROAEXAMPLEID123 APKAEXAMPLEID1234567890123 {"0123456789abcdef" * 4}
    o-exampleorg1 ou-exam-exampleunit p-examplepolicy o-exampleorg1/r-exam/ou-exam-exampleunit/
    vpc-0abcdef0 vpc-0abcdef0123456789 12345678-abcd-4bcd-9bcd-1234567890ab 12345678-1234-0234-0234-{ACCOUNT}
    http:// http://x https://corp.example/bob?user=bob@corp.example https://corp.example/{ACCOUNT}?a=b#c
    arn:aws:iam::{ACCOUNT}:user/bob arn:aws:iam::{ACCOUNT}:role/x/Deployer arn:aws:iam::{ACCOUNT}:mfa/bob
    arn:aws:iam::{ACCOUNT}:root arn:aws:s3:::finance/* arn:aws:sns:us-east-1:{ACCOUNT}:x
    arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/finance arn:aws:s3express:eu-west-1:{ACCOUNT}:accesspoint/finance
    arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/x arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/guard
""".split()
_DOCUMENTS = ("", json.dumps(_POLICY), json.dumps(_POLICY, indent=2), "-----BEGIN CERTIFICATE-----\nEXAMPLE\n")
_WITHIN = ("of {}, for", "{}-x", "x/{}/x", "x={}", "https://corp.example/{}")
_IDENTIFIERS = ("a@b.co", ACCOUNT, _UNIQUE, "o-exampleorg1", f"arn:aws:iam::{ACCOUNT}:user/x")
_ENDS = ("iam::{}:role/", "iam::{}:policy/", "access-analyzer:x:{}:analyzer/", "cloudtrail:x:{}:trail/")
#: (beginning, repeated part, end): repeated to the shortest and the longest legal text.
_STRETCHED = (
    *(("", unit, "") for unit in ("x", "1", "a@b.co ", "a@b.co,", f"{ACCOUNT} ", f"{ACCOUNT}-", "o-exampleorg1=")),
    *(("/", unit, end) for unit in ("x", "x/", "a@b.co/") for end in ("", "/")),
    *((f"arn:aws:{end.format(ACCOUNT)}", unit, "x") for end in _ENDS for unit in ("x", "x/")),
    *(("https://corp.example/", "x", ""), ("o-exampleorg1/r-exam/", "ou-exam-exampleunit/", "")),
)
#: Values that AWS accepts beyond the model: locales, and five levels of organisational units.
_NARROWER = {
    "localeType": re.compile(r"[a-z]{2}(-[A-Z]{2})?"),
    "organizationsEntityPathType": re.compile(r"[^/]+/r-[^/]+(/ou-[^/]+){0,5}/?"),
}
#: Texts that are tested in each member.
FEWEST = max(9 // strategies.SHARE, 1)
_LONG = 20_000  # to search a longer text takes a tenth of a second


@cache
def legal(shape: Shape) -> tuple[str, ...]:
    """Real texts that meet the shape."""
    within = (text.format(x) for text in _WITHIN for x in _IDENTIFIERS)
    texts = shape.enum or (
        *_WHOLE,
        *_DOCUMENTS,
        *within,
        *stretched(shape),
        *generated(shape.pattern, shape.min, shape.max),
    )
    plausible = _NARROWER.get(shape.name, re.compile(r"[\s\S]*"))
    return tuple(text for text in dict.fromkeys(texts) if meets(shape, text) and plausible.fullmatch(text))


def shared(spot: Spot) -> tuple[str, ...]:
    """The texts to test in this member: the members of one shape share its texts, so that each is tested somewhere."""
    texts, same = legal(spot.shape), OF_SHAPE[spot.shape]
    step = min(len(same), max(len(texts) // FEWEST, 1))
    return texts[same.index(spot) % step :: step]


def stretched(shape: Shape) -> Iterator[str]:
    bound = re.search(r"\{1,(\d+)\}", shape.pattern or "")  # of an ARN's last part: `analyzer/.{1,255}`
    for head, unit, tail in _STRETCHED:
        longest = shape.max or (len(head) + int(bound[1]) if bound else 0)
        for length in {shape.min or 1, longest}:
            room = length - len(head) - len(tail)
            if 0 <= room < _LONG:
                yield head + (unit * room)[:room] + tail
    yield "a@b.co ".ljust(shape.max or 0, "x")


@cache
def generated(pattern: str | None, shortest: int | None, longest: int | None) -> list[str]:
    """A few texts generated from a pattern. Many shapes have the same one."""
    shape = Shape("generated", "string", min=shortest, max=longest, pattern=pattern)
    texts: list[str] = []
    # The bounds go into the last repetition: hardly any text would be long enough by chance.
    low, high = shortest or 0, longest or 20
    bounded = re.sub(r"[+*](\$?)$", rf"{{{low},{min(high, low + 20)}}}\1", pattern or "[ -~]*")

    @strategies.few(5)
    @given(st.from_regex(java(bounded), fullmatch=True).filter(lambda text: meets(shape, text)))
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return texts


# --- the rule, and that it can fail -----------------------------------------------------------------------------


def fault(shape: Shape, redacted: str, again: str) -> str:
    """The violation in a redacted text, and in the same text redacted again under another key."""
    changed = "" if again == redacted else f"redacted again is {again[:80]!r}"
    return changed if meets(shape, redacted) else "is out of grammar"


def faults(spot: Spot) -> Iterator[str]:
    for real in shared(spot):
        redacted = spot.redact(real, KEY)
        if found := fault(spot.shape, redacted, spot.redact(redacted, OTHER_KEY)):
            yield f"{spot}\n    {real[:80]!r} ({len(real)}) → {redacted[:80]!r} ({len(redacted)}) {found}"


@pytest.mark.xdist_group("grammar")  # one worker makes the texts of a shape
@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: f"{op.service.name}-{op.name}")
def test_redacted_texts_stay_in_the_grammar_of_their_member(op: Operation) -> None:
    found = [first for spot in SPOTS[op] if (first := next(faults(spot), None))]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.xdist_group("grammar")
def test_every_shape_has_texts_that_redaction_changes() -> None:
    """Otherwise the test would not cover the shape."""
    for shape, (spot, *_) in OF_SHAPE.items():
        changed = (text for text in legal(shape) if spot.redact(text, KEY) != text)
        is_word = shape.enum or shape.name in ("jwtAlgorithmType", "localeType")
        assert is_word or next(changed, None) is not None, str(spot)


def test_every_pattern_takes_known_texts_and_not_all() -> None:
    patterns = {shape.pattern: shape for shape in OF_SHAPE if shape.pattern}
    assert len(patterns) >= 45
    for pattern, shape in patterns.items():
        assert any(meets(shape, text) for text in (*_WHOLE, *stretched(shape))), pattern
        assert not java(pattern).fullmatch("\0"), pattern


def test_patterns_match_as_in_java() -> None:
    for pattern, taken, refused in (
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Ünïcode ٣ 名-@", "a{b}"),
        (r"[\w+=,.@-]+", "bob_1@x", "bób"),
        (r"\d{12}", ACCOUNT, "١" * 12),
        (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/a(b)/", "/a"),
        (r"^o-[0-9a-z]{10,32}\/r-[0-9a-z]{4,32}[0-9a-z-\/]*", "o-exampleorg1/r-exam/", "o-exampleorg1"),
        (r"arn:[^:]*:iam::[^:]*:role/.{1,576}", "arn:aws:iam::x:role/a\tb", "arn:aws:iam::x:role/a\u2028b"),
        (r"^p-[0-9a-z]{2}$", "p-00", "p-00\n"),
    ):
        assert java(pattern).fullmatch(taken) and not java(pattern).fullmatch(refused)


def test_a_violation_is_reported() -> None:
    shape = Shape("x", "string", min=2, max=3, pattern="[a-z]+")
    assert fault(shape, "ab", "abc") and not fault(shape, "ab", "ab")
    assert all(fault(shape, wrong, wrong) for wrong in ("", "a", "abcd", "AB"))
    assert fault(Shape("x", "string", enum=("ab",)), "abc", "abc")
