"""Webhooks: forged, repeated, late, out of order, about nothing of ours, and met by a crash."""

from __future__ import annotations

import time
from http import HTTPStatus
from itertools import permutations
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from tests.support.school import School
from tests.support.till import AMOUNT, attempt, decide, fresh, paid, sent, tell
from vestnik.apps.billing import webhooks
from vestnik.apps.billing.models import Invoice, InvoiceHistory, Payment, SandboxPayment, WebhookDelivery
from vestnik.apps.billing.providers.port import ProviderEvent
from vestnik.apps.billing.providers.sandbox import SandboxProvider, event_of, event_of_refund, signed
from vestnik.apps.billing.states import PaymentStatus
from vestnik.apps.notifications.models import Notification
from vestnik.core.errors import BackendError

ADDRESS = "/api/payments/webhooks/sandbox/"


@pytest.fixture
def invoice(school: School) -> Invoice:
    return sent(school)


@pytest.fixture
def payment(school: School, invoice: Invoice) -> Payment:
    """The payer has paid; we have not been told yet."""
    payment = attempt(school, invoice)
    decide(payment, PaymentStatus.SUCCEEDED)
    return payment


def post(body: bytes, headers: dict[str, str], *, address: str = ADDRESS) -> int:
    content_type = headers.get("content-type", "application/json")
    others = {name: value for name, value in headers.items() if name != "content-type"}
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return client.post(address, data=body, content_type=content_type, headers=others).status_code


def webhook(payment: Payment, **changes: Any) -> tuple[bytes, dict[str, str]]:
    row = SandboxPayment.objects.get(pk=payment.provider_payment_id)
    return signed(msgspec.structs.replace(event_of(row), **changes), now=time.time())


def outcomes() -> list[str]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("outcome", flat=True))


def test_a_signed_webhook_books_the_payment(invoice: Invoice, payment: Payment) -> None:
    assert post(*webhook(payment)) == 200
    payment.refresh_from_db()
    assert (payment.status, payment.received_minor, fresh(invoice).status) == ("succeeded", AMOUNT, "paid")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.outcome, delivery.is_verified, delivery.attempts) == ("processed", True, 1)
    assert msgspec.json.decode(bytes(delivery.body))["name"] == "payment.succeeded"


FORGERIES: dict[str, Any] = {
    "no signature": lambda body, headers: (body, {}),
    "an empty signature": lambda body, headers: (body, {**headers, "sandbox-signature": ""}),
    "a made-up signature": lambda body, headers: (body, {**headers, "sandbox-signature": f"t={time.time():.0f},v1=00"}),
    "another body": lambda body, headers: (body.replace(b"pending", b"succeeded") + b" ", headers),
    "another time": lambda body, headers: (
        body,
        {"sandbox-signature": headers["sandbox-signature"].replace("t=", "t=1")},
    ),
    "no time": lambda body, headers: (body, {"sandbox-signature": headers["sandbox-signature"].partition(",")[2]}),
    "not ASCII": lambda body, headers: (body, {"sandbox-signature": "t=१२३,v1=é"}),
    "another scheme": lambda body, headers: (
        body,
        {"sandbox-signature": headers["sandbox-signature"].replace("v1", "v0")},
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_webhook_is_refused_and_kept_and_pays_nothing(invoice: Invoice, payment: Payment, name: str) -> None:
    body, headers = FORGERIES[name](*webhook(payment))
    assert post(body, headers) == 401
    payment.refresh_from_db()
    assert (payment.status, fresh(invoice).status) == ("pending", "open")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.outcome, delivery.is_verified, bytes(delivery.body)) == ("forged", False, body)


@override_settings(SECRET_KEY="a key of somebody else, who signs with it as we would")
def test_a_webhook_signed_with_another_key_is_forged(invoice: Invoice, payment: Payment) -> None:
    signed_elsewhere = webhook(payment)
    with override_settings(SECRET_KEY="ours"):
        assert post(*signed_elsewhere) == 401
    assert fresh(invoice).status == "open"


@pytest.mark.parametrize("age", [301, -301, 86_400 * 365])
def test_an_overheard_webhook_goes_off(invoice: Invoice, payment: Payment, age: float) -> None:
    row = SandboxPayment.objects.get()
    body, headers = signed(event_of(row), now=time.time() - age)
    assert post(body, headers) == 401
    assert (fresh(invoice).status, outcomes()) == ("open", ["forged"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"{" * 10_000,
        b'{"name": 1, "object_id": "x", "status": "x", "payment_id": "x"}',
        msgspec.json.encode({"name": "n" * 101, "object_id": "x", "status": "x", "payment_id": "x"}),
    ],
)
def test_a_signed_webhook_that_makes_no_sense_is_refused_and_kept(school: School, body: bytes) -> None:
    # Signed as the sandbox would: by its own function, with the body put in place of its own.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("vestnik.apps.billing.providers.sandbox.msgspec.json.encode", lambda event: body)
        event = ProviderEvent(name="x", object_id="x", status="x", payment_id="x")
        data, headers = signed(event, now=time.time())
    assert post(data, headers) == 400
    assert outcomes() == ["malformed"]


def test_secrets_among_the_headers_are_not_kept(payment: Payment) -> None:
    body, headers = webhook(payment)
    secrets = {"authorization": "Token s3cret", "cookie": "sessionid=s3cret", "x-api-key": "s3cret"}
    assert post(body, {**headers, **secrets}) == 200
    kept = WebhookDelivery.objects.get().headers
    assert "sandbox-signature" in kept
    assert "s3cret" not in str(kept)


def test_a_body_that_is_too_large_is_refused_and_not_kept(school: School) -> None:
    assert post(b"x" * (webhooks.MAX_BODY + 1), {}) == 413
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("provider", ["stripe", "yookassa", "nobody"])
def test_the_door_of_a_provider_that_the_site_does_not_use_is_not_there(payment: Payment, provider: str) -> None:
    assert post(*webhook(payment), address=f"/api/payments/webhooks/{provider}/") == 404
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_webhooks_are_posted(db: None, method: str) -> None:
    assert getattr(Client(), method)(ADDRESS).status_code == 405


def test_a_webhook_that_comes_twice_books_once(school: School, invoice: Invoice, payment: Payment) -> None:
    body, headers = webhook(payment)
    assert [post(body, headers), post(body, headers), post(*webhook(payment))] == [200] * 3
    assert outcomes() == ["processed", "duplicate", "duplicate"]
    assert fresh(invoice).paid_minor == AMOUNT
    assert Notification.objects.filter(user=school.parent, kind="payment.receipt").count() == 1
    assert InvoiceHistory.objects.filter(invoice=invoice, what="payment_succeeded").count() == 1


def test_what_a_webhook_claims_is_not_believed(school: School, invoice: Invoice) -> None:
    payment = attempt(school, invoice)
    # Signed, and yet the provider itself knows of no success: it is asked again later.
    assert post(*webhook(payment, name="payment.succeeded", status="succeeded")) == 503
    payment.refresh_from_db()
    assert (payment.status, fresh(invoice).status, outcomes()) == ("pending", "open", ["failed"])
    decide(payment, PaymentStatus.SUCCEEDED)
    assert post(*webhook(payment)) == 200
    assert (fresh(invoice).status, outcomes()) == ("paid", ["failed", "processed"])


@pytest.mark.parametrize("late", ["pending", "canceled", "waiting_for_capture", "nonsense"])
def test_late_news_undo_nothing(invoice: Invoice, payment: Payment, late: str) -> None:
    assert post(*webhook(payment)) == 200
    assert post(*webhook(payment, name=f"payment.{late}", status=late)) in {200, 503}
    payment.refresh_from_db()
    assert (payment.status, fresh(invoice).status, fresh(invoice).paid_minor) == ("succeeded", "paid", AMOUNT)


def test_a_provider_that_takes_success_back_does_not_undo_it(invoice: Invoice, payment: Payment) -> None:
    tell(payment)
    SandboxPayment.objects.update(status="canceled", received_minor=0)
    assert post(*webhook(payment)) == 200
    payment.refresh_from_db()
    assert (payment.status, payment.received_minor, fresh(invoice).status) == ("succeeded", AMOUNT, "paid")


@pytest.mark.parametrize("order", list(permutations(["pending", "canceled", "succeeded"])), ids="-".join)
def test_whatever_the_order_of_its_news_a_payment_ends_the_same(
    school: School, invoice: Invoice, order: tuple[str, ...]
) -> None:
    payment = attempt(school, invoice)
    for status in order:
        # A provider that contradicts itself: each time it is asked, it agrees with the latest webhook.
        SandboxPayment.objects.update(status=status, received_minor=AMOUNT if status == "succeeded" else 0)
        assert tell(payment) is HTTPStatus.OK
    payment.refresh_from_db()
    assert (payment.status, fresh(invoice).status, fresh(invoice).paid_minor) == ("succeeded", "paid", AMOUNT)


@pytest.mark.parametrize(
    "truth",
    [
        {"amount_minor": AMOUNT - 1, "received_minor": AMOUNT - 1},
        {"amount_minor": AMOUNT * 100, "received_minor": AMOUNT * 100},
        {"currency": "USD"},
        {"received_minor": AMOUNT + 1},
        {"received_minor": 0},
        {"status": "pending"},  # … but it has received money
    ],
)
def test_another_amount_or_currency_is_not_booked_and_needs_a_person(
    invoice: Invoice, payment: Payment, truth: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    SandboxPayment.objects.update(**truth)
    assert post(*webhook(payment)) == 200, "asking again would get the same answer"
    payment.refresh_from_db()
    assert (payment.status, fresh(invoice).status, fresh(invoice).paid_minor) == ("pending", "open", 0)
    assert outcomes() == ["refused"]
    assert "a payment was not booked" in caplog.text
    with pytest.raises(CommandError):
        call_command("reconcile_payments")
    assert fresh(invoice).status == "open"


def test_a_payment_that_nobody_knows_is_noted_and_not_asked_for_again(
    payment: Payment, caplog: pytest.LogCaptureFixture
) -> None:
    assert post(*webhook(payment, object_id="sbx_other", payment_id="sbx_other")) == 200
    assert outcomes() == ["unknown_object"]
    assert "unknown object" in caplog.text


def test_a_payment_of_another_shop_at_the_same_provider_is_not_ours(
    invoice: Invoice, payment: Payment, caplog: pytest.LogCaptureFixture
) -> None:
    key = "018f0000-0000-7000-8000-000000000000"
    SandboxPayment.objects.create(
        id="sbx_theirs", idempotence_key=key, status="succeeded", amount_minor=AMOUNT, currency="RUB",
        received_minor=AMOUNT, description="theirs", language="en", return_url="/",
    )  # fmt: skip
    body, headers = signed(event_of(SandboxPayment.objects.get(pk="sbx_theirs")), now=time.time())
    assert post(body, headers) == 200
    assert (outcomes(), fresh(invoice).status) == (["unknown_object"], "open")
    assert "not ours" in caplog.text


def test_a_webhook_that_overtakes_our_own_bookkeeping_finds_its_payment(invoice: Invoice, payment: Payment) -> None:
    body, headers = webhook(payment)
    # We crashed after the provider had made it, and before we could write its id down.
    Payment.objects.update(provider_payment_id="", status="created")
    assert post(body, headers) == 200
    payment.refresh_from_db()
    assert (payment.status, payment.provider_payment_id != "", fresh(invoice).status) == ("succeeded", True, "paid")


def test_a_crash_in_the_middle_leaves_nothing_half_done_and_the_retry_books(
    school: School, invoice: Invoice, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **options: Any) -> None:
        raise RuntimeError("the power went out")

    history, told = InvoiceHistory.objects.count(), Notification.objects.count()
    with monkeypatch.context() as broken:
        broken.setattr("vestnik.apps.billing.ledger.notify", crash)  # the very last thing that booking does
        assert post(*webhook(payment)) == 503
    payment.refresh_from_db()
    assert (payment.status, fresh(invoice).status) == ("pending", "open")
    assert (InvoiceHistory.objects.count(), Notification.objects.count()) == (history, told)
    failed = WebhookDelivery.objects.get()
    assert failed.outcome == "failed"
    assert "the power went out" in failed.error
    assert post(*webhook(payment)) == 200
    assert (fresh(invoice).status, outcomes()) == ("paid", ["failed", "processed"])


def test_an_outage_of_the_provider_is_answered_so_that_it_tries_again(
    invoice: Invoice, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out(*args: Any) -> None:
        raise BackendError("no answer within 10 s")

    with monkeypatch.context() as broken:
        broken.setattr(SandboxProvider, "fetch", out)
        assert post(*webhook(payment)) == 503
    call_command("reconcile_payments")
    assert (fresh(invoice).status, outcomes()) == ("paid", ["processed"])
    assert WebhookDelivery.objects.get().attempts == 2


def test_what_went_back_in_the_providers_own_office_is_booked(school: School) -> None:
    invoice = paid(school)
    payment = Payment.objects.get()
    key = "018f0000-0000-7000-8000-000000000001"
    refund = SandboxProvider().refund(payment.provider_payment_id, idempotence_key=key, amount_minor=50_000)
    body, headers = signed(event_of_refund(refund, payment.provider_payment_id), now=time.time())
    assert [post(body, headers), post(body, headers)] == [200, 200]
    invoice = fresh(invoice)
    assert (invoice.status, invoice.refunded_minor) == ("partially_refunded", 50_000)
    assert Notification.objects.filter(user=school.parent, kind="payment.refunded").count() == 1


def test_a_lost_webhook_is_made_good_by_reconciling(school: School, invoice: Invoice, payment: Payment) -> None:
    call_command("reconcile_payments", "--older-than", "3600")
    assert fresh(invoice).status == "open", "what has only just begun is left alone"
    call_command("reconcile_payments")
    assert fresh(invoice).status == "paid"
    call_command("reconcile_payments")
    assert Notification.objects.filter(user=school.parent, kind="payment.receipt").count() == 1
    assert post(*webhook(payment)) == 200, "and the webhook, when it comes after all, changes nothing"
    assert fresh(invoice).paid_minor == AMOUNT


def test_a_lost_refund_is_made_good_by_reconciling(school: School) -> None:
    invoice = paid(school)
    payment = Payment.objects.get()
    key = "018f0000-0000-7000-8000-000000000001"
    SandboxProvider().refund(payment.provider_payment_id, idempotence_key=key, amount_minor=AMOUNT)
    call_command("reconcile_payments")
    assert fresh(invoice).status == "refunded"


def test_one_that_cannot_be_reconciled_does_not_keep_the_others_from_it(school: School) -> None:
    broken, good = sent(school), sent(school)
    for invoice in (broken, good):
        decide(attempt(school, invoice), PaymentStatus.SUCCEEDED)
    SandboxPayment.objects.filter(pk=broken.payments.get().provider_payment_id).update(currency="USD")
    with pytest.raises(CommandError, match="could not be reconciled"):
        call_command("reconcile_payments")
    assert (fresh(broken).status, fresh(good).status) == ("open", "paid")


def test_commands_can_be_repeated_and_say_what_they_did(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    sent(school)
    call_command("mark_overdue")
    call_command("reconcile_payments")
    assert capsys.readouterr().out == "marked 0 invoices as overdue\nchecked 0, changed 0, failed 0\n"
    with pytest.raises(CommandError, match="older-than"):
        call_command("reconcile_payments", "--older-than=-1")
