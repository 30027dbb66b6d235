"""Where fixed ports lead."""

from __future__ import annotations

from hive_tui.engine.forwarding import targets
from hive_tui.model.project import Ports, Project


def test_a_fixed_port_leads_into_the_envs_block_or_to_what_all_share() -> None:
    project = Project(
        name="shop",
        root="/shop",
        ports=Ports(10_000, 100, {"web": 0, "mail": 7}),
        forward={3000: "web", 5432: "pg", 8025: "mail"},
        shared_ports={"pg": 4, "mail": 7},
        shared_base=20_000,
    )
    assert targets(project, 10_100) == {3000: 10_100, 5432: 20_004, 8025: 20_007}
