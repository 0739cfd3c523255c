"""Who somebody is at the school, and the relations from which it follows who may write to whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    STUDENT = "student", _("student")
    TEACHER = "teacher", _("teacher")
    TUTOR = "tutor", _("tutor")
    PARENT = "parent", _("parent")
    ADMIN = "admin", _("administrator")


class Language(models.TextChoices):
    RU = "ru", "Русский"
    EN = "en", "English"


class Theme(models.TextChoices):
    SYSTEM = "system", _("as the system")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class Profile(models.Model):
    """What the site knows of a user beside Django's own fields; every user has one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.STUDENT)
    display_name = models.CharField(_("display name"), max_length=150)
    language = models.CharField(_("language"), max_length=8, choices=Language.choices, default=Language.RU)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme.choices, default=Theme.SYSTEM)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="vestnik_profile_role"),
            models.CheckConstraint(condition=models.Q(language__in=Language.values), name="vestnik_profile_language"),
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="vestnik_profile_theme"),
            models.CheckConstraint(condition=~models.Q(display_name=""), name="vestnik_profile_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.display_name


class Relation(models.Model):
    """Two people at the school have to do with each other. It ends by becoming inactive, or by being deleted."""

    # The names of the two foreign keys, first and second.
    ends: tuple[str, str]
    roles: tuple[Role, Role]

    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        first, second = self.ends
        return f"{getattr(self, first)} – {getattr(self, second)}"

    @property
    def people(self) -> tuple[int, int]:
        """The ids of the two users."""
        first, second = self.ends
        return getattr(self, f"{first}_id"), getattr(self, f"{second}_id")


class Enrollment(Relation):
    """A student learns with a teacher."""

    ends = ("student", "teacher")
    roles = (Role.STUDENT, Role.TEACHER)

    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrollments", verbose_name=Role.STUDENT.label
    )
    teacher = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="teaching", verbose_name=Role.TEACHER.label
    )

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        constraints = [
            models.UniqueConstraint("student", "teacher", name="vestnik_enrollment_once"),
            models.CheckConstraint(condition=~models.Q(student=models.F("teacher")), name="vestnik_enrollment_of_two"),
        ]


class Tutorship(Relation):
    """A tutor looks after a student, and issues the invoices for it."""

    ends = ("tutor", "student")
    roles = (Role.TUTOR, Role.STUDENT)

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tutoring", verbose_name=Role.TUTOR.label
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tutorships", verbose_name=Role.STUDENT.label
    )

    class Meta:
        verbose_name = _("tutorship")
        verbose_name_plural = _("tutorships")
        constraints = [
            models.UniqueConstraint("tutor", "student", name="vestnik_tutorship_once"),
            models.CheckConstraint(condition=~models.Q(tutor=models.F("student")), name="vestnik_tutorship_of_two"),
        ]


class Guardianship(Relation):
    """A parent answers for a student, and pays."""

    ends = ("parent", "student")
    roles = (Role.PARENT, Role.STUDENT)

    parent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="children", verbose_name=Role.PARENT.label
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="guardians", verbose_name=Role.STUDENT.label
    )

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        constraints = [
            models.UniqueConstraint("parent", "student", name="vestnik_guardianship_once"),
            models.CheckConstraint(condition=~models.Q(parent=models.F("student")), name="vestnik_guardianship_of_two"),
        ]


class Device(models.Model):
    """Where a sign-in token was handed out. It goes when the token goes.

    There is no foreign key: projects may swap the token model, and a migration cannot refer to one that is swapped.
    """

    token_id = models.CharField(_("token"), max_length=32, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="devices", verbose_name=_("user"))
    label = models.CharField(_("label"), max_length=100)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return self.label
