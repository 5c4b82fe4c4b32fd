"""The same conditions in the languages of libraries for rules, each at the fastest use that it documents.

A condition is data: `("and", a, b)`, `("or", a, b)`, `("not", a)`, or `(field, operator, value)`. A peer is made of the
conditions by type of touchpoint, and answers with the names of those that hold of an event: fields by name, in one flat
dict. So that their answers are the same in all of them, strings are only compared for equality, and only comparisons of
numbers and truth values are negated.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any, Final, TypeAlias

from benchmarks.peers import BUSINESS_RULES, DURABLE_RULES, JSON_LOGIC, RULE_ENGINE, Peer

Condition: TypeAlias = tuple[Any, ...]
Conditions: TypeAlias = Mapping[str, Mapping[str, Condition]]
"""By type of touchpoint, by name."""
Event: TypeAlias = Mapping[str, object]
Answer: TypeAlias = Callable[[str, Event], list[str]]

NUMBERS: Final = ("score", "amount", "orders")
WORDS: Final = ("topic", "tier")
TRUTHS: Final = ("first", "vip")
_NUMBERS_OF_RULESETS: Final = count()
"""Rulesets of `durable_rules` are known by their names in the whole process."""
_REVERSED: Final = {">=": "<", "<": ">=", ">": "<=", "<=": ">"}


def by_rule_engine(module: ModuleType, conditions: Conditions) -> Answer:
    """Rules that are parsed once. Types of fields can be declared, which makes asking slower, so they are not."""
    rules = {
        kind: [(name, module.Rule(_as_text(each)).matches) for name, each in named.items()]
        for kind, named in conditions.items()
    }

    def answer(kind: str, event: Event) -> list[str]:
        return [name for name, matches in rules[kind] if matches(event)]

    return answer


def _as_text(condition: Condition) -> str:
    match condition:
        case ("and" | "or" as word, left, right):
            return f"({_as_text(left)} {word} {_as_text(right)})"
        case ("not", inner):
            return f"not ({_as_text(inner)})"
        case (field, operator, bool() as value):
            return f"{field} {operator} {str(value).lower()}"
        case (field, operator, value):
            return f'{field} {operator} "{value}"' if isinstance(value, str) else f"{field} {operator} {value}"
    raise ValueError(condition)


def by_business_rules(module: ModuleType, conditions: Conditions) -> Answer:
    """`run_all` over rules whose action notes their name."""
    variables, actions = (import_module(f"{module.__name__}.{part}") for part in ("variables", "actions"))
    kinds = {
        **dict.fromkeys(NUMBERS, variables.numeric_rule_variable),
        **dict.fromkeys(WORDS, variables.string_rule_variable),
        **dict.fromkeys(TRUTHS, variables.boolean_rule_variable),
    }

    def look_up(name: str) -> Callable[[Any], object]:
        return lambda self: self.event[name]

    def start(self: Any, event: Event) -> None:  # noqa: ANN401 - of a class that is made below
        self.event = event

    looked_up = {name: kind(look_up(name)) for name, kind in kinds.items()}
    asked = type("Asked", (variables.BaseVariables,), {"__init__": start, **looked_up})
    noted = type("Noted", (actions.BaseActions,), {"__init__": _begin, "note": _noting(actions)})
    rules = {
        kind: [
            {"conditions": _as_tree(each), "actions": [{"name": "note", "params": {"rule": name}}]}
            for name, each in named.items()
        ]
        for kind, named in conditions.items()
    }

    def answer(kind: str, event: Event) -> list[str]:
        found = noted()
        module.run_all(rules[kind], asked(event), found)
        names: list[str] = found.names
        return names

    return answer


def _begin(self: Any) -> None:  # noqa: ANN401 - likewise
    self.names = []


def _noting(actions: ModuleType) -> Callable[[Any, str], None]:
    def note(self: Any, rule: str) -> None:  # noqa: ANN401 - likewise
        self.names.append(rule)

    made: Callable[[Any, str], None] = actions.rule_action(params={"rule": "text"})(note)
    return made


_OPERATORS: Final = {
    ">=": "greater_than_or_equal_to", ">": "greater_than", "<=": "less_than_or_equal_to", "<": "less_than",
    "==": "equal_to",
}  # fmt: skip


def _as_tree(condition: Condition, *, negated: bool = False) -> dict[str, Any]:
    match condition:
        case ("and" | "or" as word, left, right):
            both = "all" if (word == "and") != negated else "any"
            return {both: [_as_tree(left, negated=negated), _as_tree(right, negated=negated)]}
        case ("not", inner):
            return _as_tree(inner, negated=not negated)
        case (field, "==", bool() as value):
            return {"name": field, "operator": "is_true" if value != negated else "is_false", "value": None}
        case (field, operator, value):
            asked = _REVERSED[operator] if negated else operator
            return {"name": field, "operator": _OPERATORS[asked], "value": value}
    raise ValueError(condition)


def by_json_logic(module: ModuleType, conditions: Conditions) -> Answer:
    """`jsonLogic` on each rule: it knows nothing to prepare."""
    rules = {kind: [(name, _as_json(each)) for name, each in named.items()] for kind, named in conditions.items()}
    ask = module.jsonLogic

    def answer(kind: str, event: Event) -> list[str]:
        return [name for name, rule in rules[kind] if ask(rule, event)]

    return answer


def _as_json(condition: Condition) -> dict[str, Any]:
    match condition:
        case ("and" | "or" as word, left, right):
            return {word: [_as_json(left), _as_json(right)]}
        case ("not", inner):
            return {"!": [_as_json(inner)]}
        case (field, operator, value):
            return {"===" if operator == "==" else operator: [{"var": field}, value]}
    raise ValueError(condition)


def by_durable_rules(module: ModuleType, conditions: Conditions) -> Answer:
    """One ruleset for each type. Events are asserted as facts and retracted: a posted event meets one rule alone."""
    found: list[str] = []
    made = f"rules {next(_NUMBERS_OF_RULESETS)} of "
    for kind, named in conditions.items():
        with module.ruleset(made + kind):
            for name, each in named.items():
                module.when_all(_as_pattern(module, each))(_appending(found, name))
    host = module.get_host()

    def answer(kind: str, event: Event) -> list[str]:
        found.clear()
        host.assert_fact(made + kind, event, _taken)
        host.retract_fact(made + kind, event, _taken)
        return list(dict.fromkeys(found))  # where both arms of an `or` hold, the rule runs for each

    return answer


def _taken(error: object, state: object) -> None:
    """What `durable_rules` calls when it is done; that no rule holds is an error to it, and none to us."""


def _appending(found: list[str], name: str) -> Callable[[object], None]:
    def note(_context: object) -> None:
        found.append(name)

    note.__name__ = name
    return note


def _as_pattern(module: ModuleType, condition: Condition, *, negated: bool = False) -> Any:  # noqa: ANN401 - its own
    match condition:
        case ("and" | "or" as word, left, right):
            one, other = (_as_pattern(module, each, negated=negated) for each in (left, right))
            return one & other if (word == "and") != negated else one | other
        case ("not", inner):
            return _as_pattern(module, inner, negated=not negated)
        case (field, "==", value):
            return getattr(module.m, field) == (value != negated if isinstance(value, bool) else value)
        case (field, operator, value):
            asked = _REVERSED[operator] if negated else operator
            compare = {">=": "__ge__", ">": "__gt__", "<=": "__le__", "<": "__lt__"}[asked]
            return getattr(getattr(module.m, field), compare)(value)
    raise ValueError(condition)


RULES: Final[Sequence[tuple[Peer, Callable[[ModuleType, Conditions], Answer]]]] = (
    (RULE_ENGINE, by_rule_engine),
    (BUSINESS_RULES, by_business_rules),
    (JSON_LOGIC, by_json_logic),
    (DURABLE_RULES, by_durable_rules),
)
"""Each library, with what makes of the conditions something to ask."""
