"""``scripts/services``: bring the real servers that tests use, list them, start one."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.services.packages import NotBrought
from tests.services.registry import SERVICES
from tests.services.server import Absent, NotStarted, started
from tests.services.service import Service


def bring(names: list[str]) -> int:
    """Fetch what is not here yet; 1 if anything cannot be had, after all have been tried."""
    failed = False
    for service in chosen(names):
        if service.only_by_name and not names:
            print(f"{service.name}: only if named, because it is built for minutes")
            continue
        if service.find() is None or (names and service.version is None):
            print(f"{service.name}: fetching", flush=True)
            try:
                service.bring()
            except NotBrought as error:
                failed = True
                print(f"{service.name}: {error}", file=sys.stderr)
                continue
        print(described(service))
    return int(failed)


def listed(names: list[str]) -> int:
    for service in chosen(names):
        print(described(service))
    return 0


def start(names: list[str], port: int | None) -> int:
    """Run one until it ends or Ctrl-C; its files are gone afterwards."""
    (service,) = chosen(names)
    try:
        with tempfile.TemporaryDirectory() as folder, started(service, Path(folder), port=port) as server:
            print(
                f"{service.name} serves at {server.url}; its log is {folder}/log; Ctrl-C stops it", flush=True
            )
            return server.process.wait()
    except (Absent, NotStarted) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def chosen(names: list[str]) -> list[Service]:
    return [SERVICES[name] for name in names] if names else list(SERVICES.values())


def described(service: Service) -> str:
    found = service.find()
    if found is None:
        return f"{service.name}: absent"
    return f"{service.name}: {service.version or 'on PATH'}, {found}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("bring", "fetch all, or those named, into .services/"), ("list", "say what is here")):
        one = commands.add_parser(name, help=text)
        one.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SERVICES))
    one = commands.add_parser("start", help="run one in the foreground")
    one.add_argument("names", nargs=1, metavar="NAME", help=", ".join(SERVICES))
    one.add_argument("--port", type=int, help="where it listens on 127.0.0.1; a free one if not given")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in SERVICES]:
        parser.error(f"there is no service {', '.join(unknown)}: choose of {', '.join(SERVICES)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if given.command == "start":
        return start(given.names, given.port)
    return {"bring": bring, "list": listed}[given.command](given.names)


if __name__ == "__main__":
    sys.exit(main())
