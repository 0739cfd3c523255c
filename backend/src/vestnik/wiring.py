"""The one place where ports meet backends: a node built from Django's settings."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, TypeVar

import msgspec
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.utils.module_loading import module_has_submodule
from prometheus_client import REGISTRY

import vestnik
from vestnik.apps.accounts.authenticators import (
    HandshakeRefused,
    handshake_user,
    load_authenticator,
    session_user,
)
from vestnik.apps.conf import VestnikSettings, vestnik_settings
from vestnik.apps.eventlog import outlet
from vestnik.apps.eventlog.durability import durability_findings
from vestnik.apps.eventlog.namespaces import declared_namespaces
from vestnik.apps.eventlog.reader import DatabaseEventLog
from vestnik.apps.eventlog.threads import DatabaseThreads
from vestnik.backends.memory import MemoryBroker
from vestnik.core.channel import Channel
from vestnik.core.errors import BackendError, PermissionDenied
from vestnik.core.limits import Limits
from vestnik.core.namespaces import Caller, Namespace, Namespaces
from vestnik.core.ports import Broker, Credentials, Grant, SignedIn
from vestnik.core.procedures import Procedures
from vestnik.node.metrics import NodeCollector
from vestnik.node.node import Node
from vestnik.transports.asgi import LifespanApplication, SocketApplication
from vestnik.transports.handshake import Doorkeeper, Handshake, Refused

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def build_namespaces(config: VestnikSettings) -> Namespaces:
    """What the installed apps declare, and what the settings add.

    Raises:
        ImproperlyConfigured: An option in ``NAMESPACES`` is unknown or of the wrong type; names it.
    """
    namespaces = declared_namespaces()
    for name, options in config.namespaces.items():
        try:
            namespaces.add(msgspec.convert({**options, "name": name}, _NamespaceOptions).namespace())
        except msgspec.ValidationError as error:
            raise ImproperlyConfigured(f"VESTNIK: NAMESPACES: {name!r}: {error}") from error
    if config.open_namespace:
        logger.warning("anybody who is signed in may publish in a namespace", extra={"ns": config.open_namespace})
        namespaces.add(
            Namespace(name=config.open_namespace, allow_subscribe_for_client=True, allow_publish_for_client=True)
        )
    return namespaces


class _NamespaceOptions(msgspec.Struct, forbid_unknown_fields=True):
    """What may be said about a namespace in the settings: what Centrifugo's configuration could say too."""

    name: str
    presence: bool = False
    join_leave: bool = False
    force_push_join_leave: bool = False
    allow_subscribe_for_client: bool = False
    allow_publish_for_subscriber: bool = False
    allow_publish_for_client: bool = False
    allow_presence_for_subscriber: bool = False
    allow_history_for_subscriber: bool = False

    def namespace(self) -> Namespace:
        return Namespace(**msgspec.structs.asdict(self))


def build_procedures() -> Procedures:
    """What the installed apps declare in ``rpc.procedures``, and ``ping``."""
    procedures = Procedures()
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "rpc"):
            declared = getattr(import_module(f"{config.name}.rpc"), "procedures", None)
            if isinstance(declared, Procedures):
                procedures.include(declared)
    procedures.method("ping", _PingParams)(_ping)
    return procedures


class _PingParams(msgspec.Struct):
    pass


class _Pong(msgspec.Struct):
    at: str


def _ping(caller: Caller, params: _PingParams) -> _Pong:
    return _Pong(at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def build_broker(config: VestnikSettings) -> Broker:
    """The broker that the settings name.

    Raises:
        ImproperlyConfigured: There is no such broker.
    """
    if config.broker in ("", "memory"):
        return MemoryBroker()
    raise ImproperlyConfigured(f"VESTNIK: BROKER: {config.broker!r} is not known; expected 'memory'")


def build_limits(config: VestnikSettings) -> Limits:
    names = set(Limits.__struct_fields__) & set(VestnikSettings.__struct_fields__)
    return Limits(**{name: getattr(config, name) for name in names})


class SiteAuthority:
    """:class:`vestnik.core.ports.Authority` by the site's authenticator and its namespaces' rules."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._authenticator = load_authenticator()

    async def sign_in(self, credentials: Credentials, *, now: float) -> SignedIn:
        return await in_thread(self._executor, self._authenticator.authenticate, credentials, now)

    async def may_subscribe(
        self, caller: Caller, channel: Channel, namespace: Namespace, *, token: str, data: bytes, now: float
    ) -> Grant:
        if namespace.may_subscribe is not None:
            await in_thread(self._executor, namespace.may_subscribe, caller, channel)
        elif not (channel.users or namespace.allow_subscribe_for_client):
            raise PermissionDenied
        return Grant()

    async def check_handshake(self, handshake: Handshake) -> Credentials:
        """See :data:`vestnik.transports.handshake.CheckCredentials`."""
        try:
            return await in_thread(self._executor, _credentials_in, handshake)
        except HandshakeRefused as refusal:
            raise Refused(401, f"{refusal.reason.replace('_', ' ')} token; sign in again") from None


def _credentials_in(handshake: Handshake) -> Credentials:
    found = handshake_user(handshake.headers, handshake.query)
    if found is None and "cookie" in handshake.headers:
        try:
            cookies = {name: morsel.value for name, morsel in SimpleCookie(handshake.headers["cookie"]).items()}
        except CookieError:
            cookies = {}
        found = session_user(cookies)
    if found is None:
        return Credentials(headers=handshake.headers)
    return Credentials(token=found.token, user=found.user, user_token=found.user_token, headers=handshake.headers)


class SiteCalls:
    """:class:`vestnik.core.ports.Calls` by the procedures of the installed apps."""

    def __init__(self, executor: Executor, procedures: Procedures) -> None:
        self._executor = executor
        self._procedures = procedures

    async def call(self, caller: Caller, method: str, data: bytes) -> bytes:
        return bytes(await in_thread(self._executor, self._procedures.call, caller, method, data))


async def in_thread(executor: Executor, work: Callable[..., Answer], *arguments: Any) -> Answer:
    """Run ``work`` where it may use the database.

    Raises:
        BackendError: The database failed; temporary if it cannot be reached.
    """
    return await asyncio.get_running_loop().run_in_executor(executor, _guarded, work, *arguments)


def _guarded(work: Callable[..., Answer], *arguments: Any) -> Answer:
    try:
        return work(*arguments)
    except (OperationalError, InterfaceError) as error:
        raise BackendError(f"the database cannot be used: {error}") from error
    except DatabaseError as error:
        raise BackendError(f"the database refused: {error}", temporary=False) from error


class Site:
    """A node and what it was built from, started in the loop of whoever asks first.

    Example::

        site = Site()
        application = site.socket_application()
    """

    def __init__(self) -> None:
        self._config = vestnik_settings()
        self._node: Node | None = None
        self._starting: asyncio.Task[Node] | None = None
        self._executor: DatabaseThreads | None = None
        self._log: DatabaseEventLog | None = None
        self._authority: SiteAuthority | None = None
        self._collector: NodeCollector | None = None
        self._stop_listening: Callable[[], None] = lambda: None

    async def node(self) -> Node:
        """The node, started on first asking.

        Raises:
            BackendError: The database cannot be reached, or might lose what was acknowledged. The next call tries
                again.
        """
        if self._node is not None:
            return self._node
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name="vestnik start")
        try:
            return await asyncio.shield(self._starting)
        finally:
            if self._starting is not None and self._starting.done():
                self._starting = None

    async def stop(self) -> None:
        """Stop the node and let go of the database; idempotent."""
        self._stop_listening()
        if self._collector is not None:
            REGISTRY.unregister(self._collector)
            self._collector = None
        if self._node is not None:
            await self._node.stop()
            self._node = None
        self._close()

    def doorkeeper(self) -> Doorkeeper:
        """Who decides on handshakes, by the site's credentials and allowed origins."""
        return Doorkeeper(self._check_handshake, self._config.allowed_origins)

    async def in_database_thread(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        """Run ``work`` where it may use the database.

        Raises:
            BackendError: The database failed.
        """
        await self.node()
        assert self._executor is not None
        return await in_thread(self._executor, work, *arguments)

    def socket_application(self) -> SocketApplication:
        """The ASGI application for ``websocket`` scopes."""
        return SocketApplication(self.node, self.doorkeeper(), max_waiting=self._config.max_waiting_bytes)

    def lifespan_application(self) -> LifespanApplication:
        """The ASGI application for the ``lifespan`` scope: servers that have one start and stop the node by it."""
        return LifespanApplication(self.node, self.stop)

    async def _check_handshake(self, handshake: Handshake) -> Credentials:
        await self.node()
        assert self._authority is not None
        return await self._authority.check_handshake(handshake)

    async def _start(self) -> Node:
        self._close()
        self._executor = DatabaseThreads(self._config.database_threads)
        self._log = DatabaseEventLog(self._executor)
        self._authority = SiteAuthority(self._executor)
        await self._require_durability(self._executor)
        node = Node(
            namespaces=build_namespaces(self._config),
            authority=self._authority,
            calls=SiteCalls(self._executor, build_procedures()),
            log=self._log,
            broker=build_broker(self._config),
            limits=build_limits(self._config),
            version=f"vestnik {vestnik.__version__}",
            poll_interval=self._config.poll_interval,
            revocations_kept_for=self._config.connection_token_ttl + 60.0,
        )
        try:
            await node.start()
        except BaseException:
            await node.stop()
            raise
        self._stop_listening = outlet.listen(node.publish)
        self._collector = NodeCollector(node.stats)
        REGISTRY.register(self._collector)
        self._node = node
        return node

    async def _require_durability(self, executor: Executor) -> None:
        findings = await in_thread(executor, durability_findings)
        for finding in findings:
            is_error = finding.level == "error"
            logger.log(
                logging.ERROR if is_error else logging.WARNING,
                finding.sentence,
                extra={"finding": finding.id, "hint": finding.hint},
            )
        if errors := [finding for finding in findings if finding.level == "error"]:
            # A promise that the database cannot keep is not made.
            raise BackendError(f"{errors[0].id}: {errors[0].sentence} {errors[0].hint}", temporary=False)

    def _close(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            self._executor = None
