"""A box to tick that says by its sign whether it is."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox):
    """`[x]` or `[ ]` and a label. Textual's own box differs by its colour alone."""

    @property
    def _button(self) -> Content:
        sign = "[x]" if self.value else "[ ]"
        return Content.assemble((sign, self.get_visual_style("toggle--button")))
