"""Preflight: what sending would take, told beforehand and without doing anything."""

from typing import Final

import attrs

from touchpoint.model.delivery import Failure, Preflight, RenderedMessage
from touchpoint.testing.contract.bench import Bench
from touchpoint.testing.contract.check import broken, check
from touchpoint.testing.contract.watch import IO, SLEPT, THREAD, watching

_ODD: Final = (
    "", " ", "\n", "\0", "\ud800", "\N{GRINNING FACE}", "e\N{COMBINING ACUTE ACCENT}", "{x} %s", "a" * 161,
    "\N{CYRILLIC SMALL LETTER ZHE}" * 71, "\N{EURO SIGN}" * 81, "\u200b\u202e", "<b>",
)  # fmt: skip
_LONGEST: Final = 1 << 20

# 3GPP TS 23.038: 160 septets in one segment, 153 in each of several; 70 and 67 UTF-16 code units for any other text.
PLAIN: Final = (("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3))

_EURO, _ZHE, _FACE = "\N{EURO SIGN}", "\N{CYRILLIC SMALL LETTER ZHE}", "\N{GRINNING FACE}"
GSM: Final = (
    ("\N{LATIN CAPITAL LETTER C WITH CEDILLA}" * 160, 1),
    ("@" * 160, 1),
    ("\n" * 160, 1),
    (_EURO * 80, 1),
    (_EURO * 81, 2),
    ("a" * 159 + _EURO, 2),
    ("[" * 77 + "]" * 76, 3),
    ("a" * 152 + _EURO + "a" * 152, 3),
)
"""An escaped character takes two septets that stay in one segment; so the last two take one more than 306 / 153."""

UCS2: Final = (
    ("a" * 69 + _ZHE, 1),
    ("a" * 70 + _ZHE, 2),
    ("`" * 71, 2),
    ("\N{LATIN SMALL LETTER C WITH CEDILLA}" * 71, 2),
    (_ZHE * 134, 2),
    (_ZHE * 135, 3),
    (_FACE * 35, 1),
    (_FACE * 36, 2),
    (_ZHE * 66 + _FACE + _ZHE * 66, 3),
)
"""One character outside of GSM-7 makes the whole text UCS-2; emoji take two units, which stay in one segment."""

_SEGMENTS: Final = (
    "units are what the provider bills: a budget or a limit that counts fewer is overrun, and nobody sees it "
    "before the "
    "bill comes"
)


class PreflightChecks:
    """Preflight."""

    @check(
        why="the engine reads units and problems of it",
        mend="return Preflight(units=…, problems=[Failure(code, detail), …])",
    )
    def test_preflight_answers_with_units_and_problems(self, bench: Bench) -> None:
        """The answer is a `Preflight`: whole units from 0 on, problems that are each a `Failure`."""
        answer = bench.preflight(bench.message)
        if not isinstance(answer.units, int) or isinstance(answer.units, bool) or answer.units < 0:
            broken("the units are no whole number from 0 on")
        if not all(isinstance(each, Failure) for each in answer.problems):
            broken("a problem is no Failure")
        if answer.problems:
            broken(
                f"an ordinary message to a good address has the problem {answer.problems[0].code.value}",
                mend="let preflight() pass it, or set `message` and `good_addresses` to what the channel takes",
            )

    @check(
        why="a message is looked at more than once, and before it is known where it goes",
        mend="compute the answer from the arguments alone, and take to=None",
    )
    def test_preflight_says_the_same_every_time(self, bench: Bench) -> None:
        """Preflight gives equal answers to equal questions, and answers without an address too."""
        message, to = bench.message, bench.address()
        first = bench.adapter.preflight(message, to)
        if bench.adapter.preflight(message, to) != first:
            broken("two calls in a row gave different answers")
        if not isinstance(bench.adapter.preflight(message), Preflight):
            broken("without an address there is no Preflight")

    @check(
        why="it is called while plans are made, for messages that may never be sent",
        mend="count and compare only; what the provider alone can tell is for send()",
    )
    def test_preflight_asks_nobody(self, bench: Bench) -> None:
        """Preflight makes no call to the provider, does no I/O, starts no thread and does not sleep."""
        before, to = bench.calls(), bench.address()
        with watching(bench.adapter) as watch:
            bench.adapter.preflight(bench.message, to)
        events = watch.of(bench.adapter, *IO, THREAD, SLEPT)
        if events:
            broken(f"in preflight(), {events[0]}")
        if bench.calls() != before:
            broken("preflight() called the provider")

    @check(
        why="what it raises is taken for an uncertain send, and the message is lost in doubt",
        mend="return Preflight(problems=[Failure(FailureCode.CONTENT_REJECTED, …)]) for what cannot be sent",
    )
    def test_preflight_raises_for_no_words(self, bench: Bench) -> None:
        """Preflight has an answer to any words: none, odd ones, HTML alone, no subject."""
        messages = [bench.words(text) for text in _ODD]
        messages.append(attrs.evolve(bench.message, text="", html="<p>Hello", subject=None))
        messages.append(attrs.evolve(bench.message, subject="\N{GRINNING FACE}"))
        for message in messages:
            bench.preflight(message)

    @check(
        why="a message that is too long must be refused before it is sent, with a reason; an exception counts as doubt",
        mend="compare the units with max_units, and return Preflight(units, "
        "[Failure(FailureCode.CONTENT_REJECTED, …)])",
        needs=("max_units",),
    )
    def test_too_long_is_a_problem_and_no_exception(self, bench: Bench) -> None:
        """A text of more than max_units has a problem, with its units told; one of max_units has none."""
        most = bench.capabilities.max_units or 0
        length = 1
        while length <= _LONGEST:
            answer = bench.preflight(bench.words("a" * length))
            if answer.units > most and answer.ok:
                broken(f"a text of {answer.units} units has no problem, though max_units is {most}")
            if answer.units <= most and not answer.ok:
                broken(f"a text of {answer.units} units has a problem, though max_units is {most}")
            if answer.units > most:
                return
            length *= 2
        broken(f"a text of {_LONGEST} characters takes no more than max_units: units do not grow with the text")

    @check(
        why=_SEGMENTS,
        mend="count 160 characters in one segment and 153 in each of several",
        needs=("unit=segment",),
    )
    def test_plain_text_is_counted_in_segments(self, bench: Bench) -> None:
        """160 plain letters are one segment, 161 are two, and from then on 153 go into each."""
        _compare(bench, PLAIN)

    @check(
        why=_SEGMENTS,
        mend="count an escaped character of GSM-7 as two septets, and start a new segment where both do not fit",
        needs=("segments",),
    )
    def test_gsm_escapes_are_two_septets_in_one_segment(self, bench: Bench) -> None:
        """Characters of the GSM-7 extension table count twice and are never cut apart."""
        _compare(bench, GSM)

    @check(
        why=_SEGMENTS,
        mend="count UTF-16 code units, 70 or 67 to a segment, if any character is not in GSM-7; keep surrogates "
        "together",
        needs=("segments",),
    )
    def test_other_alphabets_are_counted_in_code_units(self, bench: Bench) -> None:
        """One character outside of GSM-7 makes it 70 code units to a segment, 67 to each of several."""
        _compare(bench, UCS2)

    @check(
        why="budgets are planned with the one and booked with the other",
        mend="return Accepted(ref, units=self.preflight(request.message).units), or what the provider says it billed",
    )
    def test_the_units_told_before_are_those_billed_after(self, bench: Bench) -> None:
        """`Accepted.units` is what preflight said, for short words and longer ones."""
        for length in (1, 161, 400):
            message = bench.words("a" * length)
            before = bench.preflight(message)
            if not before.ok:
                continue
            after = bench.accepted(bench.request(message)).units
            if after != before.units:
                broken(f"a text of {length} letters: preflight() said {before.units} units, send() billed {after}")


def _compare(bench: Bench, vectors: tuple[tuple[str, int], ...]) -> None:
    most = bench.capabilities.max_units
    for text, units in vectors:
        message: RenderedMessage = bench.words(text)
        found = bench.preflight(message).units
        if (most is None or units <= most) and found != units:
            broken(f"{len(text)} characters from {text[0]!a} to {text[-1]!a} are {units} segments, not {found}")
