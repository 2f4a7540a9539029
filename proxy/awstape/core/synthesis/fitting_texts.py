"""Fitting texts: texts for the members of any service, by what the model says of them.

1. The end of a member's name tells what it holds: an ARN, an id, an account, a region, an address; else a name.
2. A text that does not fit the pattern of the member is replaced by one that is made from the pattern
   (`text_of_pattern`), in the length that the member allows.
3. The texts of one list differ: each has the number of its item or is made from its seed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from awstape.core.aws.constraints import keeps_constraints
from awstape.core.aws.model import Shape
from awstape.core.synthesis.entities import generate_team
from awstape.core.synthesis.generation_context import Context
from awstape.core.synthesis.seeded_choice import Seed

#: How often a part of a pattern may be repeated beyond its least number: the first that fits is taken.
_STRETCHES = (*range(12, -1, -1), *range(13, 41), 64, 128, 256, 512, 1024)
_ASCII = "".join(map(chr, range(32, 127)))
_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits + "_",
    "s": " ",
    "S": string.ascii_lowercase + string.digits,
    "D": string.ascii_lowercase,
    "W": "-",
    "n": "\n",
    "t": "\t",
    "r": "\r",
}
#: Java's classes of characters, which are in patterns of the models.
_PROPERTIES = {"L": string.ascii_lowercase, "N": string.digits, "Z": " ", "P": "-", "S": "+"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def fitting_texts(service: str, name: str, shape: Shape, context: Context) -> Iterator[str]:
    """Texts for a member that fit its shape, the most plausible one first. service: as in ARNs."""
    texts = [*_by_name(service, name, context), context.seed.uuid()]
    if not keeps_constraints("12345678", shape):
        texts.append(context.account)
    yield from (text for text in texts if keeps_constraints(text, shape))
    if shape.pattern:
        for stretch in _STRETCHES:
            made = text_of_pattern(shape.pattern, context.seed.at(stretch), stretch)
            if made is not None and keeps_constraints(made, shape):
                yield made
    letters = context.seed.text(string.ascii_lowercase, min(max(shape.min or 8, 8), shape.max or 8))
    yield from (text for text in (letters, letters.upper(), "1") if keeps_constraints(text, shape))


@dataclass(frozen=True)
class _Member:
    """A member that holds a text. words: of its name, in lower case, without the last. name: of a thing like it."""

    service: str
    words: tuple[str, ...]
    kind: str
    name: str
    context: Context

    @property
    def number(self) -> int:
        """The number of the item, counted from 1."""
        return self.context.index + 1

    @property
    def account(self) -> str:
        """The account; in a listing of accounts another one for each item."""
        return self.context.account if self.context.count == 1 else self.context.seed.text("123456789", 12)


def _by_name(service: str, name: str, context: Context) -> Iterator[str]:
    """Texts that a member of this name may hold."""
    *words, last = [word.lower() for word in _WORD.findall(name)] or [name.lower()]
    kind = "-".join(words) or last
    named = f"{generate_team(context.owner_seed)}-{kind}-{context.index + 1:02}"
    member = _Member(service, tuple(words), kind, named, context)
    if find := _BY_LAST_WORD.get(last.removesuffix("s")):
        yield from find(member)
    yield named


def _arn(member: _Member) -> Iterator[str]:
    where = f"{member.context.region}:{member.context.account}"
    yield f"arn:aws:{member.service}:{where}:{member.kind}/{member.name}"


def _id(member: _Member) -> Iterator[str]:
    is_account = member.words[-1:] == ("account",)
    yield member.account if is_account else member.context.seed.uuid()
    yield str(member.number)


def _address(member: _Member) -> Iterator[str]:
    if any(word.startswith("ip") for word in member.words):
        yield f"198.51.100.{1 + member.number % 250}"
    yield f"{generate_team(member.context.owner_seed)}{member.number}@example.com"


_BY_LAST_WORD: Mapping[str, Callable[[_Member], Iterator[str]]] = {
    "arn": _arn,
    **dict.fromkeys(("id", "identifier", "uuid", "token"), _id),
    "account": lambda member: iter([member.account]),
    "owner": lambda member: iter([member.context.account]),
    "region": lambda member: iter([member.context.region]),
    **dict.fromkeys(("email", "addres", "ip"), _address),
    "cidr": lambda member: iter([f"10.{member.number % 250}.0.0/16"]),
    **dict.fromkeys(("url", "uri", "endpoint"), lambda member: iter([f"https://{member.name}.example.com/"])),
    "version": lambda member: iter([str(member.number)]),
}


# --- patterns -----------------------------------------------------------------------------------------------------

_Make = Callable[[Seed], str]


def text_of_pattern(pattern: str, seed: Seed, stretch: int) -> str | None:
    """A text made from a pattern; None for one that can't be read. It may not match: look-around is ignored.

    stretch: how often a repeated part may occur beyond its least number.
    """
    reader = _PatternReader(pattern, stretch)
    try:
        make = reader.alternatives()
    except (IndexError, ValueError):
        return None
    return make(seed) if reader.at == len(pattern) else None


@dataclass
class _PatternReader:
    """Reads a pattern from left to right into functions that make texts."""

    pattern: str
    stretch: int
    at: int = 0

    def alternatives(self) -> _Make:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return lambda seed: seed.choose(options)(seed.at("|"))

    def _sequence(self) -> _Make:
        parts: list[_Make] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self._repeated(self._part()))
        return lambda seed: "".join(part(seed.at(i)) for i, part in enumerate(parts))

    def _repeated(self, part: _Make) -> _Make:
        low, high = 1, 1
        if self._take("*"):
            low, high = 0, self.stretch
        elif self._take("+"):
            low, high = 1, 1 + self.stretch
        elif self._take("?"):
            low, high = 0, 1
        elif match := re.compile(r"\{(\d*)(,?)(\d*)\}").match(self.pattern, self.at):
            self.at = match.end()
            low = int(match[1] or 0)
            high = int(match[3]) if match[3] else low + self.stretch if match[2] else low
        else:
            return part
        self._take("?") or self._take("+")
        most = min(high, low + self.stretch)
        return lambda seed: "".join(part(seed.at(i)) for i in range(most))

    def _part(self) -> _Make:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return _one_of(self._set())
        if character in "^$":
            return lambda _: ""
        if character == ".":
            return _one_of(_CLASSES["w"])
        if character == "\\":
            return _one_of(self._escaped())
        return _one_of(character)

    def _group(self) -> _Make:
        is_looking = False
        if self._take("?"):
            if match := re.compile(r":|P?<[A-Za-z]\w*>|[ims]*:|[ims]+(?=\))").match(self.pattern, self.at):
                self.at = match.end()
            elif match := re.compile(r"<?[=!]").match(self.pattern, self.at):
                self.at, is_looking = match.end(), True
            else:
                raise ValueError
        inner = self.alternatives()
        if not self._take(")"):
            raise ValueError
        return (lambda _: "") if is_looking else inner

    def _escaped(self) -> str:
        """The characters that an escape stands for; none for one that stands between two."""
        character = self._next()
        if character in "pP":
            name = self._next()
            if name == "{":
                end = self.pattern.index("}", self.at)
                name, self.at = self.pattern[self.at : end], end + 1
            return _PROPERTIES.get(name.removeprefix("Is")[:1], string.ascii_lowercase)
        if character in "ux":
            length = 4 if character == "u" else 2
            code, self.at = self.pattern[self.at : self.at + length], self.at + length
            return chr(int(code, 16))
        return "" if character in "bBAzZ" else _CLASSES.get(character, character)

    def _set(self) -> str:
        """The characters of a set in brackets, printable ones first."""
        is_negated = self._take("^")
        found = list[str]()
        while (character := self._next()) != "]" or not found:
            if character == "[":
                found += self._set()
            elif character == "&" and self._take("&"):
                self._take("[")
                found = [each for each in found if each in self._set()]
                self._take("]")
                break
            else:
                found += self._escaped() if character == "\\" else character
                if self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]":
                    self.at += 1
                    last = self._next()
                    end = self._escaped() if last == "\\" else last
                    found += (chr(code) for code in range(ord(found[-1]), min(ord(end[-1]), 0x2FFF) + 1))
        if is_negated:
            return "".join(each for each in _CLASSES["w"] + _ASCII if each not in found)
        plain = [each for each in found if each.isascii() and each.isalnum()]
        return "".join(plain or [each for each in found if each.isprintable()] or found)

    def _take(self, text: str) -> bool:
        is_there = self.pattern.startswith(text, self.at)
        self.at += len(text) if is_there else 0
        return is_there

    def _next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]


def _one_of(characters: str) -> _Make:
    return lambda seed: seed.choose(characters) if characters else ""
