"""Imports recordings of other tools: reads files into exchanges and gives them to a `Recorder`.

The recorder recognises and redacts them like any other exchange. The format of a file is detected from its content.
Each format is a module in `imports` with what `ImportFormat` names, and a name in the list there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from awstape.catalog.hosts import anonymise_host, is_aws_host
from awstape.core.aws.model import Models
from awstape.core.aws.routing import find_service, other_service_name
from awstape.core.aws.wire import Request, WireError
from awstape.core.recording.exchange import UNKNOWN_ORDER
from awstape.core.recording.recorder import Recorder
from awstape.errors import UserError, bug_location
from awstape.formats.imports import FORMATS, placebo
from awstape.formats.imports.entries import Entry, ImportedExchange, ImportOptions, Unusable
from awstape.formats.imports.file_parsing import NotReadableError, find_files, load_file


class ImportFormat(Protocol):
    """The module of a format."""

    TITLE: str  # what a file of the format is

    def recognises(self, content: Any, /) -> bool:
        """Whether a parsed file has the format."""

    def read(self, path: Path, content: Any, options: ImportOptions, /) -> Iterator[Entry]:
        """Yields the exchanges of a file, and the items that could not be used, with the reason."""


def read_entries(paths: Iterable[Path], form: str | None, options: ImportOptions) -> Iterator[Entry]:
    """Yields the entries of files and of folders of files. form: the only format to accept, None for any.

    Raises UserError for a named file that can't be read or has no known format; a file found in a folder becomes an
    Unusable entry instead. Files of placebo are sorted by their numbers, since a page needs the page before it.
    """
    found = [(file, file is path) for path in paths for file in find_files(path)]
    for file, is_named in sorted(found, key=lambda each: placebo.number_of(each[0])):
        try:
            content = load_file(file)
            yield from _find_format(content, form).read(file, content, options)
        except NotReadableError as error:
            if is_named:
                raise UserError(f"{file}: {error.problem}", error.tip) from None
            yield Unusable(str(file), error.problem)


def _find_format(content: Any, form: str | None) -> ImportFormat:
    for name in (form,) if form else FORMATS:
        if (each := _load_format(name)).recognises(content):
            return each
    expected = _load_format(form).TITLE if form else "a recording of any format that can be imported"
    raise NotReadableError(f"not {expected}", f"formats: {', '.join(FORMATS)}")


def _load_format(name: str) -> ImportFormat:
    return cast(ImportFormat, import_module(f"awstape.formats.imports.{name}"))


def record_entries(recorder: Recorder, entries: Iterable[Entry]) -> None:
    """Gives entries to the recorder, which counts the unusable ones. Raises UserError for a bug in awstape."""
    recorded = [0]  # the number of exchanges that were recorded before each entry
    for entry in entries:
        overlapping = entry.overlapping if isinstance(entry, ImportedExchange) else 0
        has_order = isinstance(entry, ImportedExchange) and entry.has_order
        recorded_before = recorded[max(0, len(recorded) - 1 - overlapping)] if has_order else UNKNOWN_ORDER
        _record_entry(recorder, entry, recorded_before)
        recorded.append(recorder.recorded_so_far)


def _record_entry(recorder: Recorder, entry: Entry, recorded_before: int) -> None:
    """As `record_entries`. recorded_before: how many exchanges were recorded when the request was sent."""
    if isinstance(entry, Unusable):
        recorder.skip(entry.reason, entry.where)
    elif reason := _foreign_reason(recorder.models, entry.request):
        recorder.skip(reason, entry.where)
    else:
        try:
            recorder.feed(entry.request, entry.response, entry.where, recorded_before)
        except Exception as error:
            raise UserError(f"{entry.where}: {bug_location(error)}", "please report this") from None


def _foreign_reason(models: Models, request: Request) -> str | None:
    """Why a request is for none of the recorded services; None if it is for one, or can't be read."""
    try:
        if find_service(models, request):
            return None
    except WireError:
        return None
    if service := other_service_name(models, request):
        return f"for {service}, which is not recorded"
    if is_aws_host(request.host):
        return f"for {anonymise_host(request.host)}, which is not recorded"
    return "for a host outside AWS, without a signature that names the service"
