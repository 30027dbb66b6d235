"""`hive web`: the dashboard in a browser on this machine."""

from __future__ import annotations

from argparse import Namespace
from importlib.util import find_spec

from hive_tui.cli.context import Context
from hive_tui.cli.dashboard import register
from hive_tui.model.errors import NotAvailableError, UsageError

_LAST_PORT = 65535


def serve(args: Namespace, context: Context) -> int:
    """Print the page's URL and serve it until Ctrl-C.

    Raises:
        UsageError: There is no such port.
        NotAvailableError: textual-serve is not installed.
        HiveError: The port is taken, or the project's hive.toml cannot be used.
    """
    if args.port > _LAST_PORT:
        raise UsageError(
            f"there is no port {args.port}", hint=f"from 1 to {_LAST_PORT}; left out: a free one"
        )
    if find_spec("textual_serve") is None:
        raise NotAvailableError(
            "the dashboard in a browser needs textual-serve, which is not installed",
            hint="pip install 'hive-tui[web]'",
        )
    register(context)
    context.close()
    from hive_tui.app.web import serve as serve_tabs

    def announce(url: str) -> None:
        if context.json:
            context.document({"url": url})
        else:
            context.print(url)
            context.note("whoever has this URL can use the dashboard; Ctrl-C ends it")

    serve_tabs(args.port, announce)
    return 0
