"""`audit`: journeys, channels and history held against the seven rules of engagement (S8.3)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from touchpoint.channels.base import Adapter, AsyncAdapter
from touchpoint.core.program import compile_program
from touchpoint.errors import InvalidInput
from touchpoint.insight.analysis import Analyser
from touchpoint.journey import steps as s
from touchpoint.journey.journey import Journey
from touchpoint.journey.policy import Policy
from touchpoint.lab.audit.criteria import automatic, compared, dedicated, everywhere, welcome
from touchpoint.lab.audit.history import History, Known, read_history
from touchpoint.lab.audit.incentives import incentive
from touchpoint.lab.audit.listening import ListeningPost, names, together
from touchpoint.lab.audit.reactions import answering, reaction
from touchpoint.lab.audit.result import Audit, Criterion, Judged
from touchpoint.lab.audit.scene import Scene, capabilities, message_of
from touchpoint.model.feedback_source import FeedbackSource, sources_by_type
from touchpoint.model.figures import Figures
from touchpoint.model.message import Gift
from touchpoint.stores.base import Store

Judge: TypeAlias = Callable[[Scene, History | None], Iterator[Criterion]]
_JUDGES: Final[tuple[Judge, ...]] = (welcome, dedicated, automatic, everywhere, incentive, reaction, compared)


def audit(  # noqa: PLR0913 - each is a part of the setting, and all but the first are options
    journeys: Journey | Iterable[Journey],
    policy: Policy | None = None,
    channels: Iterable[str | Adapter | AsyncAdapter] | None = None,
    *,
    feedback: Iterable[FeedbackSource] = (),
    analyser: Analyser | None = None,
    locations: Iterable[str] = (),
    posts: Iterable[ListeningPost] = (),
    figures: Figures | None = None,
    store: Store | None = None,
) -> Audit:
    """Hold everything against the seven rules of engagement.

    What nobody says is taken as not being there. Whether rules can start at all is what `check` finds out.

    Args:
        journeys: one or several that are at work in one engine.
        policy: of the engine; None for none.
        channels: the adapters of the engine, or names of channels of which nothing else is known; None where nobody
            knows.
        feedback: as `Engine(feedback=)` takes it.
        analyser: as `Engine(analyser=)` takes it.
        locations: every place where customers are met, such as `["graz", "linz", "web"]`.
        posts: where customers can say something that no adapter shows.
        figures: as `Engine(figures=)` takes them; where a store is given that keeps some, these count.
        store: whose history is read, at most of 500 customers; nothing is changed.

    Raises:
        JourneyError: the journeys contradict each other.
        InvalidInput: what is handed in cannot be used.
        UnknownName: a post stands at a location that nobody named.
        StoreError: the store cannot be read.
    """
    given = (journeys,) if isinstance(journeys, Journey) else tuple(journeys)
    compile_program(given, policy or Policy())
    known = names("locations=", locations)
    if figures is not None and not isinstance(figures, Figures):
        raise InvalidInput(f"figures= takes Figures(…), not {type(figures).__name__}")
    scene = Scene(
        given, policy or Policy(), capabilities(channels), sources_by_type(feedback), analyser, known,
        together(posts, known), figures,
    )  # fmt: skip
    history = None if store is None else read_history(store, _known(scene))
    rules = (Judged(n, tuple(judge(scene, history)), () if history is None else history.evidence(n))
             for n, judge in enumerate(_JUDGES, 1))  # fmt: skip
    return Audit(tuple(rules), None if history is None else history.customers)


def _known(scene: Scene) -> Known:
    """What history is read with."""
    sent = [each for each in scene.moods.spots if isinstance(each.step, s.Send)]
    messages = [message_of(each) for each in sent]
    named = {name for message in messages for name in message.channels}
    named |= {*(scene.adapters or ()), *(each.channel for each in scene.posts if each.channel is not None)}
    return Known(
        sources=scene.sources,
        surveys=scene.moods.surveys,
        answers=frozenset((each.journey.name, message_of(each).name) for each in answering(scene)),
        gifts=frozenset(each.name for each in messages if isinstance(each, Gift)),
        channels=frozenset(named),
        locations=frozenset(scene.locations),
    )  # fmt: skip
