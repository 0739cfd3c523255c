"""``manage.py doctor``: finds out which of twenty things "Connection lost" is.

Observations (what a socket, an address, a database answers) are in :mod:`network` and :mod:`dialogue`; what they mean
is said by the probes, one per file, in :mod:`probes`.
"""
