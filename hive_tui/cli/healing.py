"""`hive heal`: looks at an env's work now, and sets how far healing goes in it."""

from __future__ import annotations

from argparse import Namespace

from hive_tui.cli.context import Context, bare
from hive_tui.cli.text import plain

_DID = {
    "rest": "nothing to do",
    "wait": "not yet",
    "verified": "verified",
    "observed": "red, and its agent was not told",
    "feed": "its agent was told",
    "pause": "paused",
    "give-up": "gave up",
}


def heal(args: Namespace, context: Context) -> int:
    """`hive heal`: exit status 1 where it gave up."""
    env = context.one(args.words)
    answer = context.call("agent.heal", {"env": env, "mode": args.mode})
    decision, view = answer["decision"], answer["heal"]
    gave_up = decision is not None and decision["act"] == "give-up"
    if context.json:
        context.document(answer)
        return int(gave_up)
    mode = f"healing is {plain(view['mode'])}"
    if decision is None:
        context.print(f"{plain(bare(env))}: {mode}")
        return 0
    did = _DID.get(decision["act"], plain(decision["act"]))
    context.print(f"{plain(bare(env))}: {did}: {plain(decision['reason'])}  ({mode})")
    for one in view["receipts"]:
        suites = ", ".join(map(plain, one["failing"]))
        outcome = plain(one["outcome"] or "not measured yet")
        context.print(
            f"  attempt {one['attempt']} of {view['attempts']} by {plain(one['way'])}: "
            f"{suites} red; afterwards {outcome}"
        )
    if view["differs"]:
        context.print(f"  {plain(view['differs'])}")
    return int(gave_up)
