"""From the words of a condition to its expression: a parser by the precedence of operators, which are Python's."""

from collections.abc import Callable
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, Final

from touchpoint.errors import JourneyError, hint, shown
from touchpoint.journey.cursor import DEPTH, PREFIX, RATHER, STRANGE, Cursor
from touchpoint.journey.expressions import (
    And,
    Arithmetic,
    Compare,
    Expression,
    Field,
    In,
    Literal,
    Not,
    Now,
    Or,
    _calculate,
    _compare,
    _joined,
    operand,
    path_of,
)
from touchpoint.journey.literals import literal
from touchpoint.journey.tokens import RESERVED, Token
from touchpoint.journey.vocabulary import CONSTANTS, MAKERS, METHODS, ROOTS, Function, Parameter, functions
from touchpoint.journey.writing import to_text

_OR, _AND, _NOT, _COMPARE, _BAR, _AMPERSAND, _ADD, _MULTIPLY, _UNARY = range(1, 10)
_INFIX: Final = {
    "or": _OR, "and": _AND, "==": _COMPARE, "!=": _COMPARE, "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE,
    ">=": _COMPARE, "in": _COMPARE, "not": _COMPARE, "|": _BAR, "&": _AMPERSAND, "+": _ADD, "-": _ADD, "*": _MULTIPLY,
    "/": _MULTIPLY,
}  # fmt: skip
"""How tightly what stands between two operands binds."""
_NESTED: Final = 2 * DEPTH + 20
"""Brackets, signs and right-hand sides within each other: two for each level of a condition, and some for a list."""


class Parser(Cursor):
    """Reads the words from the first to the last, never going back; each bracket takes a few frames of the stack."""

    __slots__ = ()

    def whole(self) -> Expression:
        """The text as one expression."""
        if self._next.kind == "end":
            raise self._wrong("the condition is empty; leave it out, or write true")
        found = self._expression(_OR)
        if self._next.kind != "end":
            raise self._unexpected()
        checked: Expression = self._checked(self._tokens[0].start, operand, found)
        return checked

    # --- operators ----------------------------------------------------------------------------------------------------

    def _expression(self, least: int) -> Expression:
        """An expression whose operators bind at least as tightly as `least`."""
        self._deep += 1
        if self._deep > _NESTED:
            raise self._wrong(f"brackets and signs are nested at most {_NESTED} deep")
        found = self._prefix(least)
        while self._next.kind in ("op", "name"):
            operator = self._next
            power = _INFIX.get(operator.text)
            if power is None or power < least:
                break
            found = self._infix(found, operator, power)
        self._deep -= 1
        return found

    def _infix(self, left: Expression, operator: Token, power: int) -> Expression:
        height = self._height
        if power in (_OR, _AND, _BAR, _AMPERSAND):
            parts = [left]
            while self._took(operator.text):
                parts.append(self._expression(power + 1))
                height = max(height, self._height)
            self._grow(height + 1, operator.start)
            return self._together(parts, operator, Or if power in (_OR, _BAR) else And)
        self._step()
        negated = operator.text == "not"
        if negated and not self._took("in"):
            raise self._wrong("not stands before a condition, or in: write not in, or and not", operator.start)
        right = self._expression(power + 1)
        self._grow(max(height, self._height) + 1 + negated, operator.start)
        if power == _COMPARE:
            return self._compared(left, operator, right)
        return self._built(operator, _calculate, operator.text, left, right)

    def _built(self, operator: Token, build: Callable[..., Expression], *parts: Any) -> Expression:  # noqa: ANN401
        found: Expression = self._checked(operator.start, build, *parts)
        return found

    def _together(self, parts: list[Expression], operator: Token, kind: type[And] | type[Or]) -> Expression:
        """All at once, for one by one takes time with the square of their number."""
        conditions = [self._condition(part, operator) for part in parts]
        return kind(self._checked(operator.start, _joined, kind, *conditions))

    def _condition(self, part: Expression, operator: Token) -> Expression:
        if isinstance(part, Arithmetic | Now) or (isinstance(part, Literal) and not isinstance(part.value, bool)):
            tight = f": {operator.text} binds tighter than ==, so put each comparison in parentheses, or write " + (
                "or" if operator.text == "|" else "and"
            )
            more = tight if operator.text in "&|~" else ""
            raise self._wrong(f"{operator.text} joins conditions, and {_short(part)} is a value{more}", operator.start)
        return part

    def _compared(self, left: Expression, operator: Token, right: Expression) -> Expression:
        if operator.text in ("in", "not"):
            found: Expression = self._built(operator, _in, left, right)
        else:
            found = self._built(operator, _compare, operator.text, left, right)
        if self._next.kind in ("op", "name") and _INFIX.get(self._next.text) == _COMPARE:
            raise self._wrong("comparisons do not chain: write a < b and b < c, or put one of them in parentheses")
        return Not(found) if operator.text == "not" else found

    def _prefix(self, least: int) -> Expression:
        token = self._next
        if token.kind == "op" and token.text in "-~+":
            return self._sign(self._step())
        if token.kind == "name" and token.text == "not":
            if least > _NOT:
                raise self._wrong("put parentheses around not and what it denies: (not customer.vip)")
            self._step()
            part = self._condition(self._expression(_NOT), token)
            self._grow(self._height + 1, token.start)
            return self._built(token, _not, part)
        if self._is("("):
            return self._postfix(self._parentheses(self._step()))
        return self._postfix(self._primary())

    def _sign(self, token: Token) -> Expression:
        part = self._expression(_UNARY)
        if token.text == "~":
            self._grow(self._height + 1, token.start)
            return self._built(token, _not, self._condition(part, token))
        value = part.value if isinstance(part, Literal) else None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | timedelta):
            raise self._wrong(
                f"{token.text} stands before a number or a length only; write 0 - event.score, say", token.start
            )
        if token.text == "+":
            raise self._wrong("a number is written without +", token.start)
        return Literal(value.copy_negate() if isinstance(value, Decimal) else -value)

    # --- what stands between operators --------------------------------------------------------------------------------

    def _primary(self) -> Expression:
        token = self._next
        self._height = 1
        if token.kind in ("value", "text"):
            return Literal(self._step().value)
        if self._is("["):
            return self._literals(self._step(), "]", [])
        if token.kind == "name" and self._at + 1 < len(self._tokens) and token.text not in ("and", "or", "in"):
            return self._named(self._step())
        if token.kind == "end":
            raise self._wrong("the condition ends here, and something is missing")
        if token.text in (")", "]", ","):
            raise self._wrong(f"something is missing before {token.text}")
        if token.text in _INFIX:
            raise self._wrong(f"something is missing before {token.text}: what it compares or joins")
        raise self._unexpected()

    def _parentheses(self, opened: Token) -> Expression:
        if self._is(")"):
            return self._literals(opened, ")", [])
        found = self._expression(_OR)
        if self._took(","):
            return self._literals(opened, ")", [self._plain(found, opened.start)])
        self._close(")", opened)
        return found

    def _literals(self, opened: Token, bracket: str, found: list[object]) -> Expression:
        """A list of plain values, after the ones that are read already."""
        while not self._is(bracket) and self._next.kind != "end":
            at = self._next.start
            found.append(self._plain(self._expression(_OR), at))
            if not self._took(","):
                break
        self._close(bracket, opened)
        self._height = 1
        return Literal(self._checked(opened.start, literal, found))

    def _plain(self, part: Expression, at: int) -> object:
        if not isinstance(part, Literal):
            raise self._wrong(f'a list holds plain values such as 5 or "gold", not {_short(part)}', at)
        return part.value

    def _named(self, token: Token) -> Expression:
        name = token.text
        if self._is("("):
            return self._called(token)
        if name in ROOTS:
            return ROOTS[name]
        if name in CONSTANTS:
            return Literal(CONSTANTS[name])
        if name in functions() or name in MAKERS:
            raise self._wrong(f"{name} is a function: write {name}(…)", token.start)
        if name in RATHER or name in STRANGE:
            self._at -= 1
            self._next = token
            raise self._unexpected()
        if self._next.kind == "text" and self._next.start == token.start + len(name):
            raise self._wrong(PREFIX, token.start)
        near = hint(name, (*ROOTS, *functions(), *CONSTANTS))
        near = f"{near} A" if "did you mean" in near else ": a"
        rather = f"trait is written customer.{name[:40]}, a property event.{name[:40]}, a text in quotes"
        raise self._wrong(f"there is no {shown(name)}{near} {rather}", token.start)

    def _postfix(self, found: Expression) -> Expression:
        while self._next.kind == "op":
            if self._is("."):
                found = self._attribute(found, self._step())
            elif self._is("["):
                found = self._item(found, self._step())
            elif self._is("("):
                raise self._wrong("only the functions of conditions can be called" + _called_as(found))
            else:
                break
        return found

    def _attribute(self, found: Expression, dot: Token) -> Expression:
        token = self._step()
        name = token.text
        if token.kind != "name":
            raise self._wrong(
                'a property is named here, as in event.score; other names go in brackets: event["order-id"]',
                token.start,
            )
        if self._is("(") and name in METHODS:
            return self._method(found, name)
        if name in (*METHODS, "same_as"):
            raise self._wrong(f"a property of that name is written [{name!r}]; a question {name}(…)", token.start)
        if name.startswith("_"):
            raise self._wrong(f"a name that begins with _ is written [{name!r}]", token.start)
        if self._is("("):
            near = hint(name, METHODS)
            raise self._wrong(f"no expression can be asked {name}(){near}", token.start)
        if not isinstance(found, Field):
            raise self._wrong(
                f"only event, trigger, customer and last(…) have properties{_not_field(found)}", dot.start
            )
        return self._deeper(found, name, dot.start)

    def _item(self, found: Expression, opened: Token) -> Expression:
        token = self._step()
        if token.kind != "text":
            raise self._wrong('the name of a property stands in brackets, in quotes: event["order-id"]', token.start)
        self._close("]", opened)
        if not isinstance(found, Field):
            raise self._wrong(
                f"only event, trigger, customer and last(…) have properties{_not_field(found)}", opened.start
            )
        return self._deeper(found, str(token.value), opened.start)

    def _deeper(self, found: Field, name: str, at: int) -> Field:
        if len(path_of(found)) >= DEPTH:
            raise self._wrong(f"a property is reached by at most {DEPTH} names", at)
        deeper: Field = self._checked(at, found.__getitem__, name)
        return deeper

    def _method(self, found: Expression, name: str) -> Expression:
        opened = self._step()
        height = self._height
        if name == "exists":
            self._close(")", opened)
            self._grow(height + 1, opened.start)
            return self._built(opened, found.exists)
        asked = self._expression(_OR)
        self._took(",")
        self._close(")", opened)
        self._grow(max(height, self._height) + 1, opened.start)
        return self._built(opened, _in if name == "in_" else Expression.contains, found, asked)

    # --- functions ----------------------------------------------------------------------------------------------------

    def _called(self, token: Token) -> Expression:
        opened = self._step()
        if token.text in MAKERS:
            return self._made(token, opened)
        function = functions().get(token.text)
        if function is None:
            raise self._wrong(f"there is no function {shown(token.text)}{hint(token.text, functions())}", token.start)
        return self._function(function, token, opened)

    def _function(self, function: Function, token: Token, opened: Token) -> Expression:
        given: dict[str, object] = {}
        height = 1
        while not self._is(")") and self._next.kind != "end":
            parameter = self._parameter(function, given)
            self._height = 1
            given[parameter.name] = self._argument(function, parameter)
            height = max(height, self._height + 1)
            if not self._took(","):
                break
        self._close(")", opened)
        for parameter in function.parameters:
            if parameter.required and parameter.name not in given:
                raise self._wrong(f"{function.name}() needs {_wanted(parameter)}", token.start)
        found: Expression = self._checked(token.start, function.build, **given)
        self._grow(height + isinstance(found, Field), token.start)
        return found

    def _parameter(self, function: Function, given: dict[str, object]) -> Parameter:
        token = self._next
        known = {each.name: each for each in function.parameters}
        if token.kind == "name" and self._after().text == "=" and self._after().kind == "op":
            if token.text not in known:
                raise self._wrong(f"{function.name}() takes no {token.text}={hint(token.text, known)}")
            if token.text in given:
                raise self._wrong(f"{token.text}= is given twice")
            self._step()
            self._step()
            return known[token.text]
        place = next((each for each in function.parameters if each.name not in given), None)
        if (
            place is None
            or not place.by_place
            or list(given) != [each.name for each in function.parameters[: len(given)]]
        ):
            rather = f"; name what follows, as in {place.name}=" if place else ""
            raise self._wrong(f"{function.name}() takes nothing more here{rather}")
        return place

    def _argument(self, function: Function, parameter: Parameter) -> object:
        token, after = self._next, self._after()
        alone = after.kind == "op" and after.text in ",)"
        if not parameter.required and alone and token.kind == "name" and token.text in ("none", "None", "null"):
            self._step()
            return None
        is_name = parameter.kind == "name" or (parameter.kind == "property" and token.text not in ROOTS)
        if is_name and alone and (token.kind == "text" or (token.kind == "name" and token.text not in RESERVED)):
            self._step()
            return token.text if token.kind == "name" else token.value
        if is_name:
            raise self._wrong(
                f"{function.name}() takes a name here, in quotes where it is more than one word or means something of "
                f"its own: {self._name_as_meant(token)}"
            )
        found = self._expression(_OR)
        if parameter.kind == "length":
            if not isinstance(found, Literal) or not isinstance(found.value, timedelta):
                raise self._wrong(f"{parameter.name}= takes a length such as 30d, 12h or days(30)", token.start)
            return found.value
        if parameter.kind == "condition":
            self._checked(token.start, operand, found)
            if isinstance(found, Literal | Arithmetic | Now):
                raise self._wrong(f"{parameter.name}= takes a condition such as event.score > 3", token.start)
        return found

    def _made(self, token: Token, opened: Token) -> Expression:
        """A value as Python makes it: `days(30)`, `Decimal("9.99")`, `date(2026, 3, 1)`."""
        values: list[object] = []
        named: dict[str, object] = {}
        while not self._is(")") and self._next.kind != "end":
            name = None
            if self._next.kind == "name" and self._after().text == "=":
                name = self._step().text
                self._step()
            if name in named or (name is None and named):
                raise self._wrong(f"{token.text}() takes each of its parts once, those with names last")
            value = self._part(token)
            if name is None:
                values.append(value)
            else:
                named[name] = value
            if not self._took(","):
                break
        self._close(")", opened)
        found = self._checked(token.start, MAKERS[token.text], *values, **named)
        self._height = 1
        return Literal(self._checked(token.start, literal, found))

    def _part(self, token: Token) -> object:
        if self._is("UTC"):
            self._step()
            return UTC
        at = self._next.start
        part = self._expression(_OR)
        value = part.value if isinstance(part, Literal) else None
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self._wrong(f"{token.text}() takes plain numbers", at)
        return value


def _not(part: Expression) -> Expression:
    return ~part


def _in(value: Expression, options: Expression) -> In:
    if isinstance(options, Literal) and not isinstance(options.value, tuple):
        raise JourneyError('in takes a list, as in ["gold", "silver"], or a property that holds one')
    return In(operand(value), operand(options))


def _short(part: Expression) -> str:
    text = to_text(part)
    return text if len(text) <= 60 else text[:60] + "…"


def _called_as(found: Expression) -> str:
    if isinstance(found, Field) and path_of(found):
        return hint(path_of(found)[-1], METHODS)
    return ""


def _not_field(found: Expression) -> str:
    return "" if isinstance(found, Compare | Or | And) else f", not {_short(found)}"


def _wanted(parameter: Parameter) -> str:
    return {"name": f"a name, its {parameter.name}", "length": f"a length, {parameter.name}="}.get(
        parameter.kind, f"{parameter.name}="
    )
