"""Methods that tell who works inside an env what it needs to know."""

from __future__ import annotations

from typing import Any

from hive_tui.config.sharing import service_ports
from hive_tui.daemon import answers
from hive_tui.daemon.methods.params import Params, env_of
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.agents.knowledge import Knowledge
from hive_tui.engine.hive import Hive


class Telling:
    """What an env's own processes, agents above all, ask about it."""

    def __init__(self, hive: Hive, knowledge: Knowledge) -> None:
        self._hive = hive
        self._knowledge = knowledge

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {"skill": self._skill, "whoami": self._whoami}

    async def _skill(self, params: Params, emit: Emit) -> Any:
        return {"skill": self._knowledge.text(env_of(self._hive, params))}

    async def _whoami(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        project = live.project
        urls = {
            name: answers.url(live, name)
            for name, service in project.services.items()
            if service_ports(project, service)
        }
        return {
            "environment": live.detail().view,
            "base": live.record.base,
            "repo": project.root,
            "urls": urls,
        }
