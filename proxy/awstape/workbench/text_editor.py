"""Edits a cassette in the user's text editor: a draft is edited until it can be read, then it becomes the cassette."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.check.findings import check_text
from awstape.errors import UserError
from awstape.files import limited_reading, project_settings
from awstape.workbench.edit_files import PlannedEdit, plan_write

#: Editors that accept `+LINE FILE` and open the file at that line.
_LINE_EDITORS = frozenset(
    {"vi", "vim", "nvim", "view", "nano", "pico", "emacs", "emacsclient", "joe", "micro", "ne", "mg"}
)
_EDITORS = ("sensible-editor", "editor", "nano", "vim", "vi")


class EditorSession:
    """A draft of a cassette in a private folder; it stays there until it is discarded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.old_text = limited_reading.read_text(path)
        try:
            self.draft = Path(tempfile.mkdtemp(prefix="awstape-")) / path.name  # mode 0700
            self.draft.write_text(self.old_text, "utf-8", newline="\n")
        except OSError as error:
            raise UserError(f"{path}: can't write a draft of it: {error.strerror}", "is the disk full?") from None

    def open_editor(self, environ: Mapping[str, str], line: int = 1) -> None:
        """Opens the draft at a line and waits until the editor ends. Raises UserError if it fails."""
        command = _editor_command(environ)
        at = [f"+{line}"] if line > 1 and Path(command[0]).name in _LINE_EDITORS else []
        try:
            status = subprocess.run([*command, *at, self.draft], check=False).returncode
        except OSError as error:
            raise UserError(f"{command[0]}: can't be started: {error.strerror}", "set EDITOR to your editor") from None
        if status:
            raise UserError(f"{command[0]} ended with status {status}", "set EDITOR to your editor")

    @property
    def text(self) -> str:
        """The text of the draft. Raises UserError if it is not text."""
        return limited_reading.read_text(self.draft)

    def plan(self, environ: Mapping[str, str]) -> PlannedEdit:
        """Plans the write of the draft.

        Raises DocumentError for an invalid draft and for real values in it, UserError if the values can't be redacted.
        """
        models = load_models()
        text = CassetteText.read([self.text], models)
        try:
            old = CassetteText.read([self.old_text], models)
        except DocumentError:  # the edit may repair it
            old = None
        before = old.cassette if old else Cassette()
        plan = plan_write(self.path, None, text.cassette, [text], environ, before.takes, in_place=True)
        new = text if plan.after == text.cassette else plan.new  # keep the text as typed
        plan = replace(plan, before=before, old=old, removed_comments=(), new=new)
        rules = project_settings.load_rules(self.path)
        known = {(f.member, f.kind) for f in check_text(self.old_text, models, rules)}
        for finding in check_text(plan.new.text, models, rules):
            if finding.level == "error" and (finding.member, finding.kind) not in known:
                problem, tip = finding.problem or f"looks real: {finding.kind}", finding.tip or "use an alias instead"
                raise DocumentError(finding.line, finding.member, problem, tip)
        return plan

    def has_changes(self) -> bool:
        """Whether discarding the draft would lose changes."""
        if not self.draft.is_file():
            return False
        return self.draft.read_bytes().replace(b"\r\n", b"\n") != self.old_text.encode()

    @property
    def kept_message(self) -> str:
        """Names the file of the draft, for a user whose edit was not written."""
        return f"your text is kept in {self.draft}"

    def is_cassette_unchanged(self) -> bool:
        """Whether the cassette still has the text that the draft was made from."""
        return limited_reading.read_text(self.path) == self.old_text

    def discard(self) -> None:
        shutil.rmtree(self.draft.parent, ignore_errors=True)


def _editor_command(environ: Mapping[str, str]) -> list[str]:
    """The words of the command that starts the editor. Raises UserError if none is found."""
    try:
        command = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or _find_editor())
    except ValueError:
        command = []
    if not command:
        raise UserError("VISUAL or EDITOR is not a command", "set EDITOR to your editor")
    return command


def _find_editor() -> str:
    found = (editor for editor in _EDITORS if shutil.which(editor))
    if (editor := next(found, None)) is None:
        raise UserError("no editor found", "set EDITOR to your editor")
    return editor
