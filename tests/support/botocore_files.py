"""Makes botocore's sessions cheap: its data files are listed and read once, not once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from botocore.loaders import JSONFileLoader, Loader

SetAttribute = Callable[[type, str, object], None]


def read_once(set_attribute: SetAttribute) -> None:
    """Patches botocore. set_attribute: `setattr`, or that of a `pytest.MonkeyPatch`."""
    read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
    list_services = Loader.list_available_services
    known: dict[tuple[str, ...], list[str]] = {}

    def list_once(loader: Loader, type_name: str) -> list[str]:
        place = (*loader.search_paths, type_name)
        if place not in known:
            known[place] = list_services(loader, type_name)
        return known[place]

    set_attribute(JSONFileLoader, "load_file", lambda _, path: read(path))
    set_attribute(Loader, "list_available_services", list_once)
