"""What a node says of itself, as metrics in Prometheus' sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from vestnik.node.node import NodeStats


class NodeCollector(Collector):
    """Asks for the node's figures whenever somebody looks.

    Args:
        stats: :meth:`vestnik.node.node.Node.stats`; called in the thread of whoever looks, which reads plain numbers.
    """

    def __init__(self, stats: Callable[[], NodeStats]) -> None:
        self._stats = stats

    def describe(self) -> Iterator[Metric]:
        # Without it the registry would look once at the time of registering.
        return iter(())

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        hub = stats.hub
        yield GaugeMetricFamily("vestnik_connections", "Open connections.", stats.connections)
        yield GaugeMetricFamily("vestnik_users", "Different users who are signed in.", stats.users)
        yield GaugeMetricFamily("vestnik_channels", "Channels that somebody here is subscribed to.", hub.channels)
        yield GaugeMetricFamily("vestnik_subscriptions", "Live subscriptions.", hub.subscriptions)
        yield GaugeMetricFamily("vestnik_requests", "Requests under way.", stats.requests_under_way)
        yield CounterMetricFamily("vestnik_connected", "Connections since the start.", stats.connected_total)
        yield CounterMetricFamily("vestnik_publications", "Publications since the start.", hub.publications)
        yield CounterMetricFamily("vestnik_deliveries", "Publications times their subscribers.", hub.deliveries)
        yield CounterMetricFamily("vestnik_frames", "Frames written to deliver them.", hub.frames)
