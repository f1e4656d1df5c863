"""From StartJobRun's parameters to the command line of spark-submit."""

from typing import Any

import pytest

from localaws.emr_serverless.spark_submit import problem, submission


class Noted:
    """Files that are nowhere."""

    def __init__(self) -> None:
        self.unpacked: list[tuple[str, str]] = []

    def fetch(self, uri: str) -> str:
        return f"/here/{uri.rpartition('/')[2]}"

    def unpack(self, uri: str, name: str) -> None:
        self.unpacked.append((uri, name))


def job(parameters: str = "", *arguments: str) -> dict[str, Any]:
    driver = {"entryPoint": "s3://b/job.py", "entryPointArguments": list(arguments)}
    return {"sparkSubmit": {**driver, "sparkSubmitParameters": parameters}}


def test_the_entry_point_comes_last_with_its_arguments() -> None:
    made = submission(job("--conf spark.executor.cores=4", "--name", "a b"), None, {}, Noted())

    assert made.arguments == ("--conf=spark.executor.cores=4", "/here/job.py", "--name", "a b")


def test_the_jobs_own_settings_win_over_its_overrides_and_these_over_ours() -> None:
    given = {"spark.a": "override", "spark.b": "override"}
    overrides = {
        "applicationConfiguration": [
            {"classification": "spark-defaults", "properties": given},
            {"classification": "spark-log4j2", "properties": {"level": "debug"}},
        ]
    }
    ours = {"spark.b": "ours", "spark.c": "ours"}

    made = submission(job("--conf spark.a='own and quoted'"), overrides, ours, Noted())

    assert set(made.arguments[:-1]) == {
        "--conf=spark.a=own and quoted",
        "--conf=spark.b=override",
        "--conf=spark.c=ours",
    }


def test_files_are_brought_and_archives_unpacked_where_the_driver_runs() -> None:
    files = Noted()
    parameters = (
        "--py-files s3://b/one.zip,s3://b/two.py --jars=s3://b/three.jar --class a.Main"
        " --conf spark.archives=s3://b/environment.tar.gz#environment,s3://b/more.zip"
    )

    made = submission(job(parameters), None, {}, files)

    assert files.unpacked == [("s3://b/environment.tar.gz", "environment"), ("s3://b/more.zip", "more.zip")]
    assert made.arguments == (
        "--conf=spark.submit.pyFiles=/here/one.zip,/here/two.py",
        "--conf=spark.jars=/here/three.jar",
        "--class=a.Main",
        "/here/job.py",
    )


def test_what_drivers_are_given_is_the_environment_and_sizes_of_containers_are_nothing() -> None:
    parameters = (
        "--conf spark.executorEnv.LEVEL=executor --conf spark.emr-serverless.driverEnv.LEVEL=driver"
        " --conf spark.executorEnv.ONLY=executor --conf spark.emr-serverless.driver.disk=100G"
    )

    made = submission(job(parameters), None, {}, Noted())

    assert made.environment == {"LEVEL": "driver", "ONLY": "executor"}
    assert not any("emr-serverless" in argument for argument in made.arguments)


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ({"hive": {"query": "s3://b/q.sql"}}, "jobs of Spark only"),
        (None, "jobs of Spark only"),
        (job("--master yarn"), "Option 'spark.master' is not supported"),
        (job("--conf spark.submit.deployMode=cluster"), "Option 'spark.submit.deployMode' is not supported"),
        (job("--conf spark.a"), "--conf spark.a has no value"),
        (job("--jars"), "--jars has no value"),
        (job("more.py"), "'more.py' is no option of spark-submit"),
        (job("--conf 'spark.a=b"), "No closing quotation"),
    ],
)
def test_what_cannot_be_run_is_told(driver: Any, said: str) -> None:
    assert said in (problem(driver, None) or "")
