"""Commands about data: snapshots of an env, and what is left of shared services."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import plain, size
from hive_tui.model.errors import RefusedError, UsageError


def snapshot(args: Namespace, context: Context) -> int:
    """`hive snapshot`: save an env's data, or delete what was saved."""
    env, words = context.resolve(args.words)
    label = _label(words, "snapshot")
    if args.delete:
        if label is None:
            raise UsageError("--delete needs the label of a snapshot", hint="hive snapshots NAME")
        answer = context.call("snapshot.remove", {"env": env, "label": label})
        return _done(context, answer, f"deleted the snapshot {plain(label)}")
    params = {"env": env, "label": label, "force": args.force}
    answer = context.call("snapshot", params, _progress(context))
    made = answer["snapshot"]
    said = f"saved as {plain(made['label'])}, {size(made['size_bytes'])}"
    return _done(context, answer, said)


def restore(args: Namespace, context: Context) -> int:
    """`hive restore`: bring an env's data back."""
    env, words = context.resolve(args.words)
    label = _label(words, "restore")
    if label is None:
        raise UsageError("restore needs the label of a snapshot", hint="hive snapshots NAME")
    answer = context.call("restore", {"env": env, "label": label}, _progress(context))
    said = f"restored {plain(label)}; what was before is kept as before-restore"
    return _done(context, answer, said)


def snapshots(args: Namespace, context: Context) -> int:
    """`hive snapshots`: what is saved of an env."""
    answer = context.call("snapshots", {"env": context.one(args.words)})
    if context.json:
        context.document(answer)
        return 0
    for row in answer["snapshots"]:
        what = ", ".join([*row["files"], *row["volumes"], *row["parts"]])
        context.print(
            f"{plain(row['label']):<20} {size(row['size_bytes']):>9}  {row['at']}  {plain(what)}"
        )
    return 0


def gc(args: Namespace, context: Context) -> int:
    """`hive gc`: remove what is left of shared services and used by no env."""
    found = context.call("gc", {"dry_run": True})["found"]
    if found and not args.dry_run and not args.yes:
        raise RefusedError(
            "this would remove " + ", ".join(map(plain, found)),
            hint="`hive gc --yes` removes it; `--dry-run` only shows it",
        )
    answer = context.call("gc", {"dry_run": args.dry_run})
    if context.json:
        context.document(answer)
    else:
        kept = answer["kept"]
        verb = "would remove" if args.dry_run else "removed"
        context.print(*(f"{verb} {plain(each)}" for each in answer["found"] if each not in kept))
        context.print(*(f"kept {plain(each)}: {plain(why)}" for each, why in kept.items()))
        if not answer["found"]:
            context.print("nothing is left over")
    return 1 if answer["kept"] else 0


def _label(words: list[str], command: str) -> str | None:
    if len(words) > 1:
        raise UsageError(f"{command} takes one label", hint=f"hive {command} NAME LABEL")
    return words[0] if words else None


def _progress(context: Context) -> Any:
    def told(event: dict[str, Any]) -> None:
        if event.get("kind") == "line" and not context.json:
            context.note(plain(event["line"]))

    return told


def _done(context: Context, answer: Any, said: str) -> int:
    if context.json:
        context.document(answer)
    else:
        context.print(said)
    return 0
