"""Methods about data: snapshots, and what is left of shared services."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_tui.daemon.methods.params import Params, env_of, fresh_env_of, text
from hive_tui.daemon.methods.progress import Progress
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.folding import stamp
from hive_tui.engine.hive import Hive
from hive_tui.engine.snapshot_protocols import Manifest
from hive_tui.engine.snapshots import Told
from hive_tui.engine.terminals import Terminals


class Keeping:
    """What can be done with the data of envs."""

    def __init__(self, hive: Hive, terminals: Terminals) -> None:
        self._hive = hive
        self._terminals = terminals

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "snapshot": self._snapshot,
            "restore": self._restore,
            "snapshots": self._snapshots,
            "snapshot.remove": self._remove,
            "gc": self._gc,
        }

    async def _snapshot(self, params: Params, emit: Emit) -> Any:
        live = fresh_env_of(self._hive, params)
        label = str(params.get("label") or self._hive.snapshots.free_label(live))
        async with Progress(emit) as progress:
            manifest = await self._hive.snapshots.save(
                live, label, force=bool(params.get("force")), told=_told(progress)
            )
        return {"snapshot": _row(manifest)}

    async def _restore(self, params: Params, emit: Emit) -> Any:
        live = fresh_env_of(self._hive, params)
        label = text(params, "label")
        async with Progress(emit) as progress:
            await self._hive.snapshots.restore(live, label, told=_told(progress))
        return {"env": live.record.name, "label": label}

    async def _snapshots(self, params: Params, emit: Emit) -> Any:
        found = self._hive.snapshots.all(env_of(self._hive, params))
        return {"snapshots": [_row(manifest) for manifest in found]}

    async def _remove(self, params: Params, emit: Emit) -> Any:
        live, label = env_of(self._hive, params), text(params, "label")
        await self._hive.snapshots.remove(live, label)
        return {"env": live.record.name, "label": label}

    async def _gc(self, params: Params, emit: Emit) -> Any:
        leaked = self._hive.sharing.leaked()
        spare = self._hive.sharing.spare_templates()
        rows = [f"{part.service} of {part.env.name}" for part in leaked]
        rows += [f"template {template.name}" for template in spare]
        strange = await self._hive.sharing.strangers()
        rows += [f"{part.service} of {part.env.name}, which nobody knows" for part in strange]
        rows += sorted(
            {f"windows of {v.env_uid}, an env that is gone" for v in self._terminals.strays()}
        )
        if params.get("dry_run"):
            return {"found": rows, "kept": {}}
        _, kept = await self._hive.sharing.sweep()
        kept |= await self._hive.sharing.drop_templates(spare)
        kept |= await self._hive.sharing.drop(strange)
        await self._terminals.sweep()
        return {"found": rows, "kept": kept}


def _row(manifest: Manifest) -> dict[str, Any]:
    return {
        "label": manifest.label,
        "at": stamp(manifest.at),
        "size_bytes": manifest.size_bytes,
        "commit": manifest.commit,
        "files": msgspec.to_builtins(manifest.files),
        "parts": msgspec.to_builtins(manifest.parts),
        "volumes": list(manifest.volumes or ()),
        "automatic": manifest.automatic,
    }


def _told(progress: Progress) -> Told:
    return lambda line: progress.put({"kind": "line", "step": line, "line": line})
