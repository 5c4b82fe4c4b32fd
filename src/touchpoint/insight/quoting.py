"""What of a reply its writer wrote: without quoted mail and signatures. In doubt a line stays.

Works line by line with fixed words, so it takes time proportional to the text, whatever the text.
"""

from typing import Final

from touchpoint.insight.lexicon.mail import HEADERS, ORIGINAL, SENT_FROM, WROTE, WROTE_INSIDE

LONGEST: Final = 20_000
"""Characters of a reply that are read; the rest is left alone."""

_LINE: Final = 400
_DASHES: Final = "-_—– \t"


def own_words(text: str) -> str:
    """The reply without lines that begin with `>`, the original mail below it, and the signature.

    A signature is what follows a line `-- ` (RFC 3676, section 4.3), or one that a telephone adds. Where nothing is
    left, such as of a mail that only quotes, the result is empty.

    Args:
        text: as it came; only its first 20,000 characters are read.
    """
    lines = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        plain = line.strip().casefold() if len(line) <= _LINE else ""
        if _ends_all(plain, line, lines, number) and _says_something(kept):
            break
        intro = _intro(plain, lines, number)
        if intro and not _is_quoted(lines, number + intro):
            if _says_something(kept):
                break  # programs that do not mark what they quote put the original below
            number += intro
            continue
        if not intro and not _is_left_out(plain):
            kept.append(line)
        number += max(intro, 1)
    return "\n".join(kept).strip()


def _says_something(kept: list[str]) -> bool:
    return any(line.strip() for line in kept)


def _ends_all(plain: str, line: str, lines: list[str], number: int) -> bool:
    if line.rstrip("\n") in {"-- ", "--"}:
        return True
    if plain.startswith(("--", "__")) and plain.strip(_DASHES) in ORIGINAL:
        return True
    rule = 1 if len(plain) >= 3 and not plain.strip(_DASHES) else 0
    return _has_headers(lines, number + rule)


def _has_headers(lines: list[str], number: int) -> bool:
    """Whether the head of a mail stands here: who sent it, and at most three lines below, when."""
    head = [each.strip().casefold() for each in lines[number : number + 4] if len(each) <= _LINE]
    return any(
        head[0].startswith(first) and any(each.startswith(then) for each in head[1:]) for first, then in HEADERS if head
    )


def _is_left_out(plain: str) -> bool:
    return plain.startswith((">", *SENT_FROM)) or (plain.startswith(("--", "__")) and plain.strip(_DASHES) in ORIGINAL)


def _intro(plain: str, lines: list[str], number: int) -> int:
    """How many lines the announcement of a quotation takes here: 0, 1, or 2 where a program broke it."""
    if not plain:
        return 0
    if _announces(plain):
        return 1
    following = lines[number + 1].strip().casefold() if number + 1 < len(lines) else ""
    return 2 if len(following) <= _LINE and following.endswith(":") and _announces(f"{plain} {following}") else 0


def _announces(plain: str) -> bool:
    if not plain.endswith(":") or sum(map(str.isdigit, plain)) < 3:  # at least a day and a time, or a year
        return False
    return any(plain.startswith(first) and plain.endswith(last) for first, last in WROTE) or any(
        plain.startswith(first) and inside in plain for first, inside in WROTE_INSIDE
    )


def _is_quoted(lines: list[str], number: int) -> bool:
    """Whether the next line with anything in it is marked as quoted, or nothing follows."""
    line = next((lines[place] for place in range(number, len(lines)) if lines[place].strip()), ">")
    return line.lstrip().startswith(">")
