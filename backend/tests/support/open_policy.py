"""A chat policy of another kind of site: everybody may chat with everybody."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from vestnik.apps.accounts.access import active_users


class OpenPolicy:
    def contacts(self, user: User) -> QuerySet[User]:
        return active_users().exclude(pk=user.pk)
