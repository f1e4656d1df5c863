"""The condition keys that have a value here. Any other key is refused when a policy is created.

Some are supported by never having a value, as for a request on AWS that does not carry them (a role's session
has no MFA, the account belongs to no organisation).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

__all__ = ["is_supported"]

_KEYS = frozenset(
    {
        "aws:calledvia",  # never: no service calls another one on behalf of who called it
        "aws:calledviafirst",  # never
        "aws:calledvialast",  # never
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",  # never
        "aws:multifactorauthpresent",  # never
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",  # never
        "aws:principalorgpaths",  # never
        "aws:principalservicename",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",  # never
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",  # never
        "aws:sourceowner",  # never: only CloudWatch's alarms and budgets set it, and they do nothing here
        "aws:sourcevpc",  # never
        "aws:sourcevpce",  # never
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "cloudwatch:namespace",
        "iam:awsservicename",
        "iam:passedtoservice",
        "kms:viaservice",  # never
        "lambda:functionarn",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:resourceaccount",
        "s3:signatureversion",
        "s3:tlsversion",
        "s3:versionid",
        "s3:x-amz-acl",
        "s3:x-amz-copy-source",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-storage-class",
        "sns:endpoint",
        "sns:protocol",
        "sts:externalid",
        "sts:rolesessionname",
    }
)
_PREFIXES = ("aws:principaltag/",)


def is_supported(key: str) -> bool:
    """Whether a condition on this key (in any case) means here what it means on AWS."""
    return key.lower() in _KEYS or key.lower().startswith(_PREFIXES)
