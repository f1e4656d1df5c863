"""However many files are uploaded at once, one run imports them all and makes one forecast of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.conftest import daily_sales, deploy
from tests.pipeline.given import params_bytes

FILES = 300


def test_an_upload_of_many_files_is_imported_once() -> None:
    aws, stack = deploy(SettleSeconds="5")
    try:
        stack.put("params.json", params_bytes())
        here = threading.local()

        def upload(number: int) -> None:
            if not hasattr(here, "s3"):
                here.s3 = aws.client("s3")
            body = daily_sales(items=(f"item{number:03}",), days=30)
            here.s3.put_object(Bucket=stack.bucket, Key=f"train/{number:03}.csv", Body=body)

        with ThreadPoolExecutor(20) as threads:
            list(threads.map(upload, range(FILES)))
        ended = stack.ended()

        assert ended["status"] == "SUCCEEDED", ended
        (counted,) = stack.sql("SELECT count(DISTINCT item_id) AS items FROM forecast")
        assert counted == {"items": str(FILES)}
        states = stack.client("stepfunctions")
        stack.eventually(lambda: all(run["status"] != "RUNNING" for run in stack.executions()) or None)
        imports = [
            event
            for run in stack.executions()
            for page in states.get_paginator("get_execution_history").paginate(
                executionArn=run["executionArn"]
            )
            for event in page["events"]
            if event.get("stateEnteredEventDetails", {}).get("name") == "ImportData"
        ]
        assert len(imports) == 1
        assert len(stack.vintages()) == 1
        assert [message.subject for message in aws.mailbox.messages()] == [
            "Stepcast: forecast of Sales is ready"
        ]
    finally:
        aws.stop()
