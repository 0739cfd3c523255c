"""A process that writes events and says which are committed: ``NAME NUMBER CHANNEL OFFSET``, a line each."""

from __future__ import annotations

import argparse
import itertools
import random

import django

django.setup()

from tests.support.notes import write_note  # noqa: E402  # models need Django to be set up

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("channels", nargs="+")
parser.add_argument("--name", default="writer")
parser.add_argument("--transactions", type=int, help="how many; for ever when omitted")
arguments = parser.parse_args()

numbers = itertools.count(1) if arguments.transactions is None else range(1, arguments.transactions + 1)
for number in numbers:
    channels = random.sample(arguments.channels, random.randint(1, len(arguments.channels)))
    for entry in write_note(*channels, writer=arguments.name, number=number):
        print(arguments.name, number, entry.channel, entry.position.offset if entry.position else "", flush=True)
