"""Keep freed memory in the process: training steps on a CPU allocate and free the same large blocks."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tell glibc not to hand large blocks back to the system after each use.

    By default each tensor over 32 MiB is mapped, zeroed page by page and unmapped again; with padded
    attention masks that took more than half of a training step (1.49 s -> 0.58 s, benchmarks/).
    Returns whether it took effect (glibc on Linux only).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        results = [
            libc.mallopt(_M_MMAP_MAX, 0),
            libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1),
            libc.mallopt(_M_TOP_PAD, 64 * 2**20),
        ]
    except (OSError, AttributeError):  # another C library
        return False
    return all(results)
