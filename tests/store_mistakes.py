"""Mistakes that a store can make, each with a check of the contract that must see it."""

import unicodedata
from decimal import Decimal

import attrs

from touchpoint.errors import StoreError
from touchpoint.stores.base import Changes
from wrong_stores import (
    AnswersForEver,
    AnyConnection,
    Buffers,
    CheckpointForgets,
    ClosesForGood,
    CommitsAnyway,
    CommitsAtInterrupts,
    CommitsEachWrite,
    CommitsForTheHost,
    CountersSurviveFailure,
    CountsFromZero,
    CountsOwnCommits,
    CountsRows,
    CutsIterators,
    ForeignErrors,
    ForgetsAtClosing,
    GenerationComesBack,
    GivesNumbersTwice,
    HidesErrors,
    ManyInstants,
    NoLock,
    OneGenerationForHosts,
    OpensAgain,
    RollsTheHostBack,
    StaleCounters,
    StaleGeneration,
    Wraps,
    Wrong,
)


def answering(**instead):
    """A mistake in answers or in writing."""
    return lambda inner: Wrong(inner, **instead)


def writing(change):
    """A mistake in what is written: `change` gives the changes that are written instead."""
    return answering(write=lambda inner, changes: inner.write(change(inner, changes)))


def without(name):
    return writing(lambda _, changes: attrs.evolve(changes, **{name: type(getattr(changes, name))()}))


def each(name, act):
    """A mistake in every row of a list that is written."""
    return writing(lambda _, changes: attrs.evolve(changes, **{name: [act(row) for row in getattr(changes, name)]}))


def bounded(name):
    """Only the first 256 of what is asked for are looked up."""
    return answering(**{name: lambda inner, asked: getattr(inner, name)(list(asked)[:256])})


def last_first(name):
    return answering(**{name: lambda inner, *args: getattr(inner, name)(*args)[::-1]})


def text(act):
    """A mistake in every text of the rows of customers."""
    return each(
        "new_customers", lambda row: row._replace(id=act(row.id), profile=act(row.profile), state=act(row.state))
    )


def _last_tallies(inner, changes):
    known = {(row.subject, row.name, row.what): row.n for row in inner.tallies()}
    return attrs.evolve(changes, tallies={key: n - known.get(key, 0) for key, n in changes.tallies.items()})


def _first_notes(inner, changes):
    return attrs.evolve(changes, meta={**changes.meta, **{k: v for k, v in inner.meta().items() if k in changes.meta}})


def _first_standing(inner, changes):
    first = {}
    for row in changes.addresses:
        first.setdefault((row.kind, row.key), row)
    return attrs.evolve(changes, addresses=[row for key, row in first.items() if not inner.addresses([key])])


def _again(inner):
    """Comes back to customers that were changed on the way."""
    for row in list(inner.all_customers()):
        yield row
        (now,) = inner.customers_by_number([row.no])
        if now != row:
            yield now


def _first_dues(_, changes):
    last = {}
    for row in changes.dues:
        last.setdefault(row[2], row)
    return attrs.evolve(changes, dues=list(last.values()))


def _journal_to_the_first_page(inner, customer):
    for n, row in enumerate(inner.journal(customer)):
        if n == 256:
            return
        yield row


def _rounded(row):
    return row._replace(due=None if row.due is None else int(float(row.due)))


def _whole_message(inner, changes):
    inner.write(changes)
    return Changes(delivered=[(row.delivery, row.changed_at, row.key) for row in changes.messages_changed])


def _delivery_only(inner, changes):
    kept = [
        (delivery, row.changed_at, key)
        for delivery, _, key in changes.delivered
        for row in [inner.message(key) or next(each for each in changes.messages if each.key == key)]
    ]
    return attrs.evolve(changes, delivered=kept)


def _float_budgets(inner, changes):
    before = inner.spent(list(changes.budgets))
    rounded = {
        name: Decimal(str(float(before[name]) + float(added))) - before[name] for name, added in changes.budgets.items()
    }
    return attrs.evolve(changes, budgets=rounded)


def _tolerant(inner, changes):
    """Changes of what is not there are passed over."""
    return attrs.evolve(
        changes,
        customers=[row for row in changes.customers if row[4] < 90],
        runs_ended=[row for row in changes.runs_ended if row[2] < 90],
        tasks_changed=[row for row in changes.tasks_changed if not row[3].endswith("99")],
    )


def _without_surrogates(_, changes):
    def mended(value):
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    return attrs.evolve(
        changes,
        new_customers=[type(row)(*map(mended, row)) for row in changes.new_customers],
        meta={key: mended(value) for key, value in changes.meta.items()},
    )


def _quoting(inner, changes):
    try:
        inner.write(changes)
    except StoreError as error:
        raise StoreError(f"{error}: {changes.new_customers} {changes.meta}") from None


WRONG = {
    # name: (the mistake, a check that must see it)
    "knows no other ids": (without("aliases"), "test_another_id_leads_to_its_customer"),
    "erases nothing": (
        answering(erase=lambda *_: {"journal": 2, "messages": 1}),
        "test_what_is_erased_is_gone_and_nothing_else",
    ),
    "merges nothing": (answering(absorb=lambda *_: None), "test_two_customers_become_one"),
    "leaves entries where they are": (without("entries_moved"), "test_entries_change_hands_and_lose_their_ids"),
    "keeps ids": (answering(rename=lambda *_: None), "test_a_customer_is_given_another_id"),
    "loses tombstones": (without("tombstones"), "test_tombstones_are_found_by_secret_and_hash"),
    "keeps addresses": (without("addresses_gone"), "test_what_is_written_of_addresses_can_be_taken_away"),
    "keeps what waits": (without("events_gone"), "test_what_waits_for_a_reference_can_be_taken_away"),
    "erases by halves": (
        answering(erase=lambda inner, _: inner.run("DELETE FROM touchpoint_runs") or {}),
        "test_after_a_checkpoint_of_a_rewritten_store_everything_is_there",
    ),
    "loses messages": (without("messages"), "test_messages_are_found_by_key_and_by_customer"),
    "loses receipts": (without("delivered"), "test_what_a_provider_tells_changes_nothing_else_of_the_message"),
    "loses closed cases": (without("cases_closed"), "test_cases_come_oldest_first_and_close"),
    "loses answered cases": (without("cases_changed"), "test_what_becomes_of_a_case_is_kept"),
    "loses lifted controls": (without("controls_lifted"), "test_controls_are_set_and_lifted"),
    "loses paces": (without("paces"), "test_paces_are_replaced"),
    "loses volumes": (without("volumes"), "test_volumes_are_replaced"),
    "loses what is parked": (without("parked"), "test_parked_things_are_counted"),
    "keeps what is not parked any more": (
        writing(lambda _, changes: attrs.evolve(changes, parked={no: n for no, n in changes.parked.items() if n})),
        "test_parked_things_are_counted",
    ),
    "gives the last page of what is parked": (
        answering(parked=lambda inner, after, limit: inner.parked(after, 999)[-limit:]),
        "test_parked_things_are_counted",
    ),
    "loses who joined": (without("members"), "test_members_come_by_number_a_page_at_a_time"),
    "keeps who has left": (without("members_gone"), "test_members_leave_and_come_again"),
    "gives the last page of members": (
        answering(members=lambda inner, name, after, limit: inner.members(name, after, 999)[-limit:]),
        "test_members_come_by_number_a_page_at_a_time",
    ),
    "gives everybody again": (
        answering(customers_after=lambda inner, _, limit: inner.customers_after(0, limit)),
        "test_customers_come_in_pages",
    ),
    "forgets who is erased": (
        answering(
            erase=lambda inner, no: inner.run("DELETE FROM touchpoint_customers WHERE no = ?", (no,)) or {"members": 2}
        ),
        "test_whoever_is_erased_or_absorbed_is_in_no_segment",
    ),
    "loses gifts": (without("gifts"), "test_gifts_are_found_and_replaced_as_a_whole"),
    "keeps the first gift": (
        writing(lambda inner, it: attrs.evolve(it, gifts={
            key: row for key, row in it.gifts.items() if inner.gift(key) is None
        })), "test_gifts_are_found_and_replaced_as_a_whole",
    ),
    "loses what is booked": (without("bookings"), "test_what_is_booked_adds_up_within_any_period"),
    "keeps what is given back": (without("bookings_gone"), "test_what_is_given_back_is_gone_from_every_sum"),
    "leaves everything reserved": (without("bookings_settled"), "test_what_is_reserved_is_settled"),
    "adds up everybody's": (
        answering(booked=lambda inner, account, start, end, _=None: inner.booked(account, start, end)),
        "test_what_is_booked_adds_up_within_any_period",
    ),
    "never forgets what has left": (
        answering(booked=lambda inner, account, _, end, customer=None: inner.booked(account, 0, end, customer)),
        "test_a_sum_that_rolls_forgets_what_has_left_it",
    ),
    "gives the last page of bookings": (
        answering(bookings=lambda inner, account, start, end, customer, limit, _=0: inner.bookings(
            account, start, end, customer, 999)[-limit:]), "test_bookings_come_in_pages_earliest_first",
    ),
    "takes a second booking in silence": (
        writing(lambda inner, it: attrs.evolve(it, bookings=[
            row for row in it.bookings if not inner.bookings_of(row.key)
        ])), "test_a_message_books_once_on_an_account",
    ),
    "stops at an empty stock in silence": (
        writing(lambda inner, it: attrs.evolve(it, stocks=[
            row for row in it.stocks if inner.stocks([row[0]]).get(row[0], row[1]) + row[2] >= 0
        ])), "test_a_stock_is_never_below_none",
    ),
    "forgets what was spent on who is erased": (
        answering(erase=lambda inner, no: (
            inner.run("DELETE FROM touchpoint_bookings WHERE customer = ?", (no,)), inner.erase(no))[1]
        ), "test_accounts_forget_who_is_erased_and_follow_who_is_merged",
    ),
    "loses referrals": (without("referrals"), "test_a_referral_is_found_from_both_sides"),
    "gives the last page of referrals": (
        answering(referrals_by=lambda inner, no, after, limit: inner.referrals_by(no, after, 999)[-limit:]),
        "test_a_referral_is_found_from_both_sides",
    ),
    "keeps the first referral": (
        writing(lambda _, it: attrs.evolve(it, referrals={
            no: row for no, row in it.referrals.items() if row.dropped == "" or row.converted_at is None
        })), "test_a_referral_is_replaced_as_a_whole",
    ),
    "leaves out a second referral in silence": (
        writing(lambda inner, it: attrs.evolve(it, referrals={
            no: row for no, row in it.referrals.items() if row.friend is None or inner.referral_of(row.friend) is None
        })), "test_nobody_is_brought_by_two",
    ),
    "counts referrals that were dropped": (
        answering(referral_counts=lambda inner, no: inner.run(
            "SELECT count(*), count(converted_at) FROM touchpoint_referrals WHERE advocate = ?", (no,))[0]
        ), "test_those_that_stand_are_counted",
    ),
    "loses figures": (without("figures"), "test_figures_add_up"),
    "counts only who is there": (
        writing(lambda _, it: attrs.evolve(it, figures={key: n for key, n in it.figures.items() if not key[0]})),
        "test_figures_add_up",
    ),
    "counts other days as well": (
        answering(figures_by_day=lambda inner, what, _, last: inner.figures_by_day(what, 0, last)),
        "test_figures_add_up",
    ),
    "finds everybody uncounted": (
        answering(uncounted=lambda inner, after, limit: [row.no for row in inner.customers_after(after, limit)]),
        "test_who_is_not_counted_is_found",
    ),
    "keeps accounts of who is gone": (
        answering(absorb=lambda inner, old, into: [
            inner.run("UPDATE touchpoint_figure_accounts SET customer = 99 WHERE customer = ?", (old,)),
            inner.absorb(old, into),
            inner.run("UPDATE touchpoint_figure_accounts SET customer = ? WHERE customer = 99", (old,)),
        ][1]),
        "test_what_is_remembered_to_count_goes_with_its_customer",
    ),
    "clears what was counted of who was erased": (
        answering(clear_figures=lambda inner, *, places: [
            inner.clear_figures(places=places), inner.run("DELETE FROM touchpoint_figures"),
        ][0]),
        "test_figures_are_cleared",
    ),
    "tells figures of cases before the last change": (
        answering(cases_by_number=lambda inner, numbers: [
            row._replace(closed_at=None) for row in inner.cases_by_number(numbers)
        ]),
        "test_cases_and_messages_are_found_by_number",
    ),
    "loses contacts": (without("contacts"), "test_what_was_said_is_found_until_it_is_answered"),
    "keeps answered contacts open": (
        answering(contacts_open=lambda inner, no, links: [r for r in inner.contacts_of(no) if r.id in links]),
        "test_what_was_said_is_found_until_it_is_answered",
    ),
    "finds contacts by their own ids alone": (
        answering(contacts_open=lambda inner, no, links: [r for r in inner.contacts_open(no, links) if r.id in links]),
        "test_what_waits_for_an_answer_is_found_by_its_links",
    ),
    "leaves contacts in no order": (last_first("contacts_of"), "test_what_was_said_is_found_until_it_is_answered"),
    "takes the end of a time for part of it": (
        answering(contacts_between=lambda inner, since, until, *more: inner.contacts_between(since, until + 1, *more)),
        "test_what_was_said_is_read_by_time_a_page_at_a_time",
    ),
    "gives the last page of contacts": (
        answering(contacts_between=lambda inner, since, until, after, limit: inner.contacts_between(
            since, until, after, 999)[-limit:]),
        "test_what_was_said_is_read_by_time_a_page_at_a_time",
    ),
    "begins each page of contacts anew": (
        answering(contacts_between=lambda inner, since, until, _, limit: inner.contacts_between(
            since, until, None, limit)),
        "test_what_was_said_is_read_by_time_a_page_at_a_time",
    ),
    "loses wishes": (without("wishes"), "test_who_wished_is_listed_once_each"),
    "lists wishes instead of people": (
        answering(wishers=lambda inner, topics, since, until, after, limit: [
            row for no in range(after + 1, 9) for row in inner.wishes_of(no)
            if row.topic in topics and since < row.at <= until
        ][:limit]),
        "test_who_wished_is_listed_once_each",
    ),
    "lists whoever wished long before": (
        answering(wishers=lambda inner, topics, _, *more: inner.wishers(topics, 0, *more)),
        "test_who_wished_is_listed_once_each",
    ),
    "counts wishes for customers": (
        answering(topics=lambda inner: [(t, n, n, a, b) for t, n, _, a, b in inner.topics()]),
        "test_topics_are_counted",
    ),
    "loses answers to topics": (without("topic_answers"), "test_an_answer_to_a_topic_is_kept"),
    "keeps what was said by who is erased": (
        answering(erase=lambda inner, no: [
            inner.run("UPDATE touchpoint_contacts SET customer = 99 WHERE customer = ?", (no,)), inner.erase(no),
            inner.run("UPDATE touchpoint_contacts SET customer = ? WHERE customer = 99", (no,)),
        ][1]),
        "test_what_was_said_follows_people_and_goes_with_them",
    ),
    "forgets referrals of who is erased": (
        answering(erase=lambda inner, no: inner.run(
            "DELETE FROM touchpoint_referrals WHERE advocate = ? OR friend = ?", (no, no)) or {"referrals": 2}
        ), "test_referrals_follow_people_and_forget_them",
    ),
    "loses what was asked": (without("asked"), "test_what_a_message_asked_is_found_by_its_key_and_by_its_customer"),
    "gives what waits in order of customers": (
        answering(analyses_waiting=lambda inner, limit: sorted(inner.analyses_waiting(limit))),
        "test_what_waits_for_an_analyser_comes_first_come_first",
    ),
    "keeps the first analysis": (
        writing(lambda inner, it: attrs.evolve(it, analyses={
            key: row for key, row in it.analyses.items() if not inner.analyses_of(row.customer)
        })), "test_an_analysis_is_replaced",
    ),
    "keeps answers of who is erased": (
        answering(erase=lambda inner, no: inner.run("DELETE FROM touchpoint_customers WHERE no = ?", (no,)) or {}),
        "test_feedback_follows_people_and_forgets_them",
    ),
    "forgets who claimed a task": (
        each("tasks_changed", lambda row: (row[0], row[1] or "", *row[2:])), "test_a_task_changes_hands",
    ),
    "keeps old events": (without("events_before"), "test_old_events_are_removed"),
    "loses where messages went": (
        each("messages_changed", lambda row: row._replace(sent_to=None)),
        "test_a_changed_message_is_replaced_as_a_whole",
    ),
    "loses what is done": (without("events_done"), "test_unheard_events_come_in_their_order"),
    "keeps addresses given up": (without("reach_gone"), "test_who_has_an_address_comes_in_order"),
    "loses the trace of entries": (each("entries", lambda row: (*row[:9], "")), "test_entries_come_back_as_they_were"),
    "swaps the order of the journal": (
        answering(journal=lambda inner, no: iter(list(inner.journal(no))[::-1])), "test_a_journal_comes_newest_first",
    ),
    "reads a page of the journal": (answering(journal=_journal_to_the_first_page), "test_a_journal_comes_newest_first"),
    "swaps the order of the ledger": (last_first("consents"), "test_the_consent_ledger_keeps_the_order_of_writing"),
    "swaps the order of messages": (last_first("messages"), "test_messages_are_found_by_key_and_by_customer"),
    "swaps the order of tasks": (last_first("tasks"), "test_tasks_come_oldest_first"),
    "swaps the order of definitions": (
        last_first("definitions"), "test_definitions_come_by_when_they_were_put_to_work_last",
    ),
    "swaps the order of releases": (last_first("releases"), "test_releases_come_in_their_order_and_keep_the_last_body"),
    "keeps the first body of a release": (
        writing(lambda _, it: attrs.evolve(it, releases=[row for row in it.releases if "closed" not in row.body])),
        "test_releases_come_in_their_order_and_keep_the_last_body",
    ),
    "forgets which release is the last": (
        answering(last_release=lambda inner: len(inner.releases()) and 1),
        "test_releases_come_in_their_order_and_keep_the_last_body",
    ),
    "finds the runs of any journey": (
        answering(live_run_before=lambda inner, _, no: inner.live_run_before("shop", no)),
        "test_live_runs_of_a_journey_are_found_below_a_number",
    ),
    "gives any due customers": (
        answering(due=lambda inner, until, limit: inner.due(until, 999)[-limit:]),
        "test_what_falls_due_comes_earliest_first",
    ),
    "leaves the bound out of what is due": (
        answering(due=lambda inner, until, limit: inner.due(until - 1, limit)),
        "test_what_falls_due_comes_earliest_first",
    ),
    "ignores the limit": (
        answering(due=lambda inner, until, _: inner.due(until, 999)), "test_what_falls_due_comes_earliest_first",
    ),
    "looks up 256 customers": (bounded("customers"), "test_many_customers_are_found_at_once"),
    "looks up 256 touchpoints": (bounded("seen"), "test_many_touchpoints_are_looked_up_at_once"),
    "looks up 256 addresses": (bounded("addresses"), "test_many_addresses_are_looked_up_at_once"),
    "takes the first of two dues": (
        writing(_first_dues), "test_a_due_instant_that_moves_twice_ends_where_it_moved_last",
    ),
    "settles receipts away": (writing(_whole_message), "test_who_settles_a_message_leaves_what_its_provider_told"),
    "does not date receipts": (
        writing(_delivery_only), "test_what_a_provider_tells_changes_nothing_else_of_the_message",
    ),
    "blanks profiles": (
        each("customers", lambda row: (row[0] or "{}", *row[1:])), "test_a_change_without_profile_leaves_the_profile",
    ),
    "rounds numbers": (each("new_customers", _rounded), "test_numbers_of_64_bits_come_back_exactly"),
    "adds budgets as floats": (writing(_float_budgets), "test_budgets_add_up_exactly"),
    "cuts texts": (text(lambda it: it[:65_535]), "test_huge_texts_come_back_exactly"),
    "cuts texts at a nul": (text(lambda it: it.split("\0")[0] or it), "test_odd_texts_come_back_exactly"),
    "normalises texts": (
        text(lambda it: unicodedata.normalize("NFC", it)), "test_an_id_is_told_from_one_that_looks_alike",
    ),
    "trims texts": (text(lambda it: it.strip() or it), "test_an_id_is_told_from_one_that_looks_alike"),
    "mends what is no text": (writing(_without_surrogates), "test_a_value_that_has_no_place_is_refused"),
    "passes over what is not there": (writing(_tolerant), "test_a_change_of_what_is_not_there_is_refused"),
    "quotes rows in errors": (answering(write=_quoting), "test_a_value_that_has_no_place_is_refused"),
    "forgets to roll back": (CommitsAnyway, "test_a_failed_transaction_leaves_nothing"),
    "commits what was interrupted": (CommitsAtInterrupts, "test_an_interrupt_rolls_back_too"),
    "commits every write": (CommitsEachWrite, "test_a_failed_transaction_leaves_nothing"),
    "hides its errors": (HidesErrors, "test_a_write_that_is_refused_leaves_nothing"),
    "raises the driver's errors": (ForeignErrors, "test_an_id_taken_twice_is_refused"),
    "dresses up errors of the host": (Wraps, "test_an_error_of_the_host_comes_out_as_it_was"),
    "has one generation": (StaleGeneration, "test_the_generation_differs_after_another_has_committed"),
    "has a new generation each time": (CountsOwnCommits, "test_own_commits_leave_the_generation_as_it_is"),
    "has two generations": (GenerationComesBack, "test_the_generation_differs_after_another_has_committed"),
    "remembers counters": (StaleCounters, "test_what_another_commits_is_seen_at_once"),
    "does not give numbers back": (
        CountersSurviveFailure, "test_numbers_taken_by_a_failed_transaction_are_free_again",
    ),
    "reads many instants": (ManyInstants, "test_a_reader_sees_one_instant"),
    "answers for ever": (AnswersForEver, "test_nothing_can_be_asked_after_the_transaction"),
    "cuts iterators short": (CutsIterators, "test_an_iterator_ends_with_its_transaction"),
    "takes no lock": (NoLock, "test_threads_take_turns"),
    "cannot be closed twice": (ClosesForGood, "test_a_closed_store_says_so"),
    "opens itself again": (OpensAgain, "test_a_closed_store_says_so"),
    "forgets at checkpoints": (CheckpointForgets, "test_a_checkpoint_changes_nothing"),
    "commits for the host": (CommitsForTheHost, "test_what_the_host_rolls_back_was_never_there"),
    "rolls the host back": (RollsTheHostBack, "test_a_part_that_fails_is_undone_alone"),
    "keeps parts that failed": (CommitsAnyway, "test_a_refused_write_leaves_the_hosts_transaction_usable"),
    "has one generation for hosts": (
        OneGenerationForHosts, "test_no_generation_within_a_hosts_transaction_is_met_again",
    ),
    "remembers counters over hosts": (StaleCounters, "test_numbers_go_on_from_what_the_host_committed"),
    "finds touchpoints of anybody": (
        answering(seen=lambda inner, pairs: inner.seen([(each, n) for each, _ in pairs for n in range(9)])),
        "test_a_touchpoint_is_found_by_its_id_and_customer",
    ),
    "never moves dues": (
        each("dues", lambda row: (None, row[1], row[2]) if row[1] else row), "test_a_due_instant_moves_and_goes",
    ),
    "counts the last tally only": (writing(_last_tallies), "test_tallies_add_up"),
    "begins at zero": (CountsFromZero, "test_counters_begin_at_one"),
    "ends runs without a reason": (
        each("runs_ended", lambda row: (row[0], "", row[2])), "test_runs_come_oldest_first_and_end",
    ),
    "keeps the first note": (writing(_first_notes), "test_notes_keep_the_last_value"),
    "does not know its version": (
        answering(meta=lambda inner: {k: v for k, v in inner.meta().items() if k != "schema_version"}),
        "test_an_empty_store_answers_every_question",
    ),
    "gives customers in any order": (
        answering(all_customers=lambda inner: iter(sorted(inner.all_customers(), key=lambda row: str(row.no)))),
        "test_all_customers_come_by_number",
    ),
    "gives changed customers again": (
        answering(all_customers=_again), "test_all_customers_come_once_while_they_are_changed",
    ),
    "never replaces profiles": (
        each("customers", lambda row: ("", *row[1:])), "test_a_change_with_profile_replaces_it",
    ),
    "finds anybody": (
        answering(customers=lambda inner, _: list(inner.all_customers())), "test_customers_are_found_by_id",
    ),
    "keeps the first standing": (writing(_first_standing), "test_an_address_stands_as_it_was_written_last"),
    "buffers its writes": (Buffers, "test_what_a_transaction_wrote_it_sees_itself"),
    "counts rows": (CountsRows, "test_counters_are_beyond_the_highest_number"),
    "forgets at closing": (ForgetsAtClosing, "test_everything_is_there_after_opening_again"),
    "gives numbers twice": (GivesNumbersTwice, "test_numbers_are_taken_once_by_threads"),
    "takes any connection": (AnyConnection, "test_a_connection_that_is_none_is_refused"),
}  # fmt: skip

# The other checks: by which of these mistakes each is seen to fail.
ALSO = {
    "test_changes_of_one_customer_are_applied_in_their_order": "blanks profiles",
    "test_customers_are_found_by_what_they_have": "loses messages",
    "test_changes_written_at_once_or_one_by_one_give_the_same": "does not date receipts",
    "test_a_number_of_a_referral_is_never_given_again": "forgets referrals of who is erased",
    "test_a_reference_leads_to_the_newest_message": "loses messages",
    "test_a_failed_transaction_takes_nothing_away": "forgets to roll back",
    "test_what_is_not_committed_is_seen_by_nobody_else": "commits every write",
    "test_an_iterator_sees_one_instant": "reads many instants",
    "test_store_objects_take_turns": "takes no lock",
    "test_numbers_are_taken_once_by_store_objects": "gives numbers twice",
    "test_closing_one_store_object_leaves_the_other_at_work": "remembers counters",
    "test_nothing_is_committed_before_the_host_commits": "commits for the host",
}
