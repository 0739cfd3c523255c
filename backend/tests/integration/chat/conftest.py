"""The school of the chat tests, with one direct room and one group."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.support.school import School, make_school
from vestnik.apps.chat import actions


@pytest.fixture
def school(db: None) -> School:
    return make_school()


@pytest.fixture
def direct(school: School) -> int:
    """The direct room of the student and the teacher."""
    return actions.open_direct_room(school.student, school.teacher.pk)[0].id


@pytest.fixture
def group(school: School) -> int:
    """The teacher's group with the student, the tutor and the parent."""
    members = [school.student.pk, school.tutor.pk, school.parent.pk]
    return actions.create_group(school.teacher, "Algebra", members).id


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> Path:
    """Where uploads go."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path
