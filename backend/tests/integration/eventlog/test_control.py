"""Orders to the nodes travel through the log, so that a lost hint does not keep a closed door open."""

from __future__ import annotations

import pytest

from vestnik.apps.eventlog.control import disconnect_token, disconnect_user, unsubscribe_user
from vestnik.apps.eventlog.log import transaction
from vestnik.apps.eventlog.namespaces import declared_namespaces
from vestnik.core.codes import DisconnectCode
from vestnik.core.errors import LocalError
from vestnik.core.orders import CONTROL_CHANNEL, DisconnectToken, DisconnectUser, UnsubscribeUser, decode_order
from vestnik.core.ports import Ephemeral, Hint

pytestmark = pytest.mark.django_db(transaction=True)


def test_orders_reach_the_nodes_after_commit_in_order(heard: list[Hint | Ephemeral]) -> None:
    with transaction():
        disconnect_user("7", code=DisconnectCode.INVALID_TOKEN, reason="signed out everywhere")
        disconnect_token("abc")
        unsubscribe_user("8", "chat:1")
        assert heard == []
    assert {signal.channel for signal in heard} == {CONTROL_CHANNEL}
    user, token, subscription = [decode_order(signal.data) for signal in heard]
    assert isinstance(user, DisconnectUser)
    assert (user.user, user.code, user.reason) == ("7", DisconnectCode.INVALID_TOKEN, "signed out everywhere")
    assert isinstance(token, DisconnectToken)
    assert (token.token, token.code, token.reason) == ("abc", DisconnectCode.FORCE_NO_RECONNECT, "force disconnect")
    assert isinstance(subscription, UnsubscribeUser)
    assert (subscription.user, subscription.channel) == ("8", "chat:1")
    assert subscription.at.utcoffset() is not None


def test_an_order_of_a_transaction_that_fails_is_not_given(heard: list[Hint | Ephemeral]) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        disconnect_user("7")
        raise ZeroDivisionError
    assert heard == []


def test_an_order_outside_a_transaction_is_refused() -> None:
    with pytest.raises(LocalError, match=CONTROL_CHANNEL):
        disconnect_user("7")


def test_clients_cannot_name_the_namespace_of_the_orders() -> None:
    assert declared_namespaces().get("control") is None
