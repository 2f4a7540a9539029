"""Renaming: another name in place of one, everywhere in a cassette, in identities, answers and documents.

1. A name is renamed as a whole: a longer name that has the same parts stays.
2. A real name stands for its alias under the given key. A name that the project keeps stands for itself.
3. A new name that is in the cassette already is refused: two names would become one.
4. Names are replaced in any encoding (`core.text.encoded_text`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.takes import normalise_takes
from awstape.core.editing.edits import EditError
from awstape.core.redaction.alias_grammar import EMAIL_DOMAIN, is_alias, is_name_alias, replace_aliases
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.string_walk import StringContext, edit_account, edit_cassette_strings
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.text.encoded_text import rewrite_everywhere

#: The characters of an IAM name. A dot or comma at its end belongs to the sentence.
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_BEFORE, _BEHIND = r"(?<![\w+=,.@-])", r"(?![\w+=@-]|[.,]\w)"


@dataclass(frozen=True)
class Name:
    """A name or id that can be renamed. text: its alias, or a kept name."""

    form: str
    text: str

    @classmethod
    def parse(cls, text: str, aliases: Aliases | None) -> Name:
        """The name that a user's text refers to. Raises EditError for a real name without the key."""
        if not text.strip() or not text.isprintable():
            raise EditError(f"{text!r} is not a name", "awstape show lists the names")
        if is_name_alias(text):
            return cls("name", text)
        if is_alias(text) and text.endswith(EMAIL_DOMAIN):
            return cls("e-mail address", text)
        if is_alias(text):
            return cls("account id" if text.isdigit() else f"{text[:4]}… of {len(text)} characters", text)
        if aliases is None:
            raise EditError(f"{text!r} is not an alias", "real names need the key of the cassette")
        redacted = text if aliases.rules.keeps(text) else redact_text(text, aliases)
        if redacted == text and (aliases.rules.keeps(text) or aliases.rules.keep_names):
            if not _NAME.fullmatch(text):  # it would be written as it is
                raise EditError(f"{text!r} is not a name", "a name has letters, digits and any of +=,.@_-")
            return cls("kept name", text)
        if redacted != text:
            if not is_alias(redacted):
                raise EditError(f"{text!r} contains a name but is not one", "give the name or the id in it")
            return cls.parse(redacted, None)
        return cls("name", aliases.spell_name(text))

    def replace_in(self, text: str, new: str) -> str:
        """A text with `new` in place of this name."""
        if self.form == "kept name":
            return re.sub(_BEFORE + re.escape(self.text) + _BEHIND, lambda _: new, text)
        return replace_aliases(text, lambda alias: new if alias == self.text else alias)


def rename(models: Models, cassette: Cassette, old: str, new: str, aliases: Aliases | None) -> Cassette:
    """The cassette with the name `new` in place of `old`.

    aliases: those under the cassette's key, if it is available. Raises EditError if `old` is not in the cassette, if
    `new` is in it already, or if the two have different forms.
    """
    before, after = Name.parse(old, aliases), Name.parse(new, aliases)
    if before == after:
        raise EditError(f"{new!r} is the present name", "give another name")
    if before.form != after.form:
        raise EditError(
            f"{old!r} is of the form {before.form}, {new!r} of the form {after.form}", "give two of the same form"
        )
    if _replace_name(models, cassette, after, "") != cassette:
        raise EditError(f"{new!r} is in the cassette already", "the two would become one: give another name")
    renamed = _replace_name(models, cassette, before, after.text)
    if renamed == cassette:
        raise EditError(f"{old!r} is not in the cassette", "awstape show lists the names")
    return renamed


def _replace_name(models: Models, cassette: Cassette, name: Name, new: str) -> Cassette:
    def edit(text: str, _: StringContext) -> str:
        return rewrite_everywhere(text, lambda plain: name.replace_in(plain, new))

    result: list[Take] = []
    for track, takes in cassette.tracks():
        edited = edit_cassette_strings(models, Cassette(takes), edit, edit)
        operation = models.operation(track.service, track.operation)
        result += takes if edited.takes == takes else normalise_takes(operation, edited.takes[0].track, edited.takes)
    return Cassette.of(result, cassette.keys, edit_account(cassette.account, edit), cassette.apart)
