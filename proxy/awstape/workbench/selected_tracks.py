"""Selects tracks of a cassette, and provides redactor and aliases if the cassette's key is at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.redactor import Redactor
from awstape.core.view.selectors import SelectedTrack, SelectorError, select
from awstape.errors import UserError
from awstape.files import keys, project_settings


def select_tracks(
    paths: Sequence[Path], cassette: Cassette, selectors: Iterable[str], environ: Mapping[str, str]
) -> tuple[SelectedTrack, ...]:
    """The tracks that the selectors (`core.view.selectors`) match; without selectors all tracks. Raises UserError.

    paths: the files and folders of the cassette.
    """
    texts = tuple(selectors)
    redactor = redactor_for(paths, cassette, environ) if texts else None  # deriving a key from a phrase is slow
    try:
        return select(load_models(), cassette, texts, redactor)
    except SelectorError as error:
        raise UserError(str(error), error.tip) from None


def redactor_for(paths: Sequence[Path], cassette: Cassette, environ: Mapping[str, str]) -> Redactor | None:
    """A redactor with the cassette's key, None if that is not at hand. A cassette without a key accepts any key.

    paths: the files and folders of the cassette; none for one that is in no file.
    """
    key = _key_of(cassette, environ)
    return Redactor(key, project_settings.load_rules(*paths), cassette.apart) if key is not None else None


def aliases_for(paths: Sequence[Path], cassette: Cassette, environ: Mapping[str, str]) -> Aliases | None:
    """Aliases under the cassette's key, None if that is not at hand."""
    key = _key_of(cassette, environ)
    return Aliases(key, project_settings.load_rules(*paths), apart=cassette.apart) if key is not None else None


def _key_of(cassette: Cassette, environ: Mapping[str, str]) -> Key | None:
    key = keys.find_key(environ)
    return None if key is None or (cassette.keys and key_fingerprint(key) not in cassette.keys) else key
