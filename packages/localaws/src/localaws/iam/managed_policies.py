"""AWS's managed policies, created at their first use.

moto has none unless it is configured to, and then creates all 1,582 of them for every account at the first
request of any service: 0.1 s and 14 MB, and 4 MB of every snapshot (moto 5.2.5, iam/models.py). Here they are
created when a policy is looked up.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, IAMBackend

from localaws.patching import replace

__all__ = ["managed_policy_arns", "patch"]


@cache
def _listed() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    listed: dict[str, Any] = json.loads(aws_managed_policies_data)
    return listed


@cache
def managed_policy_arns() -> dict[str, str]:
    """The ARN of every managed policy of AWS's by its name, from the list that moto ships."""
    return {name: f"arn:aws:iam::aws:policy{about['Path']}{name}" for name, about in _listed().items()}


class _Policies(list[Any]):
    """AWS's managed policies as moto's backend lists them."""

    def __init__(self, region: str, account: str) -> None:
        super().__init__()
        self._region, self._account = region, account
        self._loaded = False

    def load(self) -> "_Policies":
        if not self._loaded:
            self._loaded = True
            for name, about in _listed().items():
                self.append(AWSManagedPolicy.from_data(name, self._account, self._region, about))
        return self

    def __iter__(self) -> Iterator[Any]:
        return super(_Policies, self.load()).__iter__()

    def __len__(self) -> int:
        return super(_Policies, self.load()).__len__()

    def __getstate__(self) -> dict[str, Any]:
        return {"region": self._region, "account": self._account}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


class _PoliciesByArn(dict[str, Any]):
    """All managed policies by ARN: one's own, and AWS's from when they are first asked for."""

    def __init__(self, policies: _Policies, own: dict[str, Any]) -> None:
        super().__init__(own)
        self._policies, self._loaded = policies, False

    def load(self) -> None:
        if not self._loaded:
            self._loaded = True
            for policy in self._policies:
                super().setdefault(policy.arn, policy)

    def __getstate__(self) -> dict[str, Any]:
        own = {arn: policy for arn, policy in dict.items(self) if not isinstance(policy, AWSManagedPolicy)}
        return {"policies": self._policies, "own": own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _loading(name: str) -> Callable[..., Any]:
    original = getattr(dict, name)

    def run(self: _PoliciesByArn, *args: Any) -> Any:
        self.load()
        return original(self, *args)

    return run


for _name in (
    "__contains__",
    "__delitem__",
    "__getitem__",
    "__iter__",
    "__len__",
    "get",
    "items",
    "keys",
    "values",
):
    setattr(_PoliciesByArn, _name, _loading(_name))


def patch(undo: ExitStack) -> None:
    """Give moto's IAM backends policies that load themselves."""

    def init_aws_policies(self: Any) -> _Policies:
        return _Policies(self.region_name, self.account_id)

    def init_managed_policies(self: Any) -> _PoliciesByArn:
        return _PoliciesByArn(self.aws_managed_policies, {})

    replace(undo, IAMBackend, "_init_aws_policies", init_aws_policies)
    replace(undo, IAMBackend, "_init_managed_policies", init_managed_policies)
