"""Attachments: which files are let in, what they are called, and how they go."""

from __future__ import annotations

import unicodedata
import zipfile
from typing import IO, TYPE_CHECKING, Any

import msgspec
from django.core.files.base import File
from django.db import transaction

from vestnik.apps.chat.models import MAX_FILE_NAME_LENGTH, Attachment
from vestnik.apps.conf import vestnik_settings
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import InvalidParameters, PeerError

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

_SIGNATURES: tuple[tuple[bytes, int, bytes, str], ...] = (
    # starts with, then at this offset, this, is a
    (b"\x89PNG\r\n\x1a\n", 0, b"", "image/png"),
    (b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (b"GIF87a", 0, b"", "image/gif"),
    (b"GIF89a", 0, b"", "image/gif"),
    (b"RIFF", 8, b"WEBP", "image/webp"),
    (b"%PDF-", 0, b"", "application/pdf"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_PARTS = {
    "word/document.xml": _OFFICE + "wordprocessingml.document",
    "xl/workbook.xml": _OFFICE + "spreadsheetml.sheet",
    "ppt/presentation.xml": _OFFICE + "presentationml.presentation",
}


class CheckedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be kept. ``content_type`` is what its bytes are, whatever the sender called it."""

    name: str
    size: int
    content_type: str
    content: File[bytes]


def check_file(uploaded: UploadedFile[Any]) -> CheckedFile:
    """Let in images, PDF, plain text and office documents of bearable size.

    Raises:
        PeerError: 413 for more bytes than ``VESTNIK["MAX_ATTACHMENT_SIZE"]``.
        InvalidParameters: It is empty, or none of the kinds that are let in; names ``file``.
    """
    size, limit = uploaded.size or 0, vestnik_settings().max_attachment_size
    if size > limit:
        raise too_large()
    if not size:
        raise InvalidParameters(file="is empty")
    uploaded.seek(0)
    content_type = _content_type(uploaded)
    if content_type is None:
        raise InvalidParameters(file="must be an image, a PDF, a text or an office document")
    uploaded.seek(0)
    return CheckedFile(name=_clean_name(uploaded.name or ""), size=size, content_type=content_type, content=uploaded)


def too_large() -> PeerError:
    limit = vestnik_settings().max_attachment_size
    return PeerError(ErrorCode.TOO_LARGE, f"file: has more than {limit} bytes", fields={"file": "too large"})


def discard(row: Attachment) -> None:
    """Forget a file; its bytes go once the transaction has committed."""
    storage, name = row.file.storage, row.file.name or ""
    row.delete()
    transaction.on_commit(lambda: storage.delete(name), robust=True)


def _content_type(content: IO[bytes]) -> str | None:
    head = content.read(16)
    for start, offset, then, content_type in _SIGNATURES:
        if head.startswith(start) and head[offset:].startswith(then):
            return content_type
    if head.startswith(b"PK\x03\x04"):
        return _office_type(content)
    content.seek(0)
    return "text/plain" if _is_text(content.read()) else None


def _office_type(content: IO[bytes]) -> str | None:
    try:
        with zipfile.ZipFile(content) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        return None
    if "[Content_Types].xml" not in parts:
        return None
    return next((content_type for part, content_type in _OFFICE_PARTS.items() if part in parts), None)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(character) == "Cc" and character not in "\t\n\r\f" for character in text)


def _clean_name(name: str) -> str:
    """The last part of a path, without what could deceive: control characters and changes of writing direction."""
    last = name.replace("\\", "/").rpartition("/")[2]
    visible = "".join(character for character in last if character.isprintable()).strip(" .")
    stem, dot, suffix = visible.rpartition(".")
    if dot and len(suffix) <= 16:
        return f"{stem[: MAX_FILE_NAME_LENGTH - len(suffix) - 1]}.{suffix}"
    return visible[:MAX_FILE_NAME_LENGTH] or "file"
