"""What is done to cases (S8.2): opened, answered, closed, opened again, given to somebody, made one of two."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from touchpoint.core.case_terms import arm, rearm_case
from touchpoint.core.cases import (
    CASE_CLOSED,
    CASE_MERGED,
    CASE_OPENED,
    CASE_REOPENED,
    NORMAL,
    CaseChanged,
    CaseClosed,
    CaseOpened,
    Deadline,
    LiveCase,
    resolved,
    told_of,
)
from touchpoint.core.held import NONE, dropped, few, put
from touchpoint.core.occurrence import TOUCHPOINT, Occurrence
from touchpoint.core.segments import CASE, reassess
from touchpoint.model.case import SEVERITIES, rank

if TYPE_CHECKING:
    from touchpoint.core.decision import Decision
    from touchpoint.core.state import Record, Run, State

_CLOSED_AT: Final = 0
_ALSO: Final = 4


def open_case(
    decision: "Decision", kind: str, ref: str, cause: str, *, severity: object = None, owner: object = None,
    of: tuple[str, str, int] | None = None, said: tuple[str, ...] = (),
) -> bool:  # fmt: skip
    """Open a case, or reopen one that was closed not long ago; opening an open one is a recorded no-op.

    `severity` and `owner` are as somebody says; what is no severity is as if nobody had said any. `of` is the (id,
    type, at) of the touchpoint that led to it, `said` the ids of what did; `cause` is that of what it raises.
    """
    state, terms = decision.state, decision.program.terms
    if resolved(state.cases, kind, ref) in state.cases.get(kind, {}):
        decision.trace.append(["case", "open already", kind, ref])
        return False
    name, before = _reopenable(decision, kind, ref)
    how = severity if severity in SEVERITIES else None
    owner = owner if isinstance(owner, str) and owner else None
    if before is not None:
        _, opening, was, held_by, *also = before
        case = LiveCase(decision.now, severity=str(how or was), owner=owner or held_by, opening=opening + 1)
        case.also = _still_of(decision, kind, also[0] if also else ())
        _begin(decision, kind, name, case, cause, of, said)
        return True
    usual = terms[kind].severity if kind in terms else NORMAL
    _begin(decision, kind, ref, LiveCase(decision.now, severity=str(how or usual), owner=owner), cause, of, said)
    return True


def reopen_case(
    decision: "Decision", kind: str, ref: str, cause: str, was: tuple[int, str, str | None],
    also: Sequence[str] = (),
) -> bool:  # fmt: skip
    """Open a closed case again: its deadlines count anew. Reopening an open one is a recorded no-op.

    `was` has the number, severity and owner of its last opening, `also` the refs of those that are part of it.
    """
    if resolved(decision.state.cases, kind, ref) in decision.state.cases.get(kind, {}):
        decision.trace.append(["case", "open already", kind, ref])
        return False
    _reopenable(decision, kind, ref)
    opening, severity, owner = was
    case = LiveCase(decision.now, severity=severity, owner=owner, opening=opening + 1)
    case.also = _still_of(decision, kind, also)
    _begin(decision, kind, ref, case, cause, None)
    return True


def _still_of(decision: "Decision", kind: str, also: Iterable[str]) -> tuple[str, ...]:
    """The refs by which a case that is opened again goes besides its own: not those of cases that are open now."""
    return tuple(each for each in also if each not in decision.state.cases.get(kind, {}))


def _begin(
    decision: "Decision", kind: str, ref: str, case: LiveCase, cause: str, of: tuple[str, str, int] | None,
    said: tuple[str, ...] = (),
) -> None:  # fmt: skip
    again = case.opening > 1
    # Two openings may fall on one instant: what comes of them must differ.
    cause = f"{cause}:{case.opening}" if again else cause
    arm(decision.program.terms, kind, case)
    state = decision.state
    state.cases = put(state.cases, kind, put(state.cases.get(kind, NONE), ref, case))
    decision.trace.append(["case", "reopened" if again else "opened", kind, ref])
    decision.effects.append(CaseOpened(kind, ref, case, of, said))
    told = told_of(kind, ref, case)
    told |= {"opening": case.opening} if again else {}
    event = Occurrence(CASE_REOPENED if again else CASE_OPENED, kind, decision.now, cause, told)
    decision.queue.append(event)
    if decision.program.segments:
        reassess(decision, (CASE, ""), cause)


def _reopenable(decision: "Decision", kind: str, ref: str) -> tuple[str, list[Any] | None]:
    """The ref of a case that was closed not long ago, and what is remembered of it; forgets it.

    That is [closed at, opening, severity, owner], and the refs of those that are part of it, where there are any. Such
    a ref finds it as well.
    """
    state, now = decision.state, decision.now
    if kind not in state.reopenable:
        return ref, None
    held = state.reopenable[kind]
    if ref not in held:
        ref = next((name for name, was in held.items() if len(was) > _ALSO and ref in was[_ALSO]), ref)
    promised = decision.program.terms.get(kind)
    lasts = None if promised is None else promised.reopens
    before = held.get(ref)
    _forget(decision, kind, ref)
    soon = before is not None and lasts is not None and int(before[_CLOSED_AT]) + lasts >= now
    return ref, before if soon else None


def _forget(decision: "Decision", kind: str, ref: str | None = None) -> None:
    """Have nothing kept of a case, and of none of its kind that nothing reopens any more."""
    promised = decision.program.terms.get(kind)
    lasts = -1 if promised is None or promised.reopens is None else promised.reopens
    held = decision.state.reopenable.get(kind, {})
    kept = {name: was for name, was in held.items() if name != ref and int(was[_CLOSED_AT]) + lasts >= decision.now}
    others = {name: each for name, each in decision.state.reopenable.items() if name != kind}
    decision.state.reopenable = {**others, kind: kept} if kept else others


def close_case(decision: "Decision", kind: str, ref: str, cause: str) -> bool:
    """Close a case, and have the messages it held asked again; closing one that is not open is a recorded no-op."""
    state = decision.state
    refs, name = state.cases.get(kind, NONE), resolved(state.cases, kind, ref)
    case = refs.get(name)
    if case is None:
        decision.trace.append(["case", "not open", kind, ref])
        return False
    refs = dropped(refs, name)
    state.cases = put(state.cases, kind, refs) if refs else dropped(state.cases, kind)
    state.closed = put(state.closed, kind, decision.now)
    _keep_reopenable(decision, kind, name, case)
    decision.trace.append(["case", "closed", kind, name])
    decision.effects.append(CaseClosed(case, decision.now))
    decision.queue.append(Occurrence(CASE_CLOSED, kind, decision.now, cause, told_of(kind, name, case)))
    if decision.program.segments:
        reassess(decision, (CASE, ""), cause)
    decision.ask_again()
    return True


def _keep_reopenable(decision: "Decision", kind: str, ref: str, case: LiveCase) -> None:
    promised = decision.program.terms.get(kind)
    if promised is None or promised.reopens is None:
        return
    _forget(decision, kind, ref)
    was = [decision.now, case.opening, case.severity, case.owner, *([list(case.also)] if case.also else [])]
    held = decision.state.reopenable
    decision.state.reopenable = {**held, kind: {**held.get(kind, {}), ref: was}}


def answer_case(decision: "Decision", kind: str, ref: str, at: int, answer: str) -> bool:
    """Note that the customer was answered then, if it is open and no earlier answer is known (S8.2).

    `answer` says by what, such as `message:…`.
    """
    case = find(decision, kind, ref)
    if case is None:
        decision.trace.append(["case", "not open", kind, ref])
        return False
    at = max(at, case.opened_at)
    if case.answered_at is not None and case.answered_at <= at:
        decision.trace.append(["case", "answered already", kind, ref])
        return False
    case.answered_at = at
    case.doubts = NONE
    decision.trace.append(["case", "answered", kind, ref])
    decision.effects.append(CaseChanged(case, answer))
    if kind in decision.program.closed_by_answers:
        close_case(decision, kind, ref, f"case:{kind}:{ref}:{decision.now} answered")
    return True


def find(decision: "Decision", kind: str, ref: str) -> LiveCase | None:
    """The open case that goes by this ref, its own or that of one that has become part of it."""
    cases = decision.state.cases
    return cases.get(kind, {}).get(resolved(cases, kind, ref))


def assign(decision: "Decision", kind: str, ref: str, owner: str | None) -> bool:
    """Give an open case to somebody, or to nobody. False if it is not open, or theirs already."""
    case = find(decision, kind, ref)
    if case is None or case.owner == owner:
        decision.trace.append(["case", "not open" if case is None else "assigned already", kind, ref])
        return False
    case.owner = owner
    decision.trace.append(["case", "assigned", kind, ref])
    decision.effects.append(CaseChanged(case))
    return True


def set_severity(decision: "Decision", kind: str, ref: str, severity: str) -> bool:
    """Say how bad an open case is: from now on it has the deadlines of that severity, counted from its opening.

    False if it is not open, or just as bad. What has been missed stays missed; what this puts into the past is missed
    now.
    """
    case = find(decision, kind, ref)
    if case is None or case.severity == severity:
        decision.trace.append(["case", "not open" if case is None else "severity as before", kind, ref])
        return False
    case.severity = severity
    if (promised := decision.program.terms.get(kind)) is not None:
        rearm_case(promised, case, decision.now)
    decision.trace.append(["case", f"severity {severity}", kind, ref])
    decision.effects.append(CaseChanged(case))
    return True


def merge_cases(decision: "Decision", kind: str, ref: str, into: str, cause: str) -> bool:
    """Have one open case become part of another of its kind; False if they are one already, or one is not open.

    The one that stays counts from the earlier opening, has the earlier of their deadlines and answers, and the higher
    severity. What names the other from now on means it.
    """
    cases = decision.state.cases
    name, stays = resolved(cases, kind, ref), resolved(cases, kind, into)
    refs = cases.get(kind, {})
    if name == stays or name not in refs or stays not in refs:
        decision.trace.append(["case", "one already" if name == stays and name in refs else "not open", kind, ref])
        return False
    goes, case = refs[name], refs[stays]
    decision.state.cases = put(cases, kind, dropped(refs, name))
    absorb(case, goes)
    case.also = (*case.also, *(each for each in (name, *goes.also) if each not in case.also))
    told = {**told_of(kind, name, goes), "into": stays}
    decision.trace.append(["case", "merged", kind, name])
    decision.effects += [CaseClosed(goes, decision.now, stays), CaseChanged(case)]
    decision.queue.append(Occurrence(CASE_MERGED, kind, decision.now, cause, told))
    if decision.program.segments:
        reassess(decision, (CASE, ""), cause)
    return True


def absorb(stays: LiveCase, goes: LiveCase) -> None:
    """Have a case stand for another one, too."""
    stays.opened_at = min(stays.opened_at, goes.opened_at)
    stays.deadlines = _earlier(stays.deadlines, goes.deadlines)
    combine(stays, goes)


def combine(stays: LiveCase, goes: LiveCase) -> None:
    """What two cases have in common once they are one: the first answer, the higher severity, an owner."""
    answers = [each.answered_at for each in (stays, goes) if each.answered_at is not None]
    stays.doubts = NONE if answers else few({**stays.doubts, **goes.doubts})
    stays.answered_at = min(answers, default=None)
    if rank(goes.severity) > rank(stays.severity):
        stays.severity, stays.owner = goes.severity, goes.owner or stays.owner
    stays.owner = stays.owner or goes.owner
    stays.opening = max(stays.opening, goes.opening)


def _earlier(some: Mapping[str, Deadline], others: Mapping[str, Deadline]) -> Mapping[str, Deadline]:
    found = {**others, **some}
    both = {which for which in found if which in some and which in others}
    found |= {which: min(some[which], others[which], key=lambda each: each.due) for which in sorted(both)}
    return few(found)


def join_renamed(decision: "Decision", kind: str, refs: dict[str, LiveCase]) -> None:
    """Of one kind, once the cases of two ids are together: what one of them knows as part of another joins it."""
    for ref in list(refs):
        stays = next((name for name, case in refs.items() if name != ref and ref in case.also), None)
        if stays is None or ref not in refs:
            continue
        goes, case = refs.pop(ref), refs[stays]
        absorb(case, goes)
        case.also = tuple(each for each in dict.fromkeys((*case.also, *goes.also)) if each != stays)
        decision.trace.append(["case", "merged", kind, ref])
        decision.effects += [CaseClosed(goes, decision.now, stays), CaseChanged(case)]


def join_reopenable(into: "State", old: "State") -> "Mapping[str, Mapping[str, Record]]":
    """What was closed last under either id, and is open under none."""
    found: dict[str, dict[str, Record]] = {}
    for state in (into, old):
        for kind, refs in state.reopenable.items():
            for ref, was in refs.items():
                known = found.setdefault(kind, {}).get(ref)
                if ref not in into.cases.get(kind, {}) and (known is None or was[_CLOSED_AT] > known[_CLOSED_AT]):
                    found[kind][ref] = was
    return {kind: refs for kind, refs in found.items() if refs}


def led_by(run: "Run") -> tuple[str, str, int] | None:
    """The (id, type, at) of the touchpoint by which a run came to where it is: what moved it last, else its trigger."""
    for each in (run.event, run.trigger):
        if each.kind == TOUCHPOINT:
            return each.id, each.name, each.at
    return None
