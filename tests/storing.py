"""Small helpers for tests of stores: rows, threads and processes."""

import os
import subprocess
import sys
import threading

from touchpoint.stores.base import Changes, CustomerRow


def customer(no, **changes):
    return CustomerRow(no, f"customer-{no}", '{"tier": "gold"}', "{}", 0, None)._replace(**changes)


def write(store, **changes):
    with store.transaction() as transaction:
        transaction.write(Changes(**changes))


def in_threads(n, act, *stores):
    errors = []

    def guarded(*args):
        try:
            act(*args)
        except Exception as error:  # noqa: BLE001  handed on to the test
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(stores[i % len(stores)],) if stores else ()) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def script(source, *args):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
