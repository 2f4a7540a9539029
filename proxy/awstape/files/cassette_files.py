"""Finds, loads and saves cassette files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from awstape import progress
from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.recognition import is_surely_cassette, looks_like_cassette
from awstape.core.cassette.yaml.documents import CONFLICT, DocumentError
from awstape.core.cassette.yaml.reader import read_cassette_blocks
from awstape.core.text.advice import shell_path
from awstape.errors import UserError
from awstape.files import limited_reading

if TYPE_CHECKING:
    from awstape.core.cassette.yaml.source_text import CassetteText

_SUFFIXES = (".yaml", ".yml")
#: Bytes of a file from which on it is read lazily. A smaller one is read in less than a second.
LAZY_FROM = 4_000_000
#: Bytes at the beginning of a file by which a cassette is recognised.
_BEGINNING = 65536
#: Folders of installed packages, whose YAML is none of the project's. Those of virtual environments have a pyvenv.cfg.
_PACKAGES = frozenset({"bower_components", "node_modules", "site-packages"})


# --- finding ---


def find_all(paths: Iterable[Path]) -> list[Path]:
    """Finds the cassette files at some paths, each of them once."""
    return list({file.resolve(): file for path in paths for file in find(path)}.values())


def find(path: Path) -> list[Path]:
    """Finds the cassette files at a path: the file itself, or those in a folder and below, sorted. Raises UserError.

    A file that is named is taken for a cassette; in a folder, other YAML files are skipped.
    """
    if not path.is_dir():
        return [path]
    if not (files := find_in_folder(path)):
        raise no_cassettes_error(path)
    return files


def no_cassettes_error(folder: Path) -> UserError:
    """The error for a folder without cassettes."""
    return UserError(f"{folder}: no cassettes in this folder", "cassettes end in .yaml")


def find_in_folder(folder: Path) -> list[Path]:
    """Finds the cassette files in a folder and below, sorted; the list may be empty."""
    return [file for file in _yaml_files(folder) if is_cassette(file)]


def find_others_in_folder(folder: Path) -> list[Path]:
    """Finds the YAML files in a folder and below that are no cassettes, sorted."""
    return [file for file in _yaml_files(folder) if not is_cassette(file)]


class FilesOfFolder(NamedTuple):
    """What may hold real values in a folder and below, each list sorted.

    others: YAML files that are no cassettes. disguised: cassettes without the name of one: `.a.yaml`, `a.yaml.orig`.
    """

    cassettes: list[Path]
    others: list[Path]
    disguised: list[Path]


def sort_folder(folder: Path) -> FilesOfFolder:
    """Sorts the files of a folder by what they are."""
    found = FilesOfFolder([], [], [])
    for file in _files(folder):
        if _has_name_of_cassette(file):
            (found.cassettes if is_cassette(file) else found.others).append(file)
        elif _is_disguised(file):
            found.disguised.append(file)
    return found


def _yaml_files(folder: Path) -> list[Path]:
    """The YAML files in a folder and below, sorted."""
    return [file for file in _files(folder) if _has_name_of_cassette(file)]


def _files(folder: Path) -> list[Path]:
    """The files in a folder and below, sorted, but not below folders such as `.git`, and of installed packages."""
    found: list[Path] = []
    for below, folders, files in os.walk(folder):
        folders[:] = (name for name in folders if not _is_skipped(below, name))
        found += (Path(below, name) for name in files)
    return sorted(file for file in found if file.is_file())


def _is_skipped(parent: str, name: str) -> bool:
    return name.startswith(".") or name in _PACKAGES or Path(parent, name, "pyvenv.cfg").is_file()


def _has_name_of_cassette(file: Path) -> bool:
    return not file.name.startswith(".") and file.name.endswith(_SUFFIXES)


def _is_disguised(file: Path) -> bool:
    with suppress(OSError), file.open("rb") as opened:
        return is_surely_cassette(opened.read(_BEGINNING).decode("utf-8", "replace"))
    return False


def is_cassette(file: Path) -> bool:
    """Whether a file is a cassette of awstape, sound or damaged. One that can't be read may be."""
    try:
        with file.open("rb") as opened:
            return looks_like_cassette(opened.read(_BEGINNING).decode("utf-8", "replace"))
    except OSError:
        return True


# --- loading ---


def load_all(paths: Iterable[Path], models: Models, *, lazily: bool = False) -> Cassette:
    """Loads files and folders of files into one cassette. Raises UserError.

    A track that is in several files must have the same takes in all of them, and an alias must stand for one value.
    lazily: reads the pages of large files when they are asked for.
    """
    loading = load_lazily if lazily else load
    keys: set[str] = set()
    apart: frozenset[str] = frozenset()
    account: str | None = None
    owners: dict[Track, tuple[Path, tuple[Take, ...]]] = {}
    files = find_all(paths)
    with progress.begin("loading", len(files), "files") as work:
        loaded = {file: loading(file, models) for file in work.over(files)}
    check_marks(loaded, models)
    for file, cassette in loaded.items():
        keys |= cassette.keys
        apart |= cassette.apart
        account = account or cassette.account
        for track, takes in cassette.tracks():
            owner, known = owners.setdefault(track, (file, takes))
            if known != takes:
                tip = "record both into one cassette, or replay each of them alone"
                raise UserError(f"{file}: {track} is also in {owner}, with other takes", tip)
    found = [cassette.find_takes for cassette in loaded.values() if cassette.find_takes]
    joined = Cassette.of((take for _, takes in owners.values() for take in takes), keys, account, apart)
    return replace(joined, find_takes=lambda text: (take for find in found for take in find(text))) if found else joined


def check_marks(cassettes: Mapping[Path, Cassette], models: Models) -> None:
    """Raises UserError if an alias may stand for different values in two of the cassettes."""
    if len(cassettes) < 2:
        return
    from awstape.core.redaction.cassette_aliases import find_ambiguous_alias

    if found := find_ambiguous_alias(models, [*cassettes.values()]):
        files = [*cassettes]
        file, other, part = files[found[0]], files[found[1]], found[2]
        raise UserError(
            f"{file}: the alias {part} may stand for another value than in {other}, which marks one that shares it",
            f"copy the marks under `apart:` in the header of {other} to that of {file}, and record {file} again",
        )


def load(path: Path, models: Models) -> Cassette:
    """Loads a cassette file. Raises UserError with file, line and path."""
    with _counted_blocks(path) as blocks:
        return _read(path, blocks, models)


def is_large(path: Path) -> bool:
    """Whether a path is a file of at least `LAZY_FROM` bytes."""
    try:
        return path.is_file() and path.stat().st_size >= LAZY_FROM
    except OSError:
        return False


def load_lazily(path: Path, models: Models, *, counts_items: bool = False) -> Cassette:
    """As `load`; of a large file, the pages of a take are read when they are asked for.

    An error in them is raised then, and so is one if the file was changed meanwhile. counts_items: whether of the items
    of listings only the number is needed.
    """
    with suppress(OSError):
        if is_large(path):
            from awstape.core.cassette.lazy_reader import read_lazily

            def guard(read: Callable[[], Take]) -> Take:
                with _document_errors(path):
                    return read()

            text = limited_reading.UnchangedFile(path)
            with _document_errors(path):
                if cassette := read_lazily(text.read, text.size, models, guard, counts_items=counts_items):
                    return cassette
    return load(path, models)


def load_keys(path: Path) -> frozenset[str]:
    """Loads the fingerprints of keys in the header of a cassette; none if there is no such file. Raises UserError."""
    from awstape.core.cassette.yaml.documents import split_documents
    from awstape.core.cassette.yaml.parser import parse_documents
    from awstape.core.cassette.yaml.validation import key_fingerprints

    if not path.is_file():
        return frozenset()
    with _document_errors(path):
        for header in split_documents(limited_reading.read_blocks(path)):
            documents = parse_documents(header.text)
            return frozenset(key for document in documents for key in key_fingerprints(document.value))
    return frozenset()


def parse(path: Path, text: str, models: Models) -> Cassette:
    """Parses the text of a cassette file. Raises UserError with file, line and path."""
    return _read(path, [text], models)


def load_text(path: Path, models: Models) -> CassetteText:
    """Loads a cassette file with its text, to be edited. Raises UserError with file, line and path."""
    from awstape.core.cassette.yaml.source_text import CassetteText

    with _document_errors(path), _counted_blocks(path) as blocks:
        return CassetteText.read(blocks, models)


@contextmanager
def _counted_blocks(path: Path) -> Iterator[Iterator[str]]:
    """The text of a file in blocks, whose progress is shown by their characters, nearly all of which are bytes."""
    with progress.begin(f"reading {path.name}", limited_reading.size_of(path), progress.BYTES) as work:
        yield work.over(limited_reading.read_blocks(path), len)


def _read(path: Path, blocks: Iterable[str], models: Models) -> Cassette:
    with _document_errors(path):
        return read_cassette_blocks(blocks, models)


@contextmanager
def _document_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except DocumentError as error:
        raise document_error(path, error, "correct the file, or record it again") from None


def document_error(path: Path, error: DocumentError, tip: str) -> UserError:
    """The UserError for a problem in a file, without text that may be a real value. tip: used if the error has none."""
    from awstape.core.check.findings import HIDDEN, quotes_real_value

    if quotes_real_value(error):
        return UserError(f"{path}:{error.line}: {HIDDEN}", tip)
    where = f"{path}:{error.line}: {error.path + ': ' if error.path else ''}"
    joining = _joining_commands(path) if error.problem == CONFLICT else ""
    return UserError(f"{where}{error.problem}", joining or error.tip or tip)


def _joining_commands(path: Path) -> str:
    """The commands that join both sides of a conflict of git. Of a track in both, that of the other branch stays."""
    from awstape.files.git_index import git_command_for

    git, name = git_command_for(path), shell_path(f"./{path.name}")
    return (
        f"{git} show :2:{name} > ours.yaml; {git} show :3:{name} > theirs.yaml; "
        f"awstape merge ours.yaml theirs.yaml --prefer last -o joined.yaml && mv joined.yaml {shell_path(path)}"
    )


# --- saving ---


def save(path: Path, cassette: Cassette) -> None:
    """Saves a cassette atomically. Raises UserError."""
    from awstape.core.cassette.yaml.writer import write_cassette
    from awstape.files import atomic_writes

    atomic_writes.write_text(path, write_cassette(cassette))
