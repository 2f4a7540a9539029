"""Recordings that other tools made, as exchanges for a `Recorder`, which recognises and redacts them like any other.

A format is told by what a file holds. Each has a module that says whether a parsed file is one of its own, and reads
it: file → exchanges, and what could not be used and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awstape.catalog import catalog
from awstape.core.aws.operation import service_of, signed_for
from awstape.core.aws.wire import Request, WireError
from awstape.core.recording.recorder import Recorder
from awstape.errors import UserError, place_of
from awstape.formats.imports import cassetter, flows, har, placebo, stubber, vcr
from awstape.formats.imports.entry import Entry, Known, Unusable
from awstape.formats.imports.files import NotReadableError, find, load


@dataclass(frozen=True)
class Format:
    """fits: whether a parsed file is one. read: its entries."""

    title: str
    fits: Callable[[Any], bool]
    read: Callable[[Path, Any, Known], Iterator[Entry]]


FORMATS: Mapping[str, Format] = {
    "mitmproxy": Format("flows of mitmproxy", flows.fits, flows.read),
    "har": Format("HAR", har.fits, har.read),
    "vcr": Format("a cassette of VCR.py", vcr.fits, vcr.read),
    "cassetter": Format("a cassette of cassetter", cassetter.fits, cassetter.read),
    "placebo": Format("an answer of placebo", placebo.fits, placebo.read),
    "stubber": Format("answers for botocore's Stubber", stubber.fits, stubber.read),
}


def entries(paths: Iterable[Path], form: str | None, known: Known) -> Iterator[Entry]:
    """What stands in files and folders of files. form: the only format to take, None for any.

    Raises UserError for a file that can't be read or is of no format, unless it was found in a folder. Files of
    placebo come by their numbers, as a page needs the one before.
    """
    found = [(file, file is path) for path in paths for file in find(path)]
    for file, is_named in sorted(found, key=lambda each: placebo.number_of(each[0])):
        try:
            content = load(file)
            yield from _format_of(content, form).read(file, content, known)
        except NotReadableError as error:
            if is_named:
                raise UserError(f"{file}: {error.problem}", error.tip) from None
            yield Unusable(str(file), error.problem)


def _format_of(content: Any, form: str | None) -> Format:
    for name, each in FORMATS.items():
        if form in (None, name) and each.fits(content):
            return each
    expected = FORMATS[form].title if form else "a recording of any format that can be imported"
    raise NotReadableError(f"not {expected}", f"formats: {', '.join(FORMATS)}")


def feed(recorder: Recorder, entry: Entry) -> None:
    """Gives an entry to the recorder, which counts what it can't use. Raises UserError for a bug of ours."""
    if isinstance(entry, Unusable):
        recorder.skip(entry.reason, entry.where)
    elif reason := _foreign(entry.request):
        recorder.skip(reason, entry.where)
    else:
        try:
            recorder.feed(entry.request, entry.response, entry.where)
        except Exception as error:
            raise UserError(f"{entry.where}: {place_of(error)}", "please report this") from None


def _foreign(request: Request) -> str | None:
    """Why a request is none of the recorded services', None if it is one or can't be read."""
    try:
        if service_of(catalog.models(), request):
            return None
    except WireError:
        return None
    if service := signed_for(request):
        return f"for the service {service}, which is not recorded"
    if request.host.lower().endswith(tuple(f".{suffix}" for suffix in catalog.host_suffixes())):
        return f"for {catalog.shown(request.host)}, which is not recorded"
    return "for a host that is not AWS's, with no signature that tells the service"
