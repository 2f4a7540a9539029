"""The commands and options that the plugin tells its users: each mends what it is printed for."""

from __future__ import annotations

import shlex

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.files import project_settings
from awstape.opening import Advice
from awstape.pytest_plugin.markers import Node, Settings
from awstape.pytest_plugin.run_summary import relative

_WRITES_OPTION = "@pytest.mark.awstape(include_writes=True), or --awstape-include-writes,"


def quoted_id(node: Node) -> str:
    """The node's id for a command line of the folder in which pytest was started."""
    _, colons, within = node.nodeid.partition("::")
    return _quote(f"{relative(node.path, node.config)}{colons}{within}")


def _quote(text: str) -> str:
    return f"'{text}'" if "'" not in text else shlex.quote(text)


def advice_for(node: Node) -> Advice:
    """How the requests of a test are recorded, or those of the tests of a module or class."""

    def command(mode: str, *, writes: bool = False, service: str = "") -> str:
        run = f"pytest --awstape={mode}{' --awstape-include-writes' if writes else ''} {quoted_id(node)}"
        if not service:
            return run
        services = [*(project_settings.load_services(node.path) or DEFAULT_SERVICES), service]
        listed = ", ".join(f'"{each}"' for each in services)
        return f"in [tool.awstape] of pyproject.toml set services = [{listed}], and run: {run}"

    return Advice(command, _WRITES_OPTION)


def rewrite_line(settings: Settings) -> str:
    """How to remove what was not replayed: with the tests that may share a cassette, or what they need goes, too."""
    node = settings.node
    if settings.is_own:
        return f"to remove what is not replayed: pytest --awstape=rewrite {quoted_id(node)}"
    folder = _quote(relative(node.path.parent, node.config))
    return f"to remove what no test in the folder asks for: pytest --awstape=rewrite {folder}"
