"""The aliases in the cassettes at hand.

1. In a live request, only an alias of the cassette at hand counts as one: a real value may look like an alias.
2. A cassette is searched for aliases when a text first asks for one. Of a cassette whose takes are not read yet, only
   the takes that hold the text are read.
3. Two cassettes may be replayed together unless a mark of one says that an alias of the other stands for two values
   (`core.redaction.marks`).
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.alias_grammar import find_aliases, is_alias, is_code_alias, is_number_alias, keyed_parts
from awstape.core.redaction.marks import MARK_ENDING, mark_ending
from awstape.core.redaction.string_walk import StringContext, edit_cassette_strings
from awstape.core.text.encoded_text import decoded_variants


class CassetteAliases:
    """The keyed parts of the aliases in cassettes, in lower case."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Models, Cassette]] = []
        self._parts: set[str] = set()

    def add(self, models: Models, cassette: Cassette) -> None:
        self._waiting.append((models, cassette))

    def __contains__(self, part: object) -> bool:
        return part in self._parts or self._finds(str(part)) or part in self.parts()

    def _finds(self, part: str) -> bool:
        """Whether a cassette whose takes are not read has a part in the takes that hold it as a text."""
        for models, cassette in self._waiting:
            for take in cassette.find_takes(part) if cassette.find_takes else ():
                edit_cassette_strings(models, Cassette.of([take]), self._note, self._note)
                if part in self._parts:
                    return True
        return False

    def parts(self) -> Set[str]:
        while self._waiting:
            models, cassette = self._waiting.pop()
            edit_cassette_strings(models, cassette, self._note, self._note)
        return self._parts

    def _note(self, text: str, _: StringContext) -> str:
        for variant in decoded_variants(text):
            is_whole = any(is_one(variant) for is_one in (is_alias, is_code_alias, is_number_alias))
            whole = [variant] if is_whole else []
            for alias in (*whole, *find_aliases(variant)):
                self._parts.update(part.lower() for part in keyed_parts(alias))
        return text


def find_ambiguous_alias(models: Models, cassettes: Sequence[Cassette]) -> tuple[int, int, str] | None:
    """The keyed part of an alias in one cassette that may stand for another value in a second one, with their indices.

    The second one has a mark of a value that would have the same alias; the first one has it not.
    """
    owners = {mark: number for number, cassette in enumerate(cassettes) for mark in cassette.apart}
    for number, cassette in enumerate(cassettes):
        endings = {mark[-MARK_ENDING:]: owner for mark, owner in owners.items() if mark not in cassette.apart}
        if not endings:
            continue
        aliases = CassetteAliases()
        aliases.add(models, cassette)
        for part in sorted(aliases.parts()):
            owner = endings.get(mark_ending(part))
            if owner is not None and cassettes[owner].keys & cassette.keys:
                return number, owner, part
    return None
