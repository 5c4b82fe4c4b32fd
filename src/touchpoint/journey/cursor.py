"""Going through the words of a condition, one by one, and saying where one cannot stand."""

from collections.abc import Callable
from typing import Any, Final

from touchpoint.errors import ConditionError, JourneyError, shown
from touchpoint.journey.literals import quoted
from touchpoint.journey.tokens import Source, Token, tokens_of
from touchpoint.model.names import TYPE_PATTERN

DEPTH: Final = 100
"""Levels of a condition: as many as a journey takes."""

RATHER: Final = {
    "AND": "and", "OR": "or", "NOT": "not", "IN": "in", "TRUE": "true", "FALSE": "false", "NULL": "none", "is": "==",
    "And": "and", "Or": "or", "Not": "not", "In": "in", "IS": "==",
}  # fmt: skip
"""Words of other languages, and what conditions say instead."""
STRANGE: Final = frozenset({
    "if", "else", "elif", "for", "while", "lambda", "await", "async", "yield", "import", "from", "with", "def", "class",
    "return", "assert", "del", "global", "nonlocal", "pass", "raise", "try", "except", "match", "case", "like",
    "between",
})  # fmt: skip
"""Words of Python and SQL that have no place in a condition."""
PREFIX: Final = "a text has nothing before its quotes: no f, r or b"


class Cursor:
    """The word at hand, and how deep it stands; no word is looked at twice."""

    __slots__ = ("_at", "_deep", "_height", "_next", "_source", "_tokens")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens = tokens_of(source)
        self._at = 0
        self._next = self._tokens[0]
        self._deep = 0
        self._height = 0  # levels of what was read last

    # --- words --------------------------------------------------------------------------------------------------------

    def _step(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._at += 1
            self._next = self._tokens[self._at]
        return token

    def _is(self, text: str) -> bool:
        return self._next.text == text and self._next.kind in ("op", "name")

    def _took(self, text: str) -> bool:
        if self._is(text):
            self._step()
            return True
        return False

    def _after(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def _close(self, bracket: str, opened: Token) -> None:
        if not self._took(bracket):
            if self._next.kind == "end":
                raise self._source.wrong(opened.start, f"this {opened.text} is never closed")
            raise self._unexpected(f", or {bracket} to close what was opened")

    # --- errors -------------------------------------------------------------------------------------------------------

    def _wrong(self, message: str, at: int | None = None) -> ConditionError:
        return self._source.wrong(self._next.start if at is None else at, message)

    def _checked(self, at: int, build: Callable[..., Any], *parts: Any, **named: Any) -> Any:  # noqa: ANN401 - what `build` gives
        """What is built, with the place where it is not acceptable."""
        try:
            return build(*parts, **named)
        except JourneyError as error:
            raise self._wrong(str(error), at) from None
        except OverflowError:
            raise self._wrong("this is more than any length of time or date can hold", at) from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self._wrong(f"no value can be made of this: {str(error)[:200]}", at) from None

    def _unexpected(self, rather: str = "") -> ConditionError:
        """The error about a word that cannot stand where it does."""
        token = self._next
        before = self._tokens[self._at - 1] if self._at else None
        if token.kind == "text" and before and before.kind == "name" and before.start + len(before.text) == token.start:
            return self._wrong(PREFIX, before.start)
        return self._wrong(_out_of_place(token) + rather)

    def _name_as_meant(self, token: Token) -> str:
        meant = TYPE_PATTERN.match(self._source.text, token.start)
        return quoted(meant[0] if meant else "order.placed")

    def _grow(self, height: int, at: int) -> None:
        if height > DEPTH:
            raise self._wrong(f"a condition has at most {DEPTH} levels; say part of it in another rule or trait", at)
        self._height = height


def _out_of_place(token: Token) -> str:
    if token.text in RATHER:
        return f"{shown(token.text)} is no word of conditions; write {RATHER[token.text]}"
    if token.kind == "op" and token.text == "=":
        return "= sets something; to compare write =="
    if token.kind == "op" and token.text in (")", "]"):
        return f"there is nothing here to close with {token.text}"
    if token.kind == "name" and token.text in STRANGE:
        return f"{shown(token.text)} has no place in a condition"
    return f"{shown(token.text)} cannot stand here; expected an operator such as and, == or >="
