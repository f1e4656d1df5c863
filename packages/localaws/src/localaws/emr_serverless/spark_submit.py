"""The command line that a job run becomes, from StartJobRun's parameters.

Source: https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html and
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Files", "Submission", "problem", "submission"]

# What the service decides on AWS, and localaws here.
_REFUSED = {"spark.master", "spark.submit.deployMode"}
_OPTIONS = {  # of spark-submit, by the setting that each stands for
    "--archives": "spark.archives",
    "--deploy-mode": "spark.submit.deployMode",
    "--driver-memory": "spark.driver.memory",
    "--files": "spark.files",
    "--jars": "spark.jars",
    "--master": "spark.master",
    "--name": "spark.app.name",
    "--py-files": "spark.submit.pyFiles",
}
_FLAGS = {"--verbose"}
_FILES = ("spark.submit.pyFiles", "spark.files", "spark.jars")
_ARCHIVES = "spark.archives"
_OF_DRIVER, _OF_EXECUTORS = "spark.emr-serverless.driverEnv.", "spark.executorEnv."
_ONLY_ON_AWS = "spark.emr-serverless."  # sizes of containers and disks


class Files(Protocol):
    """Brings what a job run names to this machine."""

    def fetch(self, uri: str) -> str:
        """The path of a file, which may be an object of S3."""
        ...

    def unpack(self, uri: str, name: str) -> None:
        """Put the content of an archive into the folder of that name, where the driver runs."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """``arguments`` of spark-submit but for the master; ``environment`` of the driver and executors."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def problem(job_driver: Any, overrides: Any) -> str | None:
    """Why such a job cannot be run, or None.

    >>> driver = {"entryPoint": "s3://b/a.py", "sparkSubmitParameters": "--master yarn"}
    >>> problem({"sparkSubmit": driver}, None)
    "Option 'spark.master' is not supported"
    """
    driver = (job_driver or {}).get("sparkSubmit")
    if not driver or not driver.get("entryPoint"):
        return "localaws runs jobs of Spark only: give jobDriver.sparkSubmit an entryPoint"
    try:
        settings, _ = _settings(driver, overrides)
    except ValueError as error:
        return str(error)
    for name in _REFUSED & settings.keys():
        return f"Option '{name}' is not supported"
    return None


def submission(
    job_driver: Mapping[str, Any], overrides: Any, ours: Mapping[str, str], files: Files
) -> Submission:
    """How to run a job that has no ``problem``.

    ``ours``  settings that hold unless the job has its own.

    Archives are unpacked where the driver runs, as on EMR Serverless, and the environment that it gives to
    drivers (``spark.emr-serverless.driverEnv.NAME``) is that of the process.
    """
    driver = job_driver["sparkSubmit"]
    given, options = _settings(driver, overrides)
    settings = {**ours, **given}
    for uri in _listed(settings.pop(_ARCHIVES, "")):
        path, _, name = uri.partition("#")
        files.unpack(path, name or path.rpartition("/")[2])
    for name in _FILES:
        if name in settings:
            settings[name] = ",".join(files.fetch(uri) for uri in _listed(settings[name]))
    environment = {
        name.removeprefix(prefix): settings[name]
        for prefix in (_OF_EXECUTORS, _OF_DRIVER)  # here both are one process, whose own come last
        for name in settings
        if name.startswith(prefix)
    }
    kept = {name: value for name, value in settings.items() if not name.startswith(_ONLY_ON_AWS)}
    arguments = [f"--conf={name}={value}" for name, value in kept.items()]
    entry = files.fetch(driver["entryPoint"])
    return Submission(
        (*arguments, *options, entry, *map(str, driver.get("entryPointArguments") or ())), environment
    )


def _settings(driver: Mapping[str, Any], overrides: Any) -> tuple[dict[str, str], list[str]]:
    """Spark's settings, those of the job itself last, and what is no setting."""
    settings = dict(_defaults(overrides))
    options: list[str] = []
    words = iter(shlex.split(driver.get("sparkSubmitParameters") or ""))
    for word in words:
        option, equals, value = word.partition("=")
        if option in _FLAGS:
            options.append(option)
            continue
        if not option.startswith("--"):
            raise ValueError(f"sparkSubmitParameters: {word!r} is no option of spark-submit")
        if not equals:
            value = next(words, "")
        if not value:
            raise ValueError(f"sparkSubmitParameters: {option} has no value")
        if option == "--conf":
            name, equals, value = value.partition("=")
            if not equals:
                raise ValueError(f"sparkSubmitParameters: --conf {name} has no value")
            settings[name] = value
        elif option in _OPTIONS:
            settings[_OPTIONS[option]] = value
        else:
            options.append(f"{option}={value}")
    return settings, options


def _defaults(overrides: Any) -> Iterator[tuple[str, str]]:
    """The settings of configurationOverrides."""
    for part in (overrides or {}).get("applicationConfiguration") or ():
        if part.get("classification") == "spark-defaults":
            yield from (part.get("properties") or {}).items()


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]
