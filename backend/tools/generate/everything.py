"""All generated files of the repository."""

from __future__ import annotations

from tools.generate import codes, events, protobuf, states, vectors
from tools.generate.artefact import Artefact


def artefacts() -> list[Artefact]:
    return [
        *protobuf.artefacts(),
        *codes.artefacts(),
        *states.artefacts(),
        *vectors.artefacts(),
        *events.artefacts(),
    ]
