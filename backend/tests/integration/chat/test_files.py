"""Files: which are let in, who gets them, and that they never run as a page of ours."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.utils import override_settings

from tests.support.school import Browser, School, call, say
from tests.support.threads import at_the_same_time
from vestnik.apps.chat import actions
from vestnik.apps.chat.models import Attachment
from vestnik.core.errors import InvalidParameters

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def office(part: str, *, types: bool = True) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if types:
            archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "<document/>")
    return buffer.getvalue()


def upload(user: Any, content: bytes, name: str = "file.bin", content_type: str = "x/y") -> tuple[int, Any]:
    response = Browser(user).client.post(
        "/api/chat/attachments/", {"file": SimpleUploadedFile(name, content, content_type)}
    )
    return response.status_code, response.json()


def attach(user: Any, content: bytes = PNG, name: str = "photo.png") -> int:
    status, file = upload(user, content, name)
    assert status == 201
    return file["id"]


def download(user: Any, file_id: int) -> Any:
    return Browser(user).client.get(f"/api/chat/attachments/{file_id}/")


def test_a_file_is_uploaded_sent_and_fetched(school: School, direct: int) -> None:
    status, file = upload(school.student, PNG, "фото.png")
    assert (status, file) == (
        201,
        {
            "id": file["id"],
            "name": "фото.png",
            "size": len(PNG),
            "content_type": "image/png",
            "url": f"/api/chat/attachments/{file['id']}/",
        },
    )
    assert say(school.student, direct, "look", attachment_ids=[file["id"]]).attachments[0].name == "фото.png"
    shown = Browser(school.teacher).get(f"chat/rooms/{direct}/messages/")["results"][0]["attachments"]
    assert shown == [file]
    response = Browser(school.teacher).client.get(file["url"])
    assert (response.status_code, response.content) == (200, PNG)


def test_a_file_is_never_shown_in_place(school: School) -> None:
    response = download(school.student, attach(school.student, b"<script>alert(1)</script>", "x.html"))
    assert response["Content-Type"] == "text/plain"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 20, "image/jpeg"),
        (b"GIF89a" + b"\x00" * 20, "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n", "application/pdf"),
        ("Привет\r\n\tмир".encode(), "text/plain"),
        (office("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_what_a_file_is_its_bytes_say(school: School, content: bytes, content_type: str) -> None:
    status, file = upload(school.student, content, "a.exe", "application/x-evil")
    assert (status, file["content_type"]) == (201, content_type)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00\x03",
        b"\x7fELF\x02\x01",
        b"RIFF\x10\x00\x00\x00WAVE",
        b"PK\x03\x04 no zip at all",
        office("evil.sh"),
        office("word/document.xml", types=False),
        b"text with \x00 in it",
        "ANSI: Привет".encode("cp1251"),
        b"\x1b[31mterminal",
    ],
)
def test_anything_else_is_refused_by_name(school: School, content: bytes, media: Path) -> None:
    status, body = upload(school.student, content)
    assert (status, list(body["error"]["fields"])) == (400, ["file"])
    assert list(media.iterdir()) == []


def test_a_form_without_a_file_is_refused_by_name(school: School) -> None:
    client = Browser(school.student).client
    for data in ({}, {"file": "text"}):
        response = client.post("/api/chat/attachments/", data)
        assert (response.status_code, list(response.json()["error"]["fields"])) == (400, ["file"])
    assert client.post("/api/chat/attachments/", b"{}", content_type="application/json").status_code == 415
    assert client.post("/api/chat/attachments/", b"x", content_type="multipart/form-data").status_code == 400


@override_settings(VESTNIK={"MAX_ATTACHMENT_SIZE": 100})
def test_a_file_may_be_only_so_large(school: School) -> None:
    assert upload(school.student, b"x" * 100)[0] == 201
    for size in (101, 200_000):
        status, body = upload(school.student, b"x" * size)
        assert (status, body["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\evil.png", "evil.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("a.b.c", "a.b.c"),
    ],
)
def test_a_name_cannot_deceive(school: School, given: str, kept: str, media: Path) -> None:
    from vestnik.apps.chat.files import check_file

    uploaded = SimpleUploadedFile("x", PNG)
    uploaded._name = given
    file = actions.upload(school.student, check_file(uploaded))
    assert file.name == kept
    (stored,) = [path for path in media.rglob("*") if path.is_file()]
    assert stored.parent.parent == media / "chat"
    assert "passwd" not in stored.name


def test_until_it_is_sent_a_file_is_its_owners_alone(school: School, direct: int) -> None:
    file_id = attach(school.student)
    assert download(school.student, file_id).status_code == 200
    assert download(school.teacher, file_id).status_code == 404
    say(school.student, direct, attachment_ids=[file_id])
    answers = {
        who: download(getattr(school, who), file_id).status_code for who in ("student", "teacher", "tutor", "admin")
    }
    assert answers == {"student": 200, "teacher": 200, "tutor": 404, "admin": 404}
    assert Browser().client.get(f"/api/chat/attachments/{file_id}/").status_code == 401
    assert Browser().client.post("/api/chat/attachments/", {}).status_code == 401


def test_who_left_the_room_gets_its_files_no_longer(school: School, group: int) -> None:
    file_id = attach(school.student)
    say(school.student, group, attachment_ids=[file_id])
    assert download(school.parent, file_id).status_code == 200
    actions.leave(school.parent, group)
    assert download(school.parent, file_id).status_code == 404


def test_a_message_may_be_nothing_but_a_file(school: School, direct: int) -> None:
    file_id = attach(school.student)
    sent = call(
        school.student,
        "chat.send",
        room=direct,
        client_id="0192f0c1-2b3c-7def-8123-456789abcdef",
        text="",
        attachment_ids=[file_id],
    )["message"]
    assert [file["id"] for file in sent["attachments"]] == [file_id]
    assert Browser(school.teacher).get("notifications/")["results"][0]["body"] == "photo.png"


def test_a_file_is_sent_once_and_by_its_owner(school: School, direct: int) -> None:
    file_id = attach(school.student)
    with pytest.raises(InvalidParameters, match="attachment_ids"):
        say(school.teacher, direct, attachment_ids=[file_id])
    say(school.student, direct, attachment_ids=[file_id])
    with pytest.raises(InvalidParameters, match="attachment_ids"):
        say(school.student, direct, attachment_ids=[file_id])


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_a_file_that_two_messages_want_at_once_goes_with_one(school: School, direct: int, group: int) -> None:
    file_id = attach(school.student)

    def send(room_id: int) -> bool:
        try:
            say(school.student, room_id, attachment_ids=[file_id])
        except InvalidParameters:
            return False
        return True

    assert sorted(at_the_same_time(lambda: send(direct), lambda: send(group))) == [False, True]


@pytest.mark.django_db(transaction=True)  # bytes go after commit
def test_with_its_message_a_file_is_gone_for_good(school: School, direct: int, media: Path) -> None:
    file_id = attach(school.student)
    said = say(school.student, direct, attachment_ids=[file_id])
    actions.delete(school.student, said.id)
    assert download(school.student, file_id).status_code == 404
    assert not Attachment.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []
