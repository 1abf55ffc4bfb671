"""Keeping freed memory in the process, so that a step's tensors need no new pages each time.

glibc takes every block above 32 MB straight from the kernel and gives it back when it is freed.
A training step allocates and frees some gigabytes of such blocks, and each page of them is zeroed
by the kernel at its first touch: on a virtual machine up to a quarter of the step.
"""

import ctypes
import logging

logger = logging.getLogger(__name__)

# Source: malloc.h of glibc, parameters of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_NEVER_BYTES = 2**31 - 1
_USUAL_MMAP_MAX, _USUAL_TRIM_BYTES = 65536, 128 * 1024


def keep_freed_memory() -> bool:
    """Let the C library keep what this process frees; whether it could be told so.

    For a process that trains and then ends: its memory stays at its peak. Worker processes forked
    afterwards inherit it. Another C library than glibc is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        logger.debug("this C library has no mallopt; freed memory goes back to the kernel")
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER_BYTES))
    accepted = all(bool(mallopt(name, value)) for name, value in settings)
    if not accepted:
        logger.debug("mallopt refused; freed memory goes back to the kernel")
    return accepted


def release_freed_memory() -> None:
    """Give the kernel back what was freed, and let the C library do so from now on.

    For the time after memory ran out: a heap that is kept whole stays in pieces too small to use.
    """
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_MAX, _USUAL_MMAP_MAX)
        library.mallopt(_M_TRIM_THRESHOLD, _USUAL_TRIM_BYTES)
        library.malloc_trim(0)
    except (AttributeError, OSError):
        logger.debug("this C library has no malloc_trim; freed memory stays where it is")
