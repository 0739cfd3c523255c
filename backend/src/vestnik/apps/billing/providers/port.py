"""What a payment provider must do for us, and how it says what it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol
from uuid import UUID

import msgspec

from vestnik.apps.billing.states import PaymentStatus, RefundStatus
from vestnik.core.errors import BackendError, VestnikError


class ProviderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as the provider knows it.

    Attributes:
        id: The provider's name for it.
        reference: Our idempotence key if we asked for it, ``""`` if somebody did so in the provider's own office.
    """

    id: str
    reference: str
    status: RefundStatus
    amount_minor: int


class ProviderPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the provider knows it: the truth that we book.

    Attributes:
        id: The provider's name for it.
        reference: The idempotence key that it was created with.
        amount_minor: What it was asked to collect, in minor units of ``currency``.
        received_minor: What it has collected: 0 until it has succeeded, then 1 up to ``amount_minor``.
        confirmation_url: Where the payer goes to pay; ``""`` when there is nothing left to do there.
        refunds: All refunds of it.
    """

    id: str
    reference: str
    status: PaymentStatus
    amount_minor: int
    currency: str
    received_minor: int
    confirmation_url: str
    refunds: tuple[ProviderRefund, ...] = ()


class ProviderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook claims: an occasion to ask, never a fact to book.

    Attributes:
        name: The provider's word for what happened, such as ``payment.succeeded``.
        object_id: What it happened to: a payment or a refund.
        status: The state in which the object is said to be.
        payment_id: The payment that is concerned, by the provider's name for it.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    object_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    status: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    payment_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class UnknownPayment(BackendError):
    """The provider does not know a payment of this id."""

    def __init__(self, provider: str, payment_id: str) -> None:
        super().__init__(f"{provider} knows no payment {payment_id[:64]!r}", temporary=False)


class ForgedWebhook(VestnikError):
    """The message was not signed by the provider, or too long ago."""


class MalformedWebhook(VestnikError):
    """The provider has signed it, but we cannot read it."""


class Provider(Protocol):
    """A payment provider.

    All methods block, have a deadline of their own, and raise :class:`BackendError` when the provider does not answer
    (temporary) or refuses (not temporary). None is called inside a transaction: a slow provider must not hold our
    locks. Each may be repeated: with the same ``idempotence_key`` a provider does a thing once and gives the first
    result again.

    Example: an attempt, from both sides::

        payment = provider.create_payment(idempotence_key=key, amount_minor=150000, currency="RUB", ...)
        # the payer goes to payment.confirmation_url and pays; the provider calls our webhook
        event = provider.verify_webhook(body, headers, now=time.time())
        truth = provider.fetch(event.payment_id)   # PaymentStatus.SUCCEEDED
    """

    name: str

    def create_payment(
        self,
        *,
        idempotence_key: UUID,
        amount_minor: int,
        currency: str,
        description: str,
        return_url: str,
        language: str,
    ) -> ProviderPayment:
        """Begin to collect an amount. Called again with the same key it returns the same payment as it is by now.

        Args:
            return_url: Where the payer comes back to, whatever the result; an address or a path of the web app.
            language: ``ru`` or ``en``, for the checkout page.
        """

    def fetch(self, payment_id: str) -> ProviderPayment:
        """The payment with its refunds as it is now. Never older than what a webhook received before has claimed,
        unless the provider contradicts itself.

        Raises:
            UnknownPayment: There is no such payment.
        """

    def cancel(self, payment_id: str) -> ProviderPayment:
        """Stop collecting. One that has succeeded meanwhile stays so: look at the returned status.

        Raises:
            UnknownPayment: There is no such payment.
        """

    def refund(self, payment_id: str, *, idempotence_key: UUID, amount_minor: int) -> ProviderRefund:
        """Give back a part of a succeeded payment or all of it. Refunds of one payment never exceed what it received.

        Raises:
            UnknownPayment: There is no such payment.
            BackendError: Not temporary: the payment has not that much to give back.
        """

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: float) -> ProviderEvent:
        """Read a webhook and prove where it comes from.

        Args:
            body: As it came, byte for byte.
            headers: By their names in lower case.
            now: Unix time, for signatures that go off.

        Raises:
            ForgedWebhook: The proof is missing or wrong.
            MalformedWebhook: The proof is right, the content makes no sense.
        """
