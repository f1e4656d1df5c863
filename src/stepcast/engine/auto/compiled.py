"""How an inner loop is compiled: ahead of any run, and kept on disk (docs/decisions/0005)."""

import numba as nb

__all__ = ["compiled", "compiled_loosely"]

# No fastmath: with reordered sums, what was just compiled and what was kept on disk differed in the last bit.
compiled = nb.njit(cache=True, nogil=True, error_model="numpy")
# For many candidates side by side in vector registers: a product and a sum may become one instruction, a
# division a multiplication. Sums keep their order.
compiled_loosely = nb.njit(cache=True, fastmath={"contract", "nsz", "arcp"}, nogil=True, error_model="numpy")
