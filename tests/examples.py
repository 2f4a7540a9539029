"""Records the cassettes that ship with awstape: a boto3 program calls the stand-in for AWS through the real proxy.

    python tests/examples.py [FOLDER]

The key is public, so a repeated recording gives the same bytes; the data are those of the stand-in.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from awstape.core.cassette.yaml.validation import SCHEMA_FILE
from support.standin import StandIn

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "cassettes"
PROGRAMS = Path(__file__).parent / "programs"
KEY = "the-key-of-the-examples-is-public"
#: The same key as a random one is written. From a phrase, each process would derive it anew, for a tenth of a second.
DERIVED_KEY = "55c2c857a6d10d929a4c3011b782f48c284163605fdc81dcff83a84e516aee23"
NAMES = ("empty-pages", "findings", "policy-generations", "policy-versions", "roles")


def environment(**changes: str) -> dict[str, str]:
    """Returns this process's environment with the public key and without `AWS_…` variables, except CA bundles."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") or name.endswith("BUNDLE")}
    return {**kept, "AWSTAPE_KEY": DERIVED_KEY, **changes}


def upstreams(url: str) -> str:
    """Returns the value of `AWSTAPE_UPSTREAM` for a stand-in that serves all recorded services."""
    return url


def record(
    name: str,
    folder: Path,
    url: str,
    environ: Mapping[str, str] | None = None,
    process: type[subprocess.Popen[str]] = subprocess.Popen,
) -> str:
    """Records one example from the stand-in at `url`; returns awstape's stderr. process: the class that starts it."""
    command = [sys.executable, "-m", "awstape", "record", str(folder / f"{name}.yaml"), "--mode", "rewrite"]
    program = [sys.executable, str(PROGRAMS / "examples.py"), name]
    recording = process(
        [*command, "--", *program],
        cwd=Path.cwd(),
        env=environment(AWSTAPE_UPSTREAM=upstreams(url), **(environ or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with recording:
        try:
            out, err = recording.communicate(timeout=60)
        finally:
            recording.kill()
    if recording.returncode:
        raise RuntimeError(out + err)
    return err


def main(folder: Path) -> None:
    """Records all examples, and writes the schema that they refer to into the same folder."""
    with StandIn() as aws:
        for name in NAMES:
            print(record(name, folder, aws.url), end="")
    subprocess.run([sys.executable, "-m", "awstape", "schema", "-o", str(folder / SCHEMA_FILE)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
