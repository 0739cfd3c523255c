"""Invoices and webhooks over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, cast
from uuid import UUID

import msgspec
from django.contrib.auth.models import User
from django.core.exceptions import RequestDataTooBig
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.apps.billing import actions, webhooks
from vestnik.apps.billing.access import invoice_for, invoices_for
from vestnik.apps.billing.actions import Checkout
from vestnik.apps.billing.channels import channel_of
from vestnik.apps.billing.checkout import CheckoutPage
from vestnik.apps.billing.events import Invoice, invoice, with_parts
from vestnik.apps.billing.models import Invoice as InvoiceRow
from vestnik.apps.billing.states import InvoiceStatus
from vestnik.apps.eventlog.log import position_of
from vestnik.apps.rest.bodies import answer, body, query
from vestnik.apps.rest.pages import decode_cursor, encode_cursor
from vestnik.apps.rest.schema import documented
from vestnik.apps.rest.views import ApiView
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import PeerError
from vestnik.core.position import Position
from vestnik.core.values import Id, Text


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of which invoices: all, or those in the given states (``?status=open&status=paid``)."""

    status: list[InvoiceStatus] = []
    cursor: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class InvoicePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the invoices that the user may see, the newest first.

    Attributes:
        next: The cursor of the next page.
        channel: Where changes are published …
        position: … and the position of which this is the state: subscribing from there misses nothing.
    """

    results: list[Invoice]
    next: str | None
    channel: str
    position: Position


class NewInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice to make. ``payer_id`` chooses among the student's parents."""

    student_id: Id
    amount_minor: int
    currency: Text
    description: Text
    due_date: date
    payer_id: Id | None = None


class Pay(msgspec.Struct, frozen=True, kw_only=True):
    """How to pay: through which of the site's providers, and where to come back to."""

    provider: Text = ""
    return_url: Text = ""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """How much to give back; everything when omitted. ``client_id`` makes a repeated request harmless."""

    amount_minor: int | None = None
    client_id: UUID | None = None


def _user(request: Request) -> User:
    return cast(User, request.user)  # every view that asks wants somebody who is signed in


class InvoicesView(ApiView):
    @documented(query=ListQuery, answer=InvoicePage)
    def get(self, request: Request) -> Response:
        """The invoices that the user has issued or has to pay, the newest first; all for staff."""
        wanted, user = query(request, ListQuery), _user(request)
        channel = channel_of(user.pk)
        position = position_of(channel)  # before the data: a change told twice is harmless, one told never is not
        rows = with_parts(invoices_for(user)).order_by("-pk")
        if wanted.status:
            rows = rows.filter(status__in=wanted.status)
        if wanted.cursor:
            rows = rows.filter(pk__lt=decode_cursor(wanted.cursor, Id))
        page = list(rows[: wanted.limit + 1])
        more, page = len(page) > wanted.limit, page[: wanted.limit]
        return answer(
            InvoicePage(
                results=[invoice(row) for row in page],
                next=encode_cursor(page[-1].pk) if more else None,
                channel=channel,
                position=position,
            )
        )

    @documented(body=NewInvoice, answer=Invoice, status=201)
    def post(self, request: Request) -> Response:
        """Make a draft. Tutors only, for their own students."""
        new = body(request, NewInvoice)
        return answer(
            actions.create(
                _user(request),
                student_id=new.student_id,
                amount_minor=new.amount_minor,
                currency=new.currency,
                description=new.description,
                due_date=new.due_date,
                payer_id=new.payer_id,
            ),
            status=201,
        )


class InvoiceView(ApiView):
    @documented(answer=Invoice)
    def get(self, request: Request, invoice_id: int) -> Response:
        """One invoice. To note that the payer has seen it, use ``view``."""
        row = invoice_for(_user(request), invoice_id)
        return answer(invoice(with_parts(InvoiceRow.objects.all()).get(pk=row.pk)))


class SendView(ApiView):
    @documented(answer=Invoice)
    def post(self, request: Request, invoice_id: int) -> Response:
        """Send a draft to its payer."""
        return answer(actions.send(_user(request), invoice_id))


class ViewView(ApiView):
    @documented(answer=Invoice)
    def post(self, request: Request, invoice_id: int) -> Response:
        """Note that the payer has looked at it."""
        return answer(actions.view(_user(request), invoice_id))


class PayView(ApiView):
    @documented(body=Pay, answer=Checkout)
    def post(self, request: Request, invoice_id: int) -> Response:
        """Begin to pay, or go on with the attempt that is under way."""
        how = body(request, Pay)
        return answer(
            actions.pay(
                _user(request),
                invoice_id,
                provider=how.provider,
                return_url=how.return_url,
                own_host=request.get_host(),
            )
        )


class VoidView(ApiView):
    @documented(answer=Invoice)
    def post(self, request: Request, invoice_id: int) -> Response:
        """Declare that it is not owed."""
        return answer(actions.void(_user(request), invoice_id))


class RefundView(ApiView):
    @documented(body=Refund, answer=Invoice)
    def post(self, request: Request, invoice_id: int) -> Response:
        """Give money back, all or a part."""
        how = body(request, Refund)
        return answer(
            actions.refund(_user(request), invoice_id, amount_minor=how.amount_minor, client_id=how.client_id)
        )


class Received(msgspec.Struct, frozen=True):
    """What the provider is told: nothing but the status."""


class WebhookView(ApiView):
    # The provider proves who it is by what it has signed.
    authentication_classes = []
    permission_classes = [AllowAny]

    @documented(answer=Received)
    def post(self, request: Request, provider: str) -> Response:
        """A provider's notification. It is kept, proved, and makes us ask the provider."""
        try:
            data = bytes(request._request.body)
        except RequestDataTooBig as error:
            raise PeerError(ErrorCode.TOO_LARGE, f"the body is larger than {webhooks.MAX_BODY} bytes") from error
        headers = {name.lower(): value for name, value in request.headers.items()}
        return answer(Received(), status=int(webhooks.receive(provider, data, headers)))


urlpatterns = [
    path("invoices/", InvoicesView.as_view()),
    path("invoices/<int:invoice_id>/", InvoiceView.as_view()),
    path("invoices/<int:invoice_id>/send/", SendView.as_view()),
    path("invoices/<int:invoice_id>/view/", ViewView.as_view()),
    path("invoices/<int:invoice_id>/pay/", PayView.as_view()),
    path("invoices/<int:invoice_id>/void/", VoidView.as_view()),
    path("invoices/<int:invoice_id>/refund/", RefundView.as_view()),
    path("payments/webhooks/<slug:provider>/", WebhookView.as_view()),
    path("payments/sandbox/<slug:payment_id>/", CheckoutPage.as_view(), name="vestnik-sandbox-checkout"),
]
