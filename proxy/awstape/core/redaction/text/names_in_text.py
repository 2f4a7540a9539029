"""Names in free text: words of descriptions, tags and messages that other traffic, or the request, tells to be names.

1. A name is a word, or a part of one that dots, commas and the like join. In other letters (`ALICE`) it is a name as
   well, as it is to IAM, with an alias of its own.
2. Names with characters that no word has (blanks, slashes), and secrets, are looked for as they are.
3. A name that holds an identifier or looks like a secret was replaced in part before; that spelling is known as well.
4. ARNs, policy variables, condition keys, regions, service principals and the service of an action (`lambda:`) are no
   names; in JSON, its vocabulary isn't, in a credential report the header.
5. A name that only an older cassette knows is told by its alias: its ending is made from the name.
6. What the project masks is looked for in the same texts, and hides the whole word that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy

from awstape.core.redaction.alias_grammar import edit_outside_aliases, is_alias, is_name_alias
from awstape.core.redaction.aliases import SHORTEST_SEARCHED_NAME, Aliases, is_searched_name
from awstape.core.redaction.text.arn import ARN, is_principal
from awstape.core.redaction.text.free_text import REPORT, redact_text
from awstape.core.text.encoded_text import Rewrite, edit_literals, is_json, outside, outside_runs, rewrite_runs

_CHARACTERS = "A-Za-z0-9À-ɏ_+=,.@-"
_TOKEN = re.compile(
    r"(?P<other>\$\{[^{}]*\}|\baws:[A-Za-z][\w/]*|\b[a-z]{2}(?:-[a-z]+){1,2}-\d\b|\b[a-z][a-z0-9-]{0,40}:(?=[A-Z*]))"
    rf"|[{_CHARACTERS}]+"
)
_WORD_ALONE = re.compile(rf"[{_CHARACTERS}]+")
_JOINT = re.compile(r"([,=@._+])")
_SHORTEST_PHRASE = 6
#: Parts and joints of a name within a word.
_MOST_PARTS = 11
_MASKED_WORD = re.compile(r"[\w-]+")


class Words:
    """Names to look for: real name → alias.

    aliases: make those of the same names in other letters. known: ending → alias of names that nobody told.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        shortest: int = SHORTEST_SEARCHED_NAME,
        aliases: Aliases | None = None,
        known: Mapping[str, str] | None = None,
    ) -> None:
        self._aliases, self._known = aliases, known
        self._words = {name: alias for name, alias in names.items() if len(name) >= shortest}
        self._folded: dict[str, str] = {}
        phrases = []
        for name, alias in self._words.items():
            if not _WORD_ALONE.fullmatch(name) and (shortest == 1 or len(name) >= _SHORTEST_PHRASE):
                phrases.append(name)
            if is_name_alias(alias):
                self._folded[name.casefold()] = min(alias, self._folded.get(name.casefold(), alias))
        phrases.sort(key=len, reverse=True)
        self._phrase = re.compile("|".join(map(re.escape, phrases)), re.IGNORECASE) if phrases else None

    @classmethod
    def of(cls, aliases: Aliases, known: Mapping[str, str] | None = None) -> Words:
        """All names that were seen, also as they are spelled where identifiers in them were replaced."""
        unseen = aliases.without_history()
        spelled = {redact_text(name, unseen): alias for name, alias in aliases.names.items()}
        kept = {redact_text(name, unseen): name for name in aliases.kept_values}
        looks_secret = {text: name for text, name in kept.items() if text.startswith("secret-") and is_alias(text)}
        secrets = {value: aliases.by_value["secret", value] for value in aliases.real_values.get("secret", ())}
        return cls({**looks_secret, **secrets, **spelled, **aliases.names}, aliases=aliases, known=known)

    def without_phrases(self) -> Words:
        """The same words alone."""
        other = copy(self)
        other._phrase = None
        return other

    def replace(self, text: str) -> str:
        """The text with an alias for every name in it."""
        return edit_leaves(text, self._leaf)

    def _leaf(self, text: str) -> str:
        if self._phrase:
            text = edit_outside_aliases(text, lambda piece: self._phrase.sub(lambda m: self._word(m[0]), piece))  # type: ignore[union-attr]
        return _edit_words(text, self._word)

    def _word(self, word: str) -> str:
        if word in self._words:
            return self._words[word]
        if self._aliases is None or is_alias(word):
            return word
        if other := self._folded.get(word.casefold()):
            # The same name to IAM, but another text: it gets an alias of its own.
            return self._aliases.name(other.rpartition("-")[0], word)
        if self._known and is_searched_name(word):
            return self._known.get(self._aliases.name_ending(word), word)
        return word


def edit_words(text: str, edit: Rewrite) -> str:
    """Applies `edit` to each word of a text that could be a name."""
    return edit_leaves(text, lambda leaf: _edit_words(leaf, edit))


def edit_leaves(text: str, edit: Rewrite) -> str:
    """Applies `edit` to the plain texts that a text consists of: literals of JSON, what encoded runs say, the rest."""
    if is_json(text):
        return edit_literals(text, lambda s: edit_leaves(s.text, edit) if s.is_free else s.text)
    if text.startswith(REPORT):
        header, end, rows = text.partition("\n")
        return header + end + edit_leaves(rows, edit)
    text = rewrite_runs(text, lambda inner: edit_leaves(inner, edit))
    return outside_runs(text, lambda piece: outside(ARN.finditer(piece), piece, edit))


def _edit_words(text: str, edit: Rewrite) -> str:
    return _TOKEN.sub(lambda match: match[0] if match["other"] else _edit_word(match[0], edit), text)


def _edit_word(word: str, edit: Rewrite) -> str:
    """A word, or what stands in it between joints: the longest that `edit` knows, from the left."""
    if is_principal(word.strip(".,-")):
        return word
    parts = _JOINT.split(word)
    out, start = [], 0
    while start < len(parts):
        for end in range(min(len(parts), start + _MOST_PARTS), start, -1):
            known = "".join(parts[start:end])
            if known and (edited := edit(known)) != known:
                out.append(edited)
                start = end
                break
            if end == start + 1:
                out.append(_edit_bare(known, edit))
                start = end
    return "".join(out)


def _edit_bare(part: str, edit: Rewrite) -> str:
    """`-alice-` is alice."""
    bare = part.strip("-")
    return part.replace(bare, edit(bare)) if bare and bare != part else part


# --- masks ------------------------------------------------------------------------------------------------------


def redact_masked(text: str, aliases: Aliases) -> str:
    """A redacted text without what the project masks: each word with a match."""
    if not aliases.rules.mask or is_alias(text):
        return text
    return edit_leaves(text, lambda leaf: edit_outside_aliases(leaf, lambda piece: _mask(piece, aliases)))


def _mask(text: str, aliases: Aliases) -> str:
    spans = [match.span() for pattern in aliases.rules.mask for match in pattern.finditer(text)]

    def hide(word: re.Match[str]) -> str:
        return aliases.secret("masked", word[0]) if _meets(word.span(), spans) else word[0]

    return _MASKED_WORD.sub(hide, text) if spans else text


def _meets(word: tuple[int, int], spans: list[tuple[int, int]]) -> bool:
    return any(start < word[1] and word[0] < end for start, end in spans)
