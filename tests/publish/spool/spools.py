"""Messages as the spool keeps them, made by the dozen."""

from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Stored
from tests.publish.conftest import CLOCK

BOOT = "6f1c2a90"


def make_stored(
    row_id: int,
    *,
    kind: Kind = Kind.EVENTS,
    source_id: str = "gate",
    boot: str = BOOT,
    seq: int | None = None,
    lost_before: int = 0,
    size: int = 500,
    age_s: float = 0.0,
) -> Stored:
    return Stored(
        id=row_id,
        kind=kind,
        source_id=source_id,
        boot=boot,
        seq=row_id if seq is None else seq,
        schema=f"edgedet.{kind.value}/1",
        message_id=f"bench-01/{boot}/{source_id}/{kind.value}/{row_id}",
        utc_ms=int((CLOCK.utc_now().timestamp() - age_s) * 1000),
        payload=b'{"pad":"' + b"x" * size + b'"}',
        lost_before=lost_before,
        queued_s=CLOCK.monotonic() - age_s,
    )
