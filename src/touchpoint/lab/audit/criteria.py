"""Rules 1 to 4 and 7: what is open to customers, where, and who looks at what comes of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from touchpoint.engine.analysing import FEEDBACK_ANALYSED
from touchpoint.journey.taken_apart import walk_parts
from touchpoint.journey.triggers import On
from touchpoint.lab.audit.catalogue import ASKED
from touchpoint.lab.audit.history import ENOUGH, History
from touchpoint.lab.audit.result import Criterion, Place
from touchpoint.lab.audit.scene import Scene, answers, message_of
from touchpoint.model.feedback_source import FEEDBACK

_UNKNOWN: Final = "nobody said which adapters there are"
_GIVE: Final = "hand in channels=[…], the adapters of the engine"
_MOST: Final = 5
"""Places and names that are listed of one criterion."""
SHARE: Final = 0.9
"""Of feedback with a location, for history to show that feedback says where."""


def yes(code: str, what: str, places: Iterable[Place] = ()) -> Criterion:
    """A criterion that is met."""
    return Criterion(code, True, what, tuple(places)[:_MOST])  # noqa: FBT003 - as a `Criterion` has it


def no(code: str, what: str, places: Iterable[Place] = (), mend: str = "") -> Criterion:
    """A criterion that is not met, with what to do."""
    return Criterion(code, False, what, tuple(places)[:_MOST], mend or ASKED[code].mend)  # noqa: FBT003 - likewise


def listed(names: Iterable[str]) -> str:
    """Names for people: the first few, and how many more."""
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(map(repr, found[:_MOST])) + more


# --- 1: feedback is welcome -------------------------------------------------------------------------------------------


def welcome(scene: Scene, history: History | None) -> Iterator[Criterion]:
    """Rule 1."""
    asked = scene.invitations
    offered = [(place, each.name) for place, each in scene.suggestions if each.kind == "feedback"]
    if not asked and not offered:
        yield no("1.1", "no rule asks for feedback, and no suggestion does")
        return
    names = [*(message_of(each).name for each in asked), *(name for _, name in offered)]
    yield yes("1.1", f"asks by {listed(names)}", [*(each.place for each in asked), *(place for place, _ in offered)])
    unfair = [each for each in asked if scene.moods.hangs_on_praise(each)]
    if unfair:
        what = f"{listed(message_of(each).name for each in unfair)} goes only to those who were content"
        yield no("1.2", what, [each.place for each in unfair])
    else:
        yield yes("1.2", "no invitation depends on a score")
    silent = [each for each in asked if not message_of(each).wants]
    what = f"{listed(message_of(each).name for each in silent)} does not say what it wants"
    places = [each.place for each in silent]
    yield no("1.3", what, places) if silent else yes("1.3", "each says what it wants")
    yield from _can_go_out(scene)
    if history is not None and history.customers >= ENOUGH:
        yield _goes_out(history)


def _can_go_out(scene: Scene) -> Iterator[Criterion]:
    adapters = scene.adapters
    if adapters is None:
        return
    stuck = [each for each in scene.invitations if not any(name in adapters for name in message_of(each).channels)]
    what = f"{listed(message_of(each).name for each in stuck)} names no channel of which there is an adapter"
    yield no("1.4", what, [each.place for each in stuck]) if stuck else yes("1.4", "each has an adapter")


def _goes_out(history: History) -> Criterion:
    looked = f"of {history.customers:,} customers looked at"
    if history.asked:
        return yes("1.5", f"{history.asked_customers:,} {looked} were asked")
    return no("1.5", f"none {looked} was ever asked")


# --- 2: a channel of its own ------------------------------------------------------------------------------------------


def dedicated(scene: Scene, history: History | None) -> Iterator[Criterion]:  # noqa: ARG001 - as all rules have it
    """Rule 2."""
    posts = [f"post {each.name!r}" for each in scene.posts if each.dedicated]
    sources = [f"touchpoints of type {each!r}" for each in scene.sources]
    if posts or sources:
        yield yes("2.1", f"there is {', '.join([*posts, *sources][:_MOST])}")
    elif scene.undeclared:
        what = f"{listed(scene.undeclared)} seems to be feedback, and nobody said how it comes in"
        yield no("2.1", what, [Place(*each) for each in scene.undeclared.values()])
    else:
        beside = f", but {listed(each.name for each in scene.posts)} for other things as well" if scene.posts else ""
        yield no("2.1", f"there is no post and no source for feedback{beside}")
    yield from _listened_to(scene)


def _listened_to(scene: Scene) -> Iterator[Criterion]:
    types = list(dict.fromkeys((*scene.declared, *scene.undeclared)))
    heard = {
        part.type for journey in scene.journeys for path, part in walk_parts(journey, "$")
        if isinstance(part, On) and path.startswith("$.rules") and ".goal" not in path and ".exit" not in path
    }  # fmt: skip
    if scene.analyser is not None and FEEDBACK_ANALYSED in heard:
        heard.update(types)
    unheard = [each for each in types if each not in heard and not _follows(scene, each)]
    if unheard or not types:
        yield no("2.2", f"no rule starts with {listed(unheard)} or waits for it" if types else "there is no feedback")
    else:
        yield yes("2.2", f"rules listen to {listed(types)}")


def _follows(scene: Scene, of: str) -> bool:
    return bool(scene.moods.following("bad", [of]) or scene.moods.following("good", [of]))


# --- 3: automatic -----------------------------------------------------------------------------------------------------


def automatic(scene: Scene, history: History | None) -> Iterator[Criterion]:
    """Rule 3."""
    if scene.undeclared:
        what = f"{listed(scene.undeclared)} seems to be feedback, and no FeedbackSource reads it"
        yield no("3.1", what, [Place(*each) for each in scene.undeclared.values()])
    elif scene.declared:
        yield yes("3.1", f"{listed(scene.declared)} is read as feedback")
    else:
        yield no("3.1", "nothing that journeys speak of is feedback")
    if scene.invitations:
        yield _come_back(scene)
    typed = [each.name for each in scene.posts if not each.automatic]
    if typed:
        yield no("3.3", f"what is said at {listed(typed)} is typed in by somebody")
    elif scene.posts:
        yield yes("3.3", "every post records by itself")
    if scene.analyser is None:
        yield no("3.4", "there is no analyser")
    else:
        yield yes("3.4", f"by the analyser {scene.analyser.name!r}")
    if history is not None and history.asked >= ENOUGH:
        what = f"{history.feedback:,} pieces of feedback after {history.asked:,} surveys"
        yield yes("3.5", what) if history.feedback else no("3.5", what)


def _come_back(scene: Scene) -> Criterion:
    open_on = {each.channel for each in scene.posts}
    adapters = scene.adapters or {}
    open_on |= {name for name, each in adapters.items() if answers(each)}
    lost = [each for each in scene.invitations if open_on.isdisjoint(message_of(each).channels)]
    if not lost:
        return yes("3.2", "each survey has a channel whose answers come in")
    what = f"the answers to {listed(message_of(each).name for each in lost)} come in by no adapter and no post"
    if scene.adapters is None:
        return no("3.2", f"{what}: {_UNKNOWN}", [each.place for each in lost], f"{_GIVE}; {ASKED['3.2'].mend}")
    return no("3.2", what, [each.place for each in lost])


# --- 4: everywhere ----------------------------------------------------------------------------------------------------


def everywhere(scene: Scene, history: History | None) -> Iterator[Criterion]:
    """Rule 4."""
    yield _on_every_channel(scene)
    if not scene.locations:
        yield no("4.2", "nobody said which locations there are",
                 mend=f"say locations=[…], ['web'] where there is no other; {ASKED['4.2'].mend}")  # fmt: skip
    else:
        bare = [each for each in scene.locations if not any(post.is_at(each) for post in scene.posts)]
        what = f"nothing can be said at {listed(bare)}"
        yield no("4.2", what) if bare else yes("4.2", f"there is a post at {listed(scene.locations)}")
    for code, offline in (("4.3", False), ("4.4", True)):
        found = [each.name for each in scene.ways if each.offline == offline]
        what = "offline" if offline else "online"
        yield yes(code, f"{what} by {listed(found)}") if found else no(code, f"there is no way {what}")
    if history is not None and scene.locations and history.located >= ENOUGH * len(scene.locations):
        silent = [each for each in scene.locations if each not in history.locations]
        what = f"in {history.located:,} pieces of feedback none is from {listed(silent)}"
        yield no("4.5", what) if silent else yes("4.5", "feedback came from each of them")


def _on_every_channel(scene: Scene) -> Criterion:
    messages = [message for journey in scene.journeys for message in journey.messages.values()]
    written = dict.fromkeys(name for message in messages for name in message.channels)
    adapters = scene.adapters or {}
    written |= dict.fromkeys(adapters)
    open_on = {each.channel for each in scene.posts}
    open_on |= {each for each in written if (each in adapters and answers(adapters[each])) or scene.is_human(each)}
    mute = [each for each in written if each not in open_on]
    if not written:
        return no("4.1", "no message names a channel")
    if not mute:
        return yes("4.1", f"customers can answer on {listed(written)}")
    if scene.adapters is None:
        return no("4.1", f"nobody knows whether customers can answer on {listed(mute)}: {_UNKNOWN}",
                  mend=f"{_GIVE}; {ASKED['4.1'].mend}")  # fmt: skip
    return no("4.1", f"customers cannot answer on {listed(mute)}")


# --- 7: compared ------------------------------------------------------------------------------------------------------


def compared(scene: Scene, history: History | None) -> Iterator[Criterion]:
    """Rule 7."""
    if scene.locations:
        yield yes("7.1", f"{listed(scene.locations)}")
    else:
        yield no("7.1", "nobody said which locations there are")
    yield _says_where(scene, history)
    yield _kept(scene, history)
    if history is not None and history.feedback >= ENOUGH:
        what = f"{history.located:,} of {history.feedback:,} pieces of feedback named a location"
        yield yes("7.4", what) if history.located else no("7.4", what)


def _kept(scene: Scene, history: History | None) -> Criterion:
    figures = scene.figures if history is None or history.figures is None else history.figures
    if figures is None:
        return no("7.3", "no figures are kept")
    if figures.locations < len(scene.locations):
        what = f"of {len(scene.locations)} locations figures tell at most {figures.locations} apart"
        return no("7.3", what, mend="say Figures(locations=…) with a number that is large enough")
    return yes("7.3", "with every touchpoint; `touchpoint report` and engine.figures() show them")


def _says_where(scene: Scene, history: History | None) -> Criterion:
    if history is not None and history.feedback >= ENOUGH and history.located >= SHARE * history.feedback:
        return yes("7.2", f"{history.located:,} of {history.feedback:,} pieces of feedback did")
    mute = _without_location(scene)
    if not mute and scene.declared:
        return yes("7.2", f"{listed(scene.declared)} says where")
    what = f"nothing shows at which location {listed(mute)} was said" if mute else "there is no feedback"
    return no("7.2", what)


def _without_location(scene: Scene) -> Sequence[str]:
    """The types of feedback of which neither a source nor every post says that they name their location."""
    posts: dict[str, list[bool]] = {}
    for each in scene.posts:
        posts.setdefault(each.type, []).append(each.tells_location)
    named = {of for of, source in scene.sources.items() if source.location is not None}
    if scene.takes_answers and FEEDBACK not in posts:
        named.add(FEEDBACK)  # an answer is about the location of what was asked about
    types = (*scene.declared, *scene.undeclared)
    return [each for each in dict.fromkeys(types) if each not in named and not all(posts.get(each, [False]))]
