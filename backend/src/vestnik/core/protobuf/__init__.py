"""The binary form of the protocol's messages: ``client.proto`` and what ``python -m tools.generate`` makes of it."""
