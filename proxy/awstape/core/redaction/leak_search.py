"""The residual search: real values that redaction left. There should be none; one, and nothing may be written.

1. Ids, secrets and tokens are searched as a part of any string, in every encoding that `embedded.variants` undoes;
   names as words of free text, as `core.redaction.text.names_in_text` finds them.
2. Last, the cassette's own text is searched for anything that looks like an account id and is no alias: this sees
   numbers, keys and whatever else has no shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from awstape.core.aws.answer import Answer
from awstape.core.aws.conform import member_names, pattern_of
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.document import write
from awstape.core.redaction.aliases import is_searched_name
from awstape.core.redaction.member_kinds import Place, edit_answer, edit_members, is_free_text
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.text.free_text import holds_account
from awstape.core.redaction.text.names_in_text import edit_words
from awstape.core.text.encoded_text import variants

#: Kinds of value that are searched for as a part of any string.
_SEARCHED_ANYWHERE = frozenset(
    {
        *("account", "canonical user id", "e-mail", "fingerprint", "jwt", "page token", "password", "pem", "secret"),
        "unique id",
    }
)
#: Kinds that are replaced for safety's sake, not because they are known to be somebody's.
_NOT_SEARCHED = frozenset({"text", "filter", "value", "subject", "object", "part", "code", "masked"})


@dataclass(frozen=True)
class Leak:
    """A real value that redaction left: where, and what kind of value, never the value.

    member: its path without indices, such as `Roles[].Description`; `identity.…` in an identity. Empty if it is no
    member's text. rule: the project rule that would hide it, or empty.
    """

    track: str
    take: int
    page: int
    member: str
    kind: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.kind} in {self.member or 'some member'} of page {self.page}, take {self.take} of {self.track}"


def leaks(models: Models, cassette: Cassette, real: Mapping[str, Iterable[str]], rules: Rules) -> Iterator[Leak]:
    """Where one of the `real` values, given by kind, is left in the cassette; or an account id that none of them is."""
    needles = _Needles(real, rules)
    for track, takes in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        name = f"{track.service} {track.operation}"
        for number, take in enumerate(takes, 1):
            found = []
            for page_number, page in enumerate(take.pages, 1):
                for text, place, prefix, is_free in _strings(operation, track.identity, page.answer):
                    if kind := needles.found(text, is_free):
                        member = prefix + pattern_of(place.path)
                        found.append(Leak(name, number, page_number, member, kind, mending_rule(place)))
            if not found and holds_account(write(Cassette((take,))), rules):
                found.append(Leak(name, number, 1, "", "account"))
            yield from found


def mending_rule(place: Place) -> str:
    """The line of `[tool.awstape]` that hides whatever a member says, or nothing if the model doesn't know it."""
    names = member_names(place.path)
    return f'mask-members = ["{".".join(names[-2:])}"]' if names and place.shape is not None else ""


class _Needles:
    """Real values to search for: ids anywhere in a string, names as whole words of free text.

    The search for ids is linear: the last characters of each value are looked up at every position of the text, and
    only where they are known the whole value is compared.
    """

    _ENDING = 6

    def __init__(self, real: Mapping[str, Iterable[str]], rules: Rules) -> None:
        self._rules = rules
        self._words: dict[str, str] = {}
        self._by_ending: dict[str, dict[str, str]] = {}
        self._lengths: set[int] = set()
        self._searched: dict[tuple[str, bool], str | None] = {}
        for kind, values in real.items():
            for value in values:
                if kind in _SEARCHED_ANYWHERE:
                    if len(value) >= self._ENDING:  # shorter ones stand in other texts by chance
                        self._by_ending.setdefault(value[-self._ENDING :], {})[value] = kind
                        self._lengths.add(len(value))
                elif kind not in _NOT_SEARCHED and is_searched_name(value):
                    self._words[value.casefold()] = kind

    def found(self, text: str, is_free: bool) -> str | None:
        """The kind of a real value that is in the text in some encoding, or None."""
        if (text, is_free) not in self._searched:
            kinds = (kind for variant in variants(text) if (kind := self._in(variant)))
            self._searched[text, is_free] = next(kinds, None) or (self._among(text) if is_free else None)
        return self._searched[text, is_free]

    def _in(self, text: str) -> str | None:
        n = self._ENDING
        ends = {(ending, i + n) for i in range(len(text) - n + 1) if (ending := text[i : i + n]) in self._by_ending}
        for ending, end in ends:
            values = self._by_ending[ending]
            found = (values[part] for length in self._lengths if (part := text[max(end - length, 0) : end]) in values)
            if kind := next(found, None):
                return kind
        return None

    def _among(self, text: str) -> str | None:
        found: list[str] = []

        def note(word: str) -> str:
            kind = self._words.get(word.casefold())
            if kind is not None and not self._rules.keeps(word):
                found.append(kind)
            return word

        edit_words(text, note)
        return found[0] if found else None


def _strings(operation: Operation, identity: dict[str, Value], answer: Answer) -> list[tuple[str, Place, str, bool]]:
    """(string, place, what stands before its path, whether it is free text) for each string and map key of a page."""
    found: list[tuple[str, Place, str, bool]] = []

    def note_identity(text: str, place: Place) -> str:
        found.append((text, place, "identity.", is_free_text(text, place)))
        return text

    def note_answer(text: str, place: Place) -> str:
        found.append((text, place, "", is_free_text(text, place)))
        return text

    edit_members(identity, operation.input, note_identity)
    edit_answer(operation, answer, note_answer)
    return found
