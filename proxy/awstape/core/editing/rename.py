"""Another name in the place of one, everywhere in a cassette: in identities, answers and documents, in any encoding.

1. The aliases of a name differ in their prefix only (`role-…`, `instance-profile-…`); what is renamed is the name, so
   all of them.
2. Whoever says a real name means its alias under the key at hand. What the project keeps stands for itself.
3. Nothing may be called like something that is there already: two would become one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.takes import normalise_takes
from awstape.core.editing.edits import EditError
from awstape.core.redaction.alias_grammar import (
    EMAIL_DOMAIN,
    is_alias,
    is_name_alias,
    name_alias_ending,
    replace_aliases,
)
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.string_walk import StringContext, edit_cassette_strings
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.text.encoded_text import everywhere

#: What a name of IAM may consist of; a dot or comma at its end is one of the sentence.
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_BEFORE, _BEHIND = r"(?<![\w+=,.@-])", r"(?![\w+=@-]|[.,]\w)"


@dataclass(frozen=True)
class Name:
    """Something that can be renamed. text: the ending of a name's aliases, another alias, or a name that is kept."""

    form: str
    text: str

    @classmethod
    def of(cls, said: str, aliases: Aliases | None) -> Name:
        """What somebody means who says that. Raises EditError for a real name without the key."""
        if not said.strip() or not said.isprintable():
            raise EditError(f"{said!r} is no name", "awstape show shows the names")
        name = said.removesuffix(EMAIL_DOMAIN)
        if is_name_alias(name):
            return cls("name", name_alias_ending(name))
        if is_alias(said):
            return cls("account id" if said.isdigit() else f"{said[:4]}… of {len(said)} characters", said)
        if aliases is None:
            raise EditError(f"{said!r} is no alias", "with the cassette's key at hand real names can be said, too")
        redacted = said if aliases.rules.keeps(said) else redact_text(said, aliases)
        if redacted == said and (aliases.rules.keeps(said) or aliases.rules.keep_names):
            if not _NAME.fullmatch(said):  # it would stand there as it is
                raise EditError(f"{said!r} is no name", "a name has letters, digits and any of +=,.@_-")
            return cls("kept name", said)
        if redacted != said:
            if not is_alias(redacted):
                raise EditError(f"{said!r} holds a name, but is none", "say the name or the id in it")
            return cls.of(redacted, None)
        return cls("name", aliases.name_ending(said))

    def replace(self, text: str, new: str) -> str:
        """A text with `new` in the place of this name."""
        if self.form == "kept name":
            return re.sub(_BEFORE + re.escape(self.text) + _BEHIND, lambda _: new, text)
        return replace_aliases(text, lambda alias: self._replaced(alias, new))

    def _replaced(self, alias: str, new: str) -> str:
        name = alias.removesuffix(EMAIL_DOMAIN)
        if self.form == "name" and is_name_alias(name) and name_alias_ending(name) == self.text:
            return name[: -len(self.text)] + new + alias[len(name) :]
        return new if alias == self.text else alias


def rename(models: Models, cassette: Cassette, old: str, new: str, aliases: Aliases | None) -> Cassette:
    """The cassette with `new` wherever `old` stood.

    aliases: under the cassette's key, if that is at hand. Raises EditError for a name that nothing has, for one that
    something has already, and for one of another form.
    """
    before, after = Name.of(old, aliases), Name.of(new, aliases)
    if before == after:
        raise EditError(f"{new!r} is what it is called", "say another name")
    if before.form != after.form:
        raise EditError(
            f"{old!r} is of the form {before.form}, {new!r} of the form {after.form}", "say two of one form"
        )
    if _replaced(models, cassette, after, "") != cassette:
        raise EditError(f"{new!r} stands there already", "two would become one: say another name")
    renamed = _replaced(models, cassette, before, after.text)
    if renamed == cassette:
        raise EditError(f"{old!r} stands nowhere", "awstape show shows the names")
    return renamed


def _replaced(models: Models, cassette: Cassette, name: Name, new: str) -> Cassette:
    def edit(text: str, _: StringContext) -> str:
        return everywhere(text, lambda plain: name.replace(plain, new))

    takes: list[Take] = []
    for track, same in cassette.tracks():
        edited = edit_cassette_strings(models, Cassette(same), edit, edit)
        operation = models.operation(track.service, track.operation)
        takes += same if edited.takes == same else normalise_takes(operation, edited.takes[0].track, edited.takes)
    return Cassette.of(takes, cassette.keys)
