"""Making, sending, looking at, voiding: who may, in which states, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.support.school import Browser, School
from tests.support.till import (
    AMOUNT,
    InvoicesClient,
    attempt,
    draft,
    fresh,
    in_a_week,
    noon,
    paid,
    pay_at_provider,
    sent,
)
from vestnik.apps.accounts.models import Guardianship
from vestnik.apps.billing import actions
from vestnik.apps.billing.models import MAX_AMOUNT, Invoice, InvoiceHistory, Payment
from vestnik.apps.billing.rpc import procedures
from vestnik.apps.notifications.models import Notification
from vestnik.core.errors import Conflict, InvalidParameters, NotFound, PermissionDenied
from vestnik.core.namespaces import Caller


def new(school: School, **changes: Any) -> dict[str, Any]:
    return {
        "student_id": school.student.pk,
        "amount_minor": AMOUNT,
        "currency": "RUB",
        "description": "Eight lessons",
        "due_date": in_a_week().isoformat(),
        **changes,
    }


def kinds_told(user: Any) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def test_a_tutor_makes_a_draft_which_nobody_else_sees(school: School) -> None:
    status, invoice = Browser(school.tutor)("POST", "invoices/", new(school))
    assert status == 201
    assert (invoice["status"], invoice["display_status"]) == ("draft", "draft")
    assert (invoice["amount_minor"], invoice["currency"], invoice["paid_minor"]) == (AMOUNT, "RUB", 0)
    people = [invoice[role]["id"] for role in ("issuer", "payer", "student")]
    assert people == [school.tutor.pk, school.parent.pk, school.student.pk]
    assert [entry["what"] for entry in invoice["history"]] == ["created"]
    for role in ("student", "parent", "teacher", "other_tutor"):
        browser = Browser(getattr(school, role))
        assert browser.get("invoices/")["results"] == []
        assert browser("GET", f"invoices/{invoice['id']}/")[0] == 404
    for role in ("tutor", "admin"):
        assert [row["id"] for row in Browser(getattr(school, role)).get("invoices/")["results"]] == [invoice["id"]]


@pytest.mark.parametrize("role", ["student", "teacher", "parent", "admin"])
def test_only_tutors_issue(school: School, role: str) -> None:
    status, body = Browser(getattr(school, role))("POST", "invoices/", new(school))
    assert (status, body["error"]["code"]) == (403, "permission_denied")
    assert not Invoice.objects.exists()


def test_a_tutor_issues_for_their_own_students_only_and_learns_nothing_of_others(school: School) -> None:
    answers = []
    for student_id in (school.other_student.pk, 10**9):
        status, body = Browser(school.tutor)("POST", "invoices/", new(school, student_id=student_id))
        assert status == 400
        answers.append(body)
    assert answers[0] == answers[1]
    assert "student_id" in answers[0]["error"]["fields"]
    assert Browser(school.other_tutor)("POST", "invoices/", new(school))[0] == 400


def test_the_payer_is_a_parent_of_the_student(school: School) -> None:
    Guardianship.objects.create(parent=school.other_parent, student=school.student)
    chosen = draft(school, payer_id=school.other_parent.pk)
    assert chosen.payer == school.other_parent
    assert draft(school).payer == school.parent  # who came first
    for stranger in (school.tutor, school.student, school.teacher):
        with pytest.raises(InvalidParameters, match="payer_id"):
            draft(school, payer_id=stranger.pk)


def test_a_student_without_a_parent_cannot_be_invoiced(school: School) -> None:
    Guardianship.objects.update(is_active=False)
    with pytest.raises(InvalidParameters, match="no parent"):
        draft(school)


def test_numbers_of_a_year_have_no_gaps_even_after_a_refusal(school: School) -> None:
    now = timezone.now()
    first = draft(school, now=now)
    with pytest.raises(InvalidParameters):
        draft(school, currency="XXX", now=now)
    second = draft(school, now=now)
    next_year = draft(school, now=now + timedelta(days=366), due_date=in_a_week() + timedelta(days=366))
    year = timezone.localtime(now).year
    assert [first.number, second.number] == [f"{year}-00001", f"{year}-00002"]
    assert next_year.number == f"{year + 1}-00001"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": -5}, "amount_minor"),
        ({"amount_minor": MAX_AMOUNT + 1}, "amount_minor"),
        ({"amount_minor": 1.5}, "amount_minor"),
        ({"amount_minor": "100"}, "amount_minor"),
        ({"amount_minor": 10**30}, "amount_minor"),
        ({"amount_minor": None}, "amount_minor"),
        ({"amount_minor": True}, "amount_minor"),
        ({"currency": "rub"}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"currency": "RUB\u0000"}, "currency"),
        ({"description": ""}, "description"),
        ({"description": "   "}, "description"),
        ({"description": "a" * 1001}, "description"),
        ({"description": "a\u0000b"}, "description"),
        ({"description": 5}, "description"),
        ({"due_date": "yesterday"}, "due_date"),
        ({"due_date": "2020-01-01"}, "due_date"),
        ({"due_date": "9999-12-31"}, "due_date"),
        ({"due_date": "2026-02-30"}, "due_date"),
        ({"student_id": 0}, "student_id"),
        ({"student_id": "x"}, "student_id"),
        ({"payer_id": -1}, "payer_id"),
    ],
)
def test_bad_input_is_refused_by_name_and_changes_nothing(school: School, changes: dict[str, Any], field: str) -> None:
    status, body = Browser(school.tutor)("POST", "invoices/", new(school, **changes))
    assert status == 400
    assert field in body["error"]["fields"]
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("missing", ["student_id", "amount_minor", "currency", "description", "due_date"])
def test_what_is_missing_is_named(school: School, missing: str) -> None:
    body = new(school)
    del body[missing]
    status, answer = Browser(school.tutor)("POST", "invoices/", body)
    assert (status, answer["error"]["fields"]) == (400, {missing: "required"})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"student_id": NaN}', b'"' + b"[" * 100_000])
def test_a_body_of_the_wrong_shape_is_refused(school: School, body: bytes) -> None:
    browser = Browser(school.tutor)
    response = browser.client.generic("POST", "/api/invoices/", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_parameters"


def test_sending_shows_it_to_the_payer_and_tells_them(school: School) -> None:
    invoice = draft(school)
    status, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/send/")
    assert status == 200
    assert (body["status"], body["display_status"], body["sent_at"] is not None) == ("open", "sent", True)
    assert [row["id"] for row in Browser(school.parent).get("invoices/")["results"]] == [invoice.pk]
    assert Browser(school.student).get("invoices/")["results"] == []
    assert kinds_told(school.parent) == ["invoice.issued"]
    assert kinds_told(school.tutor) == kinds_told(school.student) == []


def test_it_is_sent_once(school: School) -> None:
    invoice = sent(school)
    status, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/send/")
    assert (status, body["error"]["code"]) == (409, "invoice_already_sent")
    assert kinds_told(school.parent) == ["invoice.issued"]


def test_a_draft_is_not_sent_after_its_due_date(school: School) -> None:
    invoice = draft(school)
    with pytest.raises(Conflict, match="due"):
        actions.send(school.tutor, invoice.pk, now=noon(invoice.due_date + timedelta(days=1)))
    actions.send(school.tutor, invoice.pk, now=noon(invoice.due_date))


def test_the_payers_first_look_is_a_fact(school: School) -> None:
    invoice = sent(school)
    for role in ("tutor", "admin"):
        assert Browser(getattr(school, role))("POST", f"invoices/{invoice.pk}/view/")[1]["first_viewed_at"] is None
    _, seen = Browser(school.parent)("POST", f"invoices/{invoice.pk}/view/")
    assert (seen["status"], seen["display_status"]) == ("open", "viewed")
    again = actions.view(school.parent, invoice.pk, now=timezone.now() + timedelta(days=1))
    assert again.first_viewed_at == fresh(invoice).first_viewed_at
    assert InvoiceHistory.objects.filter(invoice=invoice, what="viewed").count() == 1


def test_looking_over_the_socket_is_the_same(school: School) -> None:
    invoice = sent(school)
    data = b'{"id": %d}' % invoice.pk
    answer = procedures.call(Caller(user=str(school.parent.pk)), "invoices.view", data)
    assert b'"display_status":"viewed"' in bytes(answer)
    for user in (school.student, school.other_parent, school.teacher):
        with pytest.raises(NotFound, match="invoice not found"):
            procedures.call(Caller(user=str(user.pk)), "invoices.view", data)
    with pytest.raises(PermissionDenied):
        procedures.call(Caller(user=""), "invoices.view", data)


@pytest.mark.parametrize("data", [b"{}", b'{"id": "1"}', b'{"id": 0}', b'{"id": 1e30}', b'{"id": null}', b"[1]", b"{"])
def test_bad_parameters_over_the_socket_are_refused_by_name(school: School, data: bytes) -> None:
    with pytest.raises(InvalidParameters, match=r"id|params"):
        procedures.call(Caller(user=str(school.parent.pk)), "invoices.view", data)


@pytest.mark.parametrize("verb", ["send", "view", "pay", "void", "refund"])
def test_nobody_whom_it_does_not_concern_has_a_door(school: School, verb: str) -> None:
    invoice = paid(school) if verb == "refund" else sent(school)
    before = fresh(invoice).status
    for role in ("student", "teacher", "other_tutor", "other_parent", "other_student"):
        status, body = Browser(getattr(school, role))("POST", f"invoices/{invoice.pk}/{verb}/")
        assert (status, body["error"]["code"]) == (404, "invoice_not_found")
        assert Browser(getattr(school, role))("POST", f"invoices/{10**9}/{verb}/") == (status, body)
    assert Browser(None)("POST", f"invoices/{invoice.pk}/{verb}/")[0] == 401
    assert fresh(invoice).status == before


@pytest.mark.parametrize(
    ("role", "verb"),
    [("parent", "send"), ("parent", "void"), ("parent", "refund"), ("tutor", "pay"), ("admin", "pay")],
)
def test_who_may_see_it_may_not_do_everything(school: School, role: str, verb: str) -> None:
    invoice = paid(school) if verb == "refund" else sent(school)
    before = fresh(invoice).status
    status, body = Browser(getattr(school, role))("POST", f"invoices/{invoice.pk}/{verb}/")
    assert (status, body["error"]["code"]) == (403, "permission_denied")
    assert fresh(invoice).status == before
    assert Payment.objects.count() == (1 if verb == "refund" else 0)


def test_staff_acts_for_the_tutor(school: School) -> None:
    invoice = draft(school)
    assert Browser(school.admin)("POST", f"invoices/{invoice.pk}/send/")[0] == 200
    _, body = Browser(school.admin)("POST", f"invoices/{invoice.pk}/void/")
    assert body["status"] == "void"
    assert body["history"][-1]["actor"]["id"] == school.admin.pk


def test_a_draft_is_voided_without_the_payers_ever_hearing_of_it(school: School) -> None:
    invoice = draft(school)
    parent = InvoicesClient(school.parent)
    assert Browser(school.tutor)("POST", f"invoices/{invoice.pk}/void/")[1]["status"] == "void"
    assert parent.catch_up() == []
    assert Browser(school.parent).get("invoices/")["results"] == []
    assert kinds_told(school.parent) == []


def test_voiding_cancels_the_attempt_under_way(school: School) -> None:
    invoice = sent(school)
    payment = attempt(school, invoice)
    actions.void(school.tutor, invoice.pk)
    payment.refresh_from_db()
    assert (fresh(invoice).status, payment.status) == ("void", "canceled")
    assert kinds_told(school.parent) == ["invoice.issued", "invoice.voided"]
    with pytest.raises(Conflict):
        actions.pay(school.parent, invoice.pk)


@pytest.mark.parametrize("make", [paid, lambda school: _voided(school)], ids=["paid", "void"])
def test_what_was_paid_or_is_void_is_not_voided(school: School, make: Callable[[School], Invoice]) -> None:
    invoice = make(school)
    history = InvoiceHistory.objects.count()
    status, body = Browser(school.tutor)("POST", f"invoices/{invoice.pk}/void/")
    assert (status, body["error"]["code"]) == (409, f"invoice_{invoice.status}")
    assert InvoiceHistory.objects.count() == history


def _voided(school: School) -> Invoice:
    invoice = sent(school)
    actions.void(school.tutor, invoice.pk)
    return fresh(invoice)


def test_the_list_is_in_pages_and_by_status(school: School) -> None:
    invoices = [sent(school).pk for _ in range(3)] + [paid(school).pk]
    parent = Browser(school.parent)
    first = parent.get("invoices/?limit=3")
    second = parent.get(f"invoices/?limit=3&cursor={first['next']}")
    assert [row["id"] for row in first["results"] + second["results"]] == invoices[::-1]
    assert second["next"] is None
    assert [row["id"] for row in parent.get("invoices/?status=paid")["results"]] == invoices[3:]
    assert len(parent.get("invoices/?status=paid&status=open")["results"]) == 4
    assert first["channel"] == f"invoices:#{school.parent.pk}"
    assert first["position"]["offset"] > 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=late", "status"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=LTE", "cursor"),
        ("status=", "status"),
    ],
)
def test_a_bad_query_is_refused_by_name(school: School, query: str, field: str) -> None:
    status, body = Browser(school.tutor)("GET", f"invoices/?{query}")
    assert status == 400
    assert any(name.startswith(field) for name in body["error"]["fields"])


@pytest.mark.parametrize("path", ["invoices/", "invoices/1/"])
def test_nothing_is_shown_to_who_is_not_signed_in(school: School, path: str) -> None:
    assert Browser(None)("GET", path)[0] == 401


def test_an_id_that_no_database_holds_is_not_found(school: School) -> None:
    assert Browser(school.parent)("GET", f"invoices/{10**30}/")[0] == 404


def test_overdue_is_a_fact_since_the_end_of_the_due_date(school: School) -> None:
    invoice, settled, not_sent = sent(school), paid(school), draft(school)
    assert actions.mark_overdue(now=noon(invoice.due_date)) == []
    late = noon(invoice.due_date + timedelta(days=3))
    (marked,) = actions.mark_overdue(now=late)
    assert (marked.id, marked.status, marked.display_status) == (invoice.pk, "open", "overdue")
    assert marked.overdue_since == noon(invoice.due_date) + timedelta(hours=12)
    assert actions.mark_overdue(now=late) == []
    assert fresh(settled).overdue_since is fresh(not_sent).overdue_since is None
    assert kinds_told(school.parent).count("invoice.overdue") == kinds_told(school.tutor).count("invoice.overdue") == 1


def test_what_is_overdue_can_be_paid_and_is_overdue_no_more(school: School) -> None:
    invoice = sent(school)
    actions.mark_overdue(now=noon(invoice.due_date + timedelta(days=3)))
    pay_at_provider(attempt(school, invoice))
    body = Browser(school.parent).get(f"invoices/{invoice.pk}/")
    assert (body["display_status"], body["overdue_since"] is not None) == ("paid", True)
