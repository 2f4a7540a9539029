"""Opens tapes: for recording in a mode, or for replay, with the key and the settings of the cassette's project.

The modes are those of `awstape.tape`.

May import: catalog, core.aws, core.cassette, core.recording, core.redaction, core.replay, core.text, errors, files,
live_recorder, merging, recovery, tape.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from awstape.catalog.botocore_data import DEFAULT_SERVICES, available_services, select_services
from awstape.catalog.service_models import load_models
from awstape.core.aws.access_keys import account_of_access_key, principal_of_access_key
from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault, FaultError
from awstape.core.redaction.aliases import Key, key_fingerprint
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import PagingError, PagingMode
from awstape.core.replay.player import Player
from awstape.core.text.advice import ON_COMMAND_LINE, Advice
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files, keys, project_settings
from awstape.files.ci import is_ci
from awstape.tape import Tape

if TYPE_CHECKING:  # a replay, which each test may open, does without them
    from awstape.core.recording.recorder import Recorder
    from awstape.core.recording.summary import RecordingSummary
    from awstape.core.redaction.project_rules import Rules

RecordMode = Literal["all", "new_episodes", "once", "rewrite"]
RECORD_MODES: tuple[RecordMode, ...] = get_args(RecordMode)


@dataclass(frozen=True)
class RecordOptions:
    """What is recorded, and how.

    operations: globs; without any, all operations are recorded.
    services: globs; without any, those of `choose_services`.
    include_writes: whether writes are recorded.
    beside: cassettes that answer what they hold, and are not changed. The services that they hold are recorded as well.
    literals: the strings in the source of the program that is recorded, as far as they are known.
    is_shared: whether other processes may record into the cassette at the same time.
    is_followed: whether another process may read the journal while it grows (`follower`).
    """

    operations: Sequence[str] = ()
    services: Sequence[str] = ()
    include_writes: bool = False
    beside: Sequence[Path] = ()
    literals: Set[str] = frozenset()
    is_shared: bool = False
    is_followed: bool = False

    @property
    def operation_globs(self) -> Sequence[str]:
        return self.operations or ("*",)


_DEFAULTS = RecordOptions()


def open_for_recording(
    path: Path,
    mode: RecordMode,
    environ: Mapping[str, str],
    options: RecordOptions = _DEFAULTS,
    advice: Advice = ON_COMMAND_LINE,
) -> Tape:
    """A tape that records into `path`, after recovering interrupted recordings. advice: as the user records.

    Raises UserError for an unusable cassette or key, or if another process records into `path`.
    """
    # Not at the top: a replay, which each test may open, does without them, and without botocore.
    from awstape.catalog.response_parser import parse_response
    from awstape.core.recording.recorder import Recorder
    from awstape.core.recording.recording_filter import RecordingFilter
    from awstape.files.encrypted_lines import load_cipher
    from awstape.files.journal import Journal
    from awstape.live_recorder import LiveRecorder

    advice = advice.about(str(path))
    beside = cassette_files.load_all(options.beside, load_models())
    models = _choose_models(path, options, beside)
    load_cipher()  # now, not at the first response of AWS
    atomic_writes.check_writable(path)
    rules = project_settings.load_rules(path)
    match_rules = project_settings.load_match_rules(path, *options.beside)
    playing = partial(Player, has_key=True, match_rules=match_rules, advice=advice)
    if mode == "once" and path.exists():  # before an interrupted recording is recovered into it
        return _open_recorded(path, environ, rules, playing, advice)
    key, recovered, old = _make_ready(path, environ, rules, advice, keep_old=mode != "rewrite")
    answering = _find_answers(path, mode, options, beside, old)
    player = None if answering is None else playing(models, answering, Redactor(key, rules))
    recorder = LiveRecorder(
        path,
        key,
        RecordingFilter(models, options.operation_globs, options.include_writes, advice.writes),
        lambda: Recorder(models, Redactor(key, rules), parse_response, old=old, literals=options.literals),
        partial(Journal.create, path, key, models.names, shared=options.is_shared),
        keep_old=mode != "rewrite",
        is_followed=options.is_followed,
    )
    if not options.is_shared:
        recorder.open_journal()
    return Tape(path, old, recorder, player, recovered, caller=_caller_in(environ, old), advice=advice)


def _open_recorded(
    path: Path, environ: Mapping[str, str], rules: Rules, playing: Callable[..., Player], advice: Advice
) -> Tape:
    """A tape that replays a cassette that was recorded once."""
    if (key := keys.find_key(environ)) is None:
        return open_for_replay([path], environ, advice=advice)
    _recover(path, key, rules)
    cassette = cassette_files.load(path, load_models())
    player = playing(_models_of(cassette), cassette, Redactor(key, rules))
    return Tape(path, cassette, None, player, caller=_caller_in(environ, cassette), advice=advice)


class _Ready(NamedTuple):
    """A cassette that can be recorded into. recovered: lines for the user. old: what stays of it, as it is now."""

    key: Key
    recovered: tuple[str, ...]
    old: Cassette


def _make_ready(
    path: Path, environ: Mapping[str, str], rules: Rules, advice: Advice, *, keep_old: bool = True
) -> _Ready:
    """Finds or makes the key, and recovers what was interrupted. Raises UserError."""
    if keep_old:
        _check_key(path, keys.find_key(environ), advice)
    key = keys.find_or_create_key(environ)
    recovered = _recover(path, key, rules)
    old = cassette_files.load(path, load_models()) if keep_old and path.exists() else Cassette()
    return _Ready(key, recovered, old)


def _recover(path: Path, key: Key, rules: Rules) -> tuple[str, ...]:
    """Recovers interrupted recordings; returns lines for the user. Raises UserError."""
    from awstape.merging import load_set_aside
    from awstape.recovery import recover_journals

    recovered = recover_journals(path, key, rules, failed=False)
    load_set_aside(path, key)  # one that can't be read could not take what this recording sets aside
    return recovered


def _find_answers(
    path: Path, mode: RecordMode, options: RecordOptions, beside: Cassette, old: Cassette
) -> Cassette | None:
    """What answers requests while others are recorded; None if nothing does."""
    if mode == "new_episodes" and path.exists():
        return cassette_files.load_all([*options.beside, path], load_models()) if options.beside else old
    return beside if mode == "new_episodes" or options.beside else None


@dataclass(frozen=True)
class Import:
    """An import into a cassette: give exchanges to the recorder, then close. It has no journal: it can be repeated."""

    path: Path
    key: Key
    recorder: Recorder

    def close(self) -> RecordingSummary:
        """Writes what was imported into the cassette. Raises UserError."""
        from awstape.merging import merge_recording, rare_garbage_collection

        with rare_garbage_collection():
            return merge_recording(self.path, self.recorder, self.key)


def open_for_import(path: Path, environ: Mapping[str, str], options: RecordOptions = _DEFAULTS) -> Import:
    """An import of exchanges, which may have been redacted before, into `path`. Raises UserError as for a recording."""
    from awstape.catalog.response_parser import parse_response
    from awstape.core.recording.recorder import Recorder

    models = _choose_models(path, options)
    atomic_writes.check_writable(path)
    rules = project_settings.load_rules(path)
    key, *_ = _make_ready(path, environ, rules, ON_COMMAND_LINE.about(str(path)))
    which = options.operation_globs, options.include_writes
    return Import(path, key, Recorder(models, Redactor(key, rules), parse_response, *which))


def _choose_models(path: Path, options: RecordOptions, beside: Cassette | None = None) -> Models:
    """The models, with the services that are to be recorded as those that are recognised. Raises UserError."""
    held = [take.track.service for take in beside.takes] if beside else []
    models = load_models(tuple(dict.fromkeys([*choose_services(options.services, path), *held])))
    _check_operation_globs(models, options.operations)
    return models


def choose_services(globs: Sequence[str], path: Path) -> tuple[str, ...]:
    """The services that globs select, `all` being every one.

    Without globs, those of the settings of a cassette's project, else the default ones, and those that the cassette
    holds. Raises UserError for a glob that matches none.
    """
    for glob in globs:
        if not select_services([glob]):
            hint = did_you_mean(glob, available_services()).lstrip("; ")
            raise UserError(f"no service matches {glob!r}", hint or "services are spelled as in boto3")
    if globs:
        return select_services(globs)
    chosen = select_services(project_settings.load_services(path) or DEFAULT_SERVICES)
    return (*chosen, *(name for name in _recorded_services(path) if name not in chosen))


def _recorded_services(path: Path) -> list[str]:
    """The services that a cassette holds; none if there is no such file. One that can't be read is reported later."""
    if not path.is_file():
        return []
    with suppress(UserError):
        return sorted({take.track.service for take in cassette_files.load_lazily(path, load_models()).takes})
    return []


def _models_of(cassette: Cassette) -> Models:
    """The models for replay: recognised are the services of a cassette; those of an empty one are the default ones."""
    return load_models(tuple(dict.fromkeys(take.track.service for take in cassette.takes)) or DEFAULT_SERVICES)


def _check_operation_globs(models: Models, globs: Sequence[str]) -> None:
    known = {name: None for service in models.recognised for name in service.operations} if globs else {}
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            hint = did_you_mean(glob.title().replace("-", ""), known).lstrip("; ")
            raise UserError(f"no operation matches {glob!r}", hint or "operations are spelled as in ListPolicyVersions")


def _check_key(path: Path, key: Key | None, advice: Advice) -> None:
    """Raises UserError for a cassette that was made with another key: it must not hold aliases of two keys."""
    made_with = cassette_files.load_keys(path)
    if not made_with or (key is not None and key_fingerprint(key) in made_with):
        return
    theirs = f"(fingerprint {', '.join(sorted(made_with))})"
    problem = f"made with a key {theirs} that is not here"
    if key is not None:
        problem = f"made with another key {theirs} than the present one ({key_fingerprint(key)})"
    raise UserError(f"{path}: {problem}", f"set {keys.VARIABLE} to your team's key; {advice.record_with_own_key()}")


def open_for_replay(
    paths: Sequence[Path],
    environ: Mapping[str, str],
    paging: str = "recorded",
    faults: Sequence[str] = (),
    advice: Advice = ON_COMMAND_LINE,
) -> Tape:
    """A tape that replays files and folders of files. Raises UserError.

    Of large files, pages are read when they are requested; in CI, all of them are at once.
    advice: as the user records.
    """
    cassette = cassette_files.load_all(paths, load_models(), lazily=not is_ci(environ.get("CI")))
    models = _models_of(cassette)
    parsed_paging, parsed_faults = parse_replay_options(models, paging, faults)
    key, files = keys.find_key(environ), cassette_files.find_all(paths)
    advice = advice.about(str(files[0])) if len(files) == 1 else advice
    rules, match_rules = project_settings.load_rules(*files), project_settings.load_match_rules(*files)
    redactor = Redactor(key if key is not None else Key(os.urandom(32)), rules)
    replaying = partial(Player, has_key=key is not None, match_rules=match_rules, advice=advice)
    player = replaying(models, cassette, redactor, paging=parsed_paging, faults=parsed_faults)
    return Tape(None, cassette, None, player, caller=_caller_in(environ, cassette), advice=advice)


def _caller_in(environ: Mapping[str, str], cassette: Cassette) -> str | None:
    """The caller of a cassette whose access key id is in the environment, None if it is of none of them.

    The access key id in the environment may be a real one: no local variable holds it or its account.
    """
    known = [caller for caller in reversed(cassette.callers) if caller is not None]
    return next((caller for caller in known if caller in _callers_of(environ)), None)


def _callers_of(environ: Mapping[str, str]) -> set[str | None]:
    """What the access key id in the environment may stand for: an account, a principal of it, or itself."""
    key = environ.get("AWS_ACCESS_KEY_ID", "")
    account, principal = account_of_access_key(key), principal_of_access_key(key)
    return {key, account, f"{account}/{principal}"}


def parse_replay_options(models: Models, paging: str, faults: Sequence[str]) -> tuple[PagingMode, list[Fault]]:
    """Parses how to replay the services that `models` recognises. Raises UserError."""
    return _parse_paging(paging), [_parse_fault(models, text) for text in faults]


def _parse_paging(text: str) -> PagingMode:
    try:
        return PagingMode.parse(text)
    except PagingError as error:
        raise UserError(str(error), "for example client, 2 or torture:1") from None


def _parse_fault(models: Models, text: str) -> Fault:
    try:
        fault = Fault.parse(text)
    except FaultError as error:
        raise UserError(str(error), error.tip) from None
    if fault.operation is not None:
        try:
            _check_operation_globs(models, [fault.operation])
        except UserError as error:
            raise UserError(f"the fault {text!r}: {error.problem}", error.tip) from None
    return fault
