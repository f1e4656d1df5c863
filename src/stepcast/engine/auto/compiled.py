"""How an inner loop is compiled: ahead of any run, and kept on disk (docs/decisions/0005)."""

import numba as nb

__all__ = ["compiled"]

# No fastmath, not even products and sums that may become one instruction: how a kernel is compiled then hangs
# on what is compiled with it, and what was just compiled and what was kept on disk differ in the last bit.
compiled = nb.njit(cache=True, nogil=True, error_model="numpy")
