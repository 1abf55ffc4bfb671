"""A status that is missing or too old means unknown."""

from datetime import datetime, timedelta, timezone

from edgedet.commands.sub.presence import Presence

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=timezone.utc)
LATER = NOW + timedelta(seconds=100)


def test_state_holds_until_it_expires() -> None:
    presence = Presence()
    presence.note("gate", "live", NOW + timedelta(seconds=90))

    assert presence.states(NOW) == {"gate": "live"}
    assert presence.newly_unknown(NOW) == []
    assert presence.newly_unknown(LATER) == ["gate"]
    assert presence.newly_unknown(LATER) == []
    assert presence.states(LATER) == {"gate": "unknown"}


def test_state_without_an_expiry_stays() -> None:
    presence = Presence()
    presence.note("device", "stopped", None)

    assert presence.states(LATER) == {"device": "stopped"}


def test_whoever_speaks_without_a_status_is_unknown() -> None:
    presence = Presence()
    presence.expect("gate")
    assert presence.states(NOW) == {"gate": "unknown"}
    assert presence.newly_unknown(NOW) == []

    presence.note("gate", "live", None)
    presence.expect("gate")
    assert presence.states(NOW) == {"gate": "live"}


def test_status_that_is_taken_back_is_forgotten() -> None:
    presence = Presence()
    presence.note("gate", "live", None)
    presence.forget("gate")
    presence.forget("gate")

    assert presence.states(NOW) == {}


def test_sources_of_a_device_that_left_are_unknown() -> None:
    presence = Presence()
    for name, state in (("a/b", "online"), ("a/b/src/gate", "live"), ("a/c/src/gate", "live")):
        presence.note(name, state, LATER)
    presence.note("a/b", "stopped", None)

    assert presence.states(NOW) == {
        "a/b": "stopped",
        "a/b/src/gate": "unknown",
        "a/c/src/gate": "live",
    }
