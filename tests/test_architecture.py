"""The shape of the code: the pure core, thin edges, short modules, a tidy top level."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import awstape

ROOT = Path(__file__).parent.parent
PACKAGE = Path(awstape.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = [path for path in MODULES if path.parent.name == "core"]
EDGES = [path for path in MODULES if path.parent.name != "core"]
LONGEST = 400  # lines

TOP_LEVEL = {"pyproject.toml", "README.md", "Makefile", "LICENSE", "proxy", "cassettes", "tests"}
#: What the core may import besides itself: values, texts and parsing, nothing that reaches out.
PURE = {
    *(
        "__future__",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "csv",
        "dataclasses",
        "enum",
        "fnmatch",
        "functools",
        "hashlib",
    ),
    *("hmac", "io", "itertools", "json", "math", "re", "string", "typing", "unicodedata", "urllib", "uuid", "xml"),
    *("copy", "contextlib", "difflib", "html", "jmespath", "operator", "shlex", "types", "yaml", "zlib"),
}
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "breakpoint", "__import__"}
#: Which edge may import which heavy dependency.
OWNERS = {
    "cryptography": {"ca", "journal"},
    "botocore": {"catalog", "botocore_hook", "botocore_values", "botocore_wire", "exports"},
    "mitmproxy": {"addon", "corporate", "flow_values", "imports", "interceptor", "proxy_server"},
    "httptools": {"endpoint"},
    "click": {"cli", "keys"},
    "yaml": set[str](),
    "pytest": {"pytest_plugin"},
    "rich": {"cli"},
}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
each_core_module = pytest.mark.parametrize("path", CORE, ids=lambda path: path.name)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), path)


def imports(path: Path) -> Iterator[str]:
    """The absolute names of the modules that a module imports, wherever it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# --- the core ---


@each_core_module
def test_the_core_imports_nothing_that_reaches_out(path: Path) -> None:
    for name in imports(path):
        assert name.startswith("awstape.core.") or name.partition(".")[0] in PURE, name
        assert not name.startswith("urllib.") or name.startswith("urllib.parse."), name
        assert not name.startswith("uuid.") or name != "uuid.uuid4", name


@each_core_module
def test_the_core_calls_nothing_that_reaches_out(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"{path.name}:{node.lineno}: {node.func.id}()"
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"uuid1", "uuid4"}, f"{path.name}:{node.lineno}: {node.attr}"


@each_core_module
def test_the_core_keeps_no_state_of_its_own(path: Path) -> None:
    """No `global`, and no mutable thing at module level that a function changes."""
    assert not [node for node in ast.walk(tree(path)) if isinstance(node, ast.Global)]


def test_importing_the_core_imports_no_edge() -> None:
    code = f"import sys, {', '.join(f'awstape.core.{path.stem}' for path in CORE)}; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(output.split())
    assert not loaded & {"botocore", "click", "mitmproxy", "httptools", "pytest", "asyncio", "rich"}
    assert {name for name in loaded if name.startswith("awstape.") and not name.startswith("awstape.core")} == set()


@pytest.mark.parametrize("line", ["import os", "from pathlib import Path", "import botocore.model", "import time"])
def test_the_linter_keeps_the_line_too(line: str) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    for folder, expected in (("core", 1), (".", 0)):
        done = subprocess.run(
            [ruff, "check", "--select", "TID251", "--stdin-filename", PACKAGE / folder / "invented.py", "-"],
            input=f"{line}\n",
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == expected, done.stdout + done.stderr


# --- all modules ---


@each_module
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= LONGEST
    assert ast.get_docstring(tree(path))


@each_module
def test_names_that_others_use_are_explained(path: Path) -> None:
    """Public classes and functions have a docstring, or a body so short that it is one."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            short = (node.end_lineno or 0) - node.body[0].lineno < 20
            assert ast.get_docstring(node) or short, f"{path.name}:{node.lineno}: {node.name}"


@each_module
def test_nothing_prints(path: Path) -> None:
    """The command line speaks through click, the addon through logging; the rest returns values."""
    calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def edge(path: Path) -> str:
    """The name of an edge: of a module, or of the package that it is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize(("dependency", "owners"), OWNERS.items())
def test_each_dependency_has_an_owner(dependency: str, owners: set[str]) -> None:
    found = {edge(path) for path in EDGES if any(name.partition(".")[0] == dependency for name in imports(path))}
    assert found <= owners


def test_no_module_is_a_drawer() -> None:
    assert not {path.stem for path in MODULES} & {"utils", "util", "helpers", "common", "misc"}


# --- the top level ---


def tracked() -> set[Path]:
    """The files that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        pytest.skip("not a git repository")
    return {Path(line) for line in done.stdout.splitlines()}


def test_the_top_level_is_tidy() -> None:
    names = {path.parts[0] for path in tracked()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_the_source_root_is_no_package() -> None:
    """The import name `proxy` belongs to another project."""
    assert {path.name for path in (ROOT / "proxy").iterdir()} - {"__pycache__"} == {"awstape"}


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == awstape.__version__
