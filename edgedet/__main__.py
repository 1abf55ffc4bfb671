"""`python -m edgedet` is `edgedet`: the command line, which Ctrl-C may end while it still loads."""

import sys
import threading

_INTERRUPTED = 130  # what shells make of a program that SIGINT ended


def main() -> None:
    """Run the command line; an early Ctrl-C is an exit code, not a traceback.

    A thread that hangs in a driver does not keep the process: all else was stopped in order.
    """
    try:
        from edgedet.cli import main as command_line  # noqa: PLC0415 - the loading is what takes time

        command_line()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except SystemExit as end:
        if any(not thread.daemon for thread in threading.enumerate()[1:]):
            from edgedet.commands.session import leave  # noqa: PLC0415 - see above

            leave(end.code if isinstance(end.code, int) else 1)
        raise


if __name__ == "__main__":
    main()
