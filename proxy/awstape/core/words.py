"""Names in free text: words of descriptions, tags and messages that other traffic, or the request, tells to be names.

1. A name is a word, or a word without the punctuation around it, or a part of one that dots, commas and the like join.
   In other letters (`ALICE`) it is a name as well, as it is to IAM, with an alias of its own.
2. Names with characters that no word has (blanks, slashes) are looked for as they are.
3. A name that holds an identifier or looks like a secret was replaced in part before; that spelling is known as well.
4. ARNs, service principals, and the service of an action (`lambda:`) are no names; in JSON, its vocabulary isn't.
5. What the project masks is looked for in the same texts, and hides the whole word that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awstape.core.alias import SHORTEST_KNOWN_NAME, Aliases, beside_aliases, is_alias, is_name_alias
from awstape.core.arn import ARN, is_principal
from awstape.core.embedded import Rewrite, edit_literals, is_json, outside_runs, rewrite_runs
from awstape.core.scan import redact_text

_CHARACTERS = "A-Za-z0-9À-ɏ_+=,.@-"
_TOKEN = re.compile(
    rf"(?P<other>{ARN.pattern.replace('?P<', '?P<arn_')}|\b[a-z][a-z0-9-]{{0,40}}:(?=[A-Z*]))|[{_CHARACTERS}]+",
    re.VERBOSE,
)
_WORD_ALONE = re.compile(rf"[{_CHARACTERS}]+")
_JOINT = re.compile(r"([,=@._+])")
_SHORTEST_PHRASE = 6
#: Parts and joints of a name within a word.
_MOST_PARTS = 11
_MASKED_WORD = re.compile(r"[\w-]+")


class Words:
    """Names to look for: real name → alias. `aliases` make those of the same names in other letters."""

    def __init__(
        self, names: Mapping[str, str], shortest: int = SHORTEST_KNOWN_NAME, aliases: Aliases | None = None
    ) -> None:
        self._aliases = aliases
        self._words: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        phrases: dict[str, str] = {}
        for name, alias in names.items():
            if len(name) < shortest:
                continue
            if _WORD_ALONE.fullmatch(name):
                self._words[name] = alias
                self._folded[name.casefold()] = min(alias, self._folded.get(name.casefold(), alias))
            elif shortest == 1 or len(name) >= _SHORTEST_PHRASE:
                phrases[name] = alias
        self._phrases = phrases
        longest_first = sorted(phrases, key=len, reverse=True)
        self._phrase = re.compile("|".join(map(re.escape, longest_first))) if phrases else None

    @classmethod
    def of(cls, aliases: Aliases) -> Words:
        """All names that were seen, also as they are spelled where identifiers in them were replaced."""
        unseen = aliases.unseen()
        spelled = {redact_text(name, unseen): alias for name, alias in aliases.names.items()}
        kept = {redact_text(name, unseen): name for name in aliases.kept}  # some look like secrets
        return cls({**kept, **spelled, **aliases.names}, aliases=aliases)

    def replace(self, text: str) -> str:
        """The text with an alias for every name in it."""
        if self._phrase:
            text = self._phrase.sub(lambda match: self._phrases[match[0]], text)
        return edit_words(text, self._word)

    def _word(self, word: str) -> str:
        if word in self._words:
            return self._words[word]
        other = self._folded.get(word.casefold()) if self._aliases else None
        if other is None or self._aliases is None:
            return word
        # The same name to IAM, but another text: it gets an alias of its own.
        return self._aliases.name(other.rpartition("-")[0], word) if is_name_alias(other) else other


def edit_words(text: str, edit: Rewrite) -> str:
    """Applies `edit` to the whole text, and if that changes nothing, to each of its words."""
    if (whole := edit(text)) != text:
        return whole
    if is_json(text):
        return edit_literals(text, lambda s: edit_words(s.text, edit) if s.is_free else s.text)
    text = rewrite_runs(text, lambda inner: edit_words(inner, edit))
    return outside_runs(text, lambda piece: _TOKEN.sub(lambda m: m[0] if m["other"] else _edit_word(m[0], edit), piece))


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
    if is_json(text):
        return edit_literals(text, lambda s: redact_masked(s.text, aliases) if s.is_free else s.text)
    text = rewrite_runs(text, lambda inner: redact_masked(inner, aliases))
    return outside_runs(text, lambda piece: _outside_arns(piece, lambda rest: _mask(rest, aliases)))


def _outside_arns(text: str, edit: Rewrite) -> str:
    out, end = [], 0
    for match in ARN.finditer(text):
        out += [beside_aliases(text[end : match.start()], edit), match[0]]
        end = match.end()
    return "".join([*out, beside_aliases(text[end:], edit)])


def _mask(text: str, aliases: Aliases) -> str:
    spans = [match.span() for pattern in aliases.rules.mask for match in pattern.finditer(text)]

    def hide(word: re.Match[str]) -> str:
        return aliases.secret("masked", word[0]) if _meets(word.span(), spans) else word[0]

    return _MASKED_WORD.sub(hide, text) if spans else text


def _meets(word: tuple[int, int], spans: list[tuple[int, int]]) -> bool:
    return any(start < word[1] and word[0] < end for start, end in spans)
