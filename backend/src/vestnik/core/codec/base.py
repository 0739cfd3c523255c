"""What a codec does, as a specification, and the one error that it raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vestnik.core.codes import DISCONNECT_REASONS, DisconnectCode
from vestnik.core.errors import Disconnect
from vestnik.core.messages import Command, Publication, Push, Reply


class MalformedFrame(Disconnect):
    """What the peer sent cannot be read as the protocol, so that nothing after it can be trusted: disconnect 3501.

    Args:
        problem: A few words that name the field where there is one; nothing of what the peer sent is repeated in them.
    """

    def __init__(self, problem: str) -> None:
        code = DisconnectCode.BAD_REQUEST
        super().__init__(code, f"{DISCONNECT_REASONS[code]}: {problem}")
        self.problem = problem


class Codec(Protocol):
    """Turns frames into messages and messages into frames. Stateless: one object serves all connections.

    Both codecs say the same: ``decode(encode(message))`` is ``message``, whatever the codec. Application data
    (:class:`msgspec.Raw`) is passed through unread; whoever accepts it from a peer asks ``check_data`` whether it is
    fit, and ``compact`` to have it on one line.

    Attributes:
        name: The name under which a client asks for it: ``json`` or ``protobuf``.
        is_text: Whether frames are WebSocket text messages, rather than binary ones.
        PING: The server's ping, an empty reply, as a frame or part of one.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_text(self) -> bool: ...

    @property
    def PING(self) -> bytes: ...  # noqa: N802

    def decode_commands(self, frame: bytes) -> list[Command]:
        """Read the commands of one frame, in order. A pong is a ``Command`` without a request.

        Raises:
            MalformedFrame: For whatever is not the protocol. Nothing else is ever raised, whatever the bytes are.
        """

    def encode_reply(self, reply: Reply) -> bytes:
        """Encode an answer; to be sent alone or through ``join``. Its data must be compact."""

    def encode_push(self, push: Push) -> bytes:
        """Encode what the server says unasked."""

    def encode_publication(self, channel: str, publication: Publication) -> bytes:
        """Encode a publication once for all subscribers of ``channel``: the same bytes as the push of it."""

    def join(self, parts: Sequence[bytes]) -> bytes:
        """Make one frame of several encoded replies and pushes."""

    def encode_commands(self, commands: Sequence[Command]) -> bytes:
        """The client's side of ``decode_commands``; a ``Command()`` is a pong."""

    def decode_replies(self, frame: bytes) -> list[Reply]:
        """The client's side of ``join``; a ``Reply()`` is a ping.

        Raises:
            MalformedFrame: As for ``decode_commands``.
        """
