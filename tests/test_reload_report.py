"""A reload in words, and as a reply."""

from edgedet.reload_report import ReloadReport


def test_says_what_became_of_each_change() -> None:
    report = ReloadReport(
        ["sources.a.uri"], [("b", "auth_failed: refused")], ["batch.max_size", "http.listen"]
    )
    assert str(report) == (
        "applied: sources.a.uri; 'b' reverted: auth_failed: refused;"
        " needs a restart: batch.max_size, http.listen"
    )
    assert report.to_json() == {
        "applied": ["sources.a.uri"],
        "reverted": [{"source": "b", "reason": "auth_failed: refused"}],
        "needs_restart": ["batch.max_size", "http.listen"],
    }


def test_nothing_has_changed() -> None:
    assert str(ReloadReport()) == "nothing has changed"
