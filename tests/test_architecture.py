"""The structure of the code: a pure core, wings that import only what they declare, short modules, a tidy top level."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import awstape
from support.paths import ROOT, TESTS
from support.tips import is_tip, strings_in_source, tips_in_tests

PACKAGE = Path(awstape.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = [path for path in MODULES if "core" in path.relative_to(PACKAGE).parts]
EDGES = [path for path in MODULES if path not in CORE]
FOLDERS = sorted({path.parent for path in MODULES})
LONGEST = 400  # lines of a module
MOST_MODULES = 12  # in a folder, not counting its __init__
LONGEST_STATEMENT = 10  # lines of a wing's docstring

TOP_LEVEL = {"pyproject.toml", "README.md", "Makefile", "LICENSE", "proxy", "cassettes", "tests"}
#: The modules that the core may import besides its own: values, texts and parsing, no I/O.
PURE = frozenset(
    "__future__ array base64 binascii bisect calendar collections contextlib copy csv dataclasses decimal difflib enum "
    "fnmatch functools graphlib hashlib heapq hmac html io ipaddress itertools jmespath json math operator re shlex "
    "string struct types typing unicodedata urllib uuid xml yaml zlib backports brotli compression zstandard".split()
)
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "breakpoint", "__import__"}
#: The wings that may import each heavy dependency.
OWNERS = {
    "cryptography": {"proxying", "files"},
    "botocore": {"catalog", "inprocess", "formats"},
    "mitmproxy": {"addon", "proxying", "formats"},
    "httptools": {"serving"},
    "click": {"cli", "files"},
    "yaml": set[str](),
    "pytest": {"pytest_plugin"},
    "rich": {"cli"},
}
#: Folders of tests that mirror no folder of the source.
OTHER_TESTS = {"aio", "bench", "clients", "e2e", "programs", "recordings", "support", "wire_cases"}
#: Tests of the project as a whole.
PROJECT_TESTS = {
    "architecture",
    "bench",
    "examples",
    "growth",
    "large_cassettes",
    "listings",
    "lock",
    "new_episodes",
    "packaging",
    "platforms",
    "guide",
    "guide_troubleshooting",
    "slowest",
    "start_up",
} | {"standin"}
#: Folders that are tables: each module is one format or command, and there may be many.
ONE_THING_A_MODULE = {
    "formats/imports",
    "formats/exports",
    "cli/commands",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), path)


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Returns all nodes of a module's code."""
    return tuple(ast.walk(tree(path)))


def dotted(path: Path) -> str:
    """Returns the name of a module within the package: `core.text.printable`; for an `__init__`, that of its folder."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


NAMES = {dotted(path): path for path in MODULES}


def wing(module: str) -> str:
    """Returns the wing of a module: its folder directly in the core or in the package, or a root module itself."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "core" else parts[0]


WINGS = sorted({wing(name) for name in NAMES} - {"", "core", "__main__"})
each_wing = pytest.mark.parametrize("name", WINGS)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Returns the absolute names that a module imports, at any level of the code."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# --- the core ---


def test_the_core_imports_only_pure_modules() -> None:
    for path in CORE:
        for name in imports(path):
            place = f"{dotted(path)}: {name}"
            assert name.startswith("awstape.core.") or name.partition(".")[0] in PURE, place
            assert not name.startswith("urllib.") or name.startswith("urllib.parse."), place
            assert not name.startswith("uuid.") or name != "uuid.uuid4", place


def test_the_core_calls_no_impure_function() -> None:
    for path in CORE:
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in IMPURE_CALLS, f"{dotted(path)}:{node.lineno}: {node.func.id}()"
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"uuid1", "uuid4"}, f"{dotted(path)}:{node.lineno}: {node.attr}"


def test_the_core_has_no_global_state() -> None:
    """No function of the core uses `global`."""
    assert [dotted(path) for path in CORE for node in nodes(path) if isinstance(node, ast.Global)] == []


def test_importing_the_core_imports_no_other_wing() -> None:
    code = f"import sys, {', '.join(f'awstape.{dotted(path)}' for path in CORE)}; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(output.split())
    assert not loaded & {"botocore", "click", "mitmproxy", "httptools", "pytest", "asyncio", "rich"}
    assert {name for name in loaded if name.startswith("awstape.") and not name.startswith("awstape.core")} == set()


@pytest.mark.parametrize("line", ["import os", "from pathlib import Path", "import botocore.model", "import time"])
def test_the_linter_rejects_impure_imports_in_the_core(line: str) -> None:
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


# --- the wings ---


def imported_modules(path: Path) -> Iterator[tuple[str, str]]:
    """Yields (module, name) of a module's imports from awstape, at any level. `awstape.__version__` is left out."""
    for full in imports(path):
        package, _, name = full.removeprefix("awstape").rpartition(".")
        if full.partition(".")[0] == "awstape" and full != "awstape.__version__":
            module = full.removeprefix("awstape.")
            yield (module, "") if module in NAMES else (package.removeprefix("."), name)


def test_only_the_version_is_imported_from_the_root() -> None:
    importers = {dotted(path) for path in MODULES for module, _ in imported_modules(path) if not module}
    assert importers <= {""}


def statement(name: str) -> str:
    """Returns the docstring of a wing."""
    return ast.get_docstring(tree(NAMES[name])) or ""


def stated(name: str) -> set[str]:
    """Returns the wings that a wing may import according to its docstring."""
    sentence = re.search(r"May import: ([\w., ]*?)\.$", " ".join(statement(name).split()))
    assert sentence, f"{name}: its docstring does not end with 'May import: ….'"
    return set(sentence[1].split(", ")) - {"nothing"}


def used(name: str) -> set[str]:
    """Returns the wings that a wing imports."""
    found = {wing(module) for path in MODULES if wing(dotted(path)) == name for module, _ in imported_modules(path)}
    return found - {name, ""}


@each_wing
def test_a_wing_imports_exactly_what_it_declares(name: str) -> None:
    assert used(name) == stated(name)


@each_wing
def test_a_wing_has_a_short_docstring_that_names_modules_to_read_first(name: str) -> None:
    if NAMES[name].name == "__init__.py":
        assert len(statement(name).splitlines()) <= LONGEST_STATEMENT
        reading = re.search(r"Read first: ([\w., ]+?)\.(\s|$)", " ".join(statement(name).split()))
        assert reading, f"{name}: its docstring does not name the modules to read first"
        for module in reading[1].replace(" and ", ", ").split(", "):
            assert f"{name}.{module}" in NAMES, module


def assert_acyclic(graph: Mapping[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' -> '.join(error.args[1])}")


def test_imports_between_wings_have_no_cycle() -> None:
    assert_acyclic({name: used(name) for name in WINGS})


def test_imports_between_modules_have_no_cycle() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for name, path in NAMES.items():
        if name:
            graph[name] |= {module for module, _ in imported_modules(path)} - {"", name}
    assert_acyclic(graph)


def test_no_private_name_is_imported() -> None:
    for path in MODULES:
        for module, name in imported_modules(path):
            place = f"{dotted(path)}: {module} {name}"
            assert not name.startswith("_") or wing(module) == wing(dotted(path)), place
            assert not any(part.startswith("_") for part in module.split(".")), place


def test_a_folder_has_few_modules() -> None:
    others = [folder for folder in FOLDERS if str(folder.relative_to(PACKAGE)) not in ONE_THING_A_MODULE]
    sizes = {folder: len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) for folder in others}
    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}


# --- the tests ---


def test_each_wing_has_its_tests() -> None:
    tested = {wing(".".join(path.relative_to(TESTS).parent.parts)) for path in TESTS.rglob("test_*.py")}
    folders = {name for name in WINGS if NAMES[name].name == "__init__.py"}
    assert folders <= tested


def test_the_test_tree_mirrors_the_source_tree() -> None:
    for path in sorted(TESTS.rglob("test_*.py")):
        folder, about = path.parent.relative_to(TESTS), path.stem.removeprefix("test_")
        if not folder.parts or folder.parts[0] in OTHER_TESTS:
            known = PROJECT_TESTS | {name for name in NAMES if "." not in name}
            assert folder.parts or about in known, path
            continue
        assert (PACKAGE / folder / "__init__.py").is_file(), f"{folder} is no folder of the source"
        modules = {module.stem for module in (PACKAGE / folder).glob("*.py")} | {folder.name}
        assert any(about == module or about.startswith(f"{module}_") for module in modules), path


# --- all modules ---


def test_modules_have_a_docstring() -> None:
    assert [dotted(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_no_module_is_too_long() -> None:
    lengths = {dotted(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_public_names_are_explained() -> None:
    """Public classes and functions have a docstring, or a body short enough to need none."""
    for path in MODULES:
        for node in tree(path).body:
            is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if is_definition and not node.name.startswith("_"):
                short = (node.end_lineno or 0) - node.body[0].lineno < 20
                assert ast.get_docstring(node) or short, f"{dotted(path)}:{node.lineno}: {node.name}"


def test_nothing_prints() -> None:
    """The command line writes through click, the addon through logging; all other modules return values."""
    for path in MODULES:
        calls = [node.func for node in nodes(path) if isinstance(node, ast.Call)]
        assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"], dotted(path)


#: What tells to record: commands and options of an edge.
RECORDING = re.compile(
    r"awstape (record|env)\b|pytest -|--awstape|--set |--(mode|include-writes|service|operation|upstream|upstream-ca)\b"
    r"|awstape\.(record|credentials)\(|include_writes="
)
#: The modules that are of one edge, or where each has its words.
EDGES_WORDS = {
    "core.text.advice",
    "inprocess.botocore_hook",
    "program.environment",  # an option of the command line, or a variable
    "project.diagnosis",
    "project.first_files",
}


def test_only_edges_name_the_commands_that_record() -> None:
    """All other modules take them from the `Advice` at hand: what helps on a command line does not in pytest."""
    found = {
        f"{dotted(path)}:{node.lineno}: {node.value}"
        for path in MODULES
        if wing(dotted(path)) not in ("cli", "addon", "pytest_plugin") and dotted(path) not in EDGES_WORDS
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RECORDING.search(node.value)
        if node not in {each.value for each in nodes(path) if isinstance(each, ast.Expr)}  # docstrings
    }
    assert found == set()


#: Texts that name a command, an option or a setting, and ask for nothing.
NO_TIPS = {
    # what needs a package
    "awstape addon",
    "awstape ca needs cryptography, which is not installed",
    "awstape record",
    "awstape replay --proxy",
    # what is wrong; the tip beside it is a sentence
    "--like needs an item with members",
    "--html writes whole tracks",
    "--textconv prints the whole cassette",
    "--texts lists whole cassettes",
    "--workers serves a plain endpoint only, not --proxy",
    "--{}: expected MEMBER=VALUE",
    "awstape new has no value for the member {}.{}",
    "awstape replay opens no connection",
    "awstape serves no parts of web pages, such as the icon of a page that was refused",
    "the upstream {} is neither URL nor SERVICE=URL",
    "there is nothing to export to {}",
    # parts of files and of messages
    "Paths, such as Roles[].NewMember, of members that the service model doesn't know.",
    "URL or SERVICE=URL: send the requests of all recorded services, or of one, to this URL.",
    "What else the error says, such as its Type.",
    "awstape new {}",
    "file={},line={},title=awstape check",
    "keep = {}",
    "keep-names = true",
    "npm test",
    "{} --profile {}",
    # the export of a program that is not ours
    "export only the requests to AWS",
}


def test_each_tip_is_run_by_a_test() -> None:
    """The test takes it from where it is printed: see `support.tips`."""
    texts = [path for path in MODULES if path.name != "api_words.py"]  # words, and no sentences
    strings = {string for path in texts for string in strings_in_source(path)}
    tips = {text for text, code in strings if is_tip(text, code)}
    named = {text for path in sorted(TESTS.rglob("test_*.py")) for text in tips_in_tests(path)}
    assert tips - named == NO_TIPS
    assert named <= {text for text, _ in strings}, "tests name tips that are gone"


def test_no_function_is_given_the_whole_environment() -> None:
    """A report of a failed test would show it; `environment.current()` is hidden."""
    whole = {"os.environ", "dict(os.environ)", "{**os.environ}", "os.environ.copy()"}
    for path in MODULES:
        if wing(dotted(path)) in ("cli", "addon"):
            continue
        given = {
            ast.unparse(call.func)
            for call in nodes(path)
            if isinstance(call, ast.Call)
            for value in (*call.args, *(keyword.value for keyword in call.keywords))
            if isinstance(value, ast.Attribute | ast.Call | ast.Dict) and ast.unparse(value) in whole
        }
        assert given <= {"Variables"}, dotted(path)


@pytest.mark.parametrize(("dependency", "owners"), OWNERS.items())
def test_each_dependency_is_imported_only_by_its_wings(dependency: str, owners: set[str]) -> None:
    found = {
        wing(dotted(path)) for path in EDGES if any(name.partition(".")[0] == dependency for name in imports(path))
    }
    assert found <= owners


def test_no_module_has_a_meaningless_name() -> None:
    assert not {path.stem for path in MODULES} & {"utils", "util", "helpers", "common", "misc"}


# --- the top level ---


def tracked() -> set[Path]:
    """Returns the files that git tracks, or would track: all except ignored ones."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        pytest.skip("not a git repository")
    return {Path(line) for line in done.stdout.splitlines()}


def test_the_top_level_is_tidy() -> None:
    names = {path.parts[0] for path in tracked()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_the_source_root_is_not_a_package() -> None:
    """The import name `proxy` belongs to another project."""
    assert {path.name for path in (ROOT / "proxy").iterdir()} - {"__pycache__"} == {"awstape"}


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == awstape.__version__
