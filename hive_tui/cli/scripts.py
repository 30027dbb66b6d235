"""`hive completions`: the completion scripts for bash, zsh and fish, made from the command table.

Commands and options stand in the script; everything else is asked of `hive __complete`. What comes
back is only ever compared and quoted, never expanded: names in a repository are not code.
"""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Callable

from hive_tui.cli.completions import options
from hive_tui.cli.context import Context
from hive_tui.cli.table import COMMANDS, JSON, Argument, Command

_BASH = """\
# bash completion of hive: eval "$(hive completions bash)"
_hive() {
    local cur=${COMP_WORDS[COMP_CWORD]} word
    local -a found=()
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        found=(@COMMANDS@)
    elif [[ $cur == -* ]]; then
        case ${COMP_WORDS[1]} in
@OPTIONS@
        esac
    else
        while IFS= read -r word; do
            found+=("$word")
        done < <(hive __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    fi
    for word in "${found[@]}"; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
    done
}
complete -o default -F _hive hive
"""

_ZSH = """\
#compdef hive
# zsh completion of hive: eval "$(hive completions zsh)", or as _hive in a folder of fpath
_hive() {
    local -a found
    if (( CURRENT == 2 )); then
        found=(
@COMMANDS@
        )
        _describe -t commands command found
        return
    fi
    if [[ $words[CURRENT] == -* ]]; then
        case $words[2] in
@OPTIONS@
        esac
        compadd -- "${found[@]}"
        return
    fi
    found=("${(@f)$(hive __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found[1] ]]; then
        compadd -- "${found[@]}"
    else
        _files
    fi
}
if [[ $funcstack[1] == _hive ]]; then
    _hive "$@"
else
    compdef _hive hive
fi
"""

_FISH = """\
# fish completion of hive: hive completions fish | source
function __hive_words
    set -l before (commandline -opc)
    set -l last (commandline -ct)
    test (count $last) -eq 0; and set last ''
    hive __complete $before[2..-1] $last 2>/dev/null
end
complete -c hive -f
complete -c hive -n 'not __fish_use_subcommand' -a '(__hive_words)'
"""


def completions(args: Namespace, context: Context) -> int:
    """`hive completions`: a script for the shell."""
    script = SCRIPTS[args.shell]()
    if context.json:
        context.document({"shell": args.shell, "script": script})
    else:
        context.print(script.rstrip("\n"))
    return 0


def bash() -> str:
    """The script for bash 3.2 and later."""
    names = " ".join(command.name for command in COMMANDS)
    return _BASH.replace("@COMMANDS@", names).replace("@OPTIONS@", _cases())


def zsh() -> str:
    """The script for zsh."""
    names = [" " * 12 + shlex.quote(f"{command.name}:{command.help}") for command in COMMANDS]
    return _ZSH.replace("@COMMANDS@", "\n".join(names)).replace("@OPTIONS@", _cases())


def fish() -> str:
    """The script for fish."""
    lines = []
    for command in COMMANDS:
        lines.append(
            "complete -c hive -n __fish_use_subcommand"
            f" -a {command.name} -d {_fish_quoted(command.help)}"
        )
        seen = f"complete -c hive -n '__fish_seen_subcommand_from {command.name}'"
        if command.tail or any(
            one.complete == "files" and one.positional for one in command.arguments
        ):
            lines.append(f"{seen} -F")
        lines += [f"{seen} {_fish_option(one)}" for one in _options(command)]
    return _FISH + "\n".join(lines) + "\n"


SCRIPTS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def _cases() -> str:
    """The options of each command as branches of a `case`, for bash and zsh alike."""
    return "\n".join(
        f"            {command.name}) found=({' '.join(options(command))}) ;;"
        for command in COMMANDS
    )


def _options(command: Command) -> list[Argument]:
    return [*(one for one in command.arguments if not one.positional), JSON]


def _fish_option(option: Argument) -> str:
    flags = " ".join(
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
    )
    value = " -x" if option.metavar else ""
    if option.complete == "files":
        value = " -r -F"
    elif option.complete:
        value = " -x -a '(__hive_words)'"
    return f"{flags}{value} -d {_fish_quoted(option.help)}"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
