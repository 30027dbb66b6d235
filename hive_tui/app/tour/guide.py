"""Leads through the tour: which step, on which screen, and whether its effect is seen.

It presses no keys. Going on past a step that asks for one leaves that out, or opens the screen on
which the next one stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.widgets import Input
from textual.widgets._toast import Toast

from hive_tui.app.actions import ENV, FLEET, LOGS
from hive_tui.app.screens.base import HiveScreen
from hive_tui.app.state import Link
from hive_tui.app.tour.anchors import find
from hive_tui.app.tour.card import stand
from hive_tui.app.tour.steps import OF_AN_ENV, STEPS, Seen, Step, onward

if TYPE_CHECKING:
    from hive_tui.app.app import HiveApp

_CLASS = "-touring"

_SOON_S = 0.02
"""Until a screen that is being made is looked at again."""


class Guide:
    """The tour of one dashboard; at most one runs."""

    def __init__(self, app: HiveApp) -> None:
        self._app = app
        self._at: int | None = None
        """Place of the step; `None`: no tour runs."""
        self._due = False
        self._direction = 1
        self._leading = False
        """Whether the screen of the step is still to be brought in front."""
        self._before: Seen | None = None
        """What was there when the step was reached."""
        self._subject: str | None = None
        self._deeds: frozenset[str] = frozenset()
        self._notes: tuple[str, ...] = ()

    @property
    def step(self) -> Step | None:
        """The step that is shown; `None` while no tour runs."""
        return STEPS[self._at] if self._at is not None else None

    def start(self) -> None:
        """Begin at the first step, or begin again."""
        self._at = -1
        self._go(1, self._seen())

    def leave(self) -> None:
        """End it at once; nothing stays on any screen."""
        self._at = None
        for screen in self._app.screen_stack:
            screen.remove_class(_CLASS)
            for overlay in screen.query("Card, Light"):
                overlay.remove()

    def act(self, action: str) -> None:
        """Do what a key of the tour asks for."""
        if self._at is None:
            return
        if action == "tour.leave":
            self.leave()
        elif action == "tour.back":
            self._go(-1, self._seen())
        else:
            self._go(1, self._seen())

    def did(self, action: str) -> None:
        """Take notice of what the person did."""
        if self._at is not None:
            self._deeds |= {action}
            self.follow_soon()

    def takes(self, key: str) -> bool:
        """Whether a key of the tour is meant for the tour now.

        Not while something is typed or asked, nor where the step wants that key pressed for what
        it does by itself.
        """
        step, screen = self.step, self._screen()
        if step is None or screen is None or isinstance(screen.focused, Input):
            return False
        asked = step.asks is not None and step.where == screen.AREA
        return not (asked and key in self._app.keys.by_id[step.asks or ""].keys)

    def follow_soon(self) -> None:
        """Look again once the screen is drawn; many calls are one look."""
        if self._at is not None and not self._due:
            self._due = True
            self._app.call_after_refresh(self._follow)

    def _follow(self) -> None:
        self._due = False
        step, screen = self.step, self._screen()
        if step is None or screen is None:
            return  # the screen that comes back in front has it looked at again
        if not screen.is_mounted:
            self._app.set_timer(_SOON_S, self.follow_soon)
            return
        now = self._seen()
        if self._app.state.link is Link.LIVE and not now.envs:
            self.leave()
            self._app.notify("the tour ends: there is no env any more", timeout=6)
            return
        if self._leading and not self._led(step, screen, now):
            return
        self._leading = False
        if step.where == screen.AREA:
            if self._before is None:
                self._arrived(step, screen, now)
            if self._gone(now):
                self._go(0, now)
                return
        done = step.done
        if done and self._before and done(self._before, now, self._subject or ""):
            self._go(1, now)
            return
        self._draw(step, screen, now)

    def _go(self, by: int, now: Seen) -> None:
        """To another step; 0: to the same with another subject, or past it where there is none."""
        at = self._at if self._at is not None else -1
        start = at if by else at - self._direction
        self._direction = by or self._direction
        to, left_out = onward(STEPS, start, self._direction, now)
        if to is None:
            self.leave()
            words = self._app.keys.words("that was the tour; {app.help} {app.tour} shows it again")
            self._app.notify("\n".join([*map(_left_out, left_out), words]), timeout=6)
            return
        self._at, self._leading = to, True
        self._before, self._subject, self._deeds = None, None, frozenset()
        self._notes = tuple(map(_left_out, left_out))
        self.follow_soon()

    def _led(self, step: Step, screen: HiveScreen, now: Seen) -> bool:
        """Bring the screen of the step one further to the front; True once it is there."""
        if step.where == screen.AREA:
            return True
        if screen.AREA != FLEET and (step.where == FLEET or screen.AREA not in (ENV, LOGS)):
            self._app.back()
        elif step.where == ENV:
            if screen.AREA == LOGS:
                self._app.back()
            elif now.env is not None:
                self._app.open_env(now.env)
        elif now.env is not None:
            self._app.open_logs(now.env, screen.service())
        return False

    def _arrived(self, step: Step, screen: HiveScreen, now: Seen) -> None:
        """The step is in front: choose what it is about."""
        self._subject = step.subject(now)
        if self._subject is not None and step.anchor in OF_AN_ENV:
            screen.bring(self._subject)
        self._before = self._seen()

    def _gone(self, now: Seen) -> bool:
        return self._subject not in now.envs

    def _draw(self, step: Step, screen: HiveScreen, now: Seen) -> None:
        card, light = screen.overlays()
        screen.add_class(_CLASS)
        there = step.where == screen.AREA
        env = now.envs.get(self._subject or "")
        spot = find(screen, step.anchor, env) if there and env is not None else None
        notes = list(self._notes)
        if not there:
            notes.append("The tour waits on another screen; going on brings it in front.")
        elif spot is None or not spot.exact:
            notes.append("At this size there is no room for it.")
        place = (self._at or 0) + 1, len(STEPS)
        spots = [spot.region, spot.around] if spot is not None else []
        said = [toast.region for toast in screen.query(Toast)]
        standing = stand(step, place, notes, spots, said, screen.size, self._app.look())
        card.stand(standing)
        if spot is None:
            light.aim(None, Region())
        else:
            light.aim(spot.widget, spot.region.intersection(spot.widget.region))

    def _seen(self) -> Seen:
        screen = self._screen()
        env = screen.env() if screen is not None else None
        return Seen(
            area=screen.AREA if screen is not None else "",
            envs=self._app.state.envs,
            env=env.id if env is not None else None,
            deeds=self._deeds,
            shells=self._app.intents.shells,
            terminal=not self._app.is_web,
        )

    def _screen(self) -> HiveScreen | None:
        """The screen in front, if it is one of ours and no question over it."""
        screen = self._app.screen
        return screen if isinstance(screen, HiveScreen) else None


def _left_out(reason: str) -> str:
    return f"Left out: {reason}."
