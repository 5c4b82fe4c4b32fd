"""A process that gives what is due; what the tests of `test_gift_laws` start.

python gift_worker.py STORE LEDGER
"""

import os
import sys
import time

from touchpoint import Budget, Content, Engine, Gift, Give, Journey, Rule, Stock, days
from touchpoint.channels.base import BaseAdapter
from touchpoint.model.delivery import Accepted, Capabilities

CUSTOMERS = 24
FUND = Budget("fund", 70, "EUR", per=days(30), per_customer=10, over="deny")
MUGS = Stock("mugs", 5)


def _gift(name, **parts):
    return Gift(
        name, why="a test", kind="service", channels=["email"], content=Content(text=name), worth=10, currency="EUR",
        budget=FUND, **parts,
    )  # fmt: skip


JOURNEYS = [
    Journey("one", rules=[Rule("mug", when="complained", then=[Give(_gift("mug", stock=MUGS))])]),
    Journey("two", rules=[Rule("card", when="complained", then=[Give(_gift("card"))])]),
]


class Ledger(BaseAdapter):
    """Writes each call into a file, a line each."""

    def __init__(self, path):
        super().__init__(Capabilities("email", frozenset({"email"}), remembers_keys_for=None), "email")
        self.path = path

    def send(self, request):
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(fd, f"{request.message.name} {request.key}\n".encode("ascii"))
        finally:
            os.close(fd)
        return Accepted()


def engine(store, ledger):
    return Engine(f"sqlite:///{store}", journeys=JOURNEYS, channels=[Ledger(ledger)], durability="fast")


def main():
    with engine(*sys.argv[1:]) as made:
        until, idle = time.monotonic() + 20, 0
        while idle < 5 and time.monotonic() < until:
            idle = 0 if made.run_pending(group=1) else idle + 1


if __name__ == "__main__":
    main()
