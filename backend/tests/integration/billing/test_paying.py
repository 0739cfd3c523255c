"""Paying and giving back: one attempt at a time, what was paid and given back decides, nothing is done twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings

from tests.support.school import Browser, School
from tests.support.till import AMOUNT, attempt, decide, fresh, paid, pay_at_provider, sent, tell
from vestnik.apps.billing import actions
from vestnik.apps.billing.models import Payment, Refund, SandboxPayment, SandboxRefund
from vestnik.apps.billing.providers.sandbox import SandboxProvider
from vestnik.apps.billing.states import InvoiceStatus, PaymentStatus
from vestnik.apps.notifications.models import Notification
from vestnik.core.errors import BackendError, Conflict, InvalidParameters


def told(user: Any, kind: str) -> list[dict[str, Any]]:
    return list(Notification.objects.filter(user=user, kind=kind).order_by("pk").values_list("params", flat=True))


def test_a_click_begins_an_attempt_and_says_where_to_go_on(school: School) -> None:
    invoice = sent(school)
    status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/")
    assert status == 200
    assert (body["payment"]["status"], body["payment"]["amount_minor"]) == ("pending", AMOUNT)
    row = SandboxPayment.objects.get()
    assert body["confirmation_url"] == f"/api/payments/sandbox/{row.pk}/"
    assert (row.return_url, row.amount_minor, row.currency) == (f"/invoices/{invoice.pk}", AMOUNT, "RUB")
    assert Browser(school.parent).get(f"invoices/{invoice.pk}/")["payment"] == body["payment"]
    assert fresh(invoice).status == "open", "nothing is paid before the provider has said so"


def test_a_second_click_goes_on_with_the_same_attempt(school: School) -> None:
    invoice = sent(school)
    answers = [Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert Payment.objects.count() == SandboxPayment.objects.count() == 1


def test_a_click_goes_on_where_a_crash_left_off(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = sent(school)
    create = SandboxProvider.create_payment

    def create_and_crash(*args: Any, **options: Any) -> None:
        create(*args, **options)
        raise BackendError("the connection broke after the provider had done its part")

    with monkeypatch.context() as broken:
        broken.setattr(SandboxProvider, "create_payment", create_and_crash)
        status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/")
        assert (status, body["error"]["code"]) == (503, "unavailable")
    begun = Payment.objects.get()
    assert (begun.status, begun.provider_payment_id) == ("created", "")
    resumed = attempt(school, invoice)
    assert resumed == begun
    assert resumed.status == "pending"
    assert SandboxPayment.objects.get().idempotence_key == begun.idempotence_key


def test_an_attempt_that_the_provider_refuses_is_given_up(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise BackendError("this currency is not taken", temporary=False)

    invoice = sent(school)
    with monkeypatch.context() as refusing:
        refusing.setattr(SandboxProvider, "create_payment", refuse)
        status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/")
    assert (status, body["error"]["code"]) == (409, "payment_refused")
    assert Payment.objects.get().status == "canceled"
    assert attempt(school, invoice).status == "pending"


def test_paying_in_full_settles_it_and_both_are_told(school: School) -> None:
    invoice = sent(school)
    pay_at_provider(attempt(school, invoice))
    invoice = fresh(invoice)
    assert (invoice.status, invoice.paid_minor, invoice.paid_at is not None) == ("paid", AMOUNT, True)
    (receipt,) = told(school.parent, "payment.receipt")
    assert receipt["amount"] == {"amount_minor": AMOUNT, "currency": "RUB"}
    (news,) = told(school.tutor, "invoice.paid")
    assert news["payer"] == "Parent"
    assert not Notification.objects.filter(user=school.student).exists()


def test_the_history_says_what_happened_and_who_said_so(school: School) -> None:
    invoice = paid(school)
    actions.refund(school.tutor, invoice.pk, amount_minor=50_000)
    history = Browser(school.parent).get(f"invoices/{invoice.pk}/")["history"]
    assert [(row["what"], row["old_status"], row["new_status"], row["amount_minor"]) for row in history] == [
        ("created", "draft", "draft", AMOUNT),
        ("sent", "draft", "open", None),
        ("payment_started", "open", "open", AMOUNT),
        ("payment_succeeded", "open", "paid", AMOUNT),
        ("refund_started", "paid", "paid", 50_000),
        ("refunded", "paid", "partially_refunded", 50_000),
    ]
    people = [row["actor"] and row["actor"]["id"] for row in history]
    assert people == [school.tutor.pk, school.tutor.pk, school.parent.pk, None, school.tutor.pk, school.tutor.pk]
    assert [row["provider"] for row in history] == ["", "", "sandbox", "sandbox", "sandbox", "sandbox"]


def test_half_is_half_and_the_rest_is_paid_by_a_second_attempt(school: School) -> None:
    invoice = sent(school)
    pay_at_provider(attempt(school, invoice), received_minor=AMOUNT // 2)
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("partially_paid", AMOUNT // 2)
    assert told(school.tutor, "invoice.partially_paid")[0]["paid"]["amount_minor"] == AMOUNT // 2
    rest = attempt(school, invoice)
    assert rest.amount_minor == AMOUNT - AMOUNT // 2
    pay_at_provider(rest)
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("paid", AMOUNT)
    assert len(told(school.tutor, "invoice.paid")) == 1


def test_after_a_refusal_at_the_till_another_attempt_can_be_made(school: School) -> None:
    invoice = sent(school)
    first = attempt(school, invoice)
    decide(first, PaymentStatus.CANCELED)
    tell(first)
    assert fresh(invoice).status == "open"
    assert len(told(school.parent, "payment.failed")) == 1
    second = attempt(school, invoice)
    assert second != first
    assert second.idempotence_key != first.idempotence_key


def test_an_attempt_that_was_canceled_unheard_is_not_resumed(school: School) -> None:
    invoice = sent(school)
    first = attempt(school, invoice)
    decide(first, PaymentStatus.CANCELED)
    second = attempt(school, invoice)
    first.refresh_from_db()
    assert (first.status, second.status) == ("canceled", "pending")


def test_one_that_was_paid_unheard_is_booked_by_the_next_click(school: School) -> None:
    invoice = sent(school)
    decide(attempt(school, invoice), PaymentStatus.SUCCEEDED)
    status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/")
    assert (status, body["error"]["code"]) == (409, "invoice_not_payable")
    assert fresh(invoice).status == "paid"
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("status", sorted(set(InvoiceStatus) - {"open", "partially_paid", "draft"}))
def test_only_what_is_owed_is_paid(school: School, status: str) -> None:
    invoice = sent(school)
    type(invoice).objects.filter(pk=invoice.pk).update(status=status)
    answer, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/")
    assert (answer, body["error"]["code"]) == (409, "invoice_not_payable")
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("return_url", "kept"),
    [
        ("", None),
        ("/invoices/7?paid=1", "/invoices/7?paid=1"),
        ("http://localhost:8080/invoices/7", "http://localhost:8080/invoices/7"),
        ("http://testserver/invoices/7?a=b#c", "/invoices/7?a=b#c"),
        ("https://testserver", "/"),
    ],
)
def test_the_payer_comes_back_to_the_site(school: School, return_url: str, kept: str | None) -> None:
    invoice = sent(school)
    assert Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/", {"return_url": return_url})[0] == 200
    assert SandboxPayment.objects.get().return_url == (kept or f"/invoices/{invoice.pk}")


@pytest.mark.parametrize(
    "return_url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "http://testserver@evil.example/",
        "http://testserver.evil.example/",
        "http://testserver//evil.example/",
        "http://localhost:8080@evil.example/",
        "https://localhost:8080/",
        "javascript:alert(1)",
        "data:text/html,x",
        "invoices/7",
        "/\t/evil.example",
        "http://[",
        "/" + "a" * 2000,
        "/a\u0000",
    ],
)
def test_the_payer_is_not_sent_elsewhere(school: School, return_url: str) -> None:
    invoice = sent(school)
    status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/", {"return_url": return_url})
    assert status == 400
    assert "return_url" in body["error"]["fields"]
    assert not Payment.objects.exists()


@pytest.mark.parametrize("provider", ["stripe", "yookassa", "nobody", "../x"])
def test_a_provider_that_the_site_does_not_use_is_not_found(school: School, provider: str) -> None:
    invoice = sent(school)
    status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/", {"provider": provider})
    assert (status, body["error"]["code"]) == (404, "payment_provider_not_found")
    assert not Payment.objects.exists()


@override_settings(VESTNIK={"PAYMENT_PROVIDERS": []})
def test_a_site_without_providers_takes_no_payments(school: School) -> None:
    invoice = sent(school)
    status, body = Browser(school.parent)("POST", f"invoices/{invoice.pk}/pay/")
    assert (status, body["error"]["code"]) == (409, "no_payment_provider")


def test_a_part_is_given_back_and_then_the_rest(school: School) -> None:
    invoice = paid(school)
    _, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/refund/", {"amount_minor": 50_000})
    assert (body["status"], body["refunded_minor"], body["payment"]["refunded_minor"]) == (
        "partially_refunded",
        50_000,
        50_000,
    )
    _, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/refund/")
    assert (body["status"], body["refunded_minor"], body["paid_minor"]) == ("refunded", AMOUNT, AMOUNT)
    refunds = [params["amount"]["amount_minor"] for params in told(school.parent, "payment.refunded")]
    assert refunds == [50_000, AMOUNT - 50_000]
    status, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/refund/")
    assert (status, body["error"]["code"]) == (409, "nothing_to_refund")


def test_what_came_in_by_two_payments_goes_back_from_both(school: School) -> None:
    invoice = sent(school)
    pay_at_provider(attempt(school, invoice), received_minor=100_000)
    pay_at_provider(attempt(school, invoice))
    actions.refund(school.tutor, invoice.pk, amount_minor=80_000)
    first, second = Payment.objects.order_by("pk")
    assert (first.refunded_minor, second.refunded_minor) == (30_000, 50_000)
    assert fresh(invoice).status == "partially_refunded"


@pytest.mark.parametrize("amount", [0, -1, AMOUNT + 1, "1", 1.5, 10**30])
def test_more_than_there_is_or_nothing_is_not_given_back(school: School, amount: Any) -> None:
    invoice = paid(school)
    status, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/refund/", {"amount_minor": amount})
    assert status == 400
    assert "amount_minor" in body["error"]["fields"]
    assert not Refund.objects.exists()
    assert not SandboxRefund.objects.exists()


def test_a_repeated_request_gives_nothing_back_twice(school: School) -> None:
    invoice = paid(school)
    body = {"amount_minor": 50_000, "client_id": str(uuid4())}
    answers = [Browser(school.tutor)("POST", f"invoices/{invoice.pk}/refund/", body) for _ in range(2)]
    assert answers[0] == answers[1]
    assert fresh(invoice).refunded_minor == SandboxRefund.objects.get().amount_minor == 50_000
    Browser(school.tutor)("POST", f"invoices/{invoice.pk}/refund/", {**body, "client_id": str(uuid4())})
    assert fresh(invoice).refunded_minor == 100_000


def test_a_refund_goes_on_where_an_outage_left_off(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = paid(school)
    refund = SandboxProvider.refund

    def refund_and_fail(*args: Any, **options: Any) -> None:
        refund(*args, **options)
        raise BackendError("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(SandboxProvider, "refund", refund_and_fail)
        with pytest.raises(BackendError):
            actions.refund(school.tutor, invoice.pk, amount_minor=50_000)
    assert (fresh(invoice).status, Refund.objects.get().status) == ("paid", "pending")
    with pytest.raises(Conflict, match="under way"):
        actions.refund(school.tutor, invoice.pk, amount_minor=60_000)
    actions.refund(school.tutor, invoice.pk, amount_minor=50_000)
    assert (fresh(invoice).status, fresh(invoice).refunded_minor) == ("partially_refunded", 50_000)
    assert SandboxRefund.objects.count() == Refund.objects.count() == 1


def test_a_refund_that_the_provider_refuses_is_given_up(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = paid(school)

    def refuse(*args: Any, **options: Any) -> None:
        raise BackendError("too late", temporary=False)

    with monkeypatch.context() as refusing:
        refusing.setattr(SandboxProvider, "refund", refuse)
        with pytest.raises(Conflict, match="refuses"):
            actions.refund(school.tutor, invoice.pk)
    assert (fresh(invoice).status, fresh(invoice).refunded_minor, Refund.objects.get().status) == (
        "paid",
        0,
        "canceled",
    )
    actions.refund(school.tutor, invoice.pk)
    assert fresh(invoice).status == "refunded"


def test_an_older_attempt_that_goes_through_after_all_is_not_paid_twice(school: School) -> None:
    invoice = sent(school)
    older = attempt(school, invoice)
    Payment.objects.filter(pk=older.pk).update(status="canceled")  # we gave it up, the provider did not
    newer = attempt(school, invoice)
    decide(older, PaymentStatus.SUCCEEDED, received_minor=AMOUNT - 1)
    tell(older)
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("partially_paid", AMOUNT - 1)
    rest = attempt(school, invoice)
    newer.refresh_from_db()
    assert (newer.status, rest.amount_minor) == ("canceled", 1)


def test_money_for_a_void_invoice_is_shown_and_can_be_given_back(school: School) -> None:
    invoice = sent(school)
    payment = attempt(school, invoice)
    actions.void(school.tutor, invoice.pk)
    SandboxPayment.objects.update(status="pending")  # the provider had not canceled it after all
    pay_at_provider(payment)
    assert fresh(invoice).status == "paid"
    actions.refund(school.tutor, invoice.pk)
    assert fresh(invoice).status == "refunded"


def test_the_database_itself_admits_one_unfinished_attempt(school: School) -> None:
    invoice = sent(school)
    attempt(school, invoice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            invoice=invoice, provider="sandbox", amount_minor=1, currency="RUB", created_by=school.parent
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"received_minor": AMOUNT + 1},
        {"received_minor": 0},
        {"refunded_minor": AMOUNT + 1},
        {"status": "pending"},
        {"status": "lost"},
        {"amount_minor": 0},
    ],
)
def test_the_database_itself_refuses_impossible_payments(school: School, changes: dict[str, Any]) -> None:
    paid(school)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(**changes)


def test_what_is_paid_is_decided_when_it_is_booked(school: School) -> None:
    invoice = sent(school)
    payment = attempt(school, invoice)
    with pytest.raises(InvalidParameters):
        actions.pay(school.parent, invoice.pk, return_url="https://evil.example/")
    decide(payment, PaymentStatus.SUCCEEDED)
    assert fresh(invoice).status == "open"
    tell(payment)
    assert fresh(invoice).paid_at - fresh(invoice).sent_at < timedelta(minutes=5)
