"""The leak search before a write: finds real values that redaction left. If it finds one, nothing may be written.

1. Ids, secrets and tokens are searched for as a part of any string, in every encoding that
   `core.text.encoded_text.decoded_variants` decodes; names as words of free text (`core.redaction.text.names_in_text`).
2. Last, the cassette's YAML text is searched for anything that looks like an account id and is no alias. This covers
   numbers, keys and everything else that has no shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from awstape.core.aws.call import Answer
from awstape.core.aws.member_paths import member_names, path_pattern
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import is_searched_name
from awstape.core.redaction.member_kinds import is_free_text
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.string_walk import StringContext, edit_answer_strings, edit_member_strings
from awstape.core.redaction.text.free_text import contains_account
from awstape.core.redaction.text.names_in_text import edit_possible_names
from awstape.core.text.encoded_text import decoded_variants

#: Kinds of value that are searched for as a part of any string.
_SEARCHED_ANYWHERE = frozenset(
    {
        *("account", "canonical user id", "e-mail", "fingerprint", "jwt", "page token", "password", "pem", "secret"),
        "unique id",
    }
)
#: Kinds that are replaced as a precaution, not because they are known to identify a customer.
_NOT_SEARCHED = frozenset({"text", "filter", "value", "subject", "object", "part", "code", "masked"})


@dataclass(frozen=True)
class Leak:
    """A real value that redaction left: its kind and where it is, never the value.

    member: its path without indices, such as `Roles[].Description`; `identity.…` in an identity; empty for text that
    belongs to no member.
    rule: the project rule that would hide it, or empty.
    """

    track: str
    take: int
    page: int
    member: str
    kind: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.kind} in {self.member or 'some member'} of page {self.page}, take {self.take} of {self.track}"


def find_leaks(models: Models, cassette: Cassette, real: Mapping[str, Iterable[str]], rules: Rules) -> Iterator[Leak]:
    """The places where the cassette has one of the `real` values (kind → values), or an account id that is no alias."""
    search = _RealValueSearch(real, rules)
    for track, takes in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        name = f"{track.service} {track.operation}"
        for number, take in enumerate(takes, 1):
            found = []
            for page_number, page in enumerate(take.pages, 1):
                for text, context, prefix, is_free in _collect_strings(operation, track.identity, page.answer):
                    if kind := search.find_kind(text, is_free):
                        member = prefix + path_pattern(context.path)
                        found.append(Leak(name, number, page_number, member, kind, suggest_rule(context)))
            if not found and contains_account(write_cassette(Cassette((take,))), rules):
                found.append(Leak(name, number, 1, "", "account"))
            yield from found


def suggest_rule(context: StringContext) -> str:
    """The line of `[tool.awstape]` that masks a member, or an empty text if the model doesn't know the member."""
    names = member_names(context.path)
    return f'mask-members = ["{".".join(names[-2:])}"]' if names and context.shape is not None else ""


class _RealValueSearch:
    """Searches strings for real values: ids anywhere in a string, names as whole words of free text.

    The search for ids takes linear time: the last characters at every position of the text are looked up, and only
    where a value ends in them is the whole value compared.
    """

    _ENDING = 6

    def __init__(self, real: Mapping[str, Iterable[str]], rules: Rules) -> None:
        self._rules = rules
        self._kind_of_name: dict[str, str] = {}
        self._by_ending: dict[str, dict[str, str]] = {}
        self._lengths: set[int] = set()
        self._searched: dict[tuple[str, bool], str | None] = {}
        for kind, values in real.items():
            for value in values:
                if kind in _SEARCHED_ANYWHERE:
                    if len(value) >= self._ENDING:  # shorter ones are in other texts by chance
                        self._by_ending.setdefault(value[-self._ENDING :], {})[value] = kind
                        self._lengths.add(len(value))
                elif kind not in _NOT_SEARCHED and is_searched_name(value):
                    self._kind_of_name[value.casefold()] = kind

    def find_kind(self, text: str, is_free: bool) -> str | None:
        """The kind of a real value that is in the text in some encoding, or None."""
        if (text, is_free) not in self._searched:
            kinds = (kind for variant in decoded_variants(text) if (kind := self._find_id(variant)))
            self._searched[text, is_free] = next(kinds, None) or (self._find_name(text) if is_free else None)
        return self._searched[text, is_free]

    def _find_id(self, text: str) -> str | None:
        n = self._ENDING
        ends = {(ending, i + n) for i in range(len(text) - n + 1) if (ending := text[i : i + n]) in self._by_ending}
        for ending, end in ends:
            values = self._by_ending[ending]
            found = (values[part] for length in self._lengths if (part := text[max(end - length, 0) : end]) in values)
            if kind := next(found, None):
                return kind
        return None

    def _find_name(self, text: str) -> str | None:
        found: list[str] = []

        def note(word: str) -> str:
            kind = self._kind_of_name.get(word.casefold())
            if kind is not None and not self._rules.keeps(word):
                found.append(kind)
            return word

        edit_possible_names(text, note)
        return found[0] if found else None


def _collect_strings(
    operation: Operation, identity: dict[str, Value], answer: Answer
) -> list[tuple[str, StringContext, str, bool]]:
    """(string, context, prefix of its path, whether it is free text) for each string and map key of a page."""
    found: list[tuple[str, StringContext, str, bool]] = []

    def note_identity(text: str, context: StringContext) -> str:
        found.append((text, context, "identity.", is_free_text(text, context)))
        return text

    def note_answer(text: str, context: StringContext) -> str:
        found.append((text, context, "", is_free_text(text, context)))
        return text

    edit_member_strings(identity, operation.input, note_identity)
    edit_answer_strings(operation, answer, note_answer)
    return found
