"""The sandbox's checkout page: what a provider shows to the payer, and the ways in which webhooks go wrong.

It is the provider's side: it changes the sandbox's books alone and tells ours by signed webhooks, through the same door
as any provider.
"""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import Literal, cast
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from vestnik.apps.billing import webhooks
from vestnik.apps.billing.models import SandboxPayment
from vestnik.apps.billing.providers import provider_named
from vestnik.apps.billing.providers.port import ProviderEvent
from vestnik.apps.billing.providers.sandbox import SandboxProvider, event_of, event_of_refund, finish, signed
from vestnik.apps.billing.states import PaymentStatus
from vestnik.apps.notifications.currencies import format_money
from vestnik.core.errors import BackendError, NotFound

logger = logging.getLogger(__name__)

Delivery = Literal["now", "twice", "never"]

WORDS = {
    "ru": {
        "title": "Тестовая оплата",
        "notice": "Это песочница: деньги не списываются.",
        "amount": "К оплате",
        "pay": "Оплатить",
        "half": "Оплатить половину",
        "decline": "Отклонить платёж",
        "back": "Вернуться на сайт",
        "pending": "Ожидает оплаты",
        "succeeded": "Оплачено",
        "canceled": "Платёж отклонён",
        "delivery": "Уведомление сайту",
        "now": "доставить сразу",
        "twice": "доставить дважды",
        "never": "не доставлять",
        "deliver": "Доставить уведомление сейчас",
        "refund_half": "Вернуть половину",
    },
    "en": {
        "title": "Test payment",
        "notice": "This is a sandbox: no money is taken.",
        "amount": "To pay",
        "pay": "Pay",
        "half": "Pay half",
        "decline": "Decline the payment",
        "back": "Back to the site",
        "pending": "Waiting for payment",
        "succeeded": "Paid",
        "canceled": "Payment declined",
        "delivery": "Notification to the site",
        "now": "deliver at once",
        "twice": "deliver twice",
        "never": "do not deliver",
        "deliver": "Deliver the notification now",
        "refund_half": "Refund half",
    },
}


@method_decorator([never_cache, csrf_protect], name="dispatch")
class CheckoutPage(View):
    """Whoever has the link may pay, as with any provider; breaking the webhooks is for staff and for development."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            provider_named(SandboxProvider.name)
        except NotFound:
            raise Http404 from None
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Referrer-Policy"] = "same-origin"  # the link is the key to the page
        return response

    def get(self, request: HttpRequest, payment_id: str) -> HttpResponse:
        return self._page(request, _payment(payment_id))

    def post(self, request: HttpRequest, payment_id: str) -> HttpResponse:
        payment, is_tester = _payment(payment_id), _is_tester(request)
        delivery = cast(Delivery, request.POST.get("delivery", "now")) if is_tester else "now"
        match request.POST.get("action", ""):
            case "pay":
                return self._finish(payment, PaymentStatus.SUCCEEDED, payment.amount_minor, delivery)
            case "half":
                return self._finish(payment, PaymentStatus.SUCCEEDED, (payment.amount_minor + 1) // 2, delivery)
            case "decline":
                return self._finish(payment, PaymentStatus.CANCELED, 0, delivery)
            case "deliver" if is_tester and payment.status != PaymentStatus.PENDING:
                _tell(payment, event_of(payment), times=1)
                return HttpResponseRedirect(request.path)
            case "refund_half" if is_tester:
                self._refund_half(payment)
                return HttpResponseRedirect(request.path)
        return self._page(request, payment, status=400)

    def _finish(
        self, payment: SandboxPayment, status: PaymentStatus, received_minor: int, delivery: Delivery
    ) -> HttpResponse:
        was_pending = payment.status == PaymentStatus.PENDING
        payment = finish(payment.pk, status, received_minor=received_minor)
        # Pressed a second time, it is told again: perhaps the first time was not heard.
        if was_pending or payment.is_webhook_due:
            _tell(payment, event_of(payment), times={"twice": 2, "never": 0}.get(delivery, 1))
        return HttpResponseRedirect(payment.return_url)

    def _refund_half(self, payment: SandboxPayment) -> None:
        try:
            refund = SandboxProvider().refund(
                payment.pk, idempotence_key=uuid4(), amount_minor=(payment.received_minor + 1) // 2
            )
        except BackendError as error:
            logger.info("the sandbox does not refund: %s", error)
            return
        _tell(payment, event_of_refund(refund, payment.pk), times=1)

    def _page(self, request: HttpRequest, payment: SandboxPayment, *, status: int = 200) -> HttpResponse:
        language = payment.language if payment.language in WORDS else "en"
        half = (payment.amount_minor + 1) // 2
        return render(
            request,
            "vestnik_billing/checkout.html",
            {
                "payment": payment,
                "language": language,
                "words": WORDS[language],
                "state": WORDS[language][payment.status],
                "is_pending": payment.status == PaymentStatus.PENDING,
                "is_refundable": payment.status == PaymentStatus.SUCCEEDED,
                "is_tester": _is_tester(request),
                "amount": format_money(payment.amount_minor, payment.currency, language),
                "half": format_money(half, payment.currency, language),
            },
            status=status,
        )


def _payment(payment_id: str) -> SandboxPayment:
    payment = SandboxPayment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise Http404
    return payment


def _is_tester(request: HttpRequest) -> bool:
    return settings.DEBUG or request.user.is_staff


def _tell(payment: SandboxPayment, event: ProviderEvent, *, times: int) -> None:
    """Deliver a webhook, in this process: it needs no address of our own, and works under any server."""
    for _ in range(times):
        body, headers = signed(event, now=time.time())
        answer = webhooks.receive(SandboxProvider.name, body, headers)
        if answer is HTTPStatus.OK:
            SandboxPayment.objects.filter(pk=payment.pk).update(is_webhook_due=False)
        else:
            logger.warning("the site did not take a sandbox webhook", extra={"status": int(answer)})
