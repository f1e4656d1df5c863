"""Real servers for tests: ``scripts/services bring`` fetches them, ``running`` starts one for a test.

A service is a module of this folder with a ``SERVICE``; nothing else lists it (``registry``).
"""

from tests.services.fixture import running
from tests.services.server import Server
from tests.services.service import Service, Start

__all__ = ["Server", "Service", "Start", "running"]
