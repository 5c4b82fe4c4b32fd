"""The example of a preference page, asked as a browser asks, without a network."""

import io
import re
import runpy
from pathlib import Path
from urllib.parse import urlencode

import pytest

from making import START
from touchpoint import Engine, VirtualClock, days
from touchpoint.channels import MemoryChannel
from touchpoint.channels.unsubscribe import Unsubscribe

EXAMPLE = Path(__file__).parent.parent / "examples/preference_page.py"
LINKS = Unsubscribe("https://shop.example/preferences/", b"only this test knows it")


@pytest.fixture(scope="module")
def program():
    return runpy.run_path(str(EXAMPLE), run_name="an_example")


@pytest.fixture
def engine(program):
    clock = VirtualClock(START)
    with Engine("sqlite://", journeys=[program["SHOP"]], channels=[MemoryChannel("email")], clock=clock) as made:
        for name in ("jess", "ann"):
            made.identify(name, addresses={"email": f"{name}@example.com"}, timezone="Europe/Vienna")
            made.record(name, "order_placed", {"order": "A1"})
        made.choose("jess", "news", yes=True, source="sign-up form")
        made.run_pending()
        yield made


@pytest.fixture
def browse(program, engine):
    page = program["PreferencePage"](engine, LINKS)

    def ask(path, method="GET", **form):
        said = []
        body = urlencode(form).encode()
        environ = {
            "PATH_INFO": path, "REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }  # fmt: skip
        answer = b"".join(page(environ, lambda status, headers: said.append((status, dict(headers)))))
        return said[0][0][:3], answer.decode(), said[0][1]

    return ask


def link(engine, customer="jess"):
    return "/preferences/" + LINKS.token(engine.customer(customer).messages[-1].key, "news")


def ticked(html):
    return {name for name, more in re.findall(r'name="([^"]+)"([^>]*)>', html) if "checked" in more}


def test_the_page_shows_what_is_on_and_why_the_mail_came(engine, browse):
    status, html, headers = browse(link(engine))
    assert (status, headers["Cache-Control"]) == ("200", "no-store")
    assert ticked(html) == {"service/email", "transactional/email", "news/email"}
    assert "It followed this: you placed an order" in html


def test_looking_changes_nothing(engine, browse):
    before = engine.export("jess")
    browse(link(engine))
    assert engine.export("jess") == before


def test_a_form_that_was_changed_enters_just_that(engine, browse):
    _, html, _ = browse(link(engine), "POST", **{"service/email": "on"})
    assert ticked(html) == {"service/email", "transactional/email"}
    lines = engine.proof_of_consent("jess").lines
    assert [(each.said.purpose, each.said.granted, each.said.source) for each in lines] == [
        ("news", True, "sign-up form"), ("news", False, "preference page"),
    ]  # fmt: skip
    browse(link(engine), "POST", **{"service/email": "on"})
    assert len(engine.proof_of_consent("jess").lines) == 2


def test_what_has_no_switch_cannot_be_switched_off_by_a_form_either(engine, browse):
    _, html, _ = browse(link(engine), "POST")
    assert ticked(html) == {"transactional/email"}


def test_everything_can_be_put_off_and_taken_back(engine, browse):
    _, html, _ = browse(link(engine), "POST", **{"service/email": "on", "news/email": "on", "snooze": "1"})
    assert engine.preferences("jess").snoozed_until == START + days(14)
    assert "Snoozed until 16 March" in html
    browse(link(engine), "POST", **{"service/email": "on", "news/email": "on", "wake": "1"})
    assert engine.preferences("jess").snoozed_until is None


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t + "x", lambda _: "/preferences/", lambda _: "/x"])
def test_a_link_that_was_changed_shows_nothing(engine, browse, spoil):  # S7.5
    status, html, _ = browse(spoil(link(engine)))
    assert (status, "checkbox" in html) == ("404", False)


def test_a_link_of_one_customer_changes_nothing_of_another(engine, browse):  # S7.5
    before = engine.export("ann")
    browse(link(engine), "POST")
    assert engine.export("ann") == before


def test_other_methods_are_refused(engine, browse):
    assert browse(link(engine), "DELETE")[0] == "405"
