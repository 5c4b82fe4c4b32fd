# ruff: noqa: INP001, T201 - the imports stay short, examples are no package, and this one prints its link
"""A preference page of one's own, without any framework: a WSGI application in front of `touchpoint`.

    python examples/preference_page.py

serves it on http://127.0.0.1:8000 with a made-up customer, and prints the link that her mail would carry. The page
shows what she gets and why, takes her choices into the consent ledger, and lets her put everything off for two weeks.

Nobody signs in: the link of a mail is signed and names the message, and the message names the customer. Whoever
changes a letter of it sees nothing; whoever has the link can switch things, and read nothing that is private.
"""

from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

from touchpoint import Content, Engine, Journey, Message, Rule, Send, UnsubscribeRejected, days
from touchpoint.channels import MemoryChannel
from touchpoint.channels.unsubscribe import Unsubscribe

PATH = "/preferences/"
SOURCE = "preference page"
NAMES = {"service": "About your orders", "transactional": "Receipts", "news": "News from the roastery"}
WORDS = {"order_placed": "you placed an order", "email": "e-mail"}

receipt = Message(
    "receipt", why="tell what was ordered", kind="transactional", channels=["email"],
    content=Content(subject="Your order", text="Order {trigger.order} is in."),
)  # fmt: skip
brewing = Message(
    "brewing", why="help the first brew succeed", kind="service", channels=["email"],
    content=Content(subject="Brewing", text="Brew at 93 °C."),
)  # fmt: skip
harvest = Message(
    "harvest", why="tell of the new harvest", kind="marketing", topic="news", channels=["email"],
    content=Content(subject="New harvest", text="From Huila, this week."),
)  # fmt: skip
SHOP = Journey("shop", rules=[Rule("order", when="order_placed", then=[Send(receipt), Send(brewing), Send(harvest)])])


class PreferencePage:
    """The WSGI application.

    Args:
        engine: of the host.
        links: signs and reads the tokens of links.
    """

    def __init__(self, engine: Engine, links: Unsubscribe) -> None:
        self.engine, self.links = engine, links

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        """One request: GET shows the page, POST takes a form and shows what has come of it."""
        path, method = str(environ.get("PATH_INFO", "")), environ.get("REQUEST_METHOD")
        customer, key = self._who(path.removeprefix(PATH))
        if customer is None:
            return _answer(start_response, "404 Not Found", "<p>This link is not valid.</p>")
        if method == "POST":
            self._take(customer, _form(environ))
        elif method != "GET":
            return _answer(start_response, "405 Method Not Allowed", "")
        return _answer(start_response, "200 OK", self._page(customer, key))

    def _who(self, token: str) -> tuple[str | None, str]:
        try:
            key = self.links.read(token).key
        except UnsubscribeRejected:
            return None, ""
        return self.engine.recipient_of(key), key

    def _take(self, customer: str, form: dict[str, str]) -> None:
        for choice in self.engine.preferences(customer).choices:
            wanted = f"{choice.purpose}/{choice.channel}" in form
            # Only what was changed goes into the ledger: a page that was looked at is no statement.
            if choice.can_change and wanted != choice.on:
                shown = NAMES.get(choice.purpose, choice.purpose)
                self.engine.choose(
                    customer, choice.purpose, yes=wanted, channel=choice.channel, source=SOURCE, wording=shown
                )
        if "snooze" in form:
            self.engine.snooze(customer, days(14))
        elif "wake" in form:
            self.engine.unsnooze(customer)

    def _page(self, customer: str, key: str) -> str:
        page = self.engine.preferences(customer)
        rows = "".join(
            f'<p><label><input type="checkbox" name="{escape(each.purpose)}/{escape(each.channel)}"'
            f"{' checked' if each.on else ''}{'' if each.can_change else ' disabled'}> "
            f"{_named(NAMES, each.purpose)} by {_named(WORDS, each.channel)}</label>"
            f"<br><small>{escape('; '.join(each.why))}</small></p>"
            for each in page.choices
        )
        why = "".join(f"<p>{escape(each)}</p>" for each in self.engine.why_received(customer, key).lines(words=WORDS))
        snooze = ("wake", f"Snoozed until {page.snoozed_until:%d %B}: wake up") if page.snoozed_until else (
            "snooze", "Nothing for two weeks"
        )  # fmt: skip
        return (
            f"<h1>What we write to you</h1><form method=post>{rows}<button>Save</button> "
            f"<button name={snooze[0]} value=1>{snooze[1]}</button></form><h2>Why you got this</h2>{why}"
        )


def _named(names: dict[str, str], name: str) -> str:
    return escape(names.get(name, name))


def _form(environ: dict[str, object]) -> dict[str, str]:
    body = environ["wsgi.input"]
    length = min(int(str(environ.get("CONTENT_LENGTH") or 0)), 10_000)
    read = body.read(length)  # type: ignore[attr-defined]  # a file, says PEP 3333
    return {name: values[0] for name, values in parse_qs(read.decode("utf-8", "replace")).items()}


def _answer(start_response: Callable[..., object], status: str, body: str) -> list[bytes]:
    # Nobody who is shown the link by a Referer header shall have it, and no cache keeps the page.
    headers = [
        ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"),
    ]  # fmt: skip
    start_response(status, headers)
    return [f"<!doctype html><meta charset=utf-8><title>Preferences</title>{body}".encode()]


def main() -> None:
    """Serve the page for one made-up customer."""
    links = Unsubscribe("https://shop.example/preferences/", b"a secret of the host's own, not this one")
    with Engine("sqlite://", journeys=[SHOP], channels=[MemoryChannel("email")]) as engine:
        engine.identify("jess", addresses={"email": "jess@example.com"}, timezone="Europe/Vienna")
        engine.choose("jess", "news", yes=True, source="sign-up form")
        engine.record("jess", "order_placed", {"order": "A1"})
        engine.run_pending()
        key = engine.customer("jess").messages[-1].key
        print(f"http://127.0.0.1:8000{PATH}{links.token(key, 'news')}")
        with make_server("127.0.0.1", 8000, PreferencePage(engine, links)) as server:
            server.serve_forever()


if __name__ == "__main__":
    main()
