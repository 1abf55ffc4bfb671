"""`python -m edgedet` is `edgedet`: the command line, which Ctrl-C may end while it still loads."""

import sys

_INTERRUPTED = 130  # what shells make of a program that SIGINT ended


def main() -> None:
    """Run the command line; an early Ctrl-C is an exit code, not a traceback."""
    try:
        from edgedet.cli import main as command_line  # noqa: PLC0415 - the loading is what takes time

        command_line()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
