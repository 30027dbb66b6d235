"""Every command as data: its words, arguments, help and the function that runs it.

Parser, help, completions and the README's table are made from it. It imports nothing of the
product, so that reading it costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Argument(NamedTuple):
    """One option or positional word of a command."""

    flags: tuple[str, ...]
    """One name without dashes for a positional, else the option's spellings, shortest first."""
    help: str
    metavar: str | None = None
    """How the value is called in help; `None` for a switch."""
    kind: str = "value"
    """`value`, `switch`, `number`, `many` (a positional, any number), `maybe` (0 or 1) or
    `repeat` (an option that may be given several times)."""
    default: str | int | None = None
    choices: tuple[str, ...] = ()
    complete: str | None = None
    """What completes it: `envs`, `services`, `suites`, `files` or `None`."""

    @property
    def positional(self) -> bool:
        return not self.flags[0].startswith("-")


class Command(NamedTuple):
    """One command of `hive`."""

    name: str
    group: str
    """Heading in `hive --help`."""
    help: str
    """One line, no full stop."""
    target: str
    """`module:function` under `hive_tui.cli`; called with the arguments and a `Context`."""
    arguments: tuple[Argument, ...] = ()
    example: str = ""
    words: tuple[str, ...] = ()
    """What completes the words after NAME, and the first word where NAME is left out."""
    tail: bool = False
    """True where everything after `--` belongs to another program."""


def _switch(*flags: str, help: str) -> Argument:
    return Argument(flags, help, kind="switch")


def _option(*flags: str, metavar: str, help: str, complete: str | None = None) -> Argument:
    return Argument(flags, help, metavar, complete=complete)


def _repeat(*flags: str, metavar: str, help: str) -> Argument:
    return Argument(flags, f"{help}; may be given several times", metavar, kind="repeat")


def _names(metavar: str, help: str) -> Argument:
    return Argument(("words",), help, metavar, kind="many", complete="envs")


NAME = _names("NAME", "the environment; left out inside one of its worktrees")
NAMES = _names("NAME", "environments, side by side; none: the one of this folder")
NO_WAIT = _switch("--no-wait", help="ask for it and return at once")
ROOM = (
    _switch("--make-room", help="where it does not fit: cool or stop others, idle longest first"),
    _switch("--wait", help="where it does not fit: queue it until there is room"),
    _switch("--over-limit", help="where it does not fit: go over [limits] memory all the same"),
)
"""What happens where a warm does not fit into the memory; without one it is refused."""
SERVICE = Argument(
    ("--service",),
    "only this service; may be given several times",
    "SERVICE",
    kind="repeat",
    complete="services",
)
JSON = _switch("--json", help="print one JSON document on standard output and nothing else")
"""Taken by every command."""

LOOK, MAKE, RUN, USE, SET_UP = (
    "Look",
    "Make and end environments",
    "Run and rest",
    "Work in an environment",
    "Set up",
)


def _transition(name: str, help: str, *, single: bool = False) -> Command:
    arguments = (NAMES, SERVICE, NO_WAIT) if single else (NAMES, NO_WAIT)
    example = f"hive {name} auth billing"
    return Command(name, RUN, help, f"transitions:{name}", arguments, example)


COMMANDS: tuple[Command, ...] = (
    Command("list", LOOK, "show every environment", "overview:show_list", (), "hive list"),
    Command(
        "status",
        LOOK,
        "show one environment in full",
        "overview:status",
        (NAME,),
        "hive status auth",
    ),
    Command(
        "why",
        LOOK,
        "say why things are as they are: source, evidence, what would change it",
        "reasons:why",
        (_names("[NAME] [TOPIC]", "TOPIC is a service, `agent`, `heal`, or `test SUITE`"),),
        "hive why auth api",
        ("services", "suites"),
    ),
    Command(
        "logs",
        LOOK,
        "print logs of services, tasks and suites, merged by time",
        "records:logs",
        (
            _names("[NAME] [SERVICE…]", "the environment, then whose logs; none: all"),
            _switch("-f", "--follow", help="go on as lines are written, until Ctrl-C"),
            Argument(("-n", "--lines"), "lines from the end (200)", "N", "number", default=200),
            _option("--grep", metavar="RE", help="only lines that match this regular expression"),
            _option(
                "--since", metavar="T", help="only since then: 10m, 2h, 1d or an RFC 3339 time"
            ),
        ),
        "hive logs auth api worker -f --since 10m",
        ("services", "suites"),
    ),
    Command(
        "ports",
        LOOK,
        "show the port map: allocated, listening, by which process",
        "overview:ports",
        (_names("NAME", "one environment; none: all"),),
        "hive ports auth",
    ),
    Command(
        "forward",
        USE,
        "lead the project's fixed ports ([forward] in hive.toml) to an environment",
        "forward:forward",
        (NAME, _switch("--off", help="let the ports go")),
        "hive forward auth",
    ),
    Command(
        "proxy",
        LOOK,
        "show the name of every service, as http://SERVICE.ENV.localhost; turn names on or off",
        "proxy:proxy",
        (
            Argument(("action",), "on or off; left out: show", "[on|off]", "maybe"),
            Argument(("--port",), "with on: listen there (7300)", "N", "number"),
        ),
        "hive proxy",
    ),
    Command(
        "disk",
        LOOK,
        "show what environments take on the disk: their own, and what they share",
        "disk:disk",
        (_names("NAME", "one environment; none: all"),),
        "hive disk",
    ),
    Command(
        "plan",
        LOOK,
        "show what a transition would run, when, and its critical path",
        "reasons:plan",
        (_names("[NAME] [TRANSITION]", "the environment; warm, cool, start, stop, destroy…"),),
        "hive plan auth warm",
        ("transitions",),
    ),
    Command(
        "trace",
        LOOK,
        "show what the last transition did and where its time went",
        "reasons:trace",
        (
            NAME,
            _option(
                "--chrome",
                metavar="FILE",
                help="write it for chrome://tracing or Perfetto; - for standard output",
                complete="files",
            ),
        ),
        "hive trace auth --chrome warm.json",
    ),
    Command(
        "events",
        LOOK,
        "print the event log, one JSON object a line",
        "records:events",
        (
            _names("NAME", "one environment; none: all"),
            _switch("-f", "--follow", help="go on as things happen, until Ctrl-C"),
            Argument(("-n", "--lines"), "events from the end (100)", "N", "number", default=100),
        ),
        "hive events -f",
    ),
    Command(
        "spawn",
        MAKE,
        "make an environment: worktree, branch, ports; left cold",
        "transitions:spawn",
        (
            Argument(("name",), "its name: [a-z][a-z0-9-]{0,31}", "NAME"),
            _option("--base", metavar="REF", help="start from this commit or branch"),
            _option("--branch", metavar="B", help="name of the branch; default: hive.toml's"),
            _switch("--reuse-branch", help="take the branch where it exists already"),
            _switch("--warm", help="start everything afterwards"),
            _option(
                "--from",
                metavar="ENV[:LABEL]",
                help="with the data of another environment, or of a snapshot of it",
            ),
            *ROOM,
            _repeat("--allow", metavar="PATTERN", help="its agent may write there only"),
            _repeat("--deny", metavar="PATTERN", help="its agent may not write there"),
            _option("--agent", metavar="A", help="start this agent in it"),
            _option("--prompt", metavar="TEXT", help="the agent's first prompt"),
            NO_WAIT,
        ),
        "hive spawn auth --base main --warm",
    ),
    Command(
        "adopt",
        MAKE,
        "take in existing worktrees without owning them or their branches",
        "transitions:adopt",
        (
            Argument(("path",), "the worktree's folder", "PATH", "maybe", complete="files"),
            _switch("--all", help="every worktree of this repository; says which it leaves"),
            _option("--name", metavar="NAME", help="its name; default: the folder's"),
        ),
        "hive adopt ../shop-hotfix --name hotfix",
    ),
    Command(
        "release",
        MAKE,
        "let an environment go and leave its worktree and branch",
        "transitions:release",
        (NAME,),
        "hive release hotfix",
    ),
    Command(
        "destroy",
        MAKE,
        "remove environments; refuses while work would be lost",
        "transitions:destroy",
        (
            NAMES,
            _switch("--force", help="even so; a recovery ref is kept and printed"),
            _switch("--keep-branch", help="leave the branch"),
            NO_WAIT,
        ),
        "hive destroy auth --keep-branch",
    ),
    Command(
        "undo",
        MAKE,
        "take the last destroyed environment back",
        "transitions:undo",
        (),
        "hive undo",
    ),
    Command(
        "snapshot",
        MAKE,
        "save the data of an environment",
        "keeping:snapshot",
        (
            _names("[NAME] [LABEL]", "the environment, then a name for it; none: a number"),
            _switch("--force", help="replace the one of that label"),
            _switch("--delete", help="delete the one of that label instead"),
        ),
        "hive snapshot auth before-migration",
        ("snapshots",),
    ),
    Command(
        "restore",
        MAKE,
        "bring the data of an environment back; what was there is kept",
        "keeping:restore",
        (_names("[NAME] LABEL", "the environment, then the snapshot"),),
        "hive restore auth before-migration",
        ("snapshots",),
    ),
    Command(
        "snapshots",
        LOOK,
        "list what is saved of an environment",
        "keeping:snapshots",
        (NAME,),
        "hive snapshots auth",
    ),
    Command(
        "gc",
        SET_UP,
        "remove what no environment has at shared services any more",
        "keeping:gc",
        (
            _switch("--yes", help="without it nothing is removed, only refused"),
            _switch("--dry-run", help="show what would be removed"),
        ),
        "hive gc --dry-run",
    ),
    Command(
        "warm",
        RUN,
        "start everything and wait until it is ready; refuses what does not fit into the memory",
        "transitions:warm",
        (NAMES, *ROOM, NO_WAIT),
        "hive warm auth billing --make-room",
    ),
    _transition("cool", "stop what only a warm environment needs"),
    _transition("start", "from stopped to cold, or single services", single=True),
    _transition("stop", "stop everything, or single services", single=True),
    _transition("freeze", "pause every process: no CPU, nothing lost"),
    _transition("thaw", "go on after freeze"),
    Command(
        "pin",
        RUN,
        "never freeze, cool or stop it for being idle or to make room",
        "resting:pin",
        (NAMES,),
        "hive pin auth",
    ),
    Command(
        "unpin",
        RUN,
        "let it rest again when it is idle",
        "resting:unpin",
        (NAMES,),
        "hive unpin auth",
    ),
    Command(
        "idle",
        RUN,
        "freeze, cool and stop what is idle, which happens by itself; or only say what would",
        "resting:idle",
        (
            _names("NAME", "one environment; none: all"),
            _switch("--dry-run", help="only say what would happen, when, or why it does not"),
        ),
        "hive idle --dry-run",
    ),
    Command(
        "restart",
        RUN,
        "restart single services",
        "transitions:restart",
        (_names("[NAME] SERVICE…", "the environment, then its services"), NO_WAIT),
        "hive restart auth api",
        ("services",),
    ),
    Command(
        "test",
        USE,
        "run test suites in the environment; exit status 1 when red",
        "suites:test",
        (_names("[NAME] [SUITE…]", "the environment, then suites; none: all"), NO_WAIT),
        "hive test auth unit",
        ("suites",),
    ),
    Command(
        "run",
        USE,
        "run a command in the worktree with the environment's variables",
        "variables:run",
        (_names("[NAME] -- CMD…", "the environment; the command follows --"),),
        "hive run auth -- npm run lint",
        tail=True,
    ),
    Command(
        "env",
        USE,
        "print export lines for a shell",
        "variables:env",
        (NAME,),
        'eval "$(hive env auth)"',
    ),
    Command(
        "url",
        USE,
        "print the address of a service",
        "overview:url",
        (
            _names("[NAME] [SERVICE]", "the environment, then the service"),
            _switch("--named", help="its name at the proxy instead of its number"),
        ),
        "hive url auth web",
        ("services",),
    ),
    Command(
        "open",
        USE,
        "go into the environment's agent, a shell or a service's log; F12 comes back",
        "terminals:open_window",
        (_names("[NAME] [WINDOW]", "WINDOW is `agent`, `shell` or a service"),),
        "hive open auth shell",
        ("services",),
    ),
    Command(
        "agent",
        USE,
        "start, stop or interrupt the environment's coding agent",
        "agents:agent",
        (
            _names("ACTION [NAME]", "start, stop, interrupt or seen; then the environment"),
            _option("--agent", metavar="A", help="which one to start; default: hive.toml's"),
            _option("--prompt", metavar="TEXT", help="begin a new conversation with this"),
        ),
        "hive agent start auth",
    ),
    Command(
        "heal",
        USE,
        "run an environment's suites, and give what is red back to its agent",
        "healing:heal",
        (
            NAME,
            _option("--mode", metavar="M", help="off, observe or on: how far it goes from now on"),
        ),
        "hive heal auth --mode observe",
    ),
    Command(
        "send",
        USE,
        "send a prompt to the environment's agent",
        "prompts:send",
        (
            _names("[NAME] [TEXT]", "the environment, then the prompt; -: read it; none: list"),
            _switch("--all", help="to every agent that there is; all words are the prompt"),
            _switch("--no-queue", help="not at all where the agent cannot take it now"),
            _option("--cancel", metavar="ID", help="take a prompt back that waits"),
        ),
        'hive send auth "run the tests again"',
    ),
    Command(
        "skill",
        USE,
        "print the environment's skill as its agent sees it",
        "inside:skill",
        (NAME,),
        "hive skill auth",
    ),
    Command(
        "whoami",
        USE,
        "say which environment this is, and its folders, ports and URLs",
        "inside:whoami",
        (),
        "hive whoami --json",
    ),
    Command(
        "mcp",
        USE,
        "serve the same to an agent as tools (Model Context Protocol, standard input and output)",
        "mcp:serve",
        (NAME,),
        "claude mcp add hive -- hive mcp",
    ),
    Command(
        "init",
        SET_UP,
        "write a hive.toml out of what the repository has",
        "project:init",
        (
            _switch("--diff", help="write nothing; show what is new beside the file that is there"),
            _switch("--stdout", help="write nothing; print it"),
            _switch("--force", help="write it anew; the old file is kept as hive.toml.old"),
        ),
        "hive init --diff",
    ),
    Command(
        "demo",
        SET_UP,
        "make a sample project with several environments and open it",
        "demo:run",
        (
            _switch("--containers", help="one with PostgreSQL and Redis; needs a container engine"),
            _switch("--reset", help="remove all of it"),
            _switch("--no-dashboard", help="print the list once all are as they should be"),
        ),
        "hive demo",
    ),
    Command(
        "tour",
        SET_UP,
        "be shown around in the dashboard, on the sample project, in two minutes",
        "tour:run",
        (_switch("--here", help="on the environments that there are, without the sample project"),),
        "hive tour",
    ),
    Command(
        "doctor",
        SET_UP,
        "say what is missing or wrong here, and the remedy",
        "project:doctor",
        (),
        "hive doctor",
    ),
    Command(
        "daemon",
        SET_UP,
        "start, stop or look at the background process",
        "background:daemon",
        (
            Argument(
                ("action",),
                "services go on while it is stopped",
                "ACTION",
                choices=("start", "stop", "status", "logs"),
            ),
            Argument(("-n", "--lines"), "lines of its log (200)", "N", "number", default=200),
        ),
        "hive daemon status",
    ),
    Command(
        "web",
        SET_UP,
        "serve the dashboard to a browser on this machine, until Ctrl-C",
        "web:serve",
        (Argument(("--port",), "on 127.0.0.1; left out: a free one", "N", "number", default=0),),
        "hive web --port 8080",
    ),
    Command(
        "schema", SET_UP, "print the JSON Schema of hive.toml", "project:schema", (), "hive schema"
    ),
    Command(
        "completions",
        SET_UP,
        "print a completion script for a shell",
        "scripts:completions",
        (Argument(("shell",), "bash, zsh or fish", "SHELL", choices=("bash", "zsh", "fish")),),
        'eval "$(hive completions bash)"',
    ),
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}


def usage_of(command: Command) -> str:
    """The command as one line of usage: positionals, then options, without `--json`."""
    parts = [f"hive {command.name}"]
    positionals = [one for one in command.arguments if one.positional]
    for one in positionals:
        label = one.metavar or one.flags[0]
        if one.choices:
            label = "|".join(one.choices)
        elif one.kind == "many" and not label.startswith("["):
            label = f"[{label}…]" if one is NAMES else f"[{label}]"
        parts.append(label)
    for one in command.arguments:
        if not one.positional:
            value = f" {one.metavar}" if one.metavar else ""
            parts.append(f"[{one.flags[0]}{value}]")
    return " ".join(parts)
