"""The aliases of given values, and the renewal of all aliases in cassette files under a new key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from awstape import progress
from awstape.catalog.service_models import load_models
from awstape.core.aws.conform import did_you_mean
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.editing.rekey import AliasRenewer
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.members.member_kinds import NAME_KINDS
from awstape.core.redaction.text.arn import is_service_principal, redact_name, redact_path, redact_provider
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.redaction.text.identifier_search import redact_accounts
from awstape.core.text.advice import shell_path
from awstape.core.text.hidden import Hidden
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files, journal, keys, project_settings, quarantine

_KINDS = sorted(
    {*NAME_KINDS.values(), "account", "path", "session", "bucket", "caller", "external-id", "oidc-provider"}
)


def aliases_of(
    values: Sequence[str], kind: str | None, cassettes: Sequence[Path], environ: Mapping[str, str]
) -> list[tuple[str, str]]:
    """(value, alias) under the key at hand, as in some cassettes: their marks and their project's rules count.

    Raises UserError for an unknown kind, a bare name without one, or cassettes of another key.
    """
    if kind is not None and kind not in _KINDS:
        hint = did_you_mean(kind, dict.fromkeys(_KINDS))
        raise UserError(f"unknown kind of name {kind!r}{hint}", f"kinds: {', '.join(_KINDS)}")
    tip = f"set {keys.VARIABLE} to the key of the cassette" if cassettes else ""
    key = _require_key(environ, tip)
    cassette = cassette_files.load_all(cassettes, load_models()) if cassettes else Cassette()
    if cassette.keys and key_fingerprint(key) not in cassette.keys:
        made = f"made with another key ({', '.join(sorted(cassette.keys))}) than yours ({key_fingerprint(key)})"
        raise UserError(f"{' '.join(map(str, cassettes))}: {made}", f"set {keys.VARIABLE} to its key")
    aliases = Aliases(key, project_settings.load_rules(*cassettes), apart=cassette.apart)
    return [(value, redact_accounts(_alias_of(value, kind, aliases), aliases)) for value in values]


def _require_key(environ: Mapping[str, str], tip: str = "") -> Key:
    """The key at hand. Raises UserError if there is none; no cassette would match a key made now."""
    if (key := keys.find_key(environ)) is None:
        raise UserError("no key found", tip or f"set {keys.VARIABLE}, or record once, which creates {keys.key_file()}")
    return key


def _alias_of(value: str, kind: str | None, aliases: Aliases) -> str:
    if value.startswith("arn:"):
        return redact_text(value, aliases)
    if kind == "path":
        return redact_path(value, aliases)
    if kind == "account":
        if not (len(value) == 12 and value.isascii() and value.isdigit()):
            raise UserError(f"{value!r} is no account id", "an account id has twelve digits")
        return aliases.account(value)
    if kind == "caller":
        return aliases.caller(Hidden(value))
    if kind == "oidc-provider":
        return redact_provider(value, aliases)
    if kind is not None:
        return redact_name(kind, value, aliases)
    redacted = redact_text(value, aliases)
    is_public = value.startswith("AWSServiceRoleFor") or is_service_principal(value)
    if redacted == value and not (is_public or is_alias(value) or aliases.rules.keeps(value)):
        raise UserError(f"{value!r}: can't tell what it names", "add --kind role (or policy, user, …), or give its ARN")
    return redacted


@dataclass(frozen=True)
class Rekeyed:
    """What was renewed. renewed: old alias → new one. files: the written ones. found: the given values that were found.

    matching: the number of aliases that match their real values under the new key.
    """

    renewed: Mapping[str, str]
    files: Sequence[Path]
    found: Set[str]
    matching: int


def rekey_files(paths: Sequence[Path], values: Sequence[str], environ: Mapping[str, str]) -> Rekeyed:
    """Renews the aliases in cassette files under the key at hand.

    values: real values that are to match under the new key; they need the old key. Raises UserError before anything is
    written if a cassette can't be read or was not made with the old key.
    """
    new, old = _require_key(environ), keys.find_old_key(environ)
    files = cassette_files.find_all(paths)
    renewal = AliasRenewer(new, project_settings.load_rules(*files))
    if values and old is None:
        raise UserError("finding real values needs the old key", f"set {keys.OLD_VARIABLE} to it")
    models = load_models()
    with atomic_writes.lock_folders_of(*files):
        with progress.begin("loading", len(files), "files") as work:
            texts = {file: cassette_files.load_text(file, models) for file in work.over(files)}
        cassettes = {file: text.cassette for file, text in texts.items()}
        if old is not None:
            renewal.learn(values, old, frozenset().union(*(each.apart for each in cassettes.values())))
        due = {file: cassette for file, cassette in cassettes.items() if key_fingerprint(new) not in cassette.keys}
        for file, cassette in due.items():
            if old is not None and cassette.keys and key_fingerprint(old) not in cassette.keys:
                raise UserError(
                    f"{file}: made with another key ({', '.join(cassette.keys)}) than {keys.OLD_VARIABLE} "
                    f"({key_fingerprint(old)})",
                    f"set {keys.OLD_VARIABLE} to its key",
                )
            if journal.journals_of(file):
                raise UserError(
                    f"{file}: a recording under its present key is running or was interrupted",
                    f"with that key: awstape recover {shell_path(file)}",
                )
            if quarantine.quarantine_of(file).exists():
                raise UserError(
                    f"{file}: takes of it are set aside under its present key", f"awstape recover {shell_path(file)}"
                )
            atomic_writes.check_writable(file)
        for file in due:
            renewal.keep_apart(texts[file].text)
        with progress.begin("renewing aliases", len(due), "files") as work:
            renewed = {file: renewal.rekey_cassette(models, due[file]) for file in work.over(due)}
        with progress.begin("writing", len(due), "files") as work:
            for file in work.over(due):
                old_tracks = {renewal.rekey_track(models, takes[0]): track for track, takes in due[file].tracks()}
                rewritten = rewrite_cassette(models, [texts[file]], renewed[file], old_tracks)
                atomic_writes.write_text(file, rewritten.text)
        return Rekeyed(renewal.renewed, list(renewed), renewal.matched, renewal.count_matching())
