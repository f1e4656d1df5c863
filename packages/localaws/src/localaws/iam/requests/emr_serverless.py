"""Requests to EMR Serverless: their actions, applications and job runs.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html
"""

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access
from localaws.iam.requests.passed_roles import passing

__all__ = ["accesses"]

SERVICE = "emr-serverless.amazonaws.com"


def accesses(call: Call) -> list[Access]:
    """What the request needs: of an application, or of one of its job runs."""
    parameters = call.parameters
    resource = f"arn:aws:emr-serverless:{call.region}:{call.account}:/"
    if application := parameters.get("applicationId"):
        resource += f"applications/{application}"
        if job_run := parameters.get("jobRunId"):
            resource += f"/jobruns/{job_run}"
    return [
        Access(f"emr-serverless:{call.operation}", resource),
        *passing(parameters.get("executionRoleArn"), SERVICE),
    ]
