"""Errors that the command line knows how to tell, without the rooms that raise them."""

from edgedet.errors import EdgedetError


class OtherProcessError(EdgedetError):
    """Another process of the run failed and has told why; nothing to add."""
