"""How an inner loop is compiled: ahead of any run, and kept on disk (docs/decisions/0005)."""

import numba as nb

__all__ = ["compiled"]

# No fastmath: with reordered sums, what was just compiled and what was kept on disk differed in the last bit.
compiled = nb.njit(cache=True, nogil=True, error_model="numpy")
