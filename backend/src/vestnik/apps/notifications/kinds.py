"""What people are told of: every kind of notification, with its words in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from vestnik.apps.notifications.wording import LANGUAGES, fill
from vestnik.core.errors import LocalError

Level = Literal["info", "success", "warning", "error"]
Way = Literal["in_app", "email", "web_push"]
WAYS: tuple[Way, ...] = ("in_app", "email", "web_push")


class Wording(msgspec.Struct, frozen=True):
    """A kind's words in one language: its name in the preferences, and the templates of title and body.

    Besides the caller's own parameters, templates know ``count``: how many things the notification stands for.
    """

    label: str
    title: str
    body: str = ""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of notification.

    Attributes:
        name: ``area.what``, on the wire and in the database.
        level: How it looks unless the caller says otherwise.
        locked: It cannot be switched off, whichever way it goes.
        ways: The ways that are on until the user chooses otherwise.
    """

    name: str
    level: Level = "info"
    locked: bool = False
    ways: tuple[Way, ...] = ("in_app", "email")
    ru: Wording
    en: Wording

    def wording(self, language: str) -> Wording:
        """The words in ``language``; Russian for one that we do not speak."""
        return self.en if language == "en" else self.ru

    def is_on_by_default(self, way: Way) -> bool:
        return self.locked or way in self.ways

    def render(self, params: Mapping[str, Any], count: int, language: str) -> tuple[str, str]:
        """Title and body.

        Raises:
            LocalError: A parameter that the templates need is missing or makes no sense.
        """
        wording = self.wording(language)
        values = {**params, "count": count}
        return fill(wording.title, values, language), fill(wording.body, values, language)

    def check(self, params: Mapping[str, Any]) -> None:
        """Render in every language, so that what is missing fails at the writer and not in somebody's feed."""
        for language in LANGUAGES:
            self.render(params, 1, language)


class Kinds:
    """All kinds of a site, by name. A project registers its own from its ``AppConfig.ready``."""

    def __init__(self) -> None:
        self._by_name: dict[str, Kind] = {}

    def register(self, kind: Kind) -> Kind:
        if kind.name in self._by_name:
            raise LocalError(f"notification kind {kind.name!r} is declared twice")
        self._by_name[kind.name] = kind
        return kind

    def find(self, name: str) -> Kind | None:
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_name.values())


KINDS = Kinds()

for _kind in (
    Kind(
        name="chat.message",
        ways=("in_app", "email", "web_push"),
        # A name after "от" would have to be declined ("от Анны"); after a colon it need not.
        ru=Wording(
            label="Личные сообщения",
            title="{sender}: {count:=1 новое сообщение|# новое сообщение|# новых сообщения|# новых сообщений}",
            body="{text:short}",
        ),
        en=Wording(
            label="Direct messages",
            title="{count:=1 New message|# new message|# new messages} from {sender}",
            body="{text:short}",
        ),
    ),
    Kind(
        name="chat.group_message",
        ru=Wording(
            label="Сообщения в группах",
            title="«{room}»: {count:=1 новое сообщение|# новое сообщение|# новых сообщения|# новых сообщений}",
            body="{sender}: {text:short}",
        ),
        en=Wording(
            label="Group messages",
            title="{count:=1 New message|# new message|# new messages} in “{room}”",
            body="{sender}: {text:short}",
        ),
    ),
    Kind(
        name="chat.mention",
        ways=("in_app", "email", "web_push"),
        ru=Wording(
            label="Упоминания",
            title="{sender} упоминает вас в «{room}»",
            body="{text:short}",
        ),
        en=Wording(label="Mentions", title="{sender} mentioned you in “{room}”", body="{text:short}"),
    ),
    Kind(
        name="chat.added",
        ru=Wording(label="Новые чаты", title="Вы добавлены в чат «{room}»", body="Добавляет: {by}"),
        en=Wording(label="New chats", title="You were added to “{room}”", body="Added by {by}"),
    ),
    Kind(
        name="invoice.issued",
        ways=("in_app", "email", "web_push"),
        ru=Wording(
            label="Новые счета",
            title="Новый счёт {number} на {amount:money}",
            body="{description:short} · оплатить до {due_date:date}",
        ),
        en=Wording(
            label="New invoices",
            title="New invoice {number} for {amount:money}",
            body="{description:short} · due {due_date:date}",
        ),
    ),
    Kind(
        name="invoice.paid",
        level="success",
        ru=Wording(label="Оплаченные счета", title="Счёт {number} оплачен", body="{amount:money}, плательщик: {payer}"),
        en=Wording(label="Paid invoices", title="Invoice {number} is paid", body="{amount:money} from {payer}"),
    ),
    Kind(
        name="invoice.partially_paid",
        ru=Wording(
            label="Частичная оплата",
            title="Счёт {number} оплачен частично",
            body="Поступило {paid:money} из {amount:money}",
        ),
        en=Wording(
            label="Partial payments",
            title="Invoice {number} is partially paid",
            body="{paid:money} of {amount:money} received",
        ),
    ),
    Kind(
        name="invoice.overdue",
        level="warning",
        ways=("in_app", "email", "web_push"),
        ru=Wording(
            label="Просроченные счета",
            title="Счёт {number} просрочен",
            body="К оплате {amount:money}, срок: {due_date:date}",
        ),
        en=Wording(
            label="Overdue invoices",
            title="Invoice {number} is overdue",
            body="{amount:money} was due on {due_date:date}",
        ),
    ),
    Kind(
        name="invoice.voided",
        ru=Wording(label="Отменённые счета", title="Счёт {number} отменён", body="Оплачивать {amount:money} не нужно"),
        en=Wording(
            label="Voided invoices", title="Invoice {number} was voided", body="There is no need to pay {amount:money}"
        ),
    ),
    Kind(
        name="payment.receipt",
        level="success",
        locked=True,
        ru=Wording(label="Чеки об оплате", title="Оплата получена: {amount:money}", body="Счёт {number}"),
        en=Wording(label="Payment receipts", title="Payment received: {amount:money}", body="Invoice {number}"),
    ),
    Kind(
        name="payment.failed",
        level="error",
        ways=("in_app", "email", "web_push"),
        ru=Wording(
            label="Неудавшиеся платежи",
            title="Платёж не прошёл: {amount:money}",
            body="Счёт {number} не оплачен, деньги не списаны",
        ),
        en=Wording(
            label="Failed payments",
            title="Payment failed: {amount:money}",
            body="Invoice {number} is not paid, no money was taken",
        ),
    ),
    Kind(
        name="payment.refunded",
        level="success",
        locked=True,
        ru=Wording(label="Возвраты", title="Возврат: {amount:money}", body="По счёту {number}"),
        en=Wording(label="Refunds", title="Refund: {amount:money}", body="For invoice {number}"),
    ),
    Kind(
        name="security.signed_in",
        level="warning",
        locked=True,
        ru=Wording(label="Вход в аккаунт", title="Новый вход в ваш аккаунт", body="{device}, {at:datetime}"),
        en=Wording(label="Sign-ins", title="New sign-in to your account", body="{device}, {at:datetime}"),
    ),
    Kind(
        name="security.password_changed",
        level="warning",
        locked=True,
        ru=Wording(label="Смена пароля", title="Пароль изменён", body="{at:datetime}"),
        en=Wording(label="Password changes", title="Your password was changed", body="{at:datetime}"),
    ),
    Kind(
        name="system.announcement",
        ru=Wording(label="Объявления школы", title="{title}", body="{text}"),
        en=Wording(label="School announcements", title="{title}", body="{text}"),
    ),
):
    KINDS.register(_kind)
