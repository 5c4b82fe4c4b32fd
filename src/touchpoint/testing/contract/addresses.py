"""Addresses: one form that compares, nothing accepted that cannot work, nothing shown that could find a person."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from touchpoint.errors import InvalidAddress
from touchpoint.model.delivery import Address
from touchpoint.testing.contract.bench import Bench
from touchpoint.testing.contract.check import broken, check
from touchpoint.testing.contract.watch import IO, SLEPT, THREAD, watching

_ODD: Final = (
    "", " ", "\t\n", "\0", "\ud800", "\u202e", "x" * 100_000, "@", "+", "a@b@c", "\N{FULLWIDTH PLUS SIGN}1555",
    "a\r\nBcc: b@example.com", "%s{0}${x}", "'; --", "\N{GRINNING FACE}",
)  # fmt: skip


class AddressChecks:
    """Addresses."""

    @check(
        why="a person with a good address that is refused never hears of anything",
        mend="have normalise() return Address(kind, key) for every form that people write",
    )
    def test_good_addresses_are_accepted(self, bench: Bench) -> None:
        """Every good address becomes an `Address` with a key, of a kind that the adapter declares."""
        for n, _ in enumerate(bench.raw):
            address = bench.address(n)
            if not isinstance(address, Address):
                broken(f"good_addresses[{n}] became {type(address).__name__} instead of Address")
            if not address.key:
                broken(f"good_addresses[{n}] has an empty key")
            if not bench.capabilities.takes(address.kind):
                broken(
                    f"good_addresses[{n}] is of kind {address.kind!r}, which capabilities do not declare",
                    mend="name the kind in Capabilities(address_kinds=), or return one of those",
                )

    @check(
        why="what is stored is normalised again before each hand-over: a form that changes once more is another "
        "person, "
        "who has not opted out",
        mend="make normalise(normalise(x).key) give the key of normalise(x)",
    )
    def test_normalising_twice_changes_nothing(self, bench: Bench) -> None:
        """An address that was normalised stays as it is."""
        for n, _ in enumerate(bench.raw):
            once = bench.address(n)
            twice = bench.adapter.normalise(once.key)
            if (twice.kind, twice.key) != (once.kind, once.key):
                broken(f"good_addresses[{n}] has another key when its key is normalised again")

    @check(
        why="opt-outs, suppressions and caps compare keys: a spelling that has a key of its own gets round all of them",
        mend="bring spaces, case, punctuation and prefixes into one form in normalise()",
        needs=("aliases",),
    )
    def test_spellings_of_one_address_are_one_address(self, bench: Bench) -> None:
        """All spellings in a tuple of `aliases` have the same key."""
        for n, spellings in enumerate(bench.given("aliases")):
            if len({bench.adapter.normalise(each).key for each in spellings}) > 1:
                broken(f"the spellings of aliases[{n}] have different keys")

    @check(
        why="whoever shares a key shares opt-outs and suppressions, and the mail of one goes to the other",
        mend="change in normalise() only what the provider itself ignores; keep the local part of an e-mail as it is",
    )
    def test_different_addresses_stay_apart(self, bench: Bench) -> None:
        """No two good addresses have the same key."""
        for (n, _), (m, _) in combinations(enumerate(bench.raw), 2):
            if bench.address(n).key == bench.address(m).key:
                broken(f"good_addresses[{n}] and good_addresses[{m}] have the same key")

    @check(
        why="each try at an address that cannot work costs money and reputation, and ends as a failure",
        mend="raise InvalidAddress in normalise() for what the provider cannot reach",
        needs=("bad_addresses",),
    )
    def test_bad_addresses_are_refused(self, bench: Bench) -> None:
        """Every bad address raises InvalidAddress."""
        for n, raw in enumerate(bench.given("bad_addresses")):
            try:
                bench.adapter.normalise(raw)
            except InvalidAddress:
                continue
            except Exception as error:  # noqa: BLE001 - that it is another one is the finding
                broken(f"bad_addresses[{n}] raises {type(error).__name__} instead of InvalidAddress")
            broken(f"bad_addresses[{n}] is accepted")

    @check(
        why="errors are logged and shown to whoever called; a mistyped address is still somebody's",
        mend="say what form is expected, and do not repeat what was given; `raise … from None` drops an error "
        "that does",
        needs=("bad_addresses",),
    )
    def test_a_refused_address_is_not_repeated(self, bench: Bench) -> None:
        """The InvalidAddress, with its causes and notes, does not hold the address."""
        texts = {raw: _refusal(bench, raw) for raw in bench.given("bad_addresses")}
        for n, (raw, text) in enumerate(texts.items()):
            others = [other for each, other in texts.items() if each != raw and other]
            common = bool(others) and all(raw in other for other in others)
            if len(raw.strip()) >= 4 and raw.strip() in text and not common:
                broken(f"the error for bad_addresses[{n}] repeats the address")

    @check(
        why="displays stand in timelines, logs and on screens, for people who need not know the address",
        mend="leave display= out, and it is redacted; or show a few characters of it",
    )
    def test_what_is_shown_of_an_address_is_redacted(self, bench: Bench) -> None:
        """Display and repr of an address show neither the whole of it nor the name in an e-mail address."""
        for n, raw in enumerate(bench.raw):
            address = bench.address(n)
            shown = _letters(f"{address.display} {address!r}")
            local, at, _ = address.key.rpartition("@")
            private = [address.key, raw, *([local] if at else [])]
            if any(len(_letters(each)) >= 3 and _letters(each) in shown for each in private):
                broken(f"the display of good_addresses[{n}] shows it")

    @check(
        why="addresses come from forms and files; a crash on one of them stops an import, or leaks it in a traceback",
        mend="check the form before anything else, and raise InvalidAddress",
    )
    def test_odd_text_is_no_crash(self, bench: Bench) -> None:
        """Text of any kind becomes an Address or raises InvalidAddress, nothing else."""
        for raw in _ODD:
            try:
                address = bench.adapter.normalise(raw)
            except InvalidAddress:
                continue
            except Exception as error:  # noqa: BLE001 - that it is another one is the finding
                broken(f"{raw[:20]!a} as an address raises {type(error).__name__} instead of InvalidAddress")
            if not isinstance(address, Address) or not address.key:
                broken(f"{raw[:20]!a} as an address becomes {type(address).__name__} without a key")

    @check(
        why="it is called for every customer that is imported, and while the store is locked",
        mend="judge the form alone; ask the provider in send(), and answer ADDRESS_INVALID there",
    )
    def test_normalising_asks_nobody(self, bench: Bench) -> None:
        """Normalising makes no call to the provider, does no I/O and does not sleep."""
        before = bench.calls()
        with watching(bench.adapter) as watch:
            bench.address()
        events = watch.of(bench.adapter, *IO, THREAD, SLEPT)
        if events:
            broken(f"in normalise(), {events[0]}")
        if bench.calls() != before:
            broken("normalise() called the provider")

    @check(
        why="the engine passes a region for numbers in national form; international ones mean the same everywhere",
        mend="take region=None as a keyword in normalise(), and use it for national forms alone",
    )
    def test_a_region_changes_no_international_address(self, bench: Bench) -> None:
        """The key of a good address is the same with a region given."""
        for region in ("GB", "US"):
            if bench.adapter.normalise(bench.raw[0], region=region).key != bench.address().key:
                broken(f"good_addresses[0] has another key with region={region!r}")


def _letters(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())


def _refusal(bench: Bench, raw: str) -> str:
    """All that the refusal of an address tells, with its causes; empty where it is not refused."""
    try:
        bench.adapter.normalise(raw)
    except Exception as error:  # noqa: BLE001 - whatever is raised is told
        return "\n".join(_told(error))
    return ""


def _told(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield f"{error} {error.args!r} {getattr(error, '__notes__', '')}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
