"""A program that behaves as Claude Code does towards its hooks, and follows a script.

Started by hive with Claude's flags. The script is the prompt: words in braces, in order, such as
`{run:make}{say:done}`. Further prompts are lines of its standard input.

    {run:CMD}   uses a tool, without asking
    {ask:CMD}   asks for a permission first, and does what the hook says
    {say:TEXT}  ends the turn with that text
    {fail:WHY}  ends it with an error of the model
    {hang}      does nothing until it is killed
    {exit:N}    ends
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

STEP = re.compile(r"\{(\w+)(?::([^}]*))?\}")


def say(text: str) -> None:
    """Show something on the terminal."""
    sys.stdout.write(text)
    sys.stdout.flush()


class Scripted:
    """One conversation."""

    def __init__(self, argv: list[str]) -> None:
        flags = argv[: argv.index("--")] if "--" in argv else argv
        self.prompts = argv[argv.index("--") + 1 :] if "--" in argv else []
        given = dict(zip(flags[::2], flags[1::2], strict=False))
        self.resumed = "--resume" in given
        self.session = given.get("--resume") or given.get("--session-id") or str(uuid.uuid4())
        table = json.loads(Path(given["--plugin-dir"], "hooks", "hooks.json").read_text())
        self.hooks: dict[str, Any] = table["hooks"]
        self.turn = ""

    def tell(self, name: str, **payload: Any) -> str:
        """Run the hooks of an event; what they print."""
        told = {"session_id": self.session, "hook_event_name": name, **payload}
        if self.turn:
            told["prompt_id"] = self.turn
        printed = ""
        for entry in self.hooks.get(name, []):
            for hook in entry["hooks"]:
                done = subprocess.run(
                    ["/bin/sh", "-c", hook["command"]],
                    input=json.dumps(told),
                    capture_output=True,
                    text=True,
                    check=True,
                )
                printed += done.stdout
        return printed

    def run(self) -> int:
        """Follow the script of every prompt."""
        self.tell("SessionStart", source="resume" if self.resumed else "startup")
        prompts = iter(self.prompts)
        while True:
            prompt = next(prompts, None)
            if prompt is None:
                say("> ")
                prompt = sys.stdin.readline()
                if not prompt:
                    return 0
            code = self.follow(prompt.strip())
            if code is not None:
                self.tell("SessionEnd", reason="other")
                return code

    def follow(self, prompt: str) -> int | None:
        """One turn; the exit status where it is the last one."""
        self.turn = str(uuid.uuid4())
        self.tell("UserPromptSubmit", prompt=prompt)
        for step, given in STEP.findall(prompt):
            say(f"* {step} {given}\n")
            if step in ("run", "ask"):
                self.use(given, asks=step == "ask")
            elif step == "say":
                self.tell("Stop", last_assistant_message=given, background_tasks=[])
            elif step == "fail":
                self.tell("StopFailure", error="server_error", last_assistant_message=given)
            elif step == "hang":
                sys.stdin.read()
            elif step == "exit":
                return int(given or 0)
        return None

    def use(self, command: str, *, asks: bool) -> None:
        """Use the tool of commands."""
        about = {"tool_name": "Bash", "tool_input": {"command": command}}
        use = f"toolu_{uuid.uuid4().hex[:8]}"
        self.tell("PreToolUse", tool_use_id=use, **about)
        if asks:
            said = self.tell("PermissionRequest", **about)
            decision = json.loads(said)["hookSpecificOutput"]["decision"]
            say(f"* {decision['behavior']}: {decision.get('message', '')}\n")
            if decision["behavior"] != "allow":
                self.tell("PostToolBatch", tool_calls=[{**about, "tool_use_id": use}])
                return
        done = subprocess.run(["/bin/sh", "-c", command], check=False)
        event = "PostToolUse" if done.returncode == 0 else "PostToolUseFailure"
        self.tell(event, tool_use_id=use, **about)


if __name__ == "__main__":
    sys.exit(Scripted(sys.argv[1:]).run())
