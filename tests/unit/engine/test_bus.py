"""Delivery to slow readers."""

from __future__ import annotations

from hive_tui.engine.bus import EVENTS_KEPT, Bus
from hive_tui.model.events import LogEvent


def event(seq: int) -> LogEvent:
    return LogEvent(seq, "2026-01-01T10:00:00.000Z", "test.happened", str(seq))


def test_a_slow_reader_gets_only_the_newest_value_of_each_key() -> None:
    bus = Bus()
    mailbox = bus.subscribe(lambda: None)
    for number in range(1000):
        bus.publish("a", number)
        bus.publish("b", -number)

    assert mailbox.drain().values == {"a": 999, "b": -999}
    assert mailbox.empty


def test_values_come_in_the_order_of_their_last_change() -> None:
    bus = Bus()
    mailbox = bus.subscribe(lambda: None)
    for key in ("a", "b", "a"):
        bus.publish(key, 1)

    assert list(mailbox.drain().values) == ["b", "a"]


def test_a_reader_is_woken_once_until_it_drains() -> None:
    woken: list[int] = []
    bus = Bus()
    mailbox = bus.subscribe(lambda: woken.append(1))
    bus.publish("a", 1)
    bus.publish("a", 2)
    bus.publish_event(event(1))
    assert len(woken) == 1

    mailbox.drain()
    bus.publish_event(event(2))
    assert len(woken) == 2


def test_events_beyond_the_bound_are_dropped_oldest_first_and_counted() -> None:
    bus = Bus()
    mailbox = bus.subscribe(lambda: None)
    for seq in range(EVENTS_KEPT + 3):
        bus.publish_event(event(seq))

    batch = mailbox.drain()
    assert (len(batch.events), batch.dropped) == (EVENTS_KEPT, 3)
    assert batch.events[0].seq == 3
    assert mailbox.drain().dropped == 0


def test_a_bus_knows_whether_somebody_listens() -> None:
    bus = Bus()
    assert not bus.heard

    mailbox = bus.subscribe(lambda: None)
    assert bus.heard

    bus.unsubscribe(mailbox)
    assert not bus.heard


def test_a_closed_mailbox_gets_nothing() -> None:
    bus = Bus()
    closed = bus.subscribe(lambda: None)
    other = bus.subscribe(lambda: None)
    bus.unsubscribe(closed)
    bus.unsubscribe(closed)
    bus.publish("a", None)

    assert closed.empty
    assert other.drain().values == {"a": None}
