"""The worker process: runs one job after another, each in a fresh DuckDB, locked before it sees the query.

A job is a line of JSON on stdin, its answer a line on stdout. The process ends when stdin does, so it never
outlives its parent, not even in the middle of a query. It imports nothing but DuckDB.

The lock: what may be read and written is listed file by file, everything else (other files, HTTP, extensions,
settings) is refused by DuckDB itself, and the operating system bounds memory and the size of files.
"""

import contextlib
import json
import os
import queue
import resource
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb

__all__ = ["main"]


def main() -> None:
    """Serve jobs until stdin ends."""
    _step_back()
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(jobs,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints must not garble the answers
    answers.write("ready\n")
    answers.flush()
    while True:
        connection = duckdb.connect(
            ":memory:"
        )  # before the job comes: opening takes longer than many a query
        answer = _answer(json.loads(jobs.get()), connection)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _step_back() -> None:
    """Queries wait for the server, and when memory is short the system ends them first."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), Path("/proc/self/oom_score_adj").open("w") as score:  # Linux
        score.write("1000")


def _receive(jobs: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)  # the parent has ended or is closing, and a query may be running


def _answer(job: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    try:
        _limit(job)
        _lock(job, connection)
    except Exception as error:
        return {"error": "Setup", "message": f"{type(error).__name__}: {error}"}
    try:
        rows: list[Any] = []
        for statement in job["statements"]:
            rows = connection.execute(statement).fetchall()
        return {"rows": rows}
    except MemoryError:
        return {"error": "OutOfMemoryException", "message": "the process has no more memory"}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    finally:
        connection.close()


def _limit(job: dict[str, Any]) -> None:
    """Soft limits, set again for every job."""
    for kind, value in ((resource.RLIMIT_AS, job["address_space"]), (resource.RLIMIT_FSIZE, job["result"])):
        hard = resource.getrlimit(kind)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (wanted, hard))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def _lock(job: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> None:
    settings = {
        "temp_directory": job["temp_directory"],
        "max_temp_directory_size": f"{job['spill']}B",
        "memory_limit": f"{job['memory']}B",
        "threads": job["threads"],
        "TimeZone": "UTC",
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allowed_paths": job["paths"],
        "allowed_directories": job["directories"],
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value!r}")


if __name__ == "__main__":
    main()
