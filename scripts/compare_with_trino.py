"""Ask a real Trino what the Athena cases ask, and keep its answers beside them.

    python scripts/compare_with_trino.py http://127.0.0.1:8080 [.sql file ...]

Needs a running Trino; a coordinator without catalogs will do. For that, Maven's io.trino:trino-main with its
dependencies is enough: ``new io.trino.server.Server().start("435")``, and a configuration of
coordinator, node-scheduler.include-coordinator, http-server.http.port, discovery.uri and node.environment.

Its answers to the cases are written to packages/localaws/tests/localaws/athena/trino_answers.json, which
test_cases.py compares with the cases; cases with tables of their own are not asked. A ``.sql`` file has one
query a line, which the local Athena answers too: both answers are printed. Trino's results come as JSON; here
they become the text that Athena writes into result files.
"""

import json
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

ATHENA = Path(__file__).parents[1] / "packages" / "localaws" / "tests" / "localaws" / "athena"
Rows = list[list[str | None]]


class Failed(Exception):
    """The query did not succeed."""


def ask(server: str, sql: str) -> Rows:
    """The rows of a query, as text."""
    request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
        f"{server}/v1/statement",
        sql.encode(),
        {
            "X-Trino-User": "stepcast",
            "X-Trino-Time-Zone": "UTC",
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
        },
    )
    columns: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    while True:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            page = json.load(answer)
        if "error" in page:
            raise Failed(f"{page['error']['errorName']}: {page['error']['message']}")
        columns = page.get("columns") or columns
        rows += page.get("data") or []
        if "nextUri" not in page:
            break
        request = urllib.request.Request(page["nextUri"], headers={"X-Trino-User": "stepcast"})  # noqa: S310
    kinds = [column["typeSignature"] for column in columns]
    return [[text(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows]


def text(value: Any, kind: dict[str, Any]) -> str | None:
    """``value`` as Athena's result files have it."""
    if value is None:
        return None
    name, inner = kind["rawType"], [each["value"] for each in kind["arguments"]]
    if name == "array":
        return f"[{', '.join(within(each, inner[0]) for each in value)}]"
    if name == "map":
        pairs = [f"{within(key, inner[0])}={within(each, inner[1])}" for key, each in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if name == "row":
        names = [(each.get("fieldName") or {}).get("name") or f"field{i}" for i, each in enumerate(inner)]
        fields = [
            f"{label}={within(each, part['typeSignature'])}"
            for label, each, part in zip(names, value, inner, strict=True)
        ]
        return f"{{{', '.join(fields)}}}"
    if name in {"double", "real"} and not isinstance(value, str):
        return java_double(value)
    if name == "boolean":
        return str(value).lower()
    if name.startswith(("timestamp", "time")):
        return re.sub(r"(\d\d:\d\d:\d\d)(?:\.(\d*))?", milliseconds, str(value))
    if name == "varbinary":
        import base64

        return base64.b64decode(value).hex(" ")
    return str(value)


def within(value: Any, kind: dict[str, Any]) -> str:
    found = text(value, kind)
    return "null" if found is None else found


def milliseconds(found: re.Match[str]) -> str:
    return f"{found[1]}.{(found[2] or '')[:3].ljust(3, '0')}"


def java_double(value: float) -> str:
    """1.0E10 for 1e10."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        digits = format(value, ".17e")
        for precision in range(17):
            digits = format(value, f".{precision}e")
            if float(digits) == value:
                break
        mantissa, _, exponent = digits.partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def answer(server: str, sql: str) -> Rows | str:
    """The rows of a query, or its failure."""
    try:
        return ask(server, sql)
    except Failed as failure:
        return str(failure)


def record(server: str) -> None:
    """Write Trino's answers to the cases."""
    with urllib.request.urlopen(f"{server}/v1/info") as info:  # noqa: S310
        version = json.load(info)["nodeVersion"]["version"]
    cases = [json.loads(path.read_text("utf-8")) for path in sorted((ATHENA / "cases").glob("*.json"))]
    answers = {case["sql"]: answer(server, case["sql"]) for case in cases if "tables" not in case}
    lines = ",\n".join(f"{json.dumps(sql)}: {json.dumps(rows)}" for sql, rows in answers.items())
    text = f'{{"version": {json.dumps(version)}, "answers": {{\n{lines}\n}}}}\n'
    (ATHENA / "trino_answers.json").write_text(text, "utf-8")
    print(f"Trino {version}: {len(answers)} answers")


def against_ours(server: str, path: Path) -> None:
    """Both answers to each query of a file."""
    from localaws import LocalAws
    from tests.localaws.athena import lake as local

    with LocalAws() as aws:
        lake = local.Lake(aws)
        for line in path.read_text().splitlines():
            if not (sql := line.strip()):
                continue
            answers: list[object] = []
            for each, refused in ((lambda: lake.rows(sql), Exception), (lambda: ask(server, sql), Failed)):
                try:
                    answers.append(each())
                except refused as failure:
                    answers.append(str(failure).split(":")[0])
                    last = str(failure)
            same = answers[0] == answers[1]
            print("same" if same else f"OTHER\n  ours:  {answers[0]}\n  Trino: {answers[1]}", sql, flush=True)
            if not same and any(isinstance(answer, str) for answer in answers):
                print("  ", last[:300])


def main() -> None:
    server, *given = sys.argv[1:]
    for path in given:
        against_ours(server, Path(path))
    if not given:
        record(server)


if __name__ == "__main__":
    main()
