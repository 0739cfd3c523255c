"""The namespaces of a site: each installed app declares its own in ``channels.NAMESPACES``."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from vestnik.core.errors import LocalError
from vestnik.core.namespaces import Namespace, Namespaces


def declared_namespaces() -> Namespaces:
    """What the installed apps declare, in the order of ``INSTALLED_APPS``.

    An app without a ``channels`` module, or with one that has no ``NAMESPACES``, declares none.

    Raises:
        LocalError: Two apps declare the same namespace, or ``NAMESPACES`` holds something else; names the app.
    """
    namespaces = Namespaces()
    for config in apps.get_app_configs():
        if config.module is None or not module_has_submodule(config.module, "channels"):
            continue
        for namespace in getattr(import_module(f"{config.name}.channels"), "NAMESPACES", ()):
            if not isinstance(namespace, Namespace):
                raise LocalError(f"{config.name}.channels.NAMESPACES holds {namespace!r}, which is no Namespace")
            namespaces.add(namespace)
    return namespaces
