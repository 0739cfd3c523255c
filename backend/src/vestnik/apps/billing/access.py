"""The only way to invoices: issuers see theirs, payers what was sent to them, staff everything, others nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from vestnik.apps.accounts.access import parents_of, role_of, students_of
from vestnik.apps.accounts.models import Role
from vestnik.apps.billing.models import Invoice
from vestnik.core.errors import InvalidParameters, NotFound, PermissionDenied
from vestnik.core.values import MAX_INTEGER

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def invoices_for(user: User) -> QuerySet[Invoice]:
    """All that ``user`` may see."""
    if user.is_staff:
        return Invoice.objects.all()
    # A payer knows nothing of an invoice until it is sent. Students are neither issuer nor payer: they see none.
    return Invoice.objects.filter(Q(issuer_id=user.pk) | Q(payer_id=user.pk, sent_at__isnull=False))


def invoice_for(user: User, invoice_id: int, *, lock: bool = False) -> Invoice:
    """One of them; with ``lock``, held until the transaction ends.

    Raises:
        NotFound: There is none, or ``user`` may not know of it.
    """
    if not 1 <= invoice_id <= MAX_INTEGER:
        raise NotFound("invoice")
    invoices = invoices_for(user).filter(pk=invoice_id)
    invoice = (invoices.select_for_update() if lock else invoices).first()
    if invoice is None:
        raise NotFound("invoice")
    return invoice


def check_may_manage(user: User, invoice: Invoice) -> None:
    """Sending, voiding and refunding is for the issuer and for staff.

    Raises:
        PermissionDenied: ``user`` is neither.
    """
    if invoice.issuer_id != user.pk and not user.is_staff:
        raise PermissionDenied("only who has issued the invoice may do this")


def check_may_pay(user: User, invoice: Invoice) -> None:
    """Paying is for the payer.

    Raises:
        PermissionDenied: ``user`` is somebody else.
    """
    if invoice.payer_id != user.pk:
        raise PermissionDenied("only the payer may pay the invoice")


def student_for_invoice(user: User, student_id: int) -> User:
    """The student whom ``user`` may invoice for.

    Raises:
        PermissionDenied: ``user`` is no tutor.
        InvalidParameters: No such student, or none of theirs; the two look alike.
    """
    if role_of(user) is not Role.TUTOR:
        raise PermissionDenied("only tutors issue invoices")
    student = students_of(user).filter(pk=student_id).first()
    if student is None:
        raise InvalidParameters(student_id="none of your students")
    return student


def payer_for_invoice(student: User, payer_id: int | None) -> User:
    """The parent who pays: the one that is named, or the one who came to the school first.

    Raises:
        InvalidParameters: That is no parent of the student, or there is no parent.
    """
    parents = parents_of(student)
    if payer_id is not None:
        payer = parents.filter(pk=payer_id).first()
        if payer is None:
            raise InvalidParameters(payer_id="no parent of this student")
        return payer
    payer = parents.order_by("pk").first()
    if payer is None:
        raise InvalidParameters(student_id="has no parent who could pay")
    return payer
