"""The two codecs of the client protocol: frames of bytes on one side, the structs of ``core.messages`` on the other."""

from vestnik.core.codec.base import Codec, MalformedFrame
from vestnik.core.codec.data import MAX_DATA_DEPTH, MAX_INTEGER, check_data, compact
from vestnik.core.codec.json import JSON
from vestnik.core.codec.protobuf import PROTOBUF

__all__ = ["JSON", "MAX_DATA_DEPTH", "MAX_INTEGER", "PROTOBUF", "Codec", "MalformedFrame", "check_data", "compact"]
