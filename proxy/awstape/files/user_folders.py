"""The user's folders for awstape: configuration (the redaction key) and data (the CA)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from awstape.errors import UserError


def config_folder() -> Path:
    """The user's configuration folder for awstape, by the conventions of the platform; it may not exist."""
    return Path(click.get_app_dir("awstape"))


def data_folder(environ: Mapping[str, str]) -> Path:
    """The user's data folder for awstape, created if need be, with permissions 0700. Raises UserError."""
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    folder = Path(base) / "awstape"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"{folder}: can't be used: {error.strerror}", "set XDG_DATA_HOME to a folder that you can write to"
        ) from None
    return folder
