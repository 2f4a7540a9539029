"""Searches a text for values that look real, and for those that the project or a comment lets stay.

1. Redaction is the test: it changes nothing in redacted text, under any key. So a text is redacted by its place, under
   a key that is discarded. A text that changes had a real value, and redaction knows its kind.
2. A value is kept if only the rules `keep` and `keep-names` of the project make the difference: without them it would
   become an alias.
3. Names and ids of AWS's documentation, and names of general words only, are no findings and no kept values
   (`core.redaction.documentation_names`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.documentation_names import DocumentationRules
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.string_redaction import redact_string
from awstape.core.redaction.string_walk import StringContext

_DISCARDED_KEY = Key(b"thrown away")
KEEP, KEEP_NAMES = "keep", "keep-names"
_with_documentation = cache(DocumentationRules.of)


@dataclass(frozen=True, order=True)
class KeptValue:
    """A value that looks real and is no finding: what a reviewer reads before it is committed.

    kept_by: the rule of the project, `keep` or `keep-names`; empty if a comment allows the value.
    reason: the reason in the comment.
    place: as of a `FreeText`, or what else the value is in.
    line: where the text with the value begins, from 1.
    """

    kept_by: str
    reason: str
    kind: str
    value: str
    place: str
    line: int


@dataclass(frozen=True)
class Searched:
    """What a text holds.

    redacted: the text, redacted.
    kinds: the kinds of the real values in the text.
    real: (kind, value) of the real values.
    kept: (kind, value) of the values that a rule keeps.
    """

    redacted: str
    kinds: tuple[str, ...]
    real: tuple[tuple[str, str], ...]
    kept: tuple[tuple[str, str], ...]


class ValueSearch:
    """Searches texts under the rules of a project."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._strict_rules = rules.without_keep()
        self._known = _new_aliases(self._strict_rules)  # remembers what redaction changes nothing in

    def may_hold_values(self, text: str, context: StringContext) -> bool:
        """Whether the search finds a real or a kept value in a text; many texts are asked about."""
        return redact_string(text, context, self._known) != text

    def search(self, text: str, context: StringContext) -> Searched:
        """Searches one text, by itself."""
        aliases = _new_aliases(self.rules)
        redacted = redact_string(text, context, aliases)
        is_real = redacted != text
        real = tuple(aliases.by_value) if is_real else ()
        kept: tuple[tuple[str, str], ...] = ()
        if self.rules.keep_something:
            strict = _new_aliases(self._strict_rules)
            if redact_string(text, context, strict) != redacted:
                kept = tuple(each for each in strict.by_value if each not in aliases.by_value)
        return Searched(redacted, tuple(aliases.count_by_kind()) if is_real else (), real, kept)

    def kept_values(self, searched: Searched, place: str, line: int) -> Iterator[KeptValue]:
        """The values that the project keeps."""
        for kind, value in searched.kept:
            rule = KEEP if self.rules.keeps(value) else KEEP_NAMES if self.rules.keep_names else KEEP
            yield KeptValue(rule, "", kind, value, place, line)


def _new_aliases(rules: Rules) -> Aliases:
    return Aliases(_DISCARDED_KEY, _with_documentation(rules))
