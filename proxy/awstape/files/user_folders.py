"""The user's folders for awstape: configuration (the redaction key) and data (the CA).

They are never relative: in a container without a home folder, `~` would become a folder of the project.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from awstape.errors import UserError


class NoHomeFolderError(UserError):
    """There is no home folder, and no variable that names another one."""

    def __init__(self) -> None:
        problem = "there is no home folder: HOME is not set to one, and the system has no entry for this user"
        super().__init__(problem, "set AWSTAPE_KEY and XDG_DATA_HOME")


def config_folder() -> Path:
    """The user's configuration folder for awstape, by the conventions of the platform; it may not exist.

    Raises NoHomeFolderError, and UserError for a relative XDG_CONFIG_HOME.
    """
    named = None if sys.platform in ("win32", "darwin") else os.environ.get("XDG_CONFIG_HOME")
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or os.path.expanduser("~")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = named or os.path.expanduser("~/.config")
    folder = Path(base, "awstape")
    return _check_absolute(folder, "XDG_CONFIG_HOME", named, os.environ.get("HOME"))


def data_folder(environ: Mapping[str, str]) -> Path:
    """The user's data folder for awstape, created if need be, with permissions 0700. Raises UserError."""
    named = environ.get("XDG_DATA_HOME")
    base = named or os.path.expanduser("~/.local/share")
    folder = _check_absolute(Path(base, "awstape"), "XDG_DATA_HOME", named, environ.get("HOME"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"{folder}: can't be used: {error.strerror}", "set XDG_DATA_HOME to a folder that you can write to"
        ) from None
    return folder


def _check_absolute(folder: Path, variable: str, named: str | None, home: str | None) -> Path:
    """Returns an absolute folder. Raises UserError for another one. named: the value of the variable that names it."""
    if folder.is_absolute() and (named or home != ""):  # Python takes an empty HOME for the root
        return folder
    if named:
        raise UserError(f"{variable} is not an absolute path", f"set {variable} to an absolute path, or unset it")
    raise NoHomeFolderError
