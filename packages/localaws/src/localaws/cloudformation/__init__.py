"""CloudFormation with the SAM transform: templates become resources through the public APIs.

moto has a CloudFormation of its own that makes its models directly; it skips what it does not know and still
says CREATE_COMPLETE. Here every resource type is a class that calls the service's public API, a property that
is not honoured is refused by name, and all problems are found before anything is created.
"""
