"""What the engine knows of people, and what people may ask of it: who they are, what they allow, where they go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import attrs

from touchpoint.durations import Duration
from touchpoint.engine import acts
from touchpoint.engine.ground import Ground
from touchpoint.engine.intake import customer_id
from touchpoint.engine.keyed import able
from touchpoint.errors import InvalidInput, StoreError
from touchpoint.model.consent import ANY, Basis
from touchpoint.model.preference import Preferences

if TYPE_CHECKING:
    from touchpoint.engine import ledger, merging, preferring, privacy, received

T = TypeVar("T")


class People(Ground):
    """Customers: profiles, consent, preferences; merged, erased and exported."""

    # Who they are, and what they allow.

    def identify(
        self,
        customer: str,
        *,
        traits: Mapping[str, object] | None = None,
        addresses: Mapping[str, str | Sequence[str]] | None = None,
        timezone: str | Sequence[str] | None = None,
        locale: str | None = None,
        connection: object = None,
    ) -> None:
        """Say who a customer is; what is not given stays as it is.

        Args:
            customer: the host's own id; created if new.
            traits: merged into those known.
            addresses: kind (email, phone, …) to one address or several; they replace those of the kind.
            timezone: a zone name, or several where the home is not known.
            locale: such as `de-AT`.
            connection: as for `record`.

        Raises:
            InvalidInput: something is not acceptable; nothing was stored.
        """
        said = acts.profile_news(traits, addresses, timezone, locale, self.adapters, self._traits)
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: acts.identify(unit, identity, said, now), connection)

    def grant(  # noqa: PLR0913 - each argument is a field of the ledger's line
        self, customer: str, purpose: str, *, channel: str = ANY, at: datetime | None = None, basis: Basis = "express",
        source: str = "", wording: str = "", evidence: str = "", jurisdiction: str = "",
        expires_at: datetime | None = None, connection: object = None,
    ) -> None:  # fmt: skip
        """Enter a grant into the customer's consent ledger (S7.1).

        Args:
            customer: the host's own id; created if new.
            purpose: a kind of message or topic; `*` for all.
            channel: `*` for all.
            at: when the customer said so; now if not given. One in the future is refused.
            basis: what kind of grant it is.
            source: where it was said, such as "signup form".
            wording: what the customer was shown.
            evidence: a reference to the proof the host keeps.
            jurisdiction: whose law, such as "EU".
            expires_at: when the grant lapses by itself; None for never.
            connection: as for `record`.
        """
        said = acts.consent(purpose, channel, True, at, self._now(), basis, source, expires_at)  # noqa: FBT003 - it is the ledger's word
        proof = acts.evidence(wording, evidence, jurisdiction)
        self._consent(customer, said, proof, connection)

    def withdraw(
        self, customer: str, purpose: str = ANY, *, channel: str = ANY, at: datetime | None = None, source: str = "",
        wording: str = "", evidence: str = "", connection: object = None,
    ) -> None:  # fmt: skip
        """Enter a withdrawal into the ledger. It acts at the next release, also on messages that wait already."""
        said = acts.consent(purpose, channel, False, at, self._now(), "express", source, None)  # noqa: FBT003 - it is the ledger's word
        self._consent(customer, said, acts.evidence(wording, evidence, ""), connection)

    def _consent(self, customer: str, said: acts.Said, proof: dict[str, object], connection: object) -> None:
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: acts.consent_said(unit, identity, said, proof, now), connection)

    def prefer(self, customer: str, preferences: Preferences | None, *, connection: object = None) -> None:
        """Set the customer's own preferences (S7.4); None takes them back. `connection` as for `record`."""
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: acts.prefer(unit, identity, preferences, now), connection)

    def preferences(self, customer: str) -> "preferring.PreferenceCentre":
        """What the customer may choose and has chosen: all that a page of one's own needs. Raises UnknownCustomer."""
        from touchpoint.engine import preferring

        with self._unit() as unit:
            return preferring.centre(unit, self._known(unit, customer), self.adapters, self._now())

    def choose(  # noqa: PLR0913 - each argument is a field of the ledger's line
        self, customer: str, purpose: str, *, yes: bool, channel: str = ANY, source: str = "", wording: str = "",
        evidence: str = "", jurisdiction: str = "", connection: object = None,
    ) -> None:  # fmt: skip
        """Enter what a customer chose on a page: `grant` or `withdraw`, in one call.

        A yes also takes back the wish that switched the topic off; a channel that is switched off stays so.

        Args:
            customer: the host's own id; created if new.
            purpose: as `Choice.purpose`: a kind of message or topic; `*` for all.
            yes: what was chosen.
            channel: `*` for all.
            source: where, such as "preference page".
            wording: what the customer was shown.
            evidence: a reference to the proof the host keeps.
            jurisdiction: whose law, such as "EU".
            connection: as for `record`.

        Raises:
            InvalidInput: `yes` is no bool, or there is no purpose.
        """
        from touchpoint.engine import preferring

        if not isinstance(yes, bool):
            raise InvalidInput(f"yes= is True or False, not {type(yes).__name__}; a form's text is neither")
        said = acts.consent(purpose, channel, yes, None, self._now(), "express", source, None)
        proof = acts.evidence(wording, evidence, jurisdiction)
        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: preferring.choose(unit, identity, said, proof, now), connection)

    def snooze(self, customer: str, until: datetime | Duration, *, connection: object = None) -> datetime | None:
        """Put off everything that wishes bind, until an instant or for a length of time, such as `days(14)`.

        What waits by then goes through the gate again; what is past its best-before is dropped. The instant at which
        it ends, aware UTC. `connection` as for `record`.

        Raises:
            InvalidInput: neither an aware datetime nor a length of time, or one that is over.
        """
        from touchpoint.engine import preferring

        identity, now = customer_id(customer), self._now()
        return self._write(lambda unit: preferring.snooze(unit, identity, until, now), connection)

    def unsnooze(self, customer: str, *, connection: object = None) -> None:
        """Take a snooze back: what waits for its end is asked again at once. `connection` as for `record`."""
        from touchpoint.engine import preferring

        identity, now = customer_id(customer), self._now()
        self._write(lambda unit: preferring.snooze(unit, identity, None, now), connection)

    def why_received(self, customer: str, message: str) -> "received.Received":
        """Why a customer got a message, for the customer to read: `.lines()` are sentences.

        Args:
            customer: any of their ids.
            message: its name (the last one counts), or the key of one.

        Raises:
            UnknownCustomer: no such customer.
            UnknownName: this customer got no such message.
        """
        from touchpoint.engine import received

        with self._unit() as unit:
            return received.received(unit, self._known(unit, customer), message)

    def recipient_of(self, key: str) -> str | None:
        """The id of the customer whom a message was for; None for a key that nobody knows (any more).

        With the signed link of a mail (`Unsubscribe`), which holds a message's key, a host finds whose page to show.
        """
        from touchpoint.engine import received

        with self._unit() as unit:
            return received.recipient(unit, key)

    def proof_of_consent(self, customer: str) -> "ledger.ConsentProof":
        """The customer's consent ledger as evidence, and what stands of it (S7.1). Raises UnknownCustomer."""
        from touchpoint.engine import ledger

        with self._unit() as unit:
            return ledger.proof_of_consent(unit, self._known(unit, customer), self._now())

    # Whole people (S1.6, S1.7).

    def merge(self, old: str, into: str, *, connection: object = None) -> "merging.Merged":
        """Have two ids be one person, such as an anonymous visitor who has signed in (S1.6).

        Histories interleave, caps and limits add up, and a withdrawal on either side beats a grant. `old` stays another
        id of the person: whatever is recorded or asked under it goes to `into`. Doing it again changes nothing.

        Args:
            old: the id that becomes another name; one that nobody has becomes one, too.
            into: the id that stays; where nobody has it, the customer `old` is given it.
            connection: as for `record`.

        Raises:
            CustomerErased: either of them was erased.
        """
        from touchpoint.engine import merging

        one, other, now = customer_id(old), customer_id(into), self._now()
        return self._write(lambda unit: merging.merge(unit, one, other, now), connection)

    def erase(self, customer: str, *, connection: object = None) -> "privacy.Erased":
        """Remove a person everywhere, under all their ids (S1.7).

        Gone are the profile, timeline, messages, decisions and payloads; in the file they are overwritten. What stays:
        hashes of ids and addresses, keyed with the engine's secret, so that nothing more is taken about them and what
        they or their providers said of an address still holds; and counts that name nobody. Backups are the host's.

        Args:
            customer: any of their ids. One that nobody has is kept out all the same.
            connection: as for `record`. The bytes are then gone once the host has committed and called `checkpoint()`.

        Raises:
            SecretNeeded: the engine was made without `secret=`.
        """
        from touchpoint.engine import privacy

        identity, now = customer_id(customer), self._now()
        able(self._keyed, frozenset())
        erased, left = self._write(lambda unit: privacy.erase(unit, identity, self.adapters, now), connection)
        if self._caller is not None:
            self._caller.forget(left.ids)
        if connection is not None or self._open is not None:
            return erased
        try:
            folded = self.store.checkpoint()
            if self.store.left_over(left.marks()):
                folded = self.store.checkpoint(rewrite=True)
            return attrs.evolve(erased, folded=folded)
        except StoreError:  # it is committed all the same: `folded` says that something is left to do
            return erased

    def readmit(self, customer: str, *, connection: object = None) -> bool:
        """Take touchpoints again about an id that was erased, as of somebody new. False if it was not kept out.

        Nothing comes back; what is kept of addresses still holds. Touchpoints of before the erasure would be taken as
        well, since nobody knows them any more: do not send them again.

        Raises:
            SecretNeeded: the engine lacks a secret with which people were erased.
        """
        from touchpoint.engine import privacy

        identity = customer_id(customer)
        return self._write(lambda unit: privacy.readmit(unit, identity), connection)

    def export(self, customer: str) -> dict[str, object]:
        """Everything that is held about a person, as plain JSON values (S1.7). Raises UnknownCustomer."""
        from touchpoint.engine.exporting import export

        with self._unit() as unit:
            return export(unit, self._known(unit, customer), self.adapters, self._now())

    def checkpoint(self, *, rewrite: bool = False) -> bool:
        """Fold the store's log, so that what was erased is in neither the file nor the log.

        Whether nothing older is left in it: False while somebody reads an older state; call it again then.

        Args:
            rewrite: write all tables anew as well, for whoever wants no fragment of an erased row in unused parts of
                the file (`docs/how-to/privacy.md`). Everybody waits as long as it takes.

        Raises:
            StoreError: also inside of a transaction of this engine.
        """
        return self.store.checkpoint(rewrite=rewrite)
