"""The command lines of README.md, docs/tutorial, docs/how-to and packages/localaws run in the documents'
order, as a reader would paste them.

Each document gets a folder with what a checkout has, and the commands on the PATH. A free port stands for
5005. ``aws`` is the real command where there is one, else tests/cli/aws_shim.py.
"""

import importlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("tutorial/*.md"))]
PAGES += sorted((ROOT / "docs").glob("how-to/*.md"))
PAGES += [ROOT / "packages" / "localaws" / name for name in ("README.md", "docs/how-to.md")]
PATIENCE = 300  # seconds until a line counts as stuck; a watchdog, not a measure
READY = ("Or use stepcast ", "ready; ")  # the last line that a server prints before it serves
NOT_RUN = {
    "make demo": "makes an environment first; what it runs then is tested in test_run.py",
    "make test": "runs this test",
    "make setup": "has been done",
    "source .venv/bin/activate": "the commands are on the PATH",
    "sam build": "needs Docker and the SAM command line",
    "sam deploy --guided": "needs an AWS account",
    'pip install "stepcast[engine]"': "is installed",
    "make sam-local": "needs Docker",
    "make sam-local EXTRAS=neural": "needs Docker",
    "weed mini -dir=store -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=8333": (
        "tests/connect/s3/documented.py has it running"
    ),
    "mlflow server --port 5000 --backend-store-uri sqlite:///mlflow.db --artifacts-destination artifacts": (
        "tests/connect/mlflow/documented.py has it running"
    ),
    "stepcast track mlflow --uri sqlite:///mine.db --experiment tryout --out forecasts/": (
        "tests/connect/mlflow/test_track.py has such a database"
    ),
    "python tune.py": "tests/connect/spark/test_stages.py runs it in a session that has begun",
    "stepcast run --params params.json --train testing-data/train/*.csv --out forecasts/ --engine spark": (
        "tests/cli/test_run.py does so with less data"
    ),
    "stepcast up --open": "starts a browser; tests/cli/test_up_auth.py does so",
    "stepcast console --profile PROFILE": "needs a profile; tests/console/test_aws_account.py has one",
    "stepcast report --out report.html --top 20": "needs a forecast; tests/console/test_report.py has one",
    "stepcast up --before TrainPredictor --host 172.17.0.1": "the address of Docker's bridge",
}
TOOLS = (
    "sam deploy --stack",
    "sam local",
    "sam package",
    "aws cloudformation deploy --template-file packaged",
)
NOT_RUN |= {  # tested in packages/localaws/tests/localaws/cloudformation/test_sam_cli.py
    line: "needs Docker and the SAM command line"
    for page in PAGES
    for line in re.findall(r"^\$ (.*)$", page.read_text(), re.MULTILINE)
    if line.startswith(TOOLS)
}
CHECKOUT = ("params.json", "events", "functions", "statemachine", "template.yaml", "src")
CHECKOUT += ("pyproject.toml", "Makefile")
LATEST = Path("testing-data/train/households-2024-25.csv")


def lines_of(page: Path) -> list[str]:
    """The command lines: what follows ``$`` in console blocks, with continued lines joined."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    return [
        line.removeprefix("$ ").partition("  # ")[0].strip() for line in text.splitlines() if line[:2] == "$ "
    ]


class Reader:
    """Somebody with a shell in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        commands = folder / ".venv" / "bin"
        commands.mkdir(parents=True)
        for name, module in (("stepcast", "stepcast.cli"), ("localaws", "localaws.cli")):
            call = f"import sys; from {module} import main; sys.argv[0] = '{name}'; main()"
            self._script(commands / name, f'exec "{sys.executable}" -c "{call}" "$@"')
        aws = shutil.which("aws")
        if aws is None or subprocess.run([aws, "--version"], capture_output=True, check=False).returncode:
            self._script(commands / "aws", f'exec "{sys.executable}" "{ROOT}/tests/cli/aws_shim.py" "$@"')
        self.environment = {
            **os.environ,
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "home"),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONUNBUFFERED": "1",
        }
        self.servers: list[subprocess.Popen[str]] = []
        self.read_as = {"5005": self.port}  # what the documents call something, and what it is here

    def type(self, line: str) -> None:
        """Run a line; one that serves goes on until it is stopped."""
        for written, meant in self.read_as.items():
            line = line.replace(written, meant)
        if line.startswith("export "):
            self.environment |= dict(pair.split("=", 1) for pair in line.split()[1:])
        elif re.match(r"(\S*/)?(stepcast|localaws) up\b", line):
            self.leave()  # who starts another one has stopped the one before, whose port and folder it takes
            self._serve(line if "--port" in line or "localaws" in line else f"{line} --port {self.port}")
        elif re.match(r"stepcast export \w+ --port\b", line):
            self._serve(line)
        else:
            done = self._run(line)
            assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"

    def leave(self) -> None:
        """Press Ctrl-C in every terminal."""
        for server in self.servers:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGINT)
            server.communicate(timeout=PATIENCE)

    def printed(self, script: str) -> str:
        """What a script of the document prints."""
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, line: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def _serve(self, line: str) -> None:
        with (self.folder / "told").open("a") as told:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {line}"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                start_new_session=True,
            )
        self.servers.append(server)
        assert server.stdout is not None
        began = time.monotonic()
        while not (printed := server.stdout.readline()).startswith(READY):
            assert printed, f"$ {line}\n{(self.folder / 'told').read_text()}"
            assert time.monotonic() < began + PATIENCE

    @staticmethod
    def _script(path: Path, command: str) -> None:
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """In a folder with a checkout's files but the data, and a file of their own."""
    for name in CHECKOUT:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my.csv").write_text(a_quarter())
    someone = Reader(tmp_path)
    try:
        yield someone
    finally:
        someone.leave()


def a_quarter() -> str:
    """The last of the checkout's data: whether lines run does not depend on the rest."""
    rows = (ROOT / LATEST).read_text().splitlines(keepends=True)
    return "".join(row for row in rows if row >= "2025-04-01")


# Each has tests of its own for what its lines do, with the same servers.
LONG = ("drift", "kafka", "keras", "mlflow", "neural", "stores", "stream", "tuning")


def marked(page: Path) -> Any:
    long = [pytest.mark.long] if page.parent.name == "how-to" and page.stem in LONG else []
    return pytest.param(page, marks=long, id=str(page.relative_to(ROOT)))


@pytest.mark.slow
@pytest.mark.parametrize("page", [marked(page) for page in PAGES])
def test_the_lines_of_a_document_run_in_its_order(reader: Reader, page: Path) -> None:
    text = page.read_text()
    if "-e events/" in text:  # which name the run of all the data
        (reader.folder / "testing-data").symlink_to(ROOT / "testing-data")
    else:
        (reader.folder / LATEST).parent.mkdir(parents=True)
        (reader.folder / LATEST).write_text(a_quarter())
    later: list[str] = []
    if "shop/params.json" in text:  # the page writes it, in Python and as JSON
        script, *later = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        (params,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
        subprocess.run([sys.executable, "-c", script], cwd=reader.folder, check=True)
        (reader.folder / "shop/params.json").write_text(params)

    with prepared(page, reader):
        for line in lines_of(page):
            if line not in NOT_RUN:
                reader.type(line)
    for script in later:
        reader.printed(script)


def prepared(page: Path, reader: Reader) -> AbstractContextManager[None]:
    """The servers and files that a page speaks of: those of tests/<place>/documented.py, if any."""
    places = {"stores": "connect.s3", "stream": "connect.kafka.worker", "python": "api"}
    places |= {"first-forecast": "api", "neural": "engine.neural"}
    place = places.get(page.stem, f"connect.{page.stem}")
    if not (ROOT / "tests" / place.replace(".", "/") / "documented.py").exists():
        return nullcontext()
    module = importlib.import_module(f"tests.{place}.documented")
    context: AbstractContextManager[None] = module.prepared(page, reader)
    return context


def test_what_is_not_run_is_still_written_somewhere() -> None:
    written = {line for page in PAGES for line in lines_of(page)}

    assert set(NOT_RUN) - written == set()
    assert len(written) > len(NOT_RUN) + 10
