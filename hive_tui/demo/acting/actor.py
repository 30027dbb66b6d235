"""Plays the turns of a script."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from hive_tui.demo.acting.hooks import Hooks, decision, end
from hive_tui.demo.acting.screen import INTERRUPT, Screen


class Interrupted(Exception):  # noqa: N818 - the person's wish, no error
    """Escape was pressed during a turn."""


class Actor:
    """Plays the turns of a script."""

    def __init__(self, script: Path, flags: argparse.Namespace) -> None:
        """Read the script and the plugin's hooks."""
        self._turns: list[list[list[Any]]] = json.loads(script.read_text(encoding="utf-8"))["turns"]
        session = flags.resume or flags.session_id or str(uuid.uuid4())
        self._source = "resume" if flags.resume else "startup"
        self._conversation = ""
        if flags.plugin_dir is not None:
            self._conversation = str(Path(flags.plugin_dir).with_name(f"{session}.jsonl"))
        common = {"session_id": session, "transcript_path": self._conversation}
        self._hooks = Hooks(flags.plugin_dir, {**common, "cwd": os.getcwd()})
        self._screen = Screen()
        self._turn = 0
        self._prompt_id = ""
        self._allowed: set[str] = set()
        self._helpers: dict[str, float] = {}
        self._state = ""

    def run(self, prompt: str) -> int:
        """Play until the terminal goes away or the script ends the program; its exit status."""
        self._true("starting")
        self._screen.title("actor")
        self._screen.say("actor: a scripted agent; escape interrupts, enter prompts")
        self._hooks.tell("SessionStart", source=self._source, model="script-1")
        self._true("idle")
        if prompt:
            self._screen.prompts.append(prompt)
        try:
            while not self._screen.gone:
                if self._screen.prompts:
                    self._play(self._screen.prompts.pop(0))
                else:
                    self._screen.keys.clear()
                    self._see_helpers_off()
                    self._screen.read(1.0)
            self._hooks.tell("SessionEnd", reason="other")
            return 0
        except SystemExit as ended:
            return int(ended.code or 0)
        finally:
            self._screen.close()

    def _play(self, prompt: str) -> None:
        """One turn."""
        self._prompt_id = str(uuid.uuid4())
        self._screen.keys.clear()
        self._screen.say(f"\x1b[1m> {prompt}\x1b[0m")
        self._true("working")
        self._tell("UserPromptSubmit", prompt=prompt)
        self._keep("user", prompt)
        steps = self._turns[min(self._turn, len(self._turns) - 1)] if self._turns else []
        self._turn += 1
        said, again = "", False
        try:
            while True:
                for verb, *words in steps:
                    said = self._step(verb, words) or said
                    if verb == "fail":
                        return
                    if verb == "done":
                        break
                reason = self._stop(said, again)
                if not reason:
                    return
                again = True
                self._screen.say(reason)
                steps = self._turns[min(self._turn, len(self._turns) - 1)]
                self._turn += 1
        except Interrupted:
            self._screen.say("\x1b[33minterrupted\x1b[0m")
            self._keep("user", "[Request interrupted by user]")  # no hook tells of this
            self._true("idle")

    def _stop(self, said: str, again: bool) -> str:
        """End the turn; why it has to go on, where a hook says so."""
        self._keep("assistant", said, stop_reason="end_turn")
        now = time.monotonic()
        running = [name for name, until in self._helpers.items() if until > now]
        decided = self._tell(
            "Stop",
            stop_hook_active=again,
            last_assistant_message=said,
            background_tasks=[{"id": name, "status": "running"} for name in running],
            session_crons=[],
        )
        if decided.get("decision") == "block":
            return str(decided.get("reason") or "go on")
        self._true("done")
        return ""

    def _step(self, verb: str, words: list[Any]) -> str:
        """Play a step; what it said."""
        match verb:
            case "say" | "done":
                text = str(words[0]) if words else ""
                if text:
                    self._screen.say(f"\x1b[36m●\x1b[0m {text}")
                return text
            case "think":
                self._wait(float(words[0]))
            case "run":
                self._tool("Bash", {"command": words[0], "description": "a step"})
            case "ask":
                given = {"command": words[0], "description": "a step"}
                self._ask("Bash", given, f"Run {words[0]}?")
            case "write":
                self._tool("Write", {"file_path": os.path.abspath(words[0]), "content": words[1]})
            case "question":
                options = [{"label": one, "description": ""} for one in words[1]]
                asked = {"question": words[0], "header": "Choice", "options": options}
                given = {"questions": [{**asked, "multiSelect": False}]}
                self._ask("AskUserQuestion", given, words[0], tuple(words[1]))
            case "plan":
                self._ask("ExitPlanMode", {"plan": words[0]}, f"{words[0]}\nGo on?")
            case "helper":
                self._helper(float(words[0]))
            case "fail":
                text = f"API Error: {words[0]}"
                self._screen.say(f"\x1b[31m{text}\x1b[0m")
                self._tell("StopFailure", error=words[0], last_assistant_message=text)
                self._true("error")
            case "crash":
                raise SystemExit(int(words[0]))
            case _:
                self._screen.say(f"unknown step {verb!r}")
        return ""

    def _tool(self, name: str, given: dict[str, Any], *, began: bool = False) -> None:
        """Use a tool, allowed already."""
        use = f"toolu_{uuid.uuid4().hex[:24]}"
        if not began:
            decided = self._tell("PreToolUse", tool_name=name, tool_input=given, tool_use_id=use)
            special = decided.get("hookSpecificOutput") or {}
            if special.get("permissionDecision") == "deny":
                self._screen.say(f"{name} was denied: {special.get('permissionDecisionReason')}")
                return
        what = given.get("command") or given.get("file_path") or name
        self._screen.say(f"\x1b[2m⏺ {name}({what})\x1b[0m")
        answer: dict[str, Any] = {"stdout": "", "stderr": "", "interrupted": False}
        if name == "Bash":
            answer["stdout"], status = self._shell(str(given["command"]))
            if status:
                answer["stderr"] = f"exit {status}"
        elif name == "Write":
            path = Path(str(given["file_path"]))
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(str(given["content"]))
        used = {"tool_name": name, "tool_input": given, "tool_use_id": use}
        self._tell("PostToolUse", **used, tool_response=answer, duration_ms=1)

    def _shell(self, command: str) -> tuple[str, int]:
        """Run a command; its output and exit status. Escape ends it."""
        process = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        fd, parts = process.stdout.fileno(), []
        try:
            while True:
                if fd in self._read(1.0, (fd,)):
                    if not (data := os.read(fd, 65536)):
                        break
                    parts.append(data)
                elif process.poll() is not None:
                    break
        except Interrupted:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            process.stdout.close()
            status = process.wait()
        out = b"".join(parts).decode("utf-8", "replace")
        for line in out.splitlines()[-5:]:
            self._screen.say(f"  \x1b[2m{line}\x1b[0m")
        return out, status

    def _ask(
        self, name: str, given: dict[str, Any], text: str, options: tuple[str, ...] = ()
    ) -> None:
        """Ask on the screen and through the hook at once; the first answer counts."""
        use = f"toolu_{uuid.uuid4().hex[:24]}"
        self._tell("PreToolUse", tool_name=name, tool_input=given, tool_use_id=use)
        if json.dumps(given) not in self._allowed:
            choices = options or ("Yes", "No")
            rows = "\n".join(f"{at}. {one}" for at, one in enumerate(choices, 1))
            self._screen.dialog = True
            self._true("waiting")
            self._screen.say(f"\x1b[33m{text}\x1b[0m\n{rows}")
            suggested = [{"type": "addRules", "rules": [{"toolName": name}], "behavior": "allow"}]
            asked = {"tool_name": name, "tool_input": given}
            hooks = self._hooks.begin(
                "PermissionRequest",
                prompt_id=self._prompt_id,
                permission_mode="default",
                **asked,
                permission_suggestions=[] if options else suggested,
            )
            try:
                chosen = self._answer(hooks, len(choices))
            finally:
                self._screen.dialog = False
                for hook in hooks:
                    end(hook)
            self._true("working")
            if chosen.get("behavior") != "allow":
                self._screen.say(f"denied: {chosen.get('message') or 'no'}")
                return
            if chosen.get("updatedPermissions"):
                self._allowed.add(json.dumps(given))
            if answers := (chosen.get("updatedInput") or {}).get("answers"):
                given = {**given, "answers": answers}
                self._screen.say(f"answered: {', '.join(map(str, answers.values()))}")
            elif options:
                given = {**given, "answers": {text: options[int(chosen.get("option", 1)) - 1]}}
        self._tool(name, given, began=True)

    def _answer(self, hooks: list[subprocess.Popen[bytes]], choices: int) -> dict[str, Any]:
        """Wait for a key or a hook's answer.

        Raises:
            Interrupted: Escape.
        """
        pipes = {hook.stdout.fileno(): hook for hook in hooks if hook.stdout is not None}
        while True:
            while self._screen.keys:
                key = self._screen.keys.pop(0)
                if key == INTERRUPT:
                    raise Interrupted
                if key.isdigit() and 0 < int(key) <= choices:
                    denied = choices == 2 and key == "2"
                    return {"behavior": "deny" if denied else "allow", "option": key}
            if self._screen.gone:
                raise SystemExit(0)
            for fd in self._screen.read(1.0, tuple(pipes)):
                hook = pipes.pop(fd)
                out, _ = hook.communicate()
                told = (decision(out) or {}).get("hookSpecificOutput") or {}
                if isinstance(told.get("decision"), dict):
                    return dict(told["decision"])

    def _helper(self, seconds: float) -> None:
        """A subagent that ends by itself."""
        name = f"agent-{uuid.uuid4().hex[:8]}"
        self._tell("SubagentStart", agent_id=name, agent_type="general")
        self._helpers[name] = time.monotonic() + seconds

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def _read(self, wait_s: float, also: tuple[int, ...] = ()) -> list[int]:
        """Take keys during a turn.

        Raises:
            Interrupted: Escape.
        """
        self._see_helpers_off()
        ready = self._screen.read(wait_s, also)
        if INTERRUPT in self._screen.keys:
            self._screen.keys.clear()
            raise Interrupted
        if self._screen.gone:
            raise SystemExit(0)
        return ready

    def _see_helpers_off(self) -> None:
        due = [name for name, until in self._helpers.items() if until <= time.monotonic()]
        for name in due:
            del self._helpers[name]
            self._tell("SubagentStop", agent_id=name, stop_hook_active=False)

    def _tell(self, name: str, **payload: Any) -> dict[str, Any]:
        common = {"prompt_id": self._prompt_id, "permission_mode": "default"}
        return self._hooks.tell(name, **common, **payload)

    def _keep(self, role: str, text: str, **message: str) -> None:
        """Append a record to the conversation's file."""
        if not self._conversation:
            return
        at = time.time()
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
        content = [{"type": "text", "text": text}]
        record = {
            "type": role,
            "isSidechain": False,
            "message": {"role": role, "content": content, **message},
            "timestamp": f"{whole}.{int(at * 1000) % 1000:03d}Z",
        }
        with open(self._conversation, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def _true(self, state: str) -> None:
        """Note what is so from now on."""
        path = os.environ.get("HIVE_ACTOR_TRUTH")
        if path and state != self._state:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"t": time.time(), "state": state}) + "\n")
        self._state = state
