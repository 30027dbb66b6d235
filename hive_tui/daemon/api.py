"""All methods of the daemon in one table, those about the daemon itself among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hive_tui import __version__
from hive_tui.daemon.methods.agents import AgentMethods
from hive_tui.daemon.methods.changing import Changing
from hive_tui.daemon.methods.finding import Finding
from hive_tui.daemon.methods.healing import HealMethods
from hive_tui.daemon.methods.keeping import Keeping
from hive_tui.daemon.methods.logs import Logs
from hive_tui.daemon.methods.looking import Looking
from hive_tui.daemon.methods.naming import Naming
from hive_tui.daemon.methods.resting import Resting
from hive_tui.daemon.methods.telling import Telling
from hive_tui.daemon.methods.terminals import TerminalMethods
from hive_tui.daemon.server import Emit, Handler
from hive_tui.drivers.log_reading import LogReader
from hive_tui.engine.agents.knowledge import Knowledge
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.healing.healer import Healer
from hive_tui.engine.hive import Hive
from hive_tui.engine.proxying import Proxying
from hive_tui.engine.terminals import Terminals
from hive_tui.engine.testing import Testing
from hive_tui.engine.thrift import Thrift
from hive_tui.model.home import Home


class Api:
    """Every method of the daemon, but for the streams."""

    def __init__(
        self,
        hive: Hive,
        testing: Testing,
        thrift: Thrift,
        agents: Agents,
        healer: Healer,
        knowledge: Knowledge,
        terminals: Terminals,
        proxying: Proxying,
        reader: LogReader,
        home: Home,
        pid: int,
        stop: Callable[[], None],
    ) -> None:
        """Create it.

        Args:
            hive: The envs.
            testing: Runs suites.
            thrift: Keeps house with the memory.
            agents: The coding agents.
            healer: Looks at their work.
            knowledge: What they read about their env.
            terminals: The windows of the envs.
            proxying: The reverse proxy.
            reader: Reads logs.
            home: Where this hive lives.
            pid: Of this daemon.
            stop: Ends the daemon once the answer is out.
        """
        self._rooms = (
            Finding(hive, home, terminals, proxying),
            Changing(hive, testing, thrift, agents),
            Looking(hive, thrift, agents, healer),
            Naming(hive, thrift, proxying),
            Keeping(hive, terminals),
            Logs(hive, reader),
            Resting(hive, thrift),
            Telling(hive, knowledge),
            AgentMethods(hive, agents),
            HealMethods(hive, healer),
            TerminalMethods(hive, thrift, terminals),
        )
        self._home = home
        self._pid = pid
        self._stop = stop

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        table: dict[str, Handler] = {
            "daemon.status": self._daemon_status,
            "daemon.stop": self._daemon_stop,
        }
        for room in self._rooms:
            table |= room.handlers()
        return table

    async def _daemon_status(self, params: dict[str, Any], emit: Emit) -> Any:
        return {
            "running": True,
            "pid": self._pid,
            "version": __version__,
            "socket": str(self._home.socket),
            "home": str(self._home.state),
        }

    async def _daemon_stop(self, params: dict[str, Any], emit: Emit) -> Any:
        self._stop()
        return {}
