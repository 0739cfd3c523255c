"""Templates: plurals, money and dates in both languages, and what is wrong with a template or its values."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestnik.apps.notifications.currencies import MINOR_DIGITS, format_money
from vestnik.apps.notifications.kinds import KINDS, WAYS, Kind, Kinds, Wording
from vestnik.apps.notifications.wording import LANGUAGES, SHORT, fill
from vestnik.core.errors import LocalError


@pytest.mark.parametrize(
    ("count", "russian"),
    [
        *[(n, "день") for n in (1, 21, 101, 1001)],
        *[(n, "дня") for n in (2, 3, 4, 22, 104)],
        *[(n, "дней") for n in (0, 5, 11, 12, 14, 19, 20, 111, 112, 1014)],
    ],
)
def test_russian_has_three_forms(count: int, russian: str) -> None:
    assert fill("{count:# день|# дня|# дней}", {"count": count}, "ru") == f"{count} {russian}"


@pytest.mark.parametrize(("count", "english"), [(1, "1 day"), (0, "0 days"), (2, "2 days"), (21, "21 days")])
def test_english_has_two_forms(count: int, english: str) -> None:
    assert fill("{count:# day|# days}", {"count": count}, "en") == english


def test_exactly_one_may_be_put_in_words_and_is_not_twenty_one() -> None:
    template = "{count:=1 новое|# новое|# новых|# новых}"
    assert fill(template, {"count": 1}, "ru") == "новое"
    assert fill(template, {"count": 21}, "ru") == "21 новое"


@pytest.mark.parametrize(
    ("amount", "currency", "russian", "english"),
    [
        (150_000, "RUB", "1 500,00 ₽", "1,500.00 ₽"),
        (5, "RUB", "0,05 ₽", "0.05 ₽"),
        (-123_456_789, "USD", "-1 234 567,89 $", "-$1,234,567.89"),
        (1500, "JPY", "1 500 JPY", "1,500 JPY"),
        (1500, "KWD", "1,500 KWD", "1.500 KWD"),
    ],
)
def test_money_is_written_as_the_language_does(amount: int, currency: str, russian: str, english: str) -> None:
    assert format_money(amount, currency, "ru").replace("\xa0", " ") == russian
    assert format_money(amount, currency, "en").replace("\xa0", " ") == english


@given(amount=st.integers(-(10**12), 10**12), currency=st.sampled_from(sorted(MINOR_DIGITS)))
def test_no_digit_of_an_amount_is_lost(amount: int, currency: str) -> None:
    for language in LANGUAGES:
        digits = "".join(letter for letter in format_money(amount, currency, language) if letter in string.digits)
        assert int(digits) == abs(amount)


def test_dates_are_in_words() -> None:
    assert fill("{at:date}", {"at": "2026-03-01"}, "ru") == "1 марта 2026"
    assert fill("{at:date}", {"at": "2026-03-01T23:30:00+03:00"}, "en") == "1 March 2026"
    assert fill("{at:datetime}", {"at": "2026-03-01T02:30:00+03:00"}, "en") == "28 February 2026, 23:30 UTC"


def test_a_long_text_is_cut_and_put_on_one_line() -> None:
    assert fill("{text:short}", {"text": "a\n b\t c"}, "en") == "a b c"
    cut = fill("{text:short}", {"text": "word " * 100}, "en")
    assert len(cut) <= SHORT
    assert cut.endswith("…")


@given(text=st.text())
def test_text_of_people_is_never_read_as_a_template(text: str) -> None:
    assert fill("{text}", {"text": text}, "en") == text


@pytest.mark.parametrize(
    ("template", "params", "problem"),
    [
        ("{who}", {}, "no parameter 'who'"),
        ("{who:shout}", {"who": "x"}, "unknown way 'shout'"),
        ("{n:one|few|many}", {"n": 1}, "3 plural forms, en has 2"),
        ("{n:one|many}", {"n": "x"}, "invalid literal"),
        ("{a:money}", {"a": 5}, "not subscriptable"),
        ("{a:money}", {"a": {"amount_minor": 1}}, "currency"),
        ("{a:money}", {"a": {"amount_minor": 1, "currency": "XXX"}}, "XXX"),
        ("{d:date}", {"d": "tomorrow"}, "tomorrow"),
        ("{d:date}", {"d": 5}, "cannot fill"),
        ("{unclosed", {}, "cannot fill"),
        ("{0}", {}, "cannot fill"),
        ("{who.name}", {"who": "x"}, "cannot fill"),
    ],
)
def test_a_template_that_cannot_be_filled_says_why(template: str, params: dict[str, object], problem: str) -> None:
    with pytest.raises(LocalError, match=problem):
        fill(template, params, "en")


def test_every_kind_has_words_in_both_languages_and_the_same_parameters() -> None:
    for kind in KINDS:
        names = [
            {
                field
                for template in (kind.wording(language).title, kind.wording(language).body)
                for _, field, _, _ in string.Formatter().parse(template)
                if field is not None
            }
            for language in LANGUAGES
        ]
        assert names[0] == names[1], kind.name
        assert all(kind.wording(language).label for language in LANGUAGES)


def test_what_cannot_be_switched_off_is_on_in_every_way() -> None:
    locked = {kind.name for kind in KINDS if kind.locked}
    assert locked >= {"security.signed_in", "security.password_changed", "payment.receipt", "payment.refunded"}
    assert all(kind.is_on_by_default(way) for kind in KINDS if kind.locked for way in WAYS)


def test_a_kind_is_registered_once() -> None:
    kinds = Kinds()
    kind = kinds.register(
        Kind(name="school.party", ru=Wording("Праздники", "Праздник"), en=Wording("Parties", "Party"))
    )
    assert kinds.find("school.party") is kind
    with pytest.raises(LocalError, match="twice"):
        kinds.register(kind)
