"""What functions find imported."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["NOTHING", "Preload"]


@dataclass(frozen=True, slots=True)
class Preload:
    """Modules that take long to import, and are imported once for all functions. On Linux only.

    ``modules``    of localaws' own environment; importing one must start no thread. A function that brings
                   one of them along imports everything for itself.
    ``variables``  patterns for the environment variables that the modules read when they are imported, such
                   as ``NUMBA_*``: functions that differ in them share nothing.
    ``services``   of AWS, as boto3 names them, whose clients functions make: botocore's descriptions of them
                   are read once. They need botocore among the modules.
    """

    modules: Sequence[str] = ()
    variables: Sequence[str] = ()
    services: Sequence[str] = ()


NOTHING = Preload()
