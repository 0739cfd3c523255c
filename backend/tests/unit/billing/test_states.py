"""The tables of states: what they promise, whatever the order in which a provider's news arrives."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestnik.apps.billing.states import (
    INVOICE_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    UNFINISHED,
    DisplayStatus,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
    advance,
    check_invoice_move,
    display_status,
    status_by_money,
)
from vestnik.core.errors import Conflict

payment_news = st.lists(st.sampled_from(PaymentStatus), min_size=1)
refund_news = st.lists(st.sampled_from(RefundStatus), min_size=1)


def after(transitions, start, news):
    for reported in news:
        start = advance(transitions, start, reported)
    return start


@given(news=payment_news, data=st.data())
def test_a_payment_ends_the_same_in_whatever_order_its_news_arrive(news: list[PaymentStatus], data) -> None:
    shuffled = data.draw(st.permutations(news))
    repeated = [status for status in shuffled for _ in range(data.draw(st.integers(1, 3)))]
    end = after(PAYMENT_TRANSITIONS, PaymentStatus.CREATED, news)
    assert after(PAYMENT_TRANSITIONS, PaymentStatus.CREATED, shuffled) is end
    assert after(PAYMENT_TRANSITIONS, PaymentStatus.CREATED, repeated) is end


@given(news=refund_news, data=st.data())
def test_so_does_a_refund(news: list[RefundStatus], data) -> None:
    shuffled = data.draw(st.permutations(news))
    end = after(REFUND_TRANSITIONS, RefundStatus.PENDING, news)
    assert after(REFUND_TRANSITIONS, RefundStatus.PENDING, shuffled) is end


@given(news=payment_news)
def test_success_is_kept_and_never_made_up(news: list[PaymentStatus]) -> None:
    end = after(PAYMENT_TRANSITIONS, PaymentStatus.CREATED, news)
    assert (end is PaymentStatus.SUCCEEDED) == (PaymentStatus.SUCCEEDED in news)
    assert (end in UNFINISHED) == (not {PaymentStatus.SUCCEEDED, PaymentStatus.CANCELED} & set(news))


@pytest.mark.parametrize(
    ("states", "transitions"),
    [
        (InvoiceStatus, INVOICE_TRANSITIONS),
        (PaymentStatus, PAYMENT_TRANSITIONS),
        (RefundStatus, REFUND_TRANSITIONS),
    ],
)
def test_every_state_has_its_line_in_the_table(states, transitions) -> None:
    assert set(transitions) == set(states)
    assert all(state not in ahead for state, ahead in transitions.items())


def test_an_invoice_runs_its_course_and_not_backwards() -> None:
    course = [
        InvoiceStatus.DRAFT,
        InvoiceStatus.OPEN,
        InvoiceStatus.PARTIALLY_PAID,
        InvoiceStatus.PAID,
        InvoiceStatus.PARTIALLY_REFUNDED,
        InvoiceStatus.REFUNDED,
    ]
    for old, new in pairwise(course):
        check_invoice_move(old, new)
    for old, new in pairwise(course[:5]):
        with pytest.raises(Conflict):
            check_invoice_move(new, old)


@pytest.mark.parametrize("status", InvoiceStatus)
def test_void_comes_from_what_is_unpaid_and_from_nothing_else(status: InvoiceStatus) -> None:
    may = status in {InvoiceStatus.DRAFT, InvoiceStatus.OPEN}
    assert (InvoiceStatus.VOID in INVOICE_TRANSITIONS[status]) == may


money = st.integers(1, 10**12)


@given(amount=money, payments=st.lists(money, max_size=4), refunds=st.lists(money, max_size=4))
def test_whatever_is_paid_and_given_back_the_way_there_is_legal(
    amount: int, payments: list[int], refunds: list[int]
) -> None:
    status, paid, refunded = InvoiceStatus.OPEN, 0, 0
    steps = [(payment, 0) for payment in payments] + [(0, refund) for refund in refunds]
    for payment, refund in steps:
        if refunded + refund > paid + payment:
            continue
        paid, refunded = paid + payment, refunded + refund
        new = status_by_money(status, amount=amount, paid=paid, refunded=refunded)
        if new is not status:
            check_invoice_move(status, new)
        status = new
    assert (status is InvoiceStatus.OPEN) == (paid == 0)
    assert (status is InvoiceStatus.PAID) == (paid >= amount and refunded == 0)
    assert (status is InvoiceStatus.REFUNDED) == (0 < paid == refunded)


@given(
    amount=money,
    payments=st.lists(money, min_size=1, max_size=3),
    parts=st.lists(st.integers(0, 100), max_size=3),
    data=st.data(),
)
def test_the_order_of_payments_and_refunds_does_not_matter(amount, payments, parts, data) -> None:
    refunds = [payment * part // 100 for payment, part in zip(payments, parts, strict=False)]
    # A refund follows its own payment, and that is all that is certain of the order.
    moves = data.draw(st.permutations(list(range(len(payments)))))
    status, paid, refunded = InvoiceStatus.OPEN, 0, 0
    for index in moves:
        for payment, refund in ((payments[index], 0), (0, refunds[index] if index < len(refunds) else 0)):
            paid, refunded = paid + payment, refunded + refund
            new = status_by_money(status, amount=amount, paid=paid, refunded=refunded)
            if new is not status:
                check_invoice_move(status, new)
            status = new
    assert status is status_by_money(InvoiceStatus.OPEN, amount=amount, paid=sum(payments), refunded=sum(refunds))


MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "viewed", "overdue", "shown"),
    [
        (InvoiceStatus.DRAFT, None, None, DisplayStatus.DRAFT),
        (InvoiceStatus.OPEN, None, None, DisplayStatus.SENT),
        (InvoiceStatus.OPEN, MOMENT, None, DisplayStatus.VIEWED),
        (InvoiceStatus.OPEN, None, MOMENT, DisplayStatus.OVERDUE),
        (InvoiceStatus.OPEN, MOMENT, MOMENT, DisplayStatus.OVERDUE),
        (InvoiceStatus.PARTIALLY_PAID, MOMENT, MOMENT, DisplayStatus.PARTIALLY_PAID),
        (InvoiceStatus.PAID, MOMENT, MOMENT, DisplayStatus.PAID),
        (InvoiceStatus.PARTIALLY_REFUNDED, MOMENT, None, DisplayStatus.PARTIALLY_REFUNDED),
        (InvoiceStatus.REFUNDED, None, None, DisplayStatus.REFUNDED),
        (InvoiceStatus.VOID, MOMENT, MOMENT, DisplayStatus.VOID),
    ],
)
def test_people_are_shown_the_status_with_the_facts_that_matter(status, viewed, overdue, shown) -> None:
    assert display_status(status, first_viewed_at=viewed, overdue_since=overdue) is shown
