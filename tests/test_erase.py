"""Erasing a person (S1.7): nothing stays but keyed hashes, and what was said of an address still holds."""

import hashlib
import random  # noqa: TID251 - people made up from a seed
import sqlite3
from contextlib import closing

import pytest

from marking import MARKS, SECRET, START, fill, making, marks_of
from touchpoint import (
    CustomerErased,
    InvalidInput,
    InvalidTouchpoint,
    SecretNeeded,
    Touchpoint,
    UnknownCustomer,
    days,
    hours,
)
from touchpoint.channels import Accepted, FailureCode, MemoryChannel
from touchpoint.channels.inbound import Complained, OptedOut, Receipt, Replied
from touchpoint.core.records import state_to_record


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.db"


@pytest.fixture
def make(path):
    with making(path) as make:
        yield make


def raw(path):
    return {each.name: each.read_bytes() for each in path.parent.iterdir() if each.name.startswith(path.name)}


def found(path, marks):
    """Where any of the marks stands in the files, however deep."""
    return sorted(
        {(name, mark) for name, held in raw(path).items() for mark in marks.values() if mark.encode() in held}
    )


def in_tables(path, marks):
    db = sqlite3.connect(path)
    try:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608
    finally:
        db.close()
    return sorted({(name, mark) for name, held in rows.items() for mark in marks.values() if mark in repr(held)})


# Nothing stays.


def test_the_marks_are_in_the_store_before(make, path):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    engine.checkpoint()
    assert {mark for _, mark in in_tables(path, MARKS)} == set(MARKS.values())


def test_erasing_leaves_nothing_in_any_table(make, path):  # S1.7
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    erased = engine.erase(MARKS["id"])
    assert in_tables(path, {**MARKS, "number": "+436601234567"}) == []
    assert (erased.found, erased.ids, erased.addresses) == (True, 2, 3)
    assert min(erased.touchpoints, erased.messages, erased.runs, erased.cases, erased.consents, erased.events) > 0


def test_erasing_leaves_no_byte_in_the_files(make, path):  # S1.7
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    assert found(path, MARKS)
    assert engine.erase(MARKS["id"]).folded
    assert found(path, {**MARKS, "number": "+436601234567"}) == []


def test_erasing_leaves_the_others_as_they_were(make, path):
    engine = make()
    fill(engine, "other", marks_of(1))
    before = engine.export("other")
    fill(engine, MARKS["id"], MARKS)
    engine.erase(MARKS["id"])
    after = engine.export("other")
    assert {**after, "exported_at": 0} == {**before, "exported_at": 0}
    assert found(path, MARKS) == []


def test_whoever_is_erased_in_memory_is_gone_too(make):
    engine = make(store="sqlite://")
    fill(engine, MARKS["id"], MARKS)
    assert engine.erase(MARKS["id"]).folded
    with engine.together() as unit:
        db = unit.tx._cursor.connection
        rows = [row for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for row in db.execute(f"SELECT * FROM {name}").fetchall()]  # fmt: skip  # noqa: S608
    assert not [mark for mark in MARKS.values() if mark in repr(rows)]


def test_the_engine_itself_forgets(make):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    engine.customer(MARKS["alias"])
    engine.erase(MARKS["id"])
    cache = engine._cache
    assert cache.find(MARKS["id"]) is None
    assert cache.aliases == {}
    kept = {each.id: repr((state_to_record(each.state), each.profile_record())) for each in cache._by_number.values()}
    assert MARKS["id"] not in kept
    assert not [mark for mark in MARKS.values() if mark in repr(kept)]


def test_counts_that_name_nobody_stay(make):  # S1.7
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    before = tallies(engine)
    engine.erase(MARKS["id"])
    after = tallies(engine)
    assert before.pop(("stage", "shop/buyer", "now")) == 1
    assert after.pop(("stage", "shop/buyer", "now")) == 0
    assert after == before


def tallies(engine):
    with engine.store.reading() as reader:
        return {tuple(row[:3]): row.n for row in reader.tallies()}


def test_what_is_asked_about_somebody_erased_is_unknown(make):
    engine = make()
    fill(engine, "ann", MARKS)
    engine.erase("ann")
    for ask in (
        engine.customer,
        engine.export,
        engine.preferences,
        engine.planned,
        lambda who: engine.why(who, "thank"),
    ):
        with pytest.raises(UnknownCustomer):
            ask("ann")


def test_nothing_of_somebody_erased_falls_due(make):
    engine = make()
    fill(engine, "ann", MARKS)
    engine.erase("ann")
    assert engine.next_due() is None
    engine.clock.advance(days(400))
    assert engine.run_pending() == 0


def test_erasing_again_removes_nothing_more(make):
    engine = make()
    fill(engine, "ann", MARKS)
    engine.erase("ann")
    again = engine.erase("ann")
    assert (again.found, again.touchpoints, again.folded) == (False, 0, True)


def test_a_damaged_record_can_be_erased(make, path):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE touchpoint_customers SET profile = '[1', state = 'x'")
        db.execute("UPDATE touchpoint_journal SET prev = no WHERE no = 2")
    db.close()
    engine.erase(MARKS["id"])
    assert in_tables(path, MARKS) == []


# Nobody comes back by accident.

LATE = {
    "record": lambda engine: engine.record("ann", "order_placed"),
    "record_many": lambda engine: engine.record_many([Touchpoint("bob", "x"), Touchpoint("ann", "order_placed")]),
    "identify": lambda engine: engine.identify("ann", traits={"name": "A"}),
    "grant": lambda engine: engine.grant("ann", "marketing"),
    "withdraw": lambda engine: engine.withdraw("ann"),
    "prefer": lambda engine: engine.prefer("ann", None),
    "enrol": lambda engine: engine.enrol("ann", "seen"),
    "open_case": lambda engine: engine.open_case("ann", "complaint", ref="1"),
    "merge from": lambda engine: engine.merge("ann", "bob"),
    "merge into": lambda engine: engine.merge("bob", "ann"),
}


@pytest.mark.parametrize("act", LATE.values(), ids=LATE)
def test_nothing_more_is_taken_about_somebody_erased(make, path, act):  # S1.7
    engine = make()
    engine.record("bob", "x")
    fill(engine, "ann", MARKS)
    engine.erase("ann")
    with pytest.raises(CustomerErased) as caught:
        act(engine)
    assert isinstance(caught.value, InvalidTouchpoint)
    assert "ann" not in str(caught.value)
    assert in_tables(path, {"id": "'ann'"}) == []
    assert engine.customer("bob").id == "bob"


def test_a_late_touchpoint_in_a_batch_is_told_by_its_place(make):
    engine = make()
    engine.erase("ann")
    many = [Touchpoint(f"c{n}", "x") for n in range(1_200)] + [Touchpoint("ann", "x")]
    with pytest.raises(CustomerErased, match=r"touchpoints\[1200\]") as caught:
        engine.record_many(many)
    assert caught.value.index == 1_200


def test_another_process_keeps_them_out_as_well(make):
    one, other = make(), make()
    other.record("ann", "x")
    one.erase("ann")
    with pytest.raises(CustomerErased):
        other.record("ann", "x")


def test_every_id_of_somebody_merged_is_kept_out(make):  # S1.6, S1.7
    engine = make()
    for each in ("a", "b", "c"):
        engine.record(each, "x")
    engine.merge("a", "b")
    engine.merge("b", "c")
    assert engine.erase("a").ids == 3
    for each in ("a", "b", "c"):
        with pytest.raises(CustomerErased):
            engine.record(each, "x")


def test_an_id_that_nobody_has_is_kept_out_too(make):
    engine = make()
    assert not engine.erase("ann").found
    with pytest.raises(CustomerErased):
        engine.record("ann", "x")


def test_somebody_let_in_again_is_somebody_new(make):
    engine = make()
    fill(engine, "ann", MARKS)
    engine.erase("ann")
    assert engine.readmit("ann")
    assert not engine.readmit("ann")
    engine.record("ann", "order_placed", {"order": "2", "note": "n"})
    assert [each.type for each in engine.customer("ann").timeline()] == ["order_placed"]
    assert engine.customer("ann").traits == {}


# What was said of an address still holds.


def greeted(engine, who, **addresses):
    engine.identify(who, traits={"name": "N"}, addresses=addresses)
    engine.record(who, "order_placed", {"order": who, "note": "n"})
    engine.run_pending()
    return [(each.status, each.via) for each in engine.customer(who).messages if each.name == "welcome"]


def opt_out(engine):
    engine.apply(OptedOut("email", address="ann@example.com"))


def complain(engine):
    engine.apply(Complained(about=engine.customer("ann").messages[0].key))


def bounce(engine):
    engine.apply(
        Receipt(about=engine.customer("ann").messages[0].key, state="bounced", code=FailureCode.ADDRESS_INVALID)
    )


@pytest.mark.parametrize("say", [opt_out, complain, bounce])
def test_an_address_that_was_silenced_stays_silent_for_whoever_comes_with_it(make, path, say):  # S1.7
    engine = make()
    assert greeted(engine, "ann", email="ann@example.com")[0][0] == "sent"
    say(engine)
    engine.erase("ann")
    assert in_tables(path, {"key": "ann@example.com"}) == []
    assert greeted(engine, "new", email="ann@example.com")[0][0] == "denied"
    assert greeted(engine, "else", email="else@example.com")[0][0] == "sent"


def test_an_opt_out_holds_on_its_channel_alone(make):
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    engine.apply(Replied("ann", "sms", "STOP", "+436601234567"))
    engine.erase("ann")
    assert greeted(engine, "new", email="ann@example.com", phone="+436601234567") == [("sent", "email")]


def test_start_lifts_an_opt_out_of_somebody_erased(make):  # S7.3
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    engine.apply(Replied("ann", "email", "STOP"))
    engine.erase("ann")
    engine.clock.advance(hours(1))
    engine.identify("new", addresses={"email": "ann@example.com"})
    engine.apply(Replied("new", "email", "START", at=START - days(1)))
    assert greeted(engine, "new", email="ann@example.com")[0][0] == "denied"
    engine.apply(Replied("new", "email", "START"))
    engine.record("new", "order_placed", {"order": "o2", "note": "n"})
    engine.run_pending()
    assert [each.status for each in engine.customer("new").messages if each.name == "welcome"] == ["denied", "sent"]


def test_an_opt_out_that_comes_after_the_erasure_is_kept_as_a_hash(make, path):
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    engine.erase("ann")
    engine.apply(OptedOut("email", address="ann@example.com"))
    engine.apply(Replied("ann", "email", "STOP", "ann@example.com"))
    engine.apply(Replied(None, "email", "words of ann", "ann@example.com", ref="gone"))
    engine.checkpoint()
    assert found(path, {"key": "ann@example.com", "words": "words of ann"}) == []
    assert greeted(engine, "new", email="ann@example.com")[0][0] == "denied"


def test_an_address_that_somebody_else_has_stays_as_it_is(make, path):
    engine = make()
    greeted(engine, "ann", email="both@example.com")
    engine.identify("bob", addresses={"email": "both@example.com"})
    engine.apply(OptedOut("email", address="both@example.com"))
    engine.erase("ann")
    assert greeted(engine, "bob", email="both@example.com")[0][0] == "denied"
    engine.erase("bob")
    assert in_tables(path, {"key": "both@example.com"}) == []
    assert greeted(engine, "new", email="both@example.com")[0][0] == "denied"


def test_an_address_that_was_given_up_is_erased_with_whoever_had_it(make, path):
    engine = make()
    engine.identify("ann", addresses={"email": "old@example.com"})
    engine.apply(OptedOut("email", address="old@example.com"))
    engine.identify("ann", addresses={"email": "new@example.com"})
    engine.erase("ann")
    assert found(path, {"key": "old@example.com"}) == []
    assert greeted(engine, "new", email="old@example.com")[0][0] == "denied"


def test_what_was_withdrawn_binds_the_next_with_that_address_until_a_new_grant(make):  # S7.1
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    engine.withdraw("ann", "*")
    engine.erase("ann")
    engine.clock.advance(hours(1))
    assert greeted(engine, "new", email="ann@example.com")[0][0] == "denied"
    engine.grant("new", "service")
    engine.record("new", "order_placed", {"order": "o2", "note": "n"})
    engine.run_pending()
    assert [each.status for each in engine.customer("new").messages if each.name == "welcome"] == ["denied", "sent"]
    [said] = [each for each in engine.export("new")["consents"] if not each["granted"]]
    assert said["source"] == "said before an erasure"


def test_a_withdrawal_that_comes_after_the_erasure_binds_the_next_with_that_address(make):
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    engine.erase("ann")
    engine.apply(OptedOut("email", address="ann@example.com", purpose="service"))
    engine.clock.advance(hours(1))
    assert greeted(engine, "new", email="ann@example.com")[0][0] == "denied"


# Hashes and secrets.


def test_hashes_are_no_plain_digests(make, path):  # S1.7: keyed
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    opt_out(engine)
    engine.erase("ann")
    db = sqlite3.connect(path)
    hashes = {row[0] for row in db.execute("SELECT hash FROM touchpoint_tombstones")}
    db.close()
    tried = [b"ann", b"ann@example.com", b"email ann@example.com", b"id ann"]
    assert len(hashes) == 2
    assert hashes.isdisjoint(hashlib.sha256(each).hexdigest() for each in tried)
    assert found(path, {"secret": SECRET}) == []


def test_erasing_needs_a_secret_and_says_how(make):
    engine = make(secret=None)
    engine.record("ann", "x")
    with pytest.raises(SecretNeeded, match=r"Engine\(secret=…\)"):
        engine.erase("ann")
    assert engine.customer("ann").id == "ann"


@pytest.mark.parametrize("secret", ["short", b"x" * 31, [], [SECRET, "short"], [7], 7])
def test_a_secret_that_is_none_is_refused_without_repeating_it(make, secret):
    with pytest.raises((InvalidInput, TypeError)) as caught:
        make(secret=secret)
    assert SECRET not in str(caught.value)


def test_without_the_secret_nobody_new_is_taken(make):
    make().erase("ann")
    for secret in (None, "another secret, and nobody was erased with it"):
        engine = make(secret=secret)
        with pytest.raises(SecretNeeded):
            engine.record("new", "x")


def test_without_the_secret_nothing_is_sent(make):
    engine = make()
    engine.identify("bob", addresses={"email": "bob@example.com"}, traits={"name": "B"})
    engine.record("bob", "order_placed", {"order": "1", "note": "n"})
    engine.erase("ann")
    other = make(secret=None)
    with pytest.raises(SecretNeeded):
        other.run_pending()
    assert other.adapters["email"].sent == []
    assert engine.run_pending() == 1


def test_without_the_secret_who_is_known_can_be_looked_at(make):
    engine = make()
    fill(engine, "bob", marks_of(1))
    engine.erase("ann")
    other = make(secret=None)
    assert other.customer("bob").traits["name"] == marks_of(1)["trait"]
    other.record("bob", "x")


def test_a_new_secret_beside_the_old_one_finds_everybody(make):
    engine = make()
    greeted(engine, "ann", email="ann@example.com")
    opt_out(engine)
    engine.erase("ann")
    new = "the secret that came after the first one"
    engine = make(secret=[new.encode(), SECRET])
    with pytest.raises(CustomerErased):
        engine.record("ann", "x")
    engine.erase("eve")
    assert greeted(engine, "new", email="ann@example.com")[0][0] == "denied"
    with pytest.raises(SecretNeeded, match="1 secrets"):
        make(secret=new).record("x", "y")
    with pytest.raises(CustomerErased):
        make(secret=[new, SECRET]).record("eve", "x")


def test_no_secret_is_shown(make):
    engine = make()
    assert SECRET not in repr(engine) + repr(engine._keyed) + repr(vars(engine))


# While a worker holds a message.


class Slow(MemoryChannel):
    """Somebody is erased while a message is with its provider."""

    def __init__(self, act):
        super().__init__("email")
        self.act = act

    def send(self, request):
        self.act()
        super().send(request)
        return Accepted(ref="ref-1")


def test_an_outcome_that_comes_after_the_erasure_writes_nothing(make, path):
    engine = make(channels=[Slow(lambda: engine.erase("ann"))])
    greeted_by(engine)
    assert engine.run_pending() == 1
    assert in_tables(path, {"id": "'ann'", "ref": "ref-1"}) == []
    with pytest.raises(UnknownCustomer):
        engine.customer("ann")


def greeted_by(engine):
    engine.identify("ann", traits={"name": "N"}, addresses={"email": "ann@example.com"})
    engine.record("ann", "order_placed", {"order": "1", "note": "n"})


def test_what_came_about_it_meanwhile_is_dropped(make, path):
    def act():
        engine.apply(Replied(None, "email", "words of ann", ref="ref-1"))
        engine.erase("ann")

    engine = make(channels=[Slow(act)])
    greeted_by(engine)
    engine.run_pending()
    assert in_tables(path, {"words": "words of ann"}) == []


def test_the_last_look_refuses_whoever_was_erased_since_the_release(make):  # S6.8
    engine = make()
    greeted_by(engine)
    walk = engine.delivery().walk(lambda unit, now: [unit.by_number(no) for _, no in unit.tx.due(now, 9)])
    for command in walk:
        if type(command).__name__ == "HandAll":
            engine.erase("ann")
    assert engine.adapters["email"].sent == []


def test_a_proof_that_comes_late_about_somebody_erased_is_forgotten(make):
    engine = make()
    greeted_by(engine)
    tickets = engine.delivery().release(lambda unit, now: [unit.by_number(no) for _, no in unit.tx.due(now, 9)])
    engine._caller._late.extend((each, Accepted()) for each in tickets)
    engine.erase("ann")
    assert list(engine._caller._late) == []


# In the host's transaction.


def test_erasing_commits_and_rolls_back_with_the_host(make, path):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    try:
        db.execute("BEGIN IMMEDIATE")
        assert not engine.erase(MARKS["id"], connection=db).folded
        db.execute("ROLLBACK")
        assert engine.customer(MARKS["id"]).traits
        db.execute("BEGIN IMMEDIATE")
        engine.erase(MARKS["id"], connection=db)
        db.execute("COMMIT")
    finally:
        db.close()
    assert engine.checkpoint()
    assert found(path, MARKS) == []
    with pytest.raises(CustomerErased):
        engine.record(MARKS["id"], "x")


def test_what_was_written_over_the_hosts_connection_is_overwritten_as_well(make, path):  # S1.7
    engine = make()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    before = db.execute("PRAGMA secure_delete").fetchone()
    try:
        for n in range(40):
            db.execute("BEGIN IMMEDIATE")
            engine.identify("ann", traits={"name": f"{MARKS['trait']}{n}" + "x" * (n * 37 % 300)}, connection=db)
            engine.record("ann", "visit", {"note": f"{MARKS['payload']}{n}"}, connection=db)
            db.execute("COMMIT")
        assert db.execute("PRAGMA secure_delete").fetchone() == before
    finally:
        db.close()
    assert engine.erase("ann").folded
    assert found(path, MARKS) == []


def test_somebody_who_reads_an_older_state_keeps_the_log_and_it_is_said(make, path):
    engine = make()
    fill(engine, MARKS["id"], MARKS)
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM touchpoint_journal").fetchone()
        assert not engine.erase(MARKS["id"]).folded
        db.execute("COMMIT")
    finally:
        db.close()
    assert engine.checkpoint()
    assert found(path, MARKS) == []


# Unused parts of pages.


def crowd(engine, ids, rounds, seed):
    """Many people, whose rows are moved about as pages are split."""
    chance = random.Random(seed)  # noqa: S311 - likewise
    for n in range(rounds):
        who = chance.choice(ids)
        if chance.random() < 0.4:
            traits = {f"t{chance.randrange(5)}": f"Mark{who}-" + "y" * chance.randrange(200)}
            engine.identify(who, traits=traits, addresses={"email": f"mark{who}-{chance.randrange(9)}@example.com"})
        else:
            engine.record(who, "visit", {"note": f"Mark{who}-" + "z" * chance.randrange(300)}, id=f"Mark{who}-{n}")


def test_copies_of_rows_that_sqlite_once_moved_are_gone_as_well(make, path):  # S1.7
    with closing(sqlite3.connect(path)) as host:  # on pages of the host's size more of them are left than on our own
        host.execute("PRAGMA page_size = 4096")
        host.execute("CREATE TABLE own (name)")
    engine = make(durability="fast")
    ids = [f"c{n:03}" for n in range(150)]
    crowd(engine, ids, 1_200, seed=1)
    rewritten, checkpoint = [], engine.store.checkpoint
    engine.store.checkpoint = lambda **how: (rewritten.append(how), checkpoint(**how))[1]
    left = []
    for who in random.Random(2).sample(ids, 50):  # noqa: S311 - likewise
        assert engine.erase(who).folded
        left += found(path, {who: f"ark{who}-"})
    assert left == []
    assert {"rewrite": True} in rewritten  # else this test would show nothing


def test_a_rewritten_store_is_the_same_store(make, path):
    engine = make(durability="fast")
    crowd(engine, [f"c{n:03}" for n in range(30)], 200, seed=3)
    fill(engine, MARKS["id"], MARKS)
    before, dump = engine.export(MARKS["id"]), in_order(path)
    assert engine.checkpoint(rewrite=True)
    assert in_order(path) == dump
    assert engine.export(MARKS["id"]) == before
    assert not engine.record("c001", "visit", id="new").duplicate
    assert make().export(MARKS["id"]) == before


def in_order(path):
    with sqlite3.connect(path) as db:
        told = sorted(db.iterdump())
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    return told
