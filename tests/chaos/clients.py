"""Clients that work while the server is killed, and record what was acknowledged."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.aws_session import make_client

__all__ = ["Clients", "Told"]


class Told:
    """What was acknowledged. A value that was being written at a kill may be the old one or the new one."""

    def __init__(self) -> None:
        self.objects: dict[str, set[bytes | None]] = {}
        self.parameters: dict[str, set[str | None]] = {}
        self.messages: set[str] = set()
        self.executions: dict[str, str | None] = {}  # ARN to output, once it was seen
        self.queries: dict[str, list[Any] | None] = {}  # id to rows, once they were seen

    def count(self) -> int:
        """How many things were acknowledged."""
        parts: tuple[Any, ...] = (
            self.objects,
            self.parameters,
            self.messages,
            self.executions,
            self.queries,
        )
        return sum(map(len, parts))


class Clients:
    """One thread for each kind of work; each repeats it, a little apart, until ``stop``."""

    def __init__(self, endpoint: str, seed: int) -> None:
        self._endpoint, self._seed = endpoint, seed
        self.told = Told()
        self._stopped = threading.Event()
        works = (self._put_objects, self._put_parameters, self._send, self._execute, self._query)
        self._threads = [
            threading.Thread(target=self._repeat, args=(work, number), daemon=True)
            for number, work in enumerate(works)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End when the present piece of work is done or has failed."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def client(self, service: str) -> Any:
        """A client that does not try again."""
        return make_client(service, self._endpoint, "us-east-1", read_timeout=30, connect_timeout=5)

    def _repeat(self, work: Callable[[random.Random, int], None], number: int) -> None:
        chance, turn = random.Random(self._seed + number), 0
        while not self._stopped.is_set():
            with contextlib.suppress(BotoCoreError, ClientError, OSError):
                work(chance, turn)
            turn += 1
            time.sleep(chance.uniform(0.01, 0.1))  # leaves the machine room for the pipeline

    def _put_objects(self, chance: random.Random, turn: int) -> None:
        s3, key = self.client("s3"), f"k{chance.randrange(200)}"
        before = self.told.objects.get(key, {None})
        if chance.random() < 0.2:
            self.told.objects[key] = before | {None}
            s3.delete_object(Bucket="chaos", Key=key)
            self.told.objects[key] = {None}
        else:
            body = b"%d " % turn * chance.choice([1, 100, 10_000])
            self.told.objects[key] = before | {body}
            s3.put_object(Bucket="chaos", Key=key, Body=body)
            self.told.objects[key] = {body}

    def _put_parameters(self, chance: random.Random, turn: int) -> None:
        name, value = f"p{chance.randrange(20)}", str(turn)
        self.told.parameters[name] = self.told.parameters.get(name, {None}) | {value}
        self.client("ssm").put_parameter(Name=name, Type="String", Value=value, Overwrite=True)
        self.told.parameters[name] = {value}

    def _send(self, chance: random.Random, turn: int) -> None:
        del chance
        sqs = self.client("sqs")
        queue = sqs.get_queue_url(QueueName="chaos")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody=str(turn))
        self.told.messages.add(str(turn))

    def _execute(self, chance: random.Random, turn: int) -> None:
        states = self.client("stepfunctions")
        running = [arn for arn, output in self.told.executions.items() if output is None]
        if len(running) < 5:
            machine = "arn:aws:states:us-east-1:123456789012:stateMachine:chaos"
            given = json.dumps({"turn": turn, "items": list(range(chance.randrange(5)))})
            started = states.start_execution(stateMachineArn=machine, input=given)
            self.told.executions[started["executionArn"]] = None
        for arn in running:
            found = states.describe_execution(executionArn=arn)
            if found["status"] == "SUCCEEDED":
                self.told.executions[arn] = found["output"]

    def _query(self, chance: random.Random, turn: int) -> None:
        del chance
        athena = self.client("athena")
        started = athena.start_query_execution(
            QueryString=f"SELECT {turn} AS turn",
            ResultConfiguration={"OutputLocation": "s3://chaos/results/"},
        )["QueryExecutionId"]
        self.told.queries[started] = None
        while not self._stopped.is_set():
            state = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]
            if state == "SUCCEEDED":
                rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
                self.told.queries[started] = rows
            if state in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                return
            time.sleep(0.1)
