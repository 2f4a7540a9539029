"""Opens tapes: for recording in a mode, or for replay, with the key and the settings of the cassette's project.

The modes are those of `awstape.tape`.

May import: catalog, core.aws, core.cassette, core.recording, core.redaction, core.replay, core.text, errors, files,
live_recorder, merging, recovery, tape.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Literal, get_args

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

RecordMode = Literal["all", "new_episodes", "once", "rewrite"]
RECORD_MODES: tuple[RecordMode, ...] = get_args(RecordMode)

JournalUse = Literal["own", "shared", "none"]
"""own: no other process may record into the cassette. shared: others may. none: no journal, for repeatable imports."""


def open_for_recording(
    path: Path,
    mode: RecordMode,
    environ: Mapping[str, str],
    operations: Sequence[str] = (),
    include_writes: bool = False,
    journal: JournalUse = "own",
    is_real: bool = True,
    services: Sequence[str] = (),
    is_followed: bool = False,
    beside: Sequence[Path] = (),
    advice: Advice = ON_COMMAND_LINE,
    literals: Set[str] = frozenset(),
) -> Tape:
    """A tape that records into `path`, after recovering interrupted recordings.

    operations, services: globs; without services, those of the project's settings, else the default ones. is_real:
    whether the traffic is that of AWS, not of a file that may have been redacted before. is_followed: whether another
    process may do what follows the answers. beside: cassettes that answer what they hold, and are not changed; the
    services that they hold are recorded as well. advice: as the user records.
    literals: the strings in the source of the program that is recorded, as far as they are known.
    Raises UserError for an unusable cassette or key, or if another process records into `path`.
    """
    # Not at the top: a replay, which each test may open, does without them, and without botocore.
    from awstape.catalog.response_parser import parse_response
    from awstape.core.recording.recorder import Recorder
    from awstape.core.recording.recording_filter import RecordingFilter
    from awstape.files.encrypted_lines import load_cipher
    from awstape.files.journal import Journal
    from awstape.live_recorder import LiveRecorder
    from awstape.merging import load_set_aside
    from awstape.recovery import recover_journals

    advice = advice.about(str(path))
    answering = cassette_files.load_all(beside, load_models())
    chosen = (*choose_services(services, path), *(take.track.service for take in answering.takes))
    models = load_models(tuple(dict.fromkeys(chosen)))
    _check_operation_globs(models, operations)
    if journal != "none":
        load_cipher()  # now, not at the first response of AWS
    atomic_writes.check_writable(path)
    exists = path.exists()
    rules = project_settings.load_rules(path)
    replays_only = mode == "once" and exists
    key = keys.find_key(environ)
    if replays_only and key is None:
        return open_for_replay([path], environ, advice=advice)
    if not replays_only and mode != "rewrite":
        _check_key(path, key, advice)
    if key is None:
        key = keys.find_or_create_key(environ)
    recovered = recover_journals(path, key, rules, failed=False)
    load_set_aside(path, key)  # one that can't be read could not take what this recording sets aside
    old = cassette_files.load(path, load_models()) if path.exists() and mode != "rewrite" else Cassette()
    caller = _caller_in(environ, old)
    match_rules = project_settings.load_match_rules(path, *beside)
    replaying = partial(Player, has_key=True, match_rules=match_rules, advice=advice)
    if replays_only:
        only = replaying(_models_of(old), old, Redactor(key, rules))
        return Tape(path, old, None, only, caller=caller, advice=advice)
    player = None
    if mode == "new_episodes":
        answering = (
            cassette_files.load_all([*beside, *([path] if path.exists() else [])], load_models()) if beside else old
        )
    if mode == "new_episodes" or beside:
        player = replaying(models, answering, Redactor(key, rules))
    globs = tuple(operations) or ("*",)

    def make_recorder() -> Recorder:
        known = old if is_real else None
        return Recorder(models, Redactor(key, rules), parse_response, globs, include_writes, known, literals)

    create_journal = partial(Journal.create, path, key, models.names, shared=journal == "shared")
    recorder = LiveRecorder(
        path,
        key,
        RecordingFilter(models, globs, include_writes, advice.writes),
        make_recorder,
        None if journal == "none" else create_journal,
        keep_old=mode != "rewrite",
        is_followed=is_followed,
    )
    if journal == "own":
        recorder.open_journal()
    return Tape(path, old, recorder, player, recovered, caller=caller, advice=advice)


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
