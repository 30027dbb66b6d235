from __future__ import annotations

from hive_tui.app.lines import width_of
from hive_tui.app.notices import NOTICES_KEPT, Notice, kept
from hive_tui.app.views.look import Look
from hive_tui.app.views.messages import messages_page
from tests.app import scenes
from tests.app.scripted import driven


async def test_a_toast_that_has_gone_can_be_read_again_beside_the_events() -> None:
    async with driven() as it:
        it.app.notify("billing: migrate failed", severity="error")
        await it.press("m")
        await it.until_shown("messages and events")
        rows = it.rows()
        told = next(at for at, row in enumerate(rows) if "billing: migrate failed" in row)
        event = next(at for at, row in enumerate(rows) if "worker exited 1 (5th)" in row)
        assert "✗ told you" in rows[told]
        assert told < event
        await it.press("m")
        assert "messages and events" not in it.text()


def test_the_newest_comes_first_and_every_row_fits() -> None:
    notices = [Notice(scenes.NOW + at, "warning", f"told {at} " * 30) for at in range(3)]
    for width in (20, 80, 200):
        lines = messages_page(notices, scenes.events(), width, Look())
        assert all(width_of(line) <= width for line in lines)
    text = ["".join(span.text for span in line) for line in lines]
    assert "told 2" in text[0]


def test_a_repeated_notice_is_kept_once_and_old_ones_go() -> None:
    notices = kept(kept((), Notice(1, "warning", "same")), Notice(2, "warning", "same"))
    assert notices == (Notice(2, "warning", "same"),)
    for at in range(NOTICES_KEPT * 2):
        notices = kept(notices, Notice(at, "information", str(at)))
    assert len(notices) == NOTICES_KEPT


async def test_markup_in_a_message_is_text() -> None:
    async with driven() as it:
        it.app.notify("[bold]not markup[/bold] [x")
        await it.press("m")
        await it.until_shown("[bold]not markup[/bold] [x")
