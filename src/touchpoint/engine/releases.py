"""Changing live journeys: preview, release, rollback (S5.4). A part of `Engine`, in a file of its own."""

from collections.abc import Callable

from touchpoint.engine import releasing
from touchpoint.engine.catching_up import pass_on
from touchpoint.engine.ground import Ground
from touchpoint.engine.unit import Unit
from touchpoint.journey.journey import Journey
from touchpoint.model.release import Mode, Preview, Release


class Releases(Ground):
    """What is at work, since when, and what shall be."""

    def releases(self, journey: str | Journey | None = None) -> list[Release]:
        """Every release of a journey, or of all of them, oldest first: what, when, by whom, and which is at work.

        Raises:
            UnknownName: no such journey was ever released.
        """
        with self._reading() as reader:
            return releasing.listed(reader, _name(journey))

    def preview_release(self, journey: Journey, *, mode: Mode = "follow", migration: str | None = None) -> Preview:
        """What a release of this definition would do to every live run of the journey. Nothing is changed.

        Every customer is read once, one after the other; memory does not grow with their number.

        Args:
            journey: the new definition.
            mode: `follow`: runs keep their place by step id; `pin`: they finish on the definition they started with;
                `migrate`: a function of the host says where each goes on.
            migration: the name of that function in `Engine(migrations=)`.

        Raises:
            JourneyError: it contradicts the other journeys at work.
            InvalidInput, UnknownName: mode or migration are not acceptable.
        """
        from touchpoint.engine import previewing

        checked, name = releasing.mode_of(mode, migration, self._migrations)
        now = self._now()
        with self._reading() as reader:
            return previewing.preview(reader, self._at_work, journey, checked, name, self._migrations, now)

    def release(
        self, journey: Journey, *, confirm: str, by: str, mode: Mode = "follow", migration: str | None = None
    ) -> Release:
        """Put a definition to work, for every engine on this store, at this instant.

        That is one short transaction, however many people are in the journey. Each of them meets the release when they
        are next looked at, as of its instant; workers go through all of them.

        Args:
            journey: the new definition.
            confirm: the token of `preview_release` for the same journey, mode and migration.
            by: who does it.
            mode: as in `preview_release`.
            migration: likewise.

        Raises:
            ReleaseRefused: the token is void, as after somebody else's release; or nothing would change.
            JourneyError: it contradicts the other journeys at work.
            InvalidInput, UnknownName: something else is not acceptable.
        """
        checked, name = releasing.mode_of(mode, migration, self._migrations)
        person, now = releasing.who(by), self._now()

        def act(unit: Unit) -> Release:
            made = releasing.release(unit, self._at_work, journey, checked, name, confirm, person, now)
            self._switch(unit)
            return made

        return self._released(act)

    def rollback(self, journey: str | Journey, *, by: str, to: int | None = None, mode: Mode = "follow") -> Release:
        """Put to work again what was at work before; a release like any other, with a number of its own.

        Nothing that was done is undone: who has moved on stays where they are.

        Args:
            journey: its name.
            by: who does it.
            to: the number of a release; the one before the definition at work, unless given.
            mode: `follow` or `pin`.

        Raises:
            UnknownName: no such journey or release.
            ReleaseRefused: there is nothing to go back to, or it cannot be read any more.
        """
        checked, _ = releasing.mode_of(mode, None, {})
        person, now, name = releasing.who(by), self._now(), _name(journey) or ""

        def act(unit: Unit) -> Release:
            made = releasing.rollback(unit, self._at_work, name, to, checked, person, now)
            self._switch(unit)
            return made

        return self._released(act)

    def _released(self, act: Callable[[Unit], Release]) -> Release:
        made = self._write(act)
        if self._open is not None:
            # Whoever drives the engine step by step, as the test kit does, looks only at those who are due.
            unit = self._open.enter_result
            unit.flush()
            while pass_on(unit):
                unit.flush()
            self._passing = False
        self._bell.ring_for_all()
        return made


def _name(journey: str | Journey | None) -> str | None:
    return journey.name if isinstance(journey, Journey) else journey
