"""The triage desk: what needs a person in one queue, and the answer to each by a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from hive_tui.app import figures
from hive_tui.app.actions import TRIAGE, bindings
from hive_tui.app.agent_intents import Reply
from hive_tui.app.dossier import WORDS_S, Dossier
from hive_tui.app.lines import Line, cut, faded, safe
from hive_tui.app.possible import Situation
from hive_tui.app.screens.base import Deed, EnvDeeds
from hive_tui.app.screens.put_off import PutOffDialog
from hive_tui.app.screens.writing import Writing, WritingDialog
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.guard import Guard
from hive_tui.app.triage.items import Item, Kind
from hive_tui.app.triage.queue import Card, after, ordered
from hive_tui.app.views.desk import card_lines, desk_head, empty_lines, queue_lines
from hive_tui.app.views.head import banner, status_line
from hive_tui.app.widgets.rows import Pages, Rows
from hive_tui.client.protocol import HiveClient
from hive_tui.model.environment import EnvDetail

BESIDE = 100
"""Cells from which on the card stands beside the queue."""

_QUEUE = 56
"""Cells of the queue at most, beside a card."""

_SHARE = 3
"""The queue takes one of so many parts of the height, above a card."""


class TriageScreen(EnvDeeds):
    """The queue and the selected card. After an answer the next card comes by itself."""

    AREA = TRIAGE
    BINDINGS = bindings(TRIAGE)

    def __init__(
        self, client: HiveClient, moments: Callable[[], float], first: str | None = None
    ) -> None:
        """Create the screen.

        Args:
            client: Whom to ask what the state does not hold.
            moments: Monotonic seconds.
            first: `project/name` of the env whose dearest thing is selected at first.
        """
        super().__init__()
        self._guard = Guard(moments)
        self._dossier = Dossier(self, client, self.redraw)
        self._first = first
        self._cards: tuple[Card, ...] = ()
        self._selected: str | None = None
        self._at = 0
        """Row of the selected card in the queue."""
        self._all = False
        """Whether what is put off is shown too."""

    def compose(self) -> ComposeResult:
        """Head line, queue and card, foot."""
        yield Rows(id="head")
        with Container(id="desk"):
            yield Pages(id="queue")
            yield Pages(id="card")
        yield Rows(id="foot")

    def on_mount(self) -> None:
        """Draw, and look now and then what was written meanwhile."""
        super().on_mount()
        self.set_interval(WORDS_S, lambda: self._dossier.forget("words"))

    def card(self) -> Card | None:
        """The selected card."""
        return next((card for card in self._cards if card.key == self._selected), None)

    def env(self) -> EnvDetail | None:
        """The env of the selected card, or the first of them."""
        card = self.card()
        return self.hive.state.envs.get(card.first.env) if card is not None else None

    def situation(self) -> Situation:
        """With the selected card."""
        return msgspec.structs.replace(super().situation(), card=self.card())

    def deeds(self) -> Mapping[str, Deed]:
        """Answering, putting off, moving about; and the intents of the env."""
        page = self.query_one("#card", Pages).deeds()
        return {
            **super().deeds(),
            "env.open": lambda _: self.hive.open_env(self._target().id),
            "triage.once": lambda _: self._answer(Reply("once")),
            "triage.always": lambda _: self._answer(Reply("always")),
            "triage.deny": lambda _: self._deny(),
            "triage.option": self._choose,
            "triage.reply": lambda _: self._reply(),
            "triage.snooze": lambda _: self._put_off(),
            "triage.seen": lambda _: self._seen(),
            "triage.put_off": lambda _: self._show_all(),
            "triage.next": lambda _: self._move(1),
            "triage.previous": lambda _: self._move(-1),
            "view.start": lambda _: self._select(0),
            "view.end": lambda _: self._select(-1),
            "view.page_up": page["view.page_up"],
            "view.page_down": page["view.page_down"],
        }

    def show(self, state: HiveState) -> None:
        """Draw the queue and the selected card."""
        look, width = self.hive.look(), self.app.size.width
        self._arrange(state, look.now)
        away = sum(card.put_off for card in self.hive.desk.cards(state, all_of_them=True))
        head = desk_head(state, self._cards, away, width, look, all_of_them=self._all)
        notice = banner(state, width, look)
        queue, card = self.query_one("#queue", Pages), self.card()
        beside, room = self._make_room()
        rows = queue_lines(self._cards, self._selected, room[0], look, tall=beside)
        if card is None:
            rows = empty_lines(state, away, look)
        with self.app.batch_update():
            self.query_one("#head", Rows).put(*((head, notice) if notice else (head,)))
            queue.put(self._toned(state, rows))
            self.query_one("#card", Pages).put(self._toned(state, self._card_lines(state, room[1])))
            self.show_foot(cut(status_line(state, width, look), width))
        if card is not None:
            queue.reveal(self._at * (2 if beside else 1))
            env = state.envs.get(card.first.env)
            if env is not None and state.link is Link.LIVE:
                self._dossier.ask(env, ports=False)

    @on(Pages.Clicked, "#queue")
    def queue_clicked(self, event: Pages.Clicked) -> None:
        """Select the card in the row."""
        beside = self.app.size.width >= BESIDE
        at = event.row // (2 if beside else 1)
        if at < len(self._cards):
            self._select(at)

    def _arrange(self, state: HiveState, now: float) -> None:
        """Order the queue around the selected card; where it has gone, the next one is selected."""
        cards = self.hive.desk.cards(state, all_of_them=self._all)
        self._cards = ordered(cards, now, selected=self._selected, at=self._at)
        if self.card() is None:
            gone, first = self._selected or "", self._first
            self._first = None
            own = next((card for card in self._cards if card.first.env == first), None)
            self._selected = own.key if own else after(self._cards, gone, self._at)
            self.query_one("#card", Pages).scroll_home(animate=False, immediate=True)
        keys = [card.key for card in self._cards]
        self._at = keys.index(self._selected) if self._selected in keys else 0
        self._guard.show(self.card())

    def _make_room(self) -> tuple[bool, tuple[int, int]]:
        """Lay queue and card out; whether they stand side by side, and the cells of each."""
        size, desk = self.app.size, self.query_one("#desk", Container)
        queue, card = self.query_one("#queue", Pages), self.query_one("#card", Pages)
        beside = size.width >= BESIDE
        desk.set_class(beside, "-beside")
        card.display = self.card() is not None
        if not card.display:
            queue.styles.width, queue.styles.height = "1fr", "1fr"
            return beside, (size.width - 1, 0)
        if beside:
            cells = min(_QUEUE, size.width * 2 // 5)
            queue.styles.width, queue.styles.height = cells, "1fr"
            return True, (cells - 1, size.width - cells - 4)
        rows = max(1, min(len(self._cards), (size.height - 4) // _SHARE))
        queue.styles.width, queue.styles.height = "1fr", rows
        return False, (size.width - 1, size.width - 4)

    def _card_lines(self, state: HiveState, width: int) -> list[Line]:
        card = self.card()
        if card is None:
            return []
        envs = [state.envs[item.env] for item in card.items if item.env in state.envs]
        if envs:
            self._dossier.begin(envs[0].id)
            envs[0] = self._dossier.complete(envs[0])
        until = self.hive.desk.until(card.first)
        words = f"until {figures.moment(until, self.hive.look().now)}" if until else ""
        look = self.hive.look()
        return card_lines(card, envs, self._dossier.words, max(12, width), look, until=words)

    def _toned(self, state: HiveState, lines: list[Line]) -> list[Line]:
        return [faded(line) for line in lines] if state.out_of_date else lines

    # --- moving about ------------------------------------------------------------------------

    def _move(self, by: int) -> None:
        if self._cards:
            self._select((self._at + by) % len(self._cards))

    def _select(self, at: int) -> None:
        """Go to a row: the person did, so what stands there may be answered at once."""
        if not self._cards:
            return
        self._at, self._selected = at % len(self._cards), self._cards[at].key
        self._guard.show(self._cards[at], chosen=True)
        self.query_one("#card", Pages).scroll_home(animate=False, immediate=True)
        self.redraw()

    def _show_all(self) -> None:
        self._all = not self._all
        self.redraw()

    # --- answering ---------------------------------------------------------------------------

    def _meant(self) -> Card | None:
        """The selected card, if a key can mean it; says so where it has only just come."""
        card = self.card()
        if card is not None and self._guard.takes(card):
            return card
        self.app.notify(
            "nothing was answered: this has only just come; press again to mean it", timeout=3
        )
        return None

    def _answer(self, reply: Reply) -> None:
        if card := self._meant():
            self._give(card, reply)

    def _give(self, card: Card, reply: Reply) -> None:
        """Send an answer to what was asked when it was given, and go on to the next card."""
        self.hive.desk.answer(card.items)
        self.hive.agents.answer(card.items, reply, self._refused)
        self.hive.rejudge()

    def _refused(self, item: Item) -> None:
        """Not answered by this: it asks again, unless the daemon says that it no longer does."""
        self.hive.desk.unanswer(item)
        self.hive.rejudge()

    def _choose(self, key: str) -> None:
        card = self.card()
        options = card.first.ask.options if card is not None and card.first.ask else ()
        if not key.isdigit():
            self.app.notify(f"press 1 to {min(9, len(options))}", timeout=3)
        elif int(key) > len(options):
            self.app.notify(f"there is no option {key}", timeout=3)
        else:
            self._answer(Reply("option", int(key)))

    def _deny(self) -> None:
        if card := self._meant():
            writing = Writing(
                f"No to {safe(card.names)}",
                safe(card.first.text),
                "why not, or nothing",
                empty=True,
            )
            self._write(card, writing, "deny")

    def _reply(self) -> None:
        if card := self._meant():
            writing = Writing(f"Answer to {card.names}", card.first.text, "your answer")
            self._write(card, writing, "text")

    def _write(self, card: Card, writing: Writing, choice: str) -> None:
        """Ask for words, and give them to the card for which they were meant."""

        def written(text: str | None) -> None:
            if text is not None:
                self._give(card, Reply(choice, text=text))

        self.app.push_screen(WritingDialog(writing), written)

    # --- putting off -------------------------------------------------------------------------

    def _put_off(self) -> None:
        card = self.card()
        assert card is not None, "the registry lets no answer through without a card"
        if card.put_off:
            self._told(self.hive.desk.bring_back(card.items))
            return

        def until(answer: float | None) -> None:
            if answer is not None:
                self._told(self.hive.desk.put_off(card.items, answer or None))

        self.app.push_screen(PutOffDialog(card, self.hive.look().now), until)

    def _seen(self) -> None:
        card = self.card()
        assert card is not None, "the registry lets no answer through without a card"
        for item in card.items:
            if item.kind is Kind.DONE:
                self.hive.agents.seen(item.env)
        self._told(self.hive.desk.put_off(card.items, None, seen=True))

    def _told(self, problem: str) -> None:
        if problem:
            self.app.notify(safe(problem), severity="warning", timeout=8)
        self.hive.rejudge()
