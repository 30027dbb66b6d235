"""How a person gets from where they are to a window of the hive. Pure: nothing is run here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_NESTED = ("-w", "95%", "-h", "95%")
"""Size of a popup."""


def ways(command: Sequence[str], environ: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Commands that lead there, the best first; the next one where it fails at once.

    Inside a window of the hive's own tmux the view is switched. Inside the person's own tmux a
    popup over it shows the window, or a window of its own where that is too old for popups.
    Anywhere else the window takes the whole terminal.

    Args:
        command: What the daemon says shows the window in a terminal.
        environ: The person's environment.
    """
    inside = environ.get("TMUX", "").partition(",")[0]
    if not inside:
        return (tuple(command),)
    if "-S" in command and command[command.index("-S") + 1] == inside:
        target = command[command.index("-t") + 1]
        return (("tmux", "-S", inside, "switch-client", "-t", target),)
    tmux = ("tmux", "-S", inside)
    return (
        (*tmux, "display-popup", "-E", *_NESTED, *command),
        (*tmux, "new-window", *command),
    )


def takes_over(environ: Mapping[str, str]) -> bool:
    """Whether the way in takes the terminal of who asks, until they come back."""
    return not environ.get("TMUX")
