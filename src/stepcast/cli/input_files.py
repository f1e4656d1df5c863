"""The input files of a command: their options, their suffixes, and their keys in a bucket."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

__all__ = ["ENDINGS", "keys_for", "sorted_out"]

ENDINGS = (".csv", ".csv.gz", ".parquet")


def sorted_out(given: Mapping[str, Sequence[Path]]) -> dict[str, list[Path]]:
    """Files by folder of the bucket, from files by option; a file given twice counts once.

    Usage error for a file with an unsupported suffix.
    """
    for option, paths in given.items():
        for path in paths:
            if not path.name.lower().endswith(ENDINGS):
                raise typer.BadParameter(
                    f"{path} does not end in {', '.join(ENDINGS)}", param_hint=f"--{option}"
                )
    return {f"{option}/": list(dict.fromkeys(paths)) for option, paths in given.items()}


def keys_for(files: Sequence[Path], folder: str) -> dict[str, Path]:
    """The key of each file under ``folder``; files of the same name get separate folders.

    >>> [*keys_for([Path("a/x.csv"), Path("b/x.csv"), Path("y.csv")], "train/")]
    ['train/1-a/x.csv', 'train/2-b/x.csv', 'train/y.csv']
    """
    names = Counter(path.name for path in files)
    keys = {}
    for number, path in enumerate(files, 1):
        own = f"{number}-{path.resolve().parent.name}/" if names[path.name] > 1 else ""
        keys[f"{folder}{own}{path.name}"] = path
    return keys
