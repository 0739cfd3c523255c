"""The asyncio runtime around the core: one :class:`~vestnik.node.node.Node` per process."""
