"""The wire, the session, the subscription and the hub: no I/O, no clock, no framework.

Everything here is driven from outside. Bytes and the current time come in as arguments, bytes and
requests come out as return values; see :mod:`vestnik.core.ports` for what the outside must offer.
"""
