"""Whether the packages of the proxy can be used. Imports mitmproxy only to try it."""

from __future__ import annotations

import traceback
from importlib.util import find_spec
from pathlib import Path

from awstape.errors import UserError

_INSTALL = "pip install 'awstape[record]'"
_OWN_ENVIRONMENT = (
    "`pip check` names the packages that don't fit; install 'awstape[record]' into an environment of its own"
)


def require_mitmproxy(what: str) -> None:
    """Raises UserError if mitmproxy is missing, or can't be imported with the packages that are beside it.

    Other packages may replace those that it needs: moto's server needs a newer cryptography than mitmproxy 11.
    what: what needs it.
    """
    if find_spec("mitmproxy") is None:
        raise UserError(f"{what} needs mitmproxy, which is not installed", _INSTALL)
    try:
        import mitmproxy.certs
        import mitmproxy.master  # noqa: F401
    except Exception as error:  # any: the packages beside it may be of any version
        from importlib.metadata import version

        where = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        found = f"{type(error).__name__} in {where.parent.name}/{where.name}"
        problem = f"{what} needs mitmproxy {version('mitmproxy')}, which does not work with the packages beside it"
        raise UserError(f"{problem}: {found}", _OWN_ENVIRONMENT) from None
