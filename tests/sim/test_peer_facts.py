"""Counters of the peer."""

from edgedet.sim.peer_facts import FACTS, PeerFacts


def test_the_most_that_was_unacknowledged_is_kept() -> None:
    facts = PeerFacts()
    for count in (1, 1, 1, -1, 1, -1):
        facts.count("unacknowledged", count)
    facts.forget_unacknowledged()
    assert (facts.all()["unacknowledged"], facts.all()["most_unacknowledged"]) == (0, 3)


def test_every_fact_has_its_name() -> None:
    facts = PeerFacts()
    facts.greeted(5, "dev")
    facts.greeted(4, "dev")
    assert sorted(facts.all()) == sorted(FACTS)
    assert facts.all()["protocol"] == "3.1.1"
