"""What may be written: the rules for texts, titles and emoji, and the form in which text is searched."""

from __future__ import annotations

import unicodedata

from vestnik.apps.chat.models import MAX_EMOJI_LENGTH, MAX_TITLE_LENGTH
from vestnik.apps.conf import vestnik_settings
from vestnik.core.errors import InvalidParameters
from vestnik.core.values import text_problem


def check_text(text: str, *, may_be_empty: bool = False) -> None:
    """Refuse a message text that is empty, too long, or cannot be stored.

    Args:
        may_be_empty: There is something else to see: a file.

    Raises:
        InvalidParameters: Names ``text``.
    """
    limit = vestnik_settings().max_text_length
    if len(text) > limit:
        raise InvalidParameters(text=f"has {len(text)} characters, at most {limit} are allowed")
    _check("text", text, may_be_empty=may_be_empty)


def check_title(title: str) -> None:
    """Refuse a title that is empty, too long, or cannot be stored.

    Raises:
        InvalidParameters: Names ``title``.
    """
    if len(title) > MAX_TITLE_LENGTH:
        raise InvalidParameters(title=f"has {len(title)} characters, at most {MAX_TITLE_LENGTH} are allowed")
    _check("title", title)


def check_emoji(emoji: str) -> None:
    """Refuse what is no emoji, as far as one can tell without a list that ages: words, blanks, control characters.

    Raises:
        InvalidParameters: Names ``emoji``.
    """
    is_short = 0 < len(emoji) <= MAX_EMOJI_LENGTH
    if not is_short or emoji.isascii() or not all(map(_may_be_in_emoji, emoji)) or not any(map(_is_visible, emoji)):
        raise InvalidParameters(emoji="must be one emoji")


def fold(text: str) -> str:
    """The form in which texts are compared: without case, and with Russian ё as е. The same on every database."""
    return text.casefold().replace("ё", "е")


def _may_be_in_emoji(character: str) -> bool:
    # What joins the people of a family, and what spells the flag of a part of a country.
    is_glue = character == "\u200d" or "\U000e0020" <= character <= "\U000e007f"
    return is_glue or unicodedata.category(character)[0] not in "LZC"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sm", "Sk", "Sc", "Po", "Pd", "Me")  # Me: the frame of a keycap


def _check(field: str, text: str, *, may_be_empty: bool = False) -> None:
    if problem := text_problem(text):
        raise InvalidParameters(**{field: problem})
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidParameters(**{field: "must not hold half of a surrogate pair"})
    # An invisible message would be indistinguishable from a fault.
    if not may_be_empty and not any(character.isprintable() and not character.isspace() for character in text):
        raise InvalidParameters(**{field: "must not be empty"})
