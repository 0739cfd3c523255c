"""What the benchmarks need in a site's database; run inside it, by ``manage.py shell``. Results are printed as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from vestnik.apps.accounts.models import Enrollment, Profile, Role
from vestnik.apps.chat import actions
from vestnik.apps.chat.models import Membership, Message, Room
from vestnik.apps.eventlog.log import position_of

ROWS_AT_ONCE = 100_000


def answer(found: Any) -> None:
    print(json.dumps(found))


def people(number: int) -> list[int]:
    """So many users who have to do with nobody; their ids."""
    before = User.objects.filter(username__startswith="crowd-").count()
    names = [f"crowd-{before + n}" for n in range(number)]
    User.objects.bulk_create([User(username=name, password="!") for name in names])
    users = list(User.objects.filter(username__in=names).order_by("pk"))
    Profile.objects.bulk_create([Profile(user=user, display_name=user.username) for user in users])
    return [user.pk for user in users]


def pairs(number: int) -> list[dict[str, Any]]:
    """So many direct rooms of a teacher and a student each: ``{"room": 1, "users": [2, 3]}``."""
    ids = people(2 * number)
    teachers, students = ids[::2], ids[1::2]
    Profile.objects.filter(user__in=teachers).update(role=Role.TEACHER)
    Enrollment.objects.bulk_create(
        [Enrollment(student_id=s, teacher_id=t) for s, t in zip(students, teachers, strict=True)]
    )
    found = []
    for teacher_id, student_id in zip(teachers, students, strict=True):
        teacher = User.objects.select_related("profile").get(pk=teacher_id)
        room, _ = actions.open_direct_room(teacher, student_id)
        found.append({"room": room.id, "users": [teacher_id, student_id]})
    return found


def messages_in(room_ids: list[int]) -> list[dict[str, Any]]:
    """All messages of the rooms, as the table has them."""
    rows = Message.objects.filter(room__in=room_ids).order_by("room", "seq")
    return [
        {**row, "client_id": str(row["client_id"])}
        for row in rows.values("id", "room", "seq", "sender", "client_id", "text")
    ]


def add_messages(missing: dict[int, int]) -> dict[int, int]:
    """Put so many messages into each room, up to ``ROWS_AT_ONCE`` in all; how many of which are missing still."""
    left = ROWS_AT_ONCE
    still = {}
    for room_id, number in missing.items():
        now = min(number, left)
        if now:
            _add_messages(room_id, now)
        if number > now:
            still[room_id] = number - now
        left -= now
    if not still:
        # PostgreSQL does this by itself within a minute of so many inserts.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return still


def _add_messages(room_id: int, number: int) -> None:
    """Messages of two people by SQL, and an event for each in the room's stream."""
    room = Room.objects.get(pk=room_id)
    position_of(room.channel)
    senders = list(Membership.objects.filter(room=room).values_list("user", flat=True))
    first, last = room.last_seq + 1, room.last_seq + number
    is_sqlite = connection.vendor == "sqlite"
    numbers = (
        f"WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})"
        if is_sqlite
        else f"WITH numbers AS (SELECT n FROM generate_series({first}, {last}) AS n)"
    )
    client_id = "lower(hex(randomblob(16)))" if is_sqlite else "gen_random_uuid()"
    now = "datetime('now')" if is_sqlite else "now()"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{numbers} INSERT INTO vestnik_chat_message
            (room_id, seq, sender_id, sender_seq, client_id, text, folded_text, created_at)
            SELECT {room.pk}, n, CASE n % 2 WHEN 0 THEN {senders[0]} ELSE {senders[-1]} END, (n + 1) / 2, {client_id},
            'message number ' || n || ', as long as people write them', 'message number ' || n, {now} FROM numbers"""
        )
        cursor.execute(
            f"""{numbers} INSERT INTO vestnik_eventlog_loggedevent (stream_id, "offset", data, at)
            SELECT s.id, s.top + n - {first} + 1, '{{"type":"message.created","n":' || n || '}}', {now}
            FROM numbers, vestnik_eventlog_stream s WHERE s.channel = '{room.channel}'"""
        )
        cursor.execute(f"UPDATE vestnik_eventlog_stream SET top = top + {number} WHERE channel = '{room.channel}'")
    Room.objects.filter(pk=room_id).update(last_seq=last)
    Membership.objects.filter(room=room_id).update(last_read_seq=last)
