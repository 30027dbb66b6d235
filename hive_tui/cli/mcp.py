"""`hive mcp`: serves what an agent may ask and do in its own env as tools."""

from __future__ import annotations

from argparse import Namespace
from importlib.util import find_spec

from hive_tui.cli.context import Context
from hive_tui.model.errors import NotAvailableError


def serve(args: Namespace, context: Context) -> int:
    """Serve the tools over standard input and output until the client hangs up.

    Raises:
        NotAvailableError: The SDK is not installed.
        NotFoundError: This is no env, and none was named.
    """
    if find_spec("mcp") is None:
        raise NotAvailableError(
            "serving tools to agents needs the SDK of the Model Context Protocol",
            hint="pip install 'hive-tui[mcp]'",
        )
    env = context.one(args.words)
    context.close()
    from hive_tui.cli.mcp_tools import Calls, tools  # what they stand on takes long to load

    tools(Calls(env, context.cwd, context.environ)).run("stdio")
    return 0
