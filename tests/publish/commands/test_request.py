"""Commands from the network are read with suspicion, and told exactly what is wrong."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.errors import CommandError
from edgedet.publish.commands.arguments import SnapshotArguments
from edgedet.publish.commands.request import (
    MAX_BYTES,
    UNREADABLE_ID,
    UnsoundError,
    read_arguments,
    read_request,
)


def _command(**fields: object) -> bytes:
    return json.dumps({"schema": "edgedet.command/1", "id": "c-1", **fields}).encode()


def test_sound_command_is_read_and_unknown_fields_are_left_alone() -> None:
    request = read_request(_command(args={"source": "gate"}, later="field"))

    assert (request.id, request.args) == ("c-1", {"source": "gate"})
    assert read_request(_command()).args == {}


@pytest.mark.parametrize(
    ("payload", "told", "command_id"),
    [
        (b"", "JSON", UNREADABLE_ID),
        (b"pause", "JSON", UNREADABLE_ID),
        (b"\xff\xfe", "JSON", UNREADABLE_ID),
        (b"[1, 2]", "expected", UNREADABLE_ID),
        (b"{}", "schema: missing; it is required; id: missing", UNREADABLE_ID),
        (
            _command(schema="edgedet.command/2"),
            "schema: input should be 'edgedet.command/1'",
            "c-1",
        ),
        (_command(args=[1]), "args", "c-1"),
        (_command(id=7), "id: input should be a valid string", UNREADABLE_ID),
        (_command(id=""), "id: string should match", UNREADABLE_ID),
        (_command(id="a\nb"), "id: string should match", UNREADABLE_ID),
        (_command(id="x" * 193), "id: string should match", UNREADABLE_ID),
        (b"[" * 5000, "JSON", UNREADABLE_ID),
        (
            b" " * (MAX_BYTES + 1),
            f"{MAX_BYTES + 1} bytes; expected at most {MAX_BYTES}",
            "unreadable",
        ),
    ],
)
def test_unsound_command_is_refused_with_its_fault(
    payload: bytes, told: str, command_id: str
) -> None:
    with pytest.raises(UnsoundError) as caught:
        read_request(payload)

    assert told in str(caught.value)
    assert caught.value.id == command_id


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "args.source: missing; it is required"),
        ({"sorce": "gate", "source": "gate"}, "args.sorce: unknown key; did you mean 'source'?"),
        ({"source": "Gate 1"}, "args.source: string should match pattern"),
    ],
)
def test_arguments_are_checked(args: dict[str, object], told: str) -> None:
    with pytest.raises(CommandError, match="args") as caught:
        read_arguments(SnapshotArguments, args)

    assert told in str(caught.value)


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_request_or_refused(payload: bytes) -> None:
    for tried in (payload, _command(args={"x": payload.decode(errors="replace")}) + payload):
        with contextlib.suppress(UnsoundError):
            assert read_request(tried).id
