"""The topic tree."""

import re

from edgedet.publish.topics import Topics


def test_every_topic_is_below_the_device_and_has_at_most_six_slashes() -> None:
    topics = Topics("edgedet/v1", "lab", "bench-01")
    every = [
        topics.status,
        topics.info,
        topics.metrics,
        topics.source_status("gate"),
        topics.detections("gate"),
        topics.events("gate"),
        topics.counts("gate"),
        topics.snapshot("gate"),
        topics.backlog("gate", "events"),
        topics.command("pause"),
        topics.reply("pause"),
    ]

    assert len(set(every)) == len(every)
    assert all(re.fullmatch(r"edgedet/v1/lab/bench-01(/[a-z]+)*", t) for t in every)
    assert max(t.count("/") for t in every) <= 6
