"""Keep freed memory in the process: training steps on a CPU allocate and free the same large blocks."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_THRESHOLD = 32 * 2**20  # glibc's DEFAULT_MMAP_THRESHOLD_MAX on 64 bits


def keep_freed_memory() -> bool:
    """Tell glibc not to hand large blocks back to the system after each use.

    By default large tensors are mapped, zeroed page by page and unmapped again at each use; with padded
    attention masks that took more than half of a training step. Blocks up to 32 MiB are kept.
    Returns whether it took effect (glibc on Linux only).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        results = [
            libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST_THRESHOLD),
            libc.mallopt(_M_TRIM_THRESHOLD, 2**30),
        ]
    except (OSError, AttributeError):  # another C library
        return False
    return all(results)
