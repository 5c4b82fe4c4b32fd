"""Conditions as text under attack: no error but ours, nothing slow, and whatever is read means what it is written as.

    python tests/fuzz_conditions.py --examples 1000000

Example n of a seed is always the same text, so a run can be taken up where it stopped (`--start`), and a failure can be
looked at alone. It is grown from the grammar in both of its forms, or grown and then damaged, or noise.
"""

import argparse
import os
import re
import resource
import sys
import time
import warnings
from random import Random

from touchpoint.errors import ConditionError
from touchpoint.journey.expressions import Expression
from touchpoint.journey.text import parse, to_text
from touchpoint.journey.tokens import LENGTH, WORDS

SLOW = 0.1
"""Seconds of processor time that one condition may take: to read it, write it in both forms, and read these."""
MEMORY = 64
"""Megabytes by which the process may grow."""

WORD = re.compile(r"\w+|[^\w\s]")
"""Finds at least as many words as the language does, to tell beforehand which form of a text has too many."""
NAMES = (
    "order_placed",
    "review",
    "a",
    "event",
    "now",
    "in",
    "not_",
    "Tier",
    "x1",
    "_x",
    "__class__",
    "exists",
    "count",
)
STEPS = ("score", "tier", "home", "a", "in_", "contains", "class", "__init__", "_path", "x" * 60)
TEXTS = (
    '"gold"', "'gold'", '""', "''", r'"a \"b\""', r"'it\'s'", r'"\u202e\x00\U0001f600"', r'"\ud83d\ude00"', r'"\ud83d"',
    r'"\q"', '"größe"', '"👨‍👩‍👧"', '"{customer.name}"', '"order.placed"', '"shop:visit"', '"#1"',
)  # fmt: skip
NUMBERS = (
    "0", "1", "5", "007", "1_000", "1.5", "0.1", "1e5", "1e-7", "1e999", "1e16", ".5", "5.", "0x10", "1j", "9" * 700,
    "9" * 300, "1.", "1__0", "12abc", "3.14.15", 'Decimal("1.50")', 'Decimal("nan")', 'Decimal("1e400")',
    "-0.0", "-1",
)  # fmt: skip
TIMES = (
    "30d", "12h", "1d12h", "1.5h", "15m", "90s", "250ms", "7us", "0.5us", "2w", "0d", "3mo", "1y", "30 d",
    "99999999d",
    "days(30)", "hours(1.5)", "timedelta(microseconds=1500)", "timedelta(days=1, days=2)", "days(1e300)", "weeks()",
    "months(1)", "days(30, 31)", "2026-03-01", "2026-02-30", "0001-01-01", "9999-12-31", "2026-03-01T10:00Z",
    "2026-03-01T10:00:00.123456+02:00", "2026-03-01T10:00", "0001-01-01T00:00+14:00", "2026-3-1", "2026-03-01T25:00Z",
    "date(2026, 3, 1)", "datetime(2026, 3, 1, 10, tzinfo=UTC)", "datetime(2026, 3, 1)", "date(2026, 13, 1)",
    "datetime(2026, 3, 1, tzinfo=customer)", "date(1, 1, year=1)",
)  # fmt: skip
GOOD = {
    "names": ("order_placed", "review", "a", "Tier", "x1", '"order.placed"', "'shop:visit'", "count"),
    "steps": ("score", "tier", "home", "a", "x" * 60),
    "texts": ('"gold"', "'gold'", '""', r'"a \"b\""', r"'it\'s'", r'"\u202e\x00\U0001f600"', '"größe"',
    '"👨‍👩‍👧"', '"#1"'),
    "numbers": ("0", "1", "5", "1_000", "1.5", "0.1", "1e5", "1e-7", "9" * 300, 'Decimal("1.50")', "-1", "-0.0"),
    "lengths": ("30d", "12h", "1d12h", "1.5h", "250ms", "7us", "2w", "days(30)", "timedelta(microseconds=1500)"),
    "times": ("2026-03-01", "2026-03-01T10:00Z", "2026-03-01T10:00:00.123456+02:00",
        "datetime(2026, 3, 1, tzinfo=UTC)"),
    "constants": ("true", "false", "none", "now", "True", "None"),
}  # fmt: skip
WILD = {
    "names": NAMES + TEXTS, "steps": STEPS, "texts": TEXTS, "numbers": NUMBERS, "lengths": TIMES + NUMBERS,
    "times": TIMES, "constants": ("true", "now", "TRUE", "null", "nan", "inf", "UTC"),
}  # fmt: skip
COMPARE = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
JOIN = ("and", "or", "&", "|")
NOISE = (
    *COMPARE, *JOIN, *"()[]{}.,:;=+-*/%@^~!?$#`\\\"'", "**", "//", ":=", "->", "...", "&&", "||", "<>", "===", "not",
    "is",
    "lambda x: x", "if", "else", "for x in y", "await", "yield", "import os", "f'{x}'", 'b"x"', '"""', "None", "True",
    "AND", "Or", "UTC", "\n", "\r\n", "\t", "\x00", "\x0b", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "\u00a0",
    "\ud800",
    "“gold”", "≥", "−", "ﬁ", "ｅｖｅｎｔ", "аnd", "é", "\U0001f600", "\U000e0041", "__import__('os').system('id')",
    "customer.__class__.__mro__", "event.__getattr__('x')", "().__class__", "exec", "eval('1')",
    "open('/etc/passwd')",
    "count", "count(", "ever(where=", "last()", "case_open(", "in_stage(stage=", "total(of=", "sent(",
    "within=", "where=",
)  # fmt: skip


class Grower:
    """Grows one text from chance."""

    def __init__(self, dice):
        self.dice = dice
        # Where a single wild word spoils the whole, hardly any text of some size would ever be read.
        self.careful = dice.random() < 0.6

    def pick(self, what):
        """A word of this kind; nearly always a good one where care is taken."""
        return self.dice.choice((GOOD if self.careful and self.dice.random() < 0.995 else WILD)[what])

    def text(self):
        """The text of one example."""
        kind = self.dice.random()
        if kind < 0.45:
            return self.condition(self.dice.randint(0, 4))
        if kind < 0.85:
            return self.damaged(self.condition(self.dice.randint(0, 4)))
        if kind < 0.95:
            glue = self.dice.choice(("", " "))
            return glue.join(self.word() for _ in range(self.dice.randint(0, 40)))
        if kind < 0.98:
            most = self.dice.choice((0x80, 0x250, 0x3000, 0x110000))
            return "".join(chr(self.dice.randrange(most)) for _ in range(self.dice.randint(0, 200)))
        return self.long()

    def one(self, *makers):
        return self.dice.choice(makers)()

    def condition(self, depth):
        if depth <= 0:
            return self.one(self.field, self.comparison, self.asked)
        return self.one(
            self.comparison,
            self.comparison,
            lambda: self.joined(depth),
            lambda: f"not {self.condition(depth - 1)}",
            lambda: f"~({self.condition(depth - 1)})",
            lambda: f"({self.condition(depth - 1)})",
            self.asked,
        )

    def joined(self, depth):
        word = self.dice.choice(JOIN)
        parts = [self.condition(depth - 1) for _ in range(self.dice.randint(2, 4))]
        if word in "&|" or self.dice.random() < 0.3:
            parts = [f"({part})" for part in parts]
        return f" {word} ".join(parts)

    def comparison(self):
        operator = self.dice.choice(COMPARE)
        right = self.one(self.listed, self.field) if operator.endswith("in") and self.careful else self.value(2)
        return f"{self.value(2)} {operator} {right}"

    def value(self, depth):
        if depth <= 0:
            return self.one(self.field, self.plain)
        return self.one(
            self.field, self.plain, self.plain, self.number, self.listed,
            lambda: f"{self.calculated(depth - 1)} {self.dice.choice('+-*/')} {self.calculated(depth - 1)}",
            lambda: f"({self.value(depth - 1)})",
            lambda: f"-{self.pick('numbers') if self.careful else self.value(depth - 1)}",
        )  # fmt: skip

    def calculated(self, depth):
        return self.one(self.field, lambda: self.pick("numbers")) if self.careful else self.value(depth)

    def plain(self):
        return self.pick(self.dice.choice(("texts", "numbers", "lengths", "times", "constants")))

    def listed(self):
        kinds = ("texts", "numbers", "lengths", "times")
        return f"[{', '.join(self.pick(self.dice.choice(kinds)) for _ in range(self.dice.randint(0, 4)))}]"

    def field(self):
        roots = ("event", "trigger", "customer", "last(review)", 'last("review", where=event.a == trigger.a)')
        steps = [self.one(self.attribute, self.attribute, self.item) for _ in range(self.dice.randint(1, 3))]
        return self.dice.choice(roots) + "".join(steps)

    def attribute(self):
        return f".{self.pick('steps')}"

    def item(self):
        return f"[{self.pick('texts')}]"

    def name(self):
        return self.pick("names")

    def number(self):
        chance = self.dice.random
        options = {
            "of": self.one(self.name, lambda: f"event.{self.pick('steps')}") if chance() < 0.5 else "",
            "within": self.pick("lengths") if chance() < 0.5 else "",
            "where": self.where() if chance() < 0.4 else "",
        }
        function = self.dice.choice(("count", "total"))
        rest = [f"{name}={text}" for name, text in options.items() if text and (function == "total" or name != "of")]
        return f"{function}({', '.join([self.name(), *rest])})"

    def where(self):
        if not self.careful:
            return self.condition(1)
        return f"event.{self.pick('steps')} == {self.one(self.field, self.plain)}"

    def asked(self):
        return self.one(
            lambda: f"{self.field()}.exists()",
            lambda: f"{self.field()}.contains({self.value(1)})",
            lambda: f"{self.field()}.in_({self.one(self.listed, self.field)})",
            lambda: f"ever({self.name()})",
            lambda: f"ever({self.name()}, where={self.where()})",
            lambda: f"case_open({self.one(self.name, str)})",
            lambda: f"case_open(ref={self.pick('texts')})",
            lambda: f"in_stage({self.name()}, journey={self.name()})",
            lambda: f"{self.dice.choice(('sent', 'variant'))}({self.name()})",
            lambda: f"outcome({self.name()}) == {self.pick('texts')}",
        )

    def word(self):
        return self.one(lambda: self.dice.choice(NOISE), self.plain, self.field, self.name)

    def damaged(self, text):
        for _ in range(self.dice.randint(1, 4)):
            at = self.dice.randint(0, len(text))
            end = min(len(text), at + self.dice.randint(0, 8))
            text = text[:at] + self.one(
                str,
                self.word,
                lambda end=end, at=at, text=text: text[at:end] * self.dice.randint(2, 6),
                lambda: chr(self.dice.randrange(0x3000)),
                lambda text=text: text[self.dice.randint(0, len(text)) :][:20],
            ) + text[end if self.dice.random() < 0.7 else at :]  # fmt: skip
        return text

    def long(self):
        unit = self.one(self.word, self.plain, self.field, lambda: self.condition(1))
        glue = self.dice.choice(("", " ", " and ", " & ", ", ", " + ", "(", "[", "-", "not ", "."))
        much = (unit + glue) * self.dice.choice((10, 100, 1_000, 10_000))
        return (
            self.dice.choice(("", "event.a == ", "event.a in [", "count(", "("))
            + much[:25_000]
            + self.dice.choice(("", "event.a", "]", ")"))
        )


def example(seed, number):
    """The text that is example `number` of this seed."""
    return Grower(Random(f"{seed}:{number}")).text()


def tried(text):
    """Whether the text is read. Raises AssertionError where what is read, or how it is refused,
    is not as promised."""
    try:
        found = parse(text)
    except ConditionError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        lines = text.split("\n")
        assert 1 <= refused.line <= len(lines), "the line is not in the text"
        assert 1 <= refused.column <= len(lines[refused.line - 1]) + 1, "the column is not in the line"
        assert str(refused).splitlines()[-1].strip() == "^" or not text.strip(), "nothing is under the place"
        return False
    assert isinstance(found, Expression)
    for written in (to_text(found), str(found)):
        if len(WORD.findall(written)) <= WORDS and len(written) <= LENGTH:
            assert parse(written).same_as(found), f"{written!r} means something else"
    return True


def main(arguments=None):
    """Try the examples; 1 where one of them failed, else 0."""
    options = _options(arguments)
    warnings.simplefilter("error")
    began, before, read, slowest, which = time.monotonic(), _peak(), 0, 0.0, 0
    for number in range(options.start, options.examples):
        text = example(options.seed, number)
        try:
            since = time.thread_time()
            read += tried(text)
            took = time.thread_time() - since
            if took > SLOW:  # a pause for the garbage of others comes once, what is slow is slow again
                took = min(took, *(_took(text) for _ in range(2)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            print(f"FAILED seed {options.seed} example {number}: {type(error).__name__}: {error}\n{text!r}")
            return 1
        if took > slowest:
            slowest, which = took, number
        if options.every and number % options.every == 0:
            print(f"… {number:,} ({read:,} read, slowest {slowest * 1000:.1f} ms)", flush=True)
    grown = _peak() - before
    print(
        f"{options.examples - options.start:,} texts in {time.monotonic() - began:.0f} s: {read:,} read and written "
        f"back in both forms, all others refused with their place; slowest {slowest * 1000:.1f} ms "
        f"(example {which:,}); "
        f"grown by {grown:.1f} MB"
    )
    return int(slowest > SLOW or grown > MEMORY)


def _took(text):
    since = time.thread_time()
    tried(text)
    return time.thread_time() - since


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=int(os.environ.get("FUZZ_EXAMPLES", "2000")))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the first example, to go on after an earlier run")
    parser.add_argument("--every", type=int, default=100_000, help="tell the progress after so many; 0 for never")
    return parser.parse_args(arguments)


def _peak():
    """Megabytes that this process has had at once."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1_048_576 if sys.platform == "darwin" else 1_024)


if __name__ == "__main__":
    sys.exit(main())
