"""Where every thread is, to see in the log what a stuck one hangs in."""

import sys
import threading
import traceback

_DEPTH = 8


def all_stacks() -> str:
    """The innermost calls of every Python thread, without any values.

    Native code shows as the call that entered it.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way
        calls = traceback.extract_stack(frame)[-_DEPTH:]
        lines = [f"  {call.filename}:{call.lineno} {call.name}" for call in calls]
        parts.append("\n".join([f"thread '{names.get(ident, ident)}':", *lines]))
    return "\n".join(parts)
