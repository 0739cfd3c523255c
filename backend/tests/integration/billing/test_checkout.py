"""The sandbox's checkout page: the payer's choices, its guards, and the buttons that make webhooks go wrong."""

from __future__ import annotations

import re

import pytest
from django.test import Client, override_settings

from tests.support.school import Browser, School
from tests.support.till import AMOUNT, fresh, sent
from vestnik.apps.billing import actions
from vestnik.apps.billing.models import Invoice, Payment, SandboxPayment, WebhookDelivery
from vestnik.apps.notifications.models import Notification


@pytest.fixture
def invoice(school: School) -> Invoice:
    return sent(school)


@pytest.fixture
def page(school: School, invoice: Invoice) -> str:
    """The address that the payer is sent to."""
    return actions.pay(school.parent, invoice.pk).confirmation_url


@pytest.fixture
def payer() -> Client:
    """A browser that is not signed in, as on any provider's page, and whose forms are checked."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def press(client: Client, page: str, action: str, **fields: str):
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page).content.decode())
    form = {"action": action, **fields, **({"csrfmiddlewaretoken": token[1]} if token else {})}
    return client.post(page, form)


def test_paying_books_it_and_leads_back(school: School, invoice: Invoice, page: str, payer: Client) -> None:
    answer = press(payer, page, "pay")
    assert (answer.status_code, answer["Location"]) == (302, f"/invoices/{invoice.pk}")
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == ("paid", AMOUNT)
    assert WebhookDelivery.objects.get().outcome == "processed"


@pytest.mark.parametrize(
    ("action", "status", "paid_minor"), [("half", "partially_paid", AMOUNT // 2), ("decline", "open", 0)]
)
def test_the_payer_may_decide_otherwise(
    invoice: Invoice, page: str, payer: Client, action: str, status: str, paid_minor: int
) -> None:
    assert press(payer, page, action).status_code == 302
    assert (fresh(invoice).status, fresh(invoice).paid_minor) == (status, paid_minor)


def test_the_smallest_amount_can_be_halved(school: School, payer: Client) -> None:
    invoice = sent(school, amount_minor=1)
    press(payer, actions.pay(school.parent, invoice.pk).confirmation_url, "half")
    assert fresh(invoice).status == "paid"


def test_a_decision_is_final(invoice: Invoice, page: str, payer: Client) -> None:
    first, second = Client(), Client()
    press(payer, page, "pay")
    for client in (first, second):
        assert client.post(page, {"action": "decline"}).status_code == 302
    assert (fresh(invoice).status, Payment.objects.get().status) == ("paid", "succeeded")
    assert WebhookDelivery.objects.count() == 1


def test_a_form_from_elsewhere_pays_nothing(invoice: Invoice, page: str, payer: Client) -> None:
    payer.get(page)
    assert payer.post(page, {"action": "pay"}).status_code == 403
    assert payer.post(page, {"action": "pay"}, headers={"origin": "https://evil.example"}).status_code == 403
    assert fresh(invoice).status == "open"


def test_a_form_through_the_development_proxy_is_taken(invoice: Invoice, page: str, payer: Client) -> None:
    token = re.search(r'value="([^"]+)"', payer.get(page, headers={"host": "localhost:8080"}).content.decode())
    assert token is not None
    answer = payer.post(
        page,
        {"action": "pay", "csrfmiddlewaretoken": token[1]},
        headers={"host": "localhost:8080", "origin": "http://localhost:8080"},
    )
    assert answer.status_code == 302
    assert fresh(invoice).status == "paid"


@pytest.mark.parametrize("name", ["1", "sbx_x", "sbx_" + "a" * 32, "x" * 300])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_the_whole_key_opens_the_page(page: str, name: str, method: str) -> None:
    assert getattr(Client(), method)(f"/api/payments/sandbox/{name}/").status_code == 404
    assert getattr(Client(), method)(page[:-2] + "/").status_code == 404


def test_the_key_is_not_to_be_guessed_and_not_passed_on(school: School, page: str, payer: Client) -> None:
    assert len(SandboxPayment.objects.get().pk) >= 32
    answer = payer.get(page)
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    assert page not in str(Browser(school.tutor).get("invoices/")), "the issuer has no business there"


@pytest.mark.parametrize("form", [{}, {"action": ""}, {"action": "steal"}, {"action": "pay\x00"}])
def test_a_form_that_makes_no_sense_changes_nothing(invoice: Invoice, page: str, form: dict[str, str]) -> None:
    assert Client().post(page, form).status_code == 400
    assert fresh(invoice).status == "open"


@pytest.mark.parametrize(("language", "word"), [("ru", "Оплатить"), ("en", "Pay half")])
def test_the_page_is_in_the_payers_language(school: School, payer: Client, language: str, word: str) -> None:
    school.parent.profile.language = language
    school.parent.profile.save()
    invoice = sent(school, description="<script>alert(1)</script>")
    text = payer.get(actions.pay(school.parent, invoice.pk).confirmation_url).content.decode()
    assert f'<html lang="{language}">' in text
    assert word in text
    assert "<script>" not in text


def test_the_buttons_that_break_things_are_not_for_payers(invoice: Invoice, page: str, payer: Client) -> None:
    assert 'name="delivery"' not in payer.get(page).content.decode()
    press(payer, page, "pay", delivery="never")
    assert fresh(invoice).status == "paid"
    for action in ("deliver", "refund_half"):
        assert press(Client(), page, action).status_code == 400
    assert fresh(invoice).status == "paid"
    assert WebhookDelivery.objects.count() == 1


@pytest.fixture
def tester(school: School) -> Client:
    return Browser(school.admin).client


def test_staff_may_deliver_twice(school: School, invoice: Invoice, page: str, tester: Client) -> None:
    press(tester, page, "pay", delivery="twice")
    assert list(WebhookDelivery.objects.order_by("pk").values_list("outcome", flat=True)) == ["processed", "duplicate"]
    assert Notification.objects.filter(user=school.parent, kind="payment.receipt").count() == 1


def test_staff_may_deliver_late(invoice: Invoice, page: str, tester: Client) -> None:
    press(tester, page, "pay", delivery="never")
    assert (fresh(invoice).status, WebhookDelivery.objects.count()) == ("open", 0)
    press(tester, page, "deliver")
    assert fresh(invoice).status == "paid"


def test_staff_may_refund_half_in_the_providers_office(invoice: Invoice, page: str, tester: Client) -> None:
    press(tester, page, "pay")
    for _ in range(3):  # the third half is one too many
        assert press(tester, page, "refund_half").status_code == 302
    assert (fresh(invoice).status, fresh(invoice).refunded_minor) == ("refunded", AMOUNT)


@override_settings(DEBUG=True)
def test_so_may_everybody_in_development(invoice: Invoice, page: str, payer: Client) -> None:
    press(payer, page, "pay", delivery="never")
    assert fresh(invoice).status == "open"


def test_without_the_sandbox_the_page_is_not_there(invoice: Invoice, page: str, payer: Client) -> None:
    with override_settings(VESTNIK={"PAYMENT_PROVIDERS": []}):
        assert payer.get(page).status_code == 404
        assert payer.post(page, {"action": "pay"}).status_code in {403, 404}
    assert fresh(invoice).status == "open"
