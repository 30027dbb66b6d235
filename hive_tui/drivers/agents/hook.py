"""Keeps what a coding agent tells through its hooks. A program of its own: it runs at every step.

Run as `python -I -S hook.py KIND`, with the hook's JSON on standard input. Appends one line of at
most 64 KiB to the file that `HIVE_EVENTS` names, in one write, so that many may do so at once. It
imports nothing but what is built in, unless a payload is too long or is no JSON object. It never
stands in the agent's way: whatever goes wrong, it says nothing and exits with 0.

As `hook.py KIND ask` it waits for an answer too, and prints it: the line then names a pipe beside
the file, into which whoever answers writes once. Nobody has to be there; the agent goes on when its
own dialog was answered, or its time for hooks is over.

As `hook.py KIND hold` it waits too, but only where a daemon lives that wants it: one that reads
the pipe `gate` beside the file. It waits until it is told something, for at most `HOLD_S`, and no
longer than that daemon lives. An empty answer is none.

The file is bounded: past 4 MiB it becomes `events.1.jsonl`, and a new one is begun.
"""

import os
import sys
from time import time

LONGEST = 64 * 1024
"""Bytes of a line, the newline included."""
FULL = 4 * 1024 * 1024
"""Bytes at which a file is put aside."""
MOST = 64 * 1024 * 1024
"""What is read of a payload at most."""

GATE = "gate"
"""Name of the pipe that a daemon reads while it wants agents to wait at the end of a turn."""
HOLD_S = 150.0
"""How long an agent is held at most; the daemon lets it go before that."""
WATCH_S = 5.0
"""How often a hook that waits looks whether its agent is still there."""
KEPT = 512
"""Characters that are left of a text that was cut."""
_SHORTER = 4
"""By how much less is kept at each further attempt."""
_ITEMS = 64
"""Members of a list or object that are kept in a payload that was cut."""


def main() -> None:
    """Append the payload on standard input."""
    path = os.environ.get("HIVE_EVENTS")
    raw = _payload()
    if not path or not raw:
        return
    how = "".join(sys.argv[2:3])
    gate = _gate(path) if how == "hold" else -1
    pipe, answers = _pipe(path) if how == "ask" or gate >= 0 else ("", -1)
    asks = b'"pipe":"%s",' % os.path.basename(pipe).encode() if pipe else b""
    try:
        _append(path, line(raw, _head() + asks))
        if pipe:
            _answer(answers, gate)
    finally:
        if pipe:
            os.unlink(pipe)


def line(raw: bytes, head: bytes) -> bytes:
    """The payload as one line of the file.

    Args:
        raw: What the agent said; anything at all.
        head: The line's other members, each followed by a comma.
    """
    raw = raw.strip()
    whole = b"{" + head + b'"payload":' + raw.replace(b"\n", b" ").replace(b"\r", b" ") + b"}\n"
    if raw[:1] == b"{" and raw[-1:] == b"}" and len(whole) <= LONGEST:
        return whole
    return _shortened(raw, head)


def _shortened(raw: bytes, head: bytes) -> bytes:
    """The same with long texts cut, or with what is no object as a text. Valid JSON in any case."""
    import json

    try:
        value = json.loads(raw, parse_constant=str)
        if not isinstance(value, dict):
            value = {"text": value}
    except (ValueError, RecursionError):
        value = {"text": raw[: LONGEST // 2].decode("utf-8", "replace")}
    keep = KEPT
    while True:
        try:
            body = json.dumps(_cut(value, keep), separators=(",", ":")).encode()
        except (ValueError, RecursionError):
            body = b"{}"
        whole = b"{" + head + b'"cut":true,"payload":' + body + b"}\n"
        if len(whole) <= LONGEST or not keep:
            return whole if len(whole) <= LONGEST else b"{" + head + b'"payload":{}}\n'
        keep //= _SHORTER


def _cut(value: object, keep: int, depth: int = 0) -> object:
    """A copy without long texts, long lists and deep nesting; names and numbers stay."""
    if isinstance(value, str):
        if len(value) <= max(keep, 64 if depth < 2 else 0):
            return value
        return f"{value[:keep]}… ({len(value) - keep} characters left out)"
    if isinstance(value, dict):
        if depth > 6:
            return {}
        found = list(value.items())[:_ITEMS]
        return {str(name)[:64]: _cut(inner, keep, depth + 1) for name, inner in found}
    if isinstance(value, list):
        return [] if depth > 6 else [_cut(inner, keep, depth + 1) for inner in value[:_ITEMS]]
    return value


def _head() -> bytes:
    """Who says it: the kind, the run that hive started, and the agent's process."""
    kind = _word(sys.argv[1] if len(sys.argv) > 1 else "")
    run = _word(os.environ.get("HIVE_AGENT_RUN", ""))
    told = os.environ.get("CLAUDE_PID", "")
    pid = int(told) if told.isascii() and told.isdigit() and len(told) < 12 else os.getppid()
    return b'"v":1,"t":%.3f,"agent":"%s","run":"%s","pid":%d,' % (time(), kind, run, pid)


def _word(text: str) -> bytes:
    """A text of harmless characters, which needs no quoting."""
    return "".join(c for c in text[:64] if c.isascii() and (c.isalnum() or c in "-_.")).encode()


def _payload() -> bytes:
    parts, size = [], 0
    while size < MOST and (part := os.read(0, 1024 * 1024)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _append(path: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        fd = os.open(path, flags, 0o600)
    written = os.write(fd, data)
    if written < len(data):  # a disk that has just become full: let the next line begin anew
        os.write(fd, b"\n")
    if os.fstat(fd).st_size >= FULL:
        _put_aside(path, fd)


def _gate(path: str) -> int:
    """The daemon that wants to be waited for, as a descriptor; -1 where none does."""
    try:
        at = os.path.join(os.path.dirname(path), GATE)
        return os.open(at, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return -1


def _pipe(path: str) -> tuple[str, int]:
    """Make and open the pipe of this question; an empty path where that is not possible."""
    pipe = os.path.join(os.path.dirname(path), f"ask-{os.getpid()}-{int(time() * 1000)}")
    try:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.mkfifo(pipe, 0o600)
        # for writing too: it never ends by itself
        return pipe, os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return "", -1


def _answer(pipe: int, gate: int) -> None:
    """Print what is written into the pipe; give up when the agent is gone, or who holds it."""
    import select
    from time import monotonic

    agent, until = os.getppid(), monotonic() + HOLD_S
    looked = select.poll()
    looked.register(pipe, select.POLLIN)
    if gate >= 0:
        looked.register(gate, 0)  # an error of its is the end of its reader
    told = b""
    while os.getppid() == agent and not told.endswith(b"\n"):
        ready = [fd for fd, _ in looked.poll(WATCH_S * 1000)]
        if pipe in ready:
            told += os.read(pipe, LONGEST)
        elif gate in ready or (gate >= 0 and monotonic() > until):
            return
    if told.endswith(b"\n") and told.strip():
        os.write(1, told)


def _put_aside(path: str, fd: int) -> None:
    """Rename the file, unless another one did."""
    import fcntl

    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    mine, there = os.fstat(fd), os.stat(path)
    if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
        os.rename(path, os.path.join(os.path.dirname(path), "events.1.jsonl"))


if __name__ == "__main__":
    try:  # noqa: SIM105 - contextlib takes as long to import as all the rest
        main()
    except BaseException:
        pass
    os._exit(0)
