from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "vestnik.gateway"
    label = "vestnik_gateway"
    verbose_name = "Gateway"
