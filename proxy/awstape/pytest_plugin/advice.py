"""The commands and options that the plugin tells its users: each mends what it is printed for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.core.text.advice import Advice, in_python
from awstape.files import project_settings
from awstape.pytest_plugin.markers import Node, TapeSettings
from awstape.pytest_plugin.run_summary import relative


def quoted_id(node: Node) -> str:
    """The node's id for a command line of the folder in which pytest was started."""
    _, colons, within = node.nodeid.partition("::")
    return _quote(f"{relative(node.path, node.config)}{colons}{within}")


def _quote(text: str) -> str:
    return f"'{text}'" if "'" not in text else shlex.quote(text)


def advice_for(settings: TapeSettings) -> Advice:
    """How the requests of a test are recorded, or those of the tests of a module or class."""
    node = settings.node

    def command(_: str, mode: str, *, writes: bool, services: Sequence[str]) -> str:
        # With all tests that may share a cassette: what the others need would go, too.
        is_for_all = mode == "rewrite" and not settings.is_own
        tests = _quote(relative(node.path.parent, node.config)) if is_for_all else quoted_id(node)
        run = f"pytest --awstape={mode}{' --awstape-include-writes' if writes else ''} {tests}"
        there = project_settings.load_services(node.path) or DEFAULT_SERVICES
        if all(any(name == glob or glob in ("all", "*") for glob in there) for name in services):
            return run
        listed = ", ".join(f'"{each}"' for each in dict.fromkeys((*there, *services)))
        return f"in [tool.awstape] of pyproject.toml set services = [{listed}], and run: {run}"

    advice = in_python(
        command,
        writes="@pytest.mark.awstape(include_writes=True), or --awstape-include-writes,",
        services=lambda names: " ".join(f"--awstape-service={name}" for name in names),
    )
    return advice.about(relative(settings.paths[0], node.config)) if len(settings.paths) == 1 else advice


def rewrite_line(settings: TapeSettings) -> str:
    """How to remove what was not replayed."""
    what = "is not replayed" if settings.is_own else "no test in the folder asks for"
    return f"to remove what {what}: {advice_for(settings).record('rewrite')}"
