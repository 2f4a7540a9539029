"""The packages that the proxy needs: missing, or of versions that do not fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.tips import Tip


@pytest.mark.parametrize("arguments", [["record", "x.yaml", "--", "true"], ["replay", "--proxy", "."], ["addon"]])
def test_packages_that_do_not_fit_are_no_bug_of_ours(arguments: list[str], tmp_path: Path) -> None:
    """As a pyOpenSSL beside a cryptography that lacks what it looks up when it is imported."""
    package = tmp_path / "packages" / "OpenSSL"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import socket\n\nsocket.GEN_EMAIL\n")
    done = subprocess.run(
        [sys.executable, "-m", "awstape", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    problem, tip = done.stderr.splitlines()
    command = "replay --proxy" if "--proxy" in arguments else arguments[0]
    assert problem.startswith(f"ERROR awstape {command} needs mitmproxy ")
    assert problem.endswith(", which does not work with the packages beside it: AttributeError in OpenSSL/__init__.py")
    named = Tip(
        "`pip check` names the packages that don't fit; install 'awstape[record]' into an environment of its own"
    )
    assert named.printed(tip), "not run: it downloads"
    assert done.returncode == 2
    assert not (tmp_path / "x.yaml").exists()
