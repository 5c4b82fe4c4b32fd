"""Checks of a store: what customers said, what they wish for, and what was answered (S8.1)."""

from touchpoint.stores.base import Store, TopicAnswerRow
from touchpoint.testing.contracts import Contract, promised, same
from touchpoint.testing.store_rows import NOW, contact, contacts, customer, put, wish

_MENU = "vegan menu"


class SaidChecks(Contract):
    """Contacts and wishes are found by customer, time and topic, and go with whoever is erased."""

    def test_what_was_said_is_found_until_it_is_answered(self, store: Store) -> None:
        """And stays with the customer afterwards."""
        with store.reading() as reader:
            promised(not reader.has_contacts(), "has_contacts() is false as long as there are none")
        put(store, contacts=contacts(contact(2), contact(1), contact(1, of=2)))
        answered = contact(1, answered_at=NOW + 9, opened="case:question:1")
        put(store, contacts=contacts(answered))
        with store.reading() as reader:
            promised(reader.has_contacts(), "has_contacts() tells that there are some")
            links = ["said-1", "said-2", "nobody"]
            same(reader.contacts_open(1, links), [contact(2)], "contacts_open() gives what was not answered yet")
            same(reader.contacts_of(1), [answered, contact(2)], "contacts_of() gives all of a customer, oldest first")
            same(reader.contacts_of(3), [], "contacts_of() of somebody who said nothing is empty")

    def test_what_waits_for_an_answer_is_found_by_its_links(self, store: Store) -> None:
        """By its own id, by what it is about, and by what it opened; not by those of somebody else."""
        rows = [contact(1), contact(2, about="m1"), contact(3, opened="case:help:1"), contact(4, about="m2")]
        put(store, contacts=contacts(*rows, contact(1, of=2)))
        with store.reading() as reader:
            for links, found in (
                (["said-1"], rows[:1]), (["m1"], rows[1:2]), (["case:help:1"], rows[2:3]), ([], []), (["", "x"], []),
                (["m1", "said-4", "said-1", "case:help:1", "m1"], rows),
            ):  # fmt: skip
                same(reader.contacts_open(1, links), found, "contacts_open() gives what is linked to any of these")

    def test_what_was_said_is_read_by_time_a_page_at_a_time(self, store: Store) -> None:
        """By instant, then customer, then id; the beginning counts, the end does not."""
        rows = [contact(1), contact(2), contact(2, of=2), contact(2, of=2, id="zzz"), contact(3)]
        put(store, contacts=contacts(*rows, contact(4), contact(0)))
        with store.reading() as reader:
            same(reader.contacts_between(NOW + 1, NOW + 4, None, 9), rows, "contacts_between() takes [since, until)")
            same(reader.contacts_between(NOW + 1, NOW + 4, None, 2), rows[:2], "contacts_between() keeps to its limit")
            behind = reader.contacts_between(NOW + 1, NOW + 4, (NOW + 2, 2, "said-2"), 9)
            same(behind, rows[3:], "contacts_between() goes on behind the row it is given")

    def test_who_wished_is_listed_once_each(self, store: Store) -> None:
        """With the earliest wish, for whichever of the topics, up to an instant."""
        first = wish(_MENU, of=1, id="t0", at=NOW - 1)
        rows = [
            wish(_MENU, of=1), first, wish("vegan food", of=1, id="t9"), wish("vegan food", of=2),
            wish(_MENU, of=3, at=NOW + 1), wish("parking", of=4), wish(_MENU, of=5),
        ]  # fmt: skip
        put(store, wishes=rows)
        put(store, wishes=[wish(_MENU, of=1, at=NOW - 9)])
        with store.reading() as reader:
            found, topics = [first, rows[3], rows[6]], [_MENU, "vegan food"]
            same(reader.wishers(topics, 0, NOW, 0, 9), found, "wishers() gives each customer's earliest")
            same(reader.wishers(topics, 0, NOW, 0, 2), found[:2], "wishers() keeps to its limit")
            same(reader.wishers(topics, 0, NOW, 2, 9), found[2:], "wishers() begins after a number")
            later = [rows[4]]
            same(reader.wishers(topics, NOW, NOW + 1, 0, 9), later, "wishers() leaves out what was wished for before")
            same(reader.wished_after(_MENU, NOW), 1, "wished_after() counts who wished later")
            same(reader.wishes_of(2), [rows[3]], "wishes_of() gives what one customer wished for")

    def test_topics_are_counted(self, store: Store) -> None:
        """Wishes and customers, with the oldest and the newest; most customers first."""
        put(store, wishes=[
            wish("parking", at=NOW - 5), wish(_MENU, id="a"), wish(_MENU, id="b", at=NOW + 3), wish(_MENU, of=2),
        ])  # fmt: skip
        with store.reading() as reader:
            counted = [(_MENU, 3, 2, NOW, NOW + 3), ("parking", 1, 1, NOW - 5, NOW - 5)]
            same(reader.topics(), counted, "topics() counts wishes and the customers who have them")

    def test_an_answer_to_a_topic_is_kept(self, store: Store) -> None:
        """One for each topic and answer, replaced as a whole."""
        one, other = TopicAnswerRow(_MENU, "one", NOW + 1, "{}"), TopicAnswerRow("food", "one", NOW + 1, "{}")
        put(store, topic_answers=[one, other, TopicAnswerRow(_MENU, "two", NOW, "{}")])
        after = TopicAnswerRow(_MENU, "two", NOW + 2, '{"a":1}')
        put(store, topic_answers=[after])
        with store.reading() as reader:
            same(reader.topic_answers(_MENU), [one, after], "topic_answers() gives those to a topic, oldest first")
            same(reader.topic_answers(), [other, one, after], "topic_answers() gives all")

    def test_what_was_said_follows_people_and_goes_with_them(self, store: Store) -> None:
        """Of a touchpoint that both had, the one of the id that stays counts."""
        put(store, new_customers=[customer(no) for no in (1, 2, 3)])
        ours = contact(1, intent="wish")
        put(store, contacts=contacts(ours, contact(1, of=2), contact(2, of=2), contact(3, of=3)))
        put(store, wishes=[wish(_MENU), wish(_MENU, of=2), wish("parking", of=2), wish(_MENU, of=3)])
        with store.transaction() as transaction:
            transaction.absorb(2, 1)
            counts = transaction.erase(3)
            same((counts["contacts"], counts["wishes"]), (1, 1), "erase() tells how much of what was said it deleted")
        with store.reading() as reader:
            same(reader.contacts_of(1), [ours, contact(2)], "absorb() gives what was said to the other")
            same(reader.wishes_of(1), [wish("parking"), wish(_MENU)], "absorb() gives wishes to the other")
            left = [*reader.contacts_of(2), *reader.wishes_of(2), *reader.contacts_of(3), *reader.wishes_of(3)]
            same(left, [], "nothing is left of whoever is gone")
