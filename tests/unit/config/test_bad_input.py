"""Everything that can be wrong in a hive.toml, and the whole of what is said about it."""

from __future__ import annotations

import pytest

from hive_tui.config.loading import parse
from hive_tui.model.errors import ConfigError

_TOP = "project, logs, limits, ports, env, link, copy, services, tasks, tests, agents"
_NAME = "a name of a-z, 0-9, - and _ that begins with a letter, at most 64 characters"
_DURATION = 'a time such as "30m", "2h" or "1d", or "never"'
_MEMORY = 'a share such as "75%" or a size such as "12GB"'
_TEMPLATES = "env, env.slug, env.index, branch, project, worktree, repo"
_SECONDS = "a number above 0 and up to 604800"
_URL = "a URL such as http://127.0.0.1:{{port.NAME}}/path"
_INSIDE = "a relative path inside the repository"
_A = '[services.a]\nrun = "x"\n'


def _message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, root="/repo/shop")
    assert caught.value.code == "config"
    assert caught.value.exit_status == 2
    assert caught.value.hint
    return caught.value.message


SYNTAX = {
    "a key without a value": ("[project]\nname =", "hive.toml:2: not valid TOML: Invalid value"),
    "no equals sign": (
        "\nname",
        "hive.toml:2: not valid TOML: Expected '=' after a key in a key/value pair",
    ),
    "a broken value": ("a = 1\nb = x1", "hive.toml:2:5: not valid TOML: Invalid value"),
    "a key twice": ("a = 1\na = 2", "hive.toml:2:6: not valid TOML: Cannot overwrite a value"),
    "a list without end": ("a = [1,", "hive.toml:1: not valid TOML: Invalid value"),
    "a text without end": ('a = "', "hive.toml:1: not valid TOML: Unterminated string"),
    "deep nesting": ("a = " + "[" * 5000, "hive.toml: lists or tables are nested too deeply"),
}

KEYS = {
    "an unknown table": (
        '[service.a]\nrun = "x"',
        f'hive.toml:1: key service: found an unknown key; allowed: {_TOP}; did you mean "services"?',
    ),
    "an unknown key": (
        '[project]\nnmae = "x"',
        "hive.toml:2: key project.nmae: found an unknown key; allowed: name, base, branch, "
        'worktrees, spares; did you mean "name"?',
    ),
    "an unknown key that is like none": (
        "[copy_files]",
        f"hive.toml:1: key copy_files: found an unknown key; allowed: {_TOP}",
    ),
    "a missing key": (
        "[tasks.a]\ncwd = 'x'",
        "hive.toml:1: key tasks.a.run: found nothing; allowed: a command",
    ),
    "a missing key of a list's table": (
        "[[link]]\npath = 'a'\n\n[[link]]\nmode = 'copy'",
        f"hive.toml:4: key link.path: found nothing; allowed: {_INSIDE}",
    ),
    "one bracket for two": (
        "[link]\npath = 'a'",
        "hive.toml:1: key link: found a table; allowed: a list of tables, written with two brackets",
    ),
    "a table that is none": (
        "services = 3",
        "hive.toml:1: key services: found 3; allowed: a table, each value a table",
    ),
    "text for a list": (
        _A + "needs = 'b'",
        'hive.toml:3: key services.a.needs: found "b"; allowed: a list, each item a service or task',
    ),
    "a list for text": (
        "[project]\nname = ['a']",
        "hive.toml:2: key project.name: found a list; allowed: a name of letters, digits, ., - and "
        "_, at most 64 characters",
    ),
    "true for a number": (
        "[project]\nspares = true",
        "hive.toml:2: key project.spares: found true; allowed: a whole number from 0 to 20",
    ),
    "a fraction for a whole number": (
        "[project]\nspares = 1.0",
        "hive.toml:2: key project.spares: found 1.0; allowed: a whole number from 0 to 20",
    ),
    "a number for a variable": (
        "[env]\nPORT = 3000",
        "hive.toml:2: key env.PORT: found 3000; allowed: text with {{templates}} or { secret = … }",
    ),
    "a secret without a name": (
        "[env]\nTOKEN = { secrte = 'x' }",
        "hive.toml:2: key env.TOKEN.secrte: found an unknown key; allowed: secret; did you mean "
        '"secret"?\n'
        "hive.toml:2: key env.TOKEN.secret: found nothing; allowed: a variable name of letters, "
        "digits and _ that does not begin with a digit",
    ),
    "control characters in a value": (
        '[project]\nname = "a\\u001b[2J\\u202e"',
        'hive.toml:2: key project.name: found "a\\u001b[2J\\u202e"; allowed: a name of letters, '
        "digits, ., - and _, at most 64 characters",
    ),
    "a very long value": (
        f"[limits]\nmemory = '{'x' * 300}'",
        f'hive.toml:2: key limits.memory: found "{"x" * 60}…"; allowed: {_MEMORY}',
    ),
}

RANGES = {
    "retries below 0": (
        "[tasks.a]\nrun = 'x'\nretries = -1",
        "hive.toml:3: key tasks.a.retries: found -1; allowed: a whole number from 0 to 100",
    ),
    "slots below 0": (
        "[tasks.a]\nrun = 'x'\nslots = -1",
        "hive.toml:3: key tasks.a.slots: found -1; allowed: a whole number from 0 to 1024",
    ),
    "no time at all": (
        "[tasks.a]\nrun = 'x'\ntimeout = 0",
        f"hive.toml:3: key tasks.a.timeout: found 0; allowed: {_SECONDS}",
    ),
    "an endless time": (
        _A + "ready = { log = 'x', timeout = inf }",
        f"hive.toml:3: key services.a.ready.timeout: found inf; allowed: {_SECONDS}",
    ),
    "a time that is no number": (
        "[tests.a]\nrun = 'x'\ntimeout = nan",
        f"hive.toml:3: key tests.a.timeout: found nan; allowed: {_SECONDS}",
    ),
    "a grace below 0": (
        _A + "stop = { grace = -0.5 }",
        "hive.toml:3: key services.a.stop.grace: found -0.5; allowed: a number from 0 to 3600",
    ),
    "an unknown signal": (
        _A + "stop = { signal = 'TREM' }",
        'hive.toml:3: key services.a.stop.signal: found "TREM"; allowed: ABRT, HUP, INT, KILL, '
        'QUIT, TERM, USR1, USR2, WINCH; did you mean "TERM"?',
    ),
    "an unknown moment": (
        _A + "when = 'spawn'",
        'hive.toml:3: key services.a.when: found "spawn"; allowed: cold, manual, warm',
    ),
    "an unknown agent": (
        "[agents.a]\nkind = 'cluade'\nrun = 'x'",
        'hive.toml:2: key agents.a.kind: found "cluade"; allowed: claude, codex, gemini, generic, '
        'opencode; did you mean "claude"?',
    ),
    "no time for idle": (
        "[limits.idle]\ncool = '0m'",
        f'hive.toml:2: key limits.idle.cool: found "0m"; allowed: {_DURATION}',
    ),
    "a time without a unit": (
        "[limits.idle]\nstop = '30'",
        f'hive.toml:2: key limits.idle.stop: found "30"; allowed: {_DURATION}',
    ),
    "more memory than there is": (
        "[limits]\nmemory = '101%'",
        f'hive.toml:2: key limits.memory: found "101%"; allowed: {_MEMORY}',
    ),
    "an empty log": (
        "[logs]\nmax_mb = 0",
        "hive.toml:2: key logs.max_mb: found 0; allowed: a whole number from 1 to 1000000",
    ),
}

PORTS = {
    "an empty block": (
        "[ports]\nblock = 0",
        "hive.toml:2: key ports.block: found 0; allowed: a whole number from 1 to 64511",
    ),
    "a block past the last port": (
        "[ports]\nbase = 65000\nblock = 1000",
        "hive.toml:3: key ports.block: found base 65000 + block 1000 = 66000; allowed: a sum of at "
        "most 65535",
    ),
    "an offset outside of the block": (
        "[ports]\nblock = 10\nnames = { web = 10 }",
        "hive.toml:3: key ports.names.web: found 10; allowed: a whole number from 0 to 9",
    ),
    "an offset twice": (
        "[ports]\nnames = { web = 1, api = 1 }",
        "hive.toml:2: key ports.names.api: found 1, which web has too; allowed: an offset of its "
        "own",
    ),
    "two names of one variable": (
        "[ports]\nnames = { a-b = 1, a_b = 2 }",
        "hive.toml:2: key ports.names.a_b: found a name that makes HIVE_PORT_A_B, as a-b does; "
        "allowed: a name that differs in letters or digits",
    ),
    "a name in upper case": (
        "[ports.names]\nWeb = 1",
        f'hive.toml:2: key ports.names.Web: found "Web"; allowed: {_NAME}',
    ),
    "a container port without a name": (
        "[ports.names]\nweb = 1\n[services.a]\nimage = 'x'\nports = { wbe = 80 }",
        'hive.toml:5: key services.a.ports.wbe: found "wbe"; allowed: web; did you mean "web"?',
    ),
    "readiness of an unknown port": (
        "[ports.names]\nweb = 1\n[services.a]\nrun = 'x'\nready = { tcp = 'wep' }",
        'hive.toml:5: key services.a.ready.tcp: found "wep"; allowed: web; did you mean "web"?',
    ),
    "readiness of a port where none has a name": (
        _A + "ready = { tcp = 'web' }",
        'hive.toml:3: key services.a.ready.tcp: found "web"; allowed: no name, for [ports] has no '
        "names",
    ),
}

TEXTS = {
    "an empty command": (
        "[tasks.a]\nrun = ' '",
        'hive.toml:2: key tasks.a.run: found " "; allowed: a command',
    ),
    "a NUL in a command": (
        '[tasks.a]\nrun = "x\\u0000"',
        'hive.toml:2: key tasks.a.run: found "x\\u0000"; allowed: a command, without NUL characters',
    ),
    "a regular expression that does not compile": (
        _A + "ready = { log = '(x' }",
        'hive.toml:3: key services.a.ready.log: found "(x"; allowed: a regular expression (missing '
        "), unterminated subpattern at position 0)",
    ),
    "a URL of another kind": (
        _A + "ready = { http = 'ftp://localhost/' }",
        f'hive.toml:3: key services.a.ready.http: found "ftp://localhost/"; allowed: {_URL}',
    ),
    "a URL without a host": (
        _A + "ready = { http = 'http:///x' }",
        f'hive.toml:3: key services.a.ready.http: found "http:///x"; allowed: {_URL}',
    ),
    "a URL with a port past the last": (
        _A + "ready = { http = 'http://h:70000/' }",
        f'hive.toml:3: key services.a.ready.http: found "http://h:70000/"; allowed: {_URL}',
    ),
    "a folder above the repository": (
        _A + "cwd = 'a/../../b'",
        'hive.toml:3: key services.a.cwd: found "a/../../b"; allowed: a folder inside the repository',
    ),
    "an absolute copy": (
        "[[copy]]\npath = '/etc/passwd'",
        f'hive.toml:2: key copy.path: found "/etc/passwd"; allowed: {_INSIDE}',
    ),
    "a link to the home": (
        "[[link]]\npath = '~/x'",
        f'hive.toml:2: key link.path: found "~/x"; allowed: {_INSIDE}',
    ),
    "a link to git's folder": (
        "[[link]]\npath = '.git/hooks'",
        f'hive.toml:2: key link.path: found ".git/hooks"; allowed: {_INSIDE}',
    ),
    "a link to everything": (
        "[[link]]\npath = '.'",
        f'hive.toml:2: key link.path: found "."; allowed: {_INSIDE}',
    ),
    "a link twice": (
        "[[link]]\npath = 'a'\n[[link]]\npath = 'a'",
        'hive.toml:4: key link.path: found "a" again; allowed: each path once',
    ),
    "a glob above the repository": (
        "[tasks.a]\nrun = 'x'\ninputs = [\n  'ok/**',\n  '../x',\n]",
        'hive.toml:5: key tasks.a.inputs: found "../x"; allowed: a relative glob',
    ),
    "a glob that is none": (
        "[tests.a]\nrun = 'x'\nwatch = ['[']",
        'hive.toml:3: key tests.a.watch: found "["; allowed: a relative glob',
    ),
    "a volume at a relative path": (
        "[services.a]\nimage = 'x'\nvolumes = { data = 'var' }",
        'hive.toml:3: key services.a.volumes.data: found "var"; allowed: an absolute path inside '
        "the container",
    ),
    "a variable with a dash": (
        "[env]\nA-B = 'x'",
        'hive.toml:2: key env.A-B: found "A-B"; allowed: a variable name of letters, digits and _ '
        "that does not begin with a digit",
    ),
    "a variable of ours": (
        "[tasks.a]\nrun = 'x'\nenv = { HIVE_PORT_WEB = '1' }",
        "hive.toml:3: key tasks.a.env.HIVE_PORT_WEB: found a variable that hive itself sets; "
        "allowed: any other variable name",
    ),
    "worktrees that are all one folder": (
        "[project]\nworktrees = '~/hive/{{project}}'",
        'hive.toml:2: key project.worktrees: found "~/hive/{{project}}"; allowed: a path that holds '
        "{{env}} or {{branch}}",
    ),
}

TEMPLATES = {
    "an unknown template": (
        _A + "env = { A = '{{ brunch }}' }",
        f'hive.toml:3: key services.a.env.A: found "{{{{ brunch }}}}"; allowed: {_TEMPLATES}; did '
        'you mean "branch"?',
    ),
    "an unknown port": (
        "[ports.names]\nweb = 1\n[env]\nA = '{{port.wep}}'",
        f'hive.toml:4: key env.A: found "{{{{port.wep}}}}"; allowed: {_TEMPLATES}, port.web; did '
        'you mean "port.web"?',
    ),
    "a report outside of tests": (
        "[tasks.a]\nrun = 'x {{report}}'",
        f'hive.toml:2: key tasks.a.run: found "{{{{report}}}}"; allowed: {_TEMPLATES}; did you mean '
        '"repo"?',
    ),
    "braces that do not close": (
        "[tasks.a]\nrun = 'x {{env'",
        f'hive.toml:2: key tasks.a.run: found "{{{{env"; allowed: {_TEMPLATES}; did you mean "env"?',
    ),
    "a port in the name of the branch": (
        "[project]\nbranch = '{{env.index}}'",
        'hive.toml:2: key project.branch: found "{{env.index}}"; allowed: env, project',
    ),
    "a template where there are none": (
        "[[copy]]\npath = '{{env}}'",
        'hive.toml:2: key copy.path: found "{{env}}"; allowed: no templates here',
    ),
}

GRAPH = {
    "an unknown need": (
        "[services.api]\nrun = 'x'\nneeds = ['bd']\n[services.db]\nrun = 'x'\n"
        "[tasks.migrate]\nrun = 'x'",
        'hive.toml:3: key services.api.needs: found "bd"; allowed: api, db, migrate; did you mean '
        '"db"?',
    ),
    "a need where there is nothing to need": (
        "[tests.a]\nrun = 'x'\nneeds = ['b']",
        'hive.toml:3: key tests.a.needs: found "b"; allowed: no name, for there is no service or '
        "task",
    ),
    "a need of a test": (
        _A + "needs = ['unit']\n[tests.unit]\nrun = 'x'",
        'hive.toml:3: key services.a.needs: found "unit", a test; allowed: a',
    ),
    "a need of itself": (
        _A + "needs = ['a']",
        "hive.toml:3: key services.a.needs: found the cycle a -> a; allowed: needs without a cycle",
    ),
    "a cycle of two": (
        _A + "needs = ['b']\n[tasks.b]\nrun = 'x'\nneeds = ['a']",
        "hive.toml:3: key services.a.needs: found the cycle a -> b -> a; allowed: needs without a "
        "cycle",
    ),
    "a cycle of three behind a step": (
        "[tasks.z]\nrun = 'x'\nneeds = ['a']\n[tasks.a]\nrun = 'x'\nneeds = ['b']\n"
        "[tasks.b]\nrun = 'x'\nneeds = ['c']\n[tasks.c]\nrun = 'x'\nneeds = ['a']",
        "hive.toml:6: key tasks.a.needs: found the cycle a -> b -> c -> a; allowed: needs without a "
        "cycle",
    ),
    "two cycles": (
        _A + "needs = ['a']\n[tasks.b]\nrun = 'x'\nneeds = ['b']",
        "hive.toml:3: key services.a.needs: found the cycle a -> a; allowed: needs without a cycle\n"
        "hive.toml:6: key tasks.b.needs: found the cycle b -> b; allowed: needs without a cycle",
    ),
    "a name of a service and a task": (
        _A + "[tasks.a]\nrun = 'x'",
        "hive.toml:3: key tasks.a: found the name of a service; allowed: a name of its own",
    ),
    "an upper-case service": (
        "[services.Api]\nrun = 'x'",
        f'hive.toml:1: key services.Api: found "Api"; allowed: {_NAME}',
    ),
    "a quoted service": (
        "[services.'a b']\nrun = 'x'",
        f'hive.toml:1: key services."a b": found "a b"; allowed: {_NAME}',
    ),
}

TOGETHER = {
    "neither run nor image": (
        "[services.a]",
        "hive.toml:1: key services.a: found none of them; allowed: exactly one of run, image",
    ),
    "run and image": (
        _A + "image = 'y'",
        "hive.toml:1: key services.a: found run and image; allowed: exactly one of run, image",
    ),
    "two ways to be ready": (
        _A + "ready = { log = 'x', exec = 'y' }",
        "hive.toml:3: key services.a.ready: found exec and log; allowed: exactly one of tcp, http, "
        "exec, log, file",
    ),
    "no way to be ready": (
        _A + "ready = { timeout = 3 }",
        "hive.toml:3: key services.a.ready: found none of them; allowed: exactly one of tcp, http, "
        "exec, log, file",
    ),
    "ports of a process": (
        "[ports.names]\nweb = 1\n[services.a]\nrun = 'x'\nports = { web = 80 }",
        "hive.toml:5: key services.a.ports: found it without image; allowed: only beside image",
    ),
    "volumes of a process": (
        _A + "volumes = { data = '/x' }",
        "hive.toml:3: key services.a.volumes: found it without image; allowed: only beside image",
    ),
    "a part of what is not shared": (
        _A + "[services.a.per_env]\ncreate = 'x'",
        'hive.toml:3: key services.a.per_env: found it with scope "env"; allowed: only with scope '
        '"shared"',
    ),
}

_ALL = {
    f"{theme}: {name}": case
    for theme, cases in {
        "syntax": SYNTAX,
        "keys": KEYS,
        "ranges": RANGES,
        "ports": PORTS,
        "texts": TEXTS,
        "templates": TEMPLATES,
        "graph": GRAPH,
        "together": TOGETHER,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize(("text", "message"), _ALL.values(), ids=_ALL)
def test_the_message_says_where_what_and_what_else(text: str, message: str) -> None:
    assert _message(text) == message


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        "[project]\nspares = -1\n\n[tasks.build]\nrun = 3\n\n"
        "[services.api]\nrun = 'x'\nneeds = ['build', 'bild']\nready = {}\n"
    )

    assert _message(text).splitlines() == [
        "hive.toml:2: key project.spares: found -1; allowed: a whole number from 0 to 20",
        "hive.toml:5: key tasks.build.run: found 3; allowed: a command",
        'hive.toml:9: key services.api.needs: found "bild"; allowed: api, build; did you mean '
        '"build"?',
        "hive.toml:10: key services.api.ready: found none of them; allowed: exactly one of tcp, "
        "http, exec, log, file",
    ]


def test_of_very_many_problems_the_first_hundred_are_told() -> None:
    lines = _message("\n".join(f"x{number} = 1" for number in range(150))).splitlines()

    assert len(lines) == 101
    assert lines[-1] == "… and 50 more problems"


def test_a_cycle_through_a_thousand_steps_is_found() -> None:
    text = "\n".join(
        f"[tasks.t{number}]\nrun = 'x'\nneeds = ['t{(number + 1) % 1000}']"
        for number in range(1000)
    )

    assert _message(text).startswith(
        "hive.toml:3: key tasks.t0.needs: found the cycle t0 -> t1 -> t2"
    )


def test_the_name_of_the_file_can_be_given() -> None:
    with pytest.raises(ConfigError, match=r"^/x/hive\.toml:1: key a: found"):
        parse("a = 1", root="/x", file="/x/hive.toml")


def test_a_number_of_too_many_digits_is_a_config_error() -> None:
    assert _message("a = " + "1" * 5000).startswith("hive.toml: not valid TOML: Exceeds the limit")
