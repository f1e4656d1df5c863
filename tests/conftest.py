"""Fixtures and settings for all tests."""

import os

# As in template.yaml: series are the parallel unit. On small matrices a second BLAS thread only burns time.
# It must be said before anything imports numpy.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
