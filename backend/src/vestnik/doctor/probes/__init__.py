"""What is looked at, in the order in which a message travels: address, servers, handshake, sign-in, log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

from vestnik.core.findings import Finding
from vestnik.doctor.probes import (
    address,
    allowed_hosts,
    asgi,
    backend,
    broker,
    clock,
    configuration,
    credentials,
    database,
    delivery,
    durability,
    handshake,
    migrations,
    open_files,
    origin,
    page_server,
    path,
    production_address,
    proxy,
    proxy_bypass,
    scheme,
    sign_in,
    versions,
)
from vestnik.doctor.situation import Situation

Probe = Callable[[Situation], Iterator[Finding]]

_MODULES: tuple[ModuleType, ...] = (
    address,
    path,
    scheme,
    proxy_bypass,
    production_address,
    configuration,
    backend,
    page_server,
    asgi,
    allowed_hosts,
    origin,
    handshake,
    proxy,
    database,
    migrations,
    durability,
    credentials,
    sign_in,
    delivery,
    clock,
    broker,
    open_files,
    versions,
)

PROBES: dict[str, Probe] = {module.__name__.rpartition(".")[2]: module.probe for module in _MODULES}
