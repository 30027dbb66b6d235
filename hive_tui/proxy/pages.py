"""The proxy's own answers: what is wrong, why, what to do. Text for programs, or HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from hive_tui.model.routes import EnvRoutes, RouteTable, host_of, url_of

MARK = "Hive-Proxy"
"""Header by which an answer of the proxy itself is told from one of a server behind it."""

RELOAD_S = 1
"""After how long a page that waits for a service looks again."""

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:46em;margin:4em auto;padding:0 1em;"
    "color:#222;background:#fff}code{font:14px ui-monospace,monospace;background:#8882;"
    "padding:.1em .4em;border-radius:.3em}td{padding:.1em 1.5em .1em 0;vertical-align:top}"
    "small{color:#777}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
    "a{color:#8bf}}"
)


class Page(NamedTuple):
    """One answer of the proxy's own."""

    status: int
    code: str
    """For programs: `no_env`, `not_ready`, `unreachable`…"""
    title: str
    said: tuple[str, ...] = ()
    """Sentences; what stands between backquotes is to be typed."""
    envs: tuple[EnvRoutes, ...] = ()
    """Ways to show."""
    again: bool = False
    """Whether it may be right in a moment: the browser then looks by itself."""


def index(table: RouteTable) -> Page:
    """Everything that there is."""
    said = () if table.envs else ("There is no env yet: `hive spawn NAME --warm` makes one.",)
    return Page(200, "index", "hive: all envs", said, table.envs)


def stranger(host: str) -> Page:
    """A name that is none of ours."""
    said = f"This proxy serves names below localhost only, and {host or 'no name'} is none."
    return Page(421, "not_localhost", "Not a name of this machine", (said,))


def no_tunnel() -> Page:
    """What proxies of another kind do."""
    said = "This proxy passes on requests for names; it opens no tunnels."
    return Page(405, "no_tunnel", "CONNECT is not served", (said,))


def unknown(message: str, candidates: Sequence[EnvRoutes], table: RouteTable) -> Page:
    """A name that leads nowhere."""
    said = (f"hive: {message}.", "`hive list` shows all envs, `hive proxy` all names.")
    return Page(404, "no_env", "No such name", said, tuple(candidates) or table.envs)


def not_ready(env: EnvRoutes, service: str, state: str, reason: str | None) -> Page:
    """A service that does not run, or not yet."""
    because = f": {reason}" if reason else ""
    said = [f"{service} of {env.id} is {state}{because}."]
    if env.state == "frozen":
        said.append(f"The env was frozen and is being thawed: `hive thaw {env.env}`.")
    elif state == "starting" or env.state in ("warming", "spawning"):
        said.append(f"It is on its way; the env is {env.state}.")
    elif env.state in ("warm", "degraded", "failed"):
        said.append(
            f"`hive restart {env.env} {service}` starts it again; `hive why {env.env} {service}` "
            f"and `hive logs {env.env} {service}` say more."
        )
    else:
        said.append(f"The env is {env.state}: `hive warm {env.env}` brings everything up.")
    return Page(503, "not_ready", f"{service} of {env.env} is {state}", tuple(said), again=True)


def unreachable(env: EnvRoutes, service: str, port: int, why: str) -> Page:
    """A service that is ready, and did not answer."""
    said = (
        f"{service} of {env.id} on port {port} {why}.",
        f"`hive logs {env.env} {service}` shows what it says, `hive ports {env.env}` who listens.",
    )
    return Page(502, "unreachable", f"No answer from {service} of {env.env}", said)


def text(page: Page, table: RouteTable) -> str:
    """The page for programs."""
    lines = [page.title, *page.said]
    for env in page.envs:
        lines.append(f"{env.id} ({env.state})")
        lines += [
            f"  {url_of(host_of(env, each.name, table.envs), table.port)}  {each.state}"
            for each in env.services
        ]
    return "".join(line + "\n" for line in lines)


def html(page: Page, table: RouteTable) -> str:
    """The page for browsers. Nothing in it can run, whatever an env is called."""
    again = f'<meta http-equiv="refresh" content="{RELOAD_S}">' if page.again else ""
    said = (*page.said, "This page looks again by itself.") if page.again else page.said
    body = "".join(f"<p>{_worded(line)}</p>" for line in said)
    rows = "".join(_row(env, table) for env in page.envs)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">{again}'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(page.title)}</h1>{body}<table>{rows}</table>"
        "<p><small>hive's reverse proxy; <code>hive proxy</code> shows all names</small></p></html>"
    )


def _row(env: EnvRoutes, table: RouteTable) -> str:
    links = "<br>".join(
        f'<a href="{escape(url_of(host_of(env, each.name, table.envs), table.port))}">'
        f"{escape(each.name)}</a> <small>{escape(each.state)}</small>"
        for each in env.services
    )
    name = f"{escape(env.id)}<br><small>{escape(env.state)}</small>"
    return f"<tr><td>{name}</td><td>{links or '<small>no service with a port</small>'}</td></tr>"


def _worded(line: str) -> str:
    """A sentence as HTML, with what is between backquotes as code."""
    pieces = escape(line).split("`")
    return "".join(f"<code>{p}</code>" if at % 2 else p for at, p in enumerate(pieces))
