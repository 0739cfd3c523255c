"""What other apps may want to know of accounts in the moment it happens."""

from __future__ import annotations

from django.dispatch import Signal

relations_changed = Signal()
"""Somebody's leave to write to somebody else may have changed: a relation began or ended, a role changed, a user was
activated or deactivated.

Sent in the transaction in which that happens, with ``user_ids: frozenset[int]``: each pair of people whose standing
changed includes at least one of them. Receivers ask :mod:`vestnik.apps.accounts.access` what is true now.
"""
