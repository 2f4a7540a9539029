"""The tracks that somebody means, in a cassette and with the key at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from awstape.catalog import catalog
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Aliases, key_fingerprint
from awstape.core.redaction.redactor import Redactor
from awstape.core.view.selectors import Chosen, SelectorError, select
from awstape.errors import UserError
from awstape.files import keys, project_settings


def chosen(cassette: Cassette, selectors: Iterable[str], environ: Mapping[str, str]) -> tuple[Chosen, ...]:
    """What the selectors (`core.view.selectors`) select, everything if there is none. Raises UserError."""
    texts = tuple(selectors)
    redactor = redactor_for(cassette, environ) if texts else None  # a key that is a phrase takes its time
    try:
        return select(catalog.models(), cassette, texts, redactor)
    except SelectorError as error:
        raise UserError(str(error), error.tip) from None


def redactor_for(cassette: Cassette, environ: Mapping[str, str]) -> Redactor | None:
    """Redacts as the cassette was, if its key is at hand; of a cassette of no key, any key is its key."""
    key = _key_of(cassette, environ)
    return Redactor(key, project_settings.rules()) if key is not None else None


def aliases_for(cassette: Cassette, environ: Mapping[str, str]) -> Aliases | None:
    """The aliases under the cassette's key, if that is at hand."""
    key = _key_of(cassette, environ)
    return Aliases(key, project_settings.rules()) if key is not None else None


def _key_of(cassette: Cassette, environ: Mapping[str, str]) -> bytes | None:
    key = keys.find_key(environ)
    return None if key is None or (cassette.keys and key_fingerprint(key) not in cassette.keys) else key
