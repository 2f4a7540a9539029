"""botocore's loader of service models, with its cache shared by all sessions that search the same folders.

Each test has a default session of its own, so that none is left for the next test. Without this, each would read and
parse the service models anew, which takes longer than most tests.
"""

from __future__ import annotations

import botocore.loaders

_Cache = dict[tuple[object, ...], object]
#: Folders → what a loader that searches them has loaded, by method and arguments.
_caches: dict[tuple[str, ...], _Cache] = {}


class SharedLoader(botocore.loaders.Loader):
    """A loader whose cache belongs to the folders that it searches at the time: adding a folder changes the cache."""

    @property
    def _cache(self) -> _Cache:
        return _caches.setdefault(tuple(self.search_paths), {})

    @_cache.setter
    def _cache(self, value: _Cache) -> None:
        """Ignores the new cache that the constructor sets."""
