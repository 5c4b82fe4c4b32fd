"""Inbound: nothing is believed without its signature, and what is believed means the same on every channel."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from touchpoint.channels.inbound import OptedOut, Receipt, Received, Replied, WebhookRequest
from touchpoint.channels.keywords import keyword_in
from touchpoint.errors import WebhookRejected
from touchpoint.testing.contract.bench import Bench
from touchpoint.testing.contract.check import Broken, broken, check
from touchpoint.testing.contract.samples import WebhookSample
from touchpoint.testing.contract.timing import Text, noting_comparisons
from touchpoint.testing.contract.watch import IO, SLEPT, THREAD, watching

_MALFORMED: Final = (
    "", " ", "v1", "v1,", "v1,!!!", "t=,v1=", "sha256=", "=", ",", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\0",
    "-1", "NaN", "1e400", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}", "x" * 10_000,
)  # fmt: skip
_GARBAGE: Final = (
    b"", b"null", b"[]", b"{}", b"0", b'"text"', b"{", b"\xff\xfe", b"\0", b"[" * 5000, b'{"type": 1, "data": null}',
    b'{"type": "", "id": {}, "data": [1]}', b"a=1&b=%zz", b"NaN",
)  # fmt: skip
_LONG_AGO: Final = timedelta(days=1)
_FORGED: Final = (
    "anybody can post to a public URL: whoever gets in makes opt-outs, clicks and receipts for any customer"
)
_VERIFY: Final = "verify before anything else, over request.body as it came, and raise WebhookRejected"

# What a reply asks for, with what it must not be mistaken for; `keyword_in` is what the engine asks.
REPLIES: Final = (
    "STOP", "stop", " Stop. ", "STOPALL", "unsubscribe", "start", "HELP", "please stop by the shop", "unstoppable",
    "Don't stop", "stop it, I love it", "non-stop", "Thanks!", "CANCEL my appointment tomorrow",
)  # fmt: skip


class InboundChecks:
    """Inbound."""

    @check(
        why="what a provider tells would be lost, or read wrongly",
        mend="verify the signature as the provider documents it, then make the events of the sample's body",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_genuine_webhooks_are_understood(self, bench: Bench) -> None:
        """Each sample that is signed now gives its events, in order."""
        for n, sample in enumerate(_samples(bench)):
            _compare(n, _events(bench, _signed(bench, sample)), sample.events)

    @check(
        why=_FORGED,
        mend=_VERIFY,
        needs=("inbound", "sign", "webhooks"),
    )
    def test_webhooks_without_a_signature_are_refused(self, bench: Bench) -> None:
        """Without the headers of the signature, or with one of them missing, nothing is used."""
        sample = _samples(bench)[0]
        signature = _sign(bench, sample.body)
        _refused(bench, sample.request({}), "without a signature")
        for name in signature:
            left = {each: value for each, value in signature.items() if each != name}
            _refused(bench, sample.request(left), f"without {name}")

    @check(
        why="parsed and written again it is another body: what an attacker adds where the parser does not look is "
        "believed, "
        "and genuine webhooks with other spaces are not",
        mend=_VERIFY,
        needs=("inbound", "sign", "webhooks"),
    )
    def test_altered_webhooks_are_refused(self, bench: Bench) -> None:
        """A signature fits its raw body alone, and each character of it counts."""
        for n, sample in enumerate(_samples(bench)):
            signature = _sign(bench, sample.body)
            for body in _altered(sample.body):
                _refused(bench, sample.request(signature, body), "with an altered body")
            for name, value in signature.items():
                other = {**signature, name: _altered_text(value)}
                _refused(bench, sample.request(other), f"with an altered {name}")
            for body in _respaced(sample.body):
                _compare(n, _events(bench, sample.request(_sign(bench, body), body)), sample.events)

    @check(
        why="whoever has seen one genuine webhook could play it again for ever",
        mend="compare the signed time with the clock, to both sides, and refuse what is further off than five minutes",
        needs=("inbound", "sign", "webhooks", "dated"),
    )
    def test_stale_webhooks_are_refused(self, bench: Bench) -> None:
        """What was signed a day ago, or is dated a day ahead, is refused."""
        sample = _samples(bench)[0]
        for at, how in ((bench.now - _LONG_AGO, "signed a day ago"), (bench.now + _LONG_AGO, "dated a day ahead")):
            _refused(bench, sample.request(_sign(bench, sample.body, at)), how)

    @check(
        why="a crash is answered with 500: the provider repeats the request for days, and switches the endpoint off",
        mend="check the form of each header before it is decoded or compared; compare bytes, since compare_digest "
        "refuses "
        "text that is not ASCII; raise WebhookRejected",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_malformed_signatures_are_refused(self, bench: Bench) -> None:
        """Headers of any form raise WebhookRejected, never anything else."""
        sample = _samples(bench)[0]
        signature = _sign(bench, sample.body)
        for name in signature:
            for value in _MALFORMED:
                _refused(bench, sample.request({**signature, name: value}), f"with {value[:20]!a} as {name}")

    @check(
        why="secrets are changed while webhooks are on their way; those signed with the old one are genuine, too",
        mend="take several secrets, and accept a signature by any of them",
        needs=("inbound", "sign_previous", "webhooks"),
    )
    def test_webhooks_signed_before_a_rotation_are_understood(self, bench: Bench) -> None:
        """What is signed with the secret before the present one is accepted."""
        sample = _samples(bench)[0]
        signature = bench.given("sign_previous")(sample.body, bench.now)
        _compare(0, _events(bench, sample.request(signature)), sample.events)

    @check(
        why="== stops at the first character that differs: by measuring the time one finds a signature that fits",
        mend="compare with hmac.compare_digest, on bytes",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_signatures_are_compared_in_constant_time(self, bench: Bench) -> None:
        """No part of a signature is compared with ==."""
        sample = _samples(bench)[0]
        signature = _sign(bench, sample.body)
        with noting_comparisons() as noted:
            watched = {name: Text.of(_altered_text(value), noted) for name, value in signature.items()}
            with suppress(WebhookRejected):
                bench.adapter.receive(sample.request(watched))
        if noted:
            broken("a signature is compared with ==")

    @check(
        why="providers repeat what was not answered in time: an id that is another one each time counts twice",
        mend="take the provider's own id of the event; where it has none, a hash of what the event says",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_event_ids_are_stable(self, bench: Bench) -> None:
        """A webhook that is delivered again, and signed anew, gives equal events with equal ids; others have others."""
        seen: dict[str, int] = {}
        for n, sample in enumerate(_samples(bench)):
            first = _events(bench, _signed(bench, sample))
            later = sample.request(_sign(bench, sample.body, bench.now - timedelta(seconds=1)))
            if _events(bench, later) != first:
                broken(f"webhooks[{n}] gives other events when it is delivered again")
            for event in first:
                identity = getattr(event, "id", None)
                if not identity:
                    broken(f"an event of webhooks[{n}] has no id")
                if seen.setdefault(identity, n) != n and sample.body != _samples(bench)[seen[identity]].body:
                    broken(f"webhooks[{n}] and webhooks[{seen[identity]}] have an event id in common")

    @check(
        why="STOP has to act at once and by itself; an order cancelled, or a shop to stop by, is no opt-out",
        mend="give Replied(text=…) with the words as they came: the engine knows the words. An opt-out of one's "
        "own only "
        "where the provider itself has recorded one",
        needs=("inbound", "sign", "reply"),
    )
    def test_opt_out_words_mean_what_they_mean_everywhere(self, bench: Bench) -> None:
        """A reply is handed on with its words; STOP and nothing else is an opt-out."""
        for text in REPLIES:
            body = bench.given("reply")(text)
            events = _events(bench, WebhookSample(body).request(_sign(bench, body)))
            replies = [each for each in events if isinstance(each, Replied)]
            asked = [each for each in events if isinstance(each, OptedOut)]
            if asked and keyword_in(text) != "stop":
                broken(f"the reply {text!r} is taken for an opt-out")
            if not replies and not asked:
                broken(f"the reply {text!r} gives no event")
            if any(keyword_in(each.text) != keyword_in(text) for each in replies):
                broken(f"the reply {text!r} is handed on in other words, which ask for something else")

    @check(
        why="a bounce suppresses the address, a complaint the sender: with a code of its own nothing follows",
        mend="map the provider's reasons to FailureCode with the table that send() uses; UNKNOWN for what is not in it",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_receipts_speak_of_failures_as_sends_do(self, bench: Bench) -> None:
        """Each receipt that bounced or failed carries a `FailureCode`."""
        for n, sample in enumerate(_samples(bench)):
            for event in _events(bench, _signed(bench, sample)):
                if isinstance(event, Receipt) and event.state in {"bounced", "failed"} and event.code is None:
                    broken(f"webhooks[{n}] gives a receipt that {event.state} without a code")

    @check(
        why="what belongs to no message and comes from no address cannot be put on anybody's timeline, and is lost",
        mend="pass the message's key on as about=, or the provider's id of it as ref= with channel=, or the address",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_every_event_says_whom_it_is_about(self, bench: Bench) -> None:
        """Each event names its message, by key or reference, or the address or customer it comes from."""
        for n, sample in enumerate(_samples(bench)):
            for event in _events(bench, _signed(bench, sample)):
                named = [getattr(event, name, None) for name in ("about", "ref", "address", "customer")]
                if not any(named):
                    broken(f"webhooks[{n}] gives a {type(event).__name__} that says nothing of the sort")
                channel = getattr(event, "channel", None)
                if not named[0] and channel != bench.capabilities.channel:
                    broken(f"webhooks[{n}] gives a {type(event).__name__} that does not name this channel")

    @check(
        why="providers add kinds of events as they like; an adapter that crashes on one is switched off by its "
        "provider",
        mend="leave out what is not known, and raise WebhookRejected for what cannot be read",
        needs=("inbound", "sign"),
    )
    def test_unreadable_webhooks_are_no_crash(self, bench: Bench) -> None:
        """Signed rubbish gives no events or raises WebhookRejected, nothing else."""
        for body in _GARBAGE:
            try:
                received = bench.adapter.receive(WebhookSample(body).request(_sign(bench, body)))
            except WebhookRejected:
                continue
            except Exception as error:  # noqa: BLE001 - that it is another one is the finding
                broken(f"the signed body {body[:20]!r} raises {type(error).__name__} instead of WebhookRejected")
            if not isinstance(received, Received) or received.events:
                broken(f"the signed body {body[:20]!r} is read as if it told something")

    @check(
        why="what is refused is logged, and may hold a genuine customer's words all the same",
        mend="say what is wrong with the form; do not repeat body, signature, expected signature or secret",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_a_refused_webhook_is_not_repeated(self, bench: Bench) -> None:
        """WebhookRejected shows neither the body, nor a signature, nor a secret."""
        sample = _samples(bench)[0]
        signature = _sign(bench, sample.body)
        altered = {name: _altered_text(value) for name, value in signature.items()}
        try:
            bench.adapter.receive(sample.request(altered))
        except WebhookRejected as error:
            text = f"{error} {error.args!r} {error.__cause__}"
        except Exception as error:  # noqa: BLE001 - which it is is told by others
            text = f"{error}"
        else:
            return
        held = [*bench.secrets, *altered.values(), *signature.values(), sample.body.decode("utf-8", "replace")]
        if any(len(each) >= 12 and each in text for each in held) or any(each in text for each in bench.secrets):
            broken("the refusal of a webhook repeats a part of it, or a secret")

    @check(
        why="it is called inside a request of the host's web server, and the provider waits a few seconds",
        mend="read the request alone; what has to be asked for is asked later, by the host",
        needs=("inbound", "sign", "webhooks"),
    )
    def test_receiving_asks_nobody(self, bench: Bench) -> None:
        """Receiving makes no call to the provider, does no I/O, starts no thread and does not sleep."""
        request = _signed(bench, _samples(bench)[0])
        before = bench.calls()
        with watching(bench.adapter) as watch:
            bench.adapter.receive(request)
        events = watch.of(bench.adapter, *IO, THREAD, SLEPT)
        if events:
            broken(f"in receive(), {events[0]}")
        if bench.calls() != before:
            broken("receive() called the provider")

    @check(
        why="a provider that gets no answer to its challenge never sends anything; who answers any can be taken over",
        mend="compare the token with hmac.compare_digest, and return Received(body=…) with the challenge alone",
        needs=("inbound", "challenges"),
    )
    def test_challenges_are_answered(self, bench: Bench) -> None:
        """Each challenge gets the body it asks for, without events; one with a wrong token is refused."""
        for n, (request, answer) in enumerate(bench.given("challenges")):
            if answer is None:
                _refused(bench, request, f"as challenges[{n}]")
                continue
            received = bench.adapter.receive(request)
            if received.body != answer or received.events:
                broken(f"challenges[{n}] is not answered with its body")


def _samples(bench: Bench) -> Sequence[WebhookSample]:
    samples: Sequence[WebhookSample] = bench.given("webhooks")
    return samples


def _sign(bench: Bench, body: bytes, at: datetime | None = None) -> Mapping[str, str]:
    signature: Mapping[str, str] = bench.given("sign")(body, at or bench.now)
    return signature


def _signed(bench: Bench, sample: WebhookSample) -> WebhookRequest:
    return sample.request(_sign(bench, sample.body))


def _events(bench: Bench, request: WebhookRequest) -> list[Any]:
    """What the adapter makes of a genuine request."""
    try:
        received = bench.adapter.receive(request)
    except WebhookRejected as error:
        raise Broken("a genuine webhook is refused") from error
    if not isinstance(received, Received):
        broken(f"receive() answered {type(received).__name__} instead of Received")
    return [*received.events]


def _refused(bench: Bench, request: WebhookRequest, how: str) -> None:
    try:
        bench.adapter.receive(request)
    except WebhookRejected:
        return
    except Exception as error:  # noqa: BLE001 - that it is another one is the finding
        broken(f"a webhook {how} raises {type(error).__name__} instead of WebhookRejected")
    broken(f"a webhook {how} is accepted")


def _compare(n: int, found: Sequence[Any], expected: Sequence[Any]) -> None:
    if [type(each) for each in found] != [type(each) for each in expected]:
        names = ", ".join(type(each).__name__ for each in found) or "nothing"
        broken(f"webhooks[{n}] gives {names}")
    for real, wanted in zip(found, expected, strict=True):
        for field in attrs.fields(type(wanted)):
            value = getattr(wanted, field.name)
            if value != field.default and getattr(real, field.name) != value:
                broken(f"webhooks[{n}]: {type(wanted).__name__}.{field.name} is another one than the sample says")


def _altered(body: bytes) -> Iterator[bytes]:
    """The body with something added, and with one byte changed; and as another program would write it."""
    yield body + b" "
    yield b" " + body
    middle = len(body) // 2
    yield body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
    yield from _respaced(body)


def _respaced(body: bytes) -> Iterator[bytes]:
    """A JSON body with other spaces; nothing for any other."""
    try:
        value = json.loads(body)
    except ValueError:
        return
    for text in (json.dumps(value, indent=3), json.dumps(value, separators=(" ,", ":  "))):
        if text.encode() != body:
            yield text.encode()


def _altered_text(value: str) -> str:
    """The text with one letter or digit in its middle changed."""
    places = [n for n, each in enumerate(value) if each.isalnum()]
    at = places[len(places) // 2]
    return value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
