"""The contract of a store, as a suite of checks to subclass.

class TestMyStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        with closing(MyStore(tmp_path / "data")) as store:
            yield store

    @pytest.fixture
    def reopen(self, tmp_path):
        return lambda: MyStore(tmp_path / "data")

    @pytest.fixture
    def connect(self):
        return None
"""

from collections.abc import Iterator

import pytest

from touchpoint.stores.base import Store
from touchpoint.testing.contracts import checks
from touchpoint.testing.store_checks_feedback import FeedbackChecks
from touchpoint.testing.store_checks_figures import FigureChecks
from touchpoint.testing.store_checks_gifts import GiftChecks
from touchpoint.testing.store_checks_hosts import Connect, HostChecks
from touchpoint.testing.store_checks_people import PeopleChecks
from touchpoint.testing.store_checks_privacy import PrivacyChecks
from touchpoint.testing.store_checks_referrals import ReferralChecks
from touchpoint.testing.store_checks_rows import RowChecks
from touchpoint.testing.store_checks_said import SaidChecks
from touchpoint.testing.store_checks_segments import SegmentChecks
from touchpoint.testing.store_checks_sharing import Reopen, SharingChecks


class StoreContract(
    PeopleChecks, PrivacyChecks, ReferralChecks, FeedbackChecks, SaidChecks, FigureChecks, RowChecks, GiftChecks,
    SegmentChecks, SharingChecks, HostChecks,
):  # fmt: skip
    """What every store must do: subclass it in a test module and supply three fixtures.

    `store` gives an empty store, and closes it afterwards. `reopen` gives a function that opens another store object on
    the same data (each check closes the ones it opens), or None where there can be none, as in memory. `connect` gives
    a function that opens a connection of the host's to the same data, with a transaction begun, or None likewise.
    Checks that need what is None are skipped.

    No check can be removed or replaced. One that a store cannot pass yet is waived with its reason:
    `xfails = {"test_threads_take_turns": "the driver is not thread-safe yet"}`; it runs all the same, and fails as soon
    as it passes.
    """

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """An empty store, closed afterwards."""
        raise NotImplementedError(f"{type(self).__qualname__} needs a fixture `store` that gives an empty store")

    @pytest.fixture
    def reopen(self) -> Reopen:
        """Opens another store object on the same data; None where there can be none."""
        raise NotImplementedError(
            f"{type(self).__qualname__} needs a fixture `reopen`: a function that opens another store object on its "
            "data, or None where there can be none"
        )

    @pytest.fixture
    def connect(self) -> Connect:
        """Opens a connection of the host's with a transaction begun; None where there can be none."""
        raise NotImplementedError(
            f"{type(self).__qualname__} needs a fixture `connect`: a function that opens a connection of the host's to "
            "the same data, with a transaction begun, or None where there can be none"
        )

    @classmethod
    def checks(cls) -> list[str]:
        """Names of all checks, in their order."""
        people = PeopleChecks, PrivacyChecks, ReferralChecks, FeedbackChecks, SaidChecks, FigureChecks
        parts = *people, RowChecks, GiftChecks, SegmentChecks, SharingChecks, HostChecks
        return [name for part in parts for name in checks(part)]
