"""Notifications through Apprise itself, with services of our own; pip install '.[test]' in the folder of the source."""

import builtins
import importlib.util
import logging
import threading
from urllib.parse import unquote

import pytest

from touchpoint import InvalidAddress, InvalidInput, TouchpointError, seconds
from touchpoint.channels import Accepted, Address, AppriseChannel, Refused, RenderedMessage, SendRequest

apprise = pytest.importorskip(
    "apprise", reason="these tests notify through Apprise; in the folder of the source: pip install '.[test]'"
)
from apprise import NotifyBase, NotifyFormat  # noqa: E402 - after it is known to be there
from apprise.decorators import notify  # noqa: E402
from apprise.manager_plugins import NotificationManager  # noqa: E402

# Apprise asks for a module that Python 3.13 no longer has, and helps itself without.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

KEY = "0123456789abcdef0123456789abcdef"
TEXT = RenderedMessage("hello", subject="Hello", text="Your parcel comes today.")
BOTH = RenderedMessage("hello", subject="Hello", text="today", html="<p>today</p>")
TIME = seconds(10)


class Room:
    """What the services of a test were asked, and what they answer."""

    def __init__(self):
        self.calls, self.answer = [], True

    def said(self, name, body, title, meta):
        self.calls.append((name, body, title, meta))
        logging.getLogger("apprise").warning("%s sent to %s", name, meta.get("url"))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def room():
    """Services `tpone://` and `tptwo://`, by Apprise's own decorator, and `tprich://`, which takes HTML."""
    one = Room()

    @notify(on="tpone", name="One")
    def _(body, title, *_, meta, **__):
        return one.said("one", body, title, meta)

    @notify(on="tptwo", name="Two")
    def _(body, title, *_, meta, **__):
        one.calls.append(("two", body, title, meta))
        return True

    class Rich(NotifyBase):
        app_id = service_name = "Rich"
        secure_protocol = "tprich"
        notify_format = NotifyFormat.HTML
        templates = ("{schema}://{host}",)

        def send(self, body, title="", **_):
            return one.said("rich", body, title, {"url": self.host})

        def url(self, *_, **__):
            return "tprich://secret"

    manager = NotificationManager()
    manager.add(Rich, schemas="tprich")
    yield one
    manager.remove("tpone", "tptwo", "tprich")


def channel(*urls, **rest):
    return AppriseChannel("chat", *urls, **rest)


def request(message=TEXT, to="ann", deadline=TIME, kind="chat"):
    return SendRequest(KEY, Address(kind, to), message, "chat", deadline)


def told(outcome):
    return outcome.code.value if isinstance(outcome, Refused) else type(outcome).__name__


def test_a_notification_goes_to_the_customer_s_address(room):
    assert channel("tpone://secret/{to}").send(request(to="room-1:á?b=c")) == Accepted()
    [(_, body, title, meta)] = room.calls
    assert (body, title) == ("Your parcel comes today.", "Hello")
    assert unquote(meta["url"]) == "tpone://secret/room-1:á?b=c"
    assert "?" not in meta["url"]  # no part of the URL but the one it was given


def test_every_service_is_asked_once(room):
    assert told(channel("tpone://a/{to}", "tptwo://b/{to}").send(request())) == "Accepted"
    assert [each[0] for each in room.calls] == ["one", "two"]


@pytest.mark.parametrize("answer", [False, RuntimeError("secret ann"), TypeError("secret ann")])
def test_what_did_not_go_well_is_uncertain(room, answer):
    """It may have been sent, and its answer lost: Apprise says the same of both."""
    room.answer = answer
    outcome = channel("tpone://a/{to}", "tptwo://b/{to}").send(request())
    assert told(outcome) == "Ambiguous"
    assert "ann" not in str(outcome)
    assert [each[0] for each in room.calls].count("one") == 1


def test_whatever_apprise_itself_raises_is_uncertain(room, monkeypatch):
    def notify(*_, **__):
        raise MemoryError("secret ann")

    monkeypatch.setattr(apprise.Apprise, "notify", notify)
    outcome = channel("tpone://a/{to}").send(request())
    assert (told(outcome), "ann" in str(outcome)) == ("Ambiguous", False)


def test_a_url_that_apprise_does_not_understand_is_a_certain_refusal(room):
    nobody = channel("tpone://a/{to}", "tpnobody://secret/{to}")
    assert told(nobody.send(request())) == "sender_misconfigured"
    assert room.calls == []
    [failure] = nobody.check()
    assert (failure.code, "secret" in failure.detail) == ("sender_misconfigured", False)


def test_check_sends_nothing(room):
    assert channel("tpone://a/{to}").check() == []
    assert room.calls == []


def test_html_goes_to_services_that_take_it_and_text_to_others(room):
    channel("tprich://host").send(request(BOTH))
    channel("tpone://host").send(request(BOTH))
    channel("tprich://host", "tpone://host").send(request(BOTH))
    assert [each[1] for each in room.calls][:2] == ["<p>today</p>", "today"]
    assert "<p>" not in room.calls[-1][1]


def test_words_are_not_changed(room):
    words = "100 % \\n {to} ${HOME} <b>a & b</b> :smile: %s"
    channel("tpone://host/{to}").send(request(RenderedMessage("hello", text=words)))
    assert room.calls[0][1] == words


def test_no_words_are_a_problem_before_and_refused_at_the_hand_over(room):
    nothing = RenderedMessage("hello", subject="Hello")
    assert not channel("tpone://a").preflight(nothing).ok
    assert told(channel("tpone://a").send(request(nothing))) == "content_rejected"
    assert room.calls == []


@pytest.mark.parametrize("to", ["ann,eve", "ann;eve", "ann eve", "ann\neve", "ann/eve", "ann\\eve"])
def test_one_address_cannot_become_two(room, to):
    chat = channel("tpone://a/{to}")
    with pytest.raises(InvalidAddress):
        chat.normalise(to)
    assert told(chat.send(request(to=to))) == "address_incapable"
    assert room.calls == []


def test_another_kind_of_address_is_incapable(room):
    assert told(channel("tpone://a/{to}").send(request(kind="email"))) == "address_incapable"


def test_without_time_nothing_is_sent(room):
    assert told(channel("tpone://a/{to}").send(request(deadline=seconds(0)))) == "provider_unavailable"
    assert room.calls == []


def test_nothing_secret_or_personal_is_logged_and_the_host_s_own_use_is_untouched(room, caplog):
    caplog.set_level(logging.DEBUG)
    chat = channel("tpone://s3cret/{to}", "tpnobody://s3cret")
    chat.check()
    channel("tpone://s3cret/{to}").send(request())
    assert "s3cret" not in caplog.text + repr(chat)
    assert "ann" not in caplog.text
    logging.getLogger("apprise").warning("the host's own")
    assert "the host's own" in caplog.text
    assert logging.getLogger("apprise").filters == []


def test_the_log_of_other_threads_goes_on_meanwhile(room, caplog):
    caplog.set_level(logging.DEBUG)

    def meanwhile(*_):
        other = threading.Thread(target=lambda: logging.getLogger("apprise").warning("of another thread"))
        other.start()
        other.join(5)
        return True

    room.said = meanwhile
    channel("tpone://a/{to}").send(request())
    assert "of another thread" in caplog.text


@pytest.mark.parametrize("urls", [(), ("",), (None,), ("no url",), ("{to}://x",), ("tpone://a?retry=3",), ("a://b\n",)])
def test_urls_that_cannot_be_are_refused_when_the_channel_is_made(urls):
    with pytest.raises(InvalidInput):
        channel(*urls)


def test_what_the_channel_says_of_itself():
    chat = AppriseChannel("push", "ntfy://secret/{to}")
    assert (chat.capabilities.address_kinds, chat.capabilities.remembers_keys_for) == (frozenset({"push"}), None)
    assert repr(chat) == "<AppriseChannel 'push': 1>"


def test_without_apprise_it_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "touchpoint.channels.apprise.find_spec", lambda name: None if name == "apprise" else found(name)
    )
    with pytest.raises(ImportError, match=r"touchpoint\[apprise\]") as missing:
        channel("tpone://a")
    assert isinstance(missing.value, TouchpointError)
    assert missing.value.extra == "apprise"


def test_making_a_channel_does_not_load_apprise(monkeypatch):
    loaded = []
    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *a, **k: (loaded.append(name), real(name, *a, **k))[1])
    channel("tpone://a")
    assert "apprise" not in loaded
