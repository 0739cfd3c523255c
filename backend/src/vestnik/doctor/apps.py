from django.apps import AppConfig


class DoctorConfig(AppConfig):
    name = "vestnik.doctor"
    label = "vestnik_doctor"
    verbose_name = "Doctor"
