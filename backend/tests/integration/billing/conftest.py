"""A small school whose tutor issues invoices."""

from __future__ import annotations

import pytest

from tests.support.school import School, make_school


@pytest.fixture
def school(db: None) -> School:
    school = make_school()
    school.admin.is_staff = True
    school.admin.save()
    return school
