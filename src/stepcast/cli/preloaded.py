"""What several functions of the local stack import: once, instead of once in each of a dozen processes."""

from localaws import Preload

__all__ = ["PRELOADED"]

PRELOADED = Preload(
    modules=(
        *("aws_lambda_powertools.logging", "aws_lambda_powertools.metrics"),
        *("boto3", "botocore.endpoint", "pydantic.dataclasses"),
        *("numpy", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "numba"),
    ),
    variables=("*_NUM_THREADS", "NUMBA_*", "POWERTOOLS_*"),
)
