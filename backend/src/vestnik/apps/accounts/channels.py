"""``user:#<id>``: what the devices of one user tell each other about the account."""

from __future__ import annotations

from vestnik.core.namespaces import Namespace

NAMESPACES = [Namespace(name="user", logged=True, personal=True)]
