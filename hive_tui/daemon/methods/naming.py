"""Methods about the ways into envs: ports, fixed ports, addresses, the reverse proxy."""

from __future__ import annotations

from typing import Any

from hive_tui.daemon import answers
from hive_tui.daemon.methods.params import Params, env_of, fresh_env_of, sorted_envs
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.hive import Hive
from hive_tui.engine.proxying import Proxying
from hive_tui.engine.thrift import Thrift
from hive_tui.model.errors import UsageError
from hive_tui.model.routes import host_of, url_of


class Naming:
    """How one gets to what an env serves."""

    def __init__(self, hive: Hive, thrift: Thrift, proxying: Proxying) -> None:
        self._hive = hive
        self._thrift = thrift
        self._proxying = proxying

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "ports": self._ports,
            "forward": self._forward,
            "url": self._url,
            "proxy": self._proxy,
        }

    async def _ports(self, params: Params, emit: Emit) -> Any:
        envs = [env_of(self._hive, params)] if params.get("env") else sorted_envs(self._hive)
        rows = answers.port_rows(self._hive, envs, self._proxying.urls(envs))
        return {"ports": rows + answers.forward_rows(self._hive, envs)}

    async def _forward(self, params: Params, emit: Emit) -> Any:
        """Show where fixed ports lead; with `env` lead its project's there, with `off` nowhere."""
        forwarding = self._hive.forwarding
        if params.get("env"):
            live = fresh_env_of(self._hive, params)
            off = bool(params.get("off"))
            views = await (forwarding.off(live.project) if off else forwarding.switch(live))
        elif params.get("off"):
            project = await self._hive.register(str(params.get("cwd") or "/"))
            views = await forwarding.off(project)
        else:
            views = forwarding.views(self._hive.projects.values())
        return {"forwards": views}

    async def _url(self, params: Params, emit: Emit) -> Any:
        """Where a service answers: by its number, and by its name where the proxy serves."""
        live = env_of(self._hive, params)
        port = answers.port_of(live, params.get("service"))
        live.activity.touch("hive url")
        await self._thrift.wake(live)  # who asks is about to open it
        named = self._proxying.urls([live]).get((live.id, port))
        return {"url": answers.url(live, params.get("service")), "named": named}

    async def _proxy(self, params: Params, emit: Emit) -> Any:
        """Show the proxy and all names; with `action` turn it `on` (at `port`) or `off`."""
        action, port = params.get("action"), params.get("port")
        if action not in (None, "on", "off"):
            raise UsageError(f"unknown action {action!r}", hint="on or off", code="bad_params")
        if port is not None and (action != "on" or not 0 < int(port) < 65536):
            raise UsageError(
                f"the port {port} cannot be taken",
                hint="`hive proxy on --port N`, with N from 1 to 65535",
                code="bad_params",
            )
        if action is not None:
            await self._proxying.switch(action == "on", port and int(port))
        table = self._proxying.table()
        return {
            "proxy": self._proxying.view(),
            "names": [
                {
                    "url": url_of(host_of(way, each.name, table.envs), table.port),
                    "project": way.project,
                    "env": way.env,
                    "service": each.service,
                    "port": each.port,
                    "state": each.state,
                }
                for way in table.envs
                for each in (*way.services, *way.ports)
            ],
        }
