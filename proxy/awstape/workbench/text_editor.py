"""A cassette in somebody's editor: a draft beside it is edited until it can be read, then it is the cassette."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from awstape.catalog import catalog
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.document import DocumentError, read
from awstape.core.check.findings import findings
from awstape.errors import UserError
from awstape.files import cassette_files, project_settings
from awstape.workbench.edit_files import Edited, put_together

#: Editors that open a file at a line when told `+LINE FILE`.
_TAKE_A_LINE = frozenset(
    {"vi", "vim", "nvim", "view", "nano", "pico", "emacs", "emacsclient", "joe", "micro", "ne", "mg"}
)
_EDITORS = ("sensible-editor", "editor", "nano", "vim", "vi")


class Draft:
    """The text of a cassette while it is edited, in a private folder. It stays there until somebody discards it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.old = cassette_files.load_text(path)
        try:
            self.file = Path(tempfile.mkdtemp(prefix="awstape-")) / path.name  # a folder that nobody else can enter
            self.file.write_text(self.old, "utf-8")
        except OSError as error:
            raise UserError(f"{path}: no draft of it can be written: {error.strerror}", "is the disk full?") from None

    def edit(self, environ: Mapping[str, str], line: int = 1) -> None:
        """Opens the draft at a line and waits until the editor ends. Raises UserError if it fails."""
        command = _editor(environ)
        at = [f"+{line}"] if line > 1 and Path(command[0]).name in _TAKE_A_LINE else []
        try:
            status = subprocess.run([*command, *at, self.file], check=False).returncode
        except OSError as error:
            raise UserError(f"{command[0]}: can't be started: {error.strerror}", "set EDITOR to your editor") from None
        if status:
            raise UserError(f"{command[0]} ended with status {status}", "set EDITOR to your editor")

    @property
    def text(self) -> str:
        """What is in the draft. Raises UserError if it is no text."""
        return cassette_files.load_text(self.file)

    def result(self, environ: Mapping[str, str]) -> Edited:
        """The cassette that the draft describes. Raises DocumentError, and UserError where a real value is in it."""
        models, text = catalog.models(), self.text
        after = read(text, models)
        try:
            before = read(self.old, models)
        except DocumentError:  # it may be what is mended
            before = Cassette()
        made = put_together(self.path, before, after, "", [text], environ)
        made = replace(made, old=self.old, gone=(), text=text if made.after == after else made.text)  # as it was typed
        rules = project_settings.rules()
        known = {(f.member, f.kind) for f in findings(self.old, models, rules)}
        for finding in findings(made.text, models, rules):
            if finding.level == "error" and (finding.member, finding.kind) not in known:
                raise DocumentError(finding.line, finding.member, f"looks real: {finding.kind}", "say it with an alias")
        return made

    def is_touched(self) -> bool:
        """Whether there is anything in the draft that would be lost with it."""
        return self.file.is_file() and self.file.read_bytes() != self.old.encode()

    @property
    def kept(self) -> str:
        """Where the text is, for who loses it otherwise."""
        return f"your text is kept in {self.file}"

    def is_current(self) -> bool:
        """Whether the cassette is still what the draft was made from."""
        return cassette_files.load_text(self.path) == self.old

    def discard(self) -> None:
        shutil.rmtree(self.file.parent, ignore_errors=True)


def _editor(environ: Mapping[str, str]) -> list[str]:
    """The words of the command that starts the editor. Raises UserError if there is none."""
    try:
        command = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or _first_editor())
    except ValueError:
        command = []
    if not command:
        raise UserError("VISUAL or EDITOR is no command", "set EDITOR to your editor")
    return command


def _first_editor() -> str:
    found = (editor for editor in _EDITORS if shutil.which(editor))
    if (editor := next(found, None)) is None:
        raise UserError("there is no editor", "set EDITOR to your editor")
    return editor
