"""Templates of a few lines, deployed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localaws import Deployment, LocalAws


def deploy(
    aws: LocalAws,
    folder: Path,
    resources: Mapping[str, Any],
    parameters: Mapping[str, str] | None = None,
    stack: str = "stack",
    **sections: Any,
) -> Deployment:
    """Write the template to ``folder`` and deploy it."""
    path = folder / "template.json"
    path.write_text(json.dumps({"Resources": resources, **sections}))
    return aws.deploy(path, stack, parameters)
