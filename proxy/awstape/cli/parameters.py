"""Arguments and options that several commands take, and how they say what they found."""

from __future__ import annotations

from pathlib import Path

import click

cassettes = click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
cassette = click.argument("cassette", type=click.Path(exists=True, dir_okay=False, path_type=Path))
as_json = click.option("--json", "as_json", is_flag=True, help="Say it in JSON, for scripts.")
