"""Templates under attack: they reach data only, once, and escaped; what is missing is named (S6.2)."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import FORMATS, HALF, MARKER, ODD
from making import engine_of, pass_time, sending
from touchpoint import Content, JourneyError
from touchpoint.channels.base import RenderedMessage
from touchpoint.model.template import Template, data_lookup


class Guarded:
    """An object whose attributes nobody may touch."""

    secret = MARKER

    def __getattribute__(self, name):
        if name == "__class__":
            return Guarded
        raise AssertionError(f"a template reached for {name}")


def render(text, escape_html=False, **data):
    return Template(text).render(data_lookup(data), escape_html=escape_html)


def sent(content, properties, traits=None):
    """What a customer got, or why they did not."""
    made = engine_of(sending(content=content))
    if traits:
        made.identify("ann", traits=traits)
    made.record("ann", "start", properties)
    pass_time(made)
    return made.adapters["email"].sent, made.why("ann", "hello")


@pytest.mark.parametrize(
    "text",
    [
        "{customer.__class__}", "{customer.__class__.__mro__}", '{trigger["__globals__"]}', "{trigger['__dict__']}",
        "{event.x.__init__}", "{customer}", "{self.x}", "{engine.store}", "{os.environ}", "{customer.x()}",
        "{customer.x!r}",
        "{customer.x:>10}", "{customer.x:{customer.y}}", "{customer.x[0]}", "{{customer.x}", "{customer.{trigger.x}}",
        "{customer.x|{customer.y}}", "{customer.x|customer.y}", "{0}", "{}", "{ }", "{customer..x}",
        "{customer.x:eval}",
        "{customer.x:upper|lower}", "{customer\0.x}", "{customer.x", "}", HALF,
    ],
)  # fmt: skip
def test_what_is_no_look_up_of_data_is_refused_when_the_journey_is_built(text):  # S6.2
    with pytest.raises(JourneyError):
        Template(text)
    with pytest.raises(JourneyError):
        engine_of(sending(content=Content(text)))


@pytest.mark.parametrize("path", ["secret", "__class__", "keys", "items", "get", "real", "tzinfo", "format"])
def test_attributes_of_data_are_no_data(path):  # S6.2
    holders = (Guarded(), {"a": 1}.keys(), "text", 5, 1.5, Decimal(1), datetime(2026, 1, 1, tzinfo=UTC), [1], None)
    for value in holders:
        found = render(f'{{customer.x["{path}"]}}' if path[0] != "_" else "{customer.x.a}", customer={"x": value})
        assert found.text is None
        assert len(found.missing) == 1


def test_the_inside_of_the_engine_is_no_data():  # S6.2
    for name in ("cls", "content", "channels", "kind", "why", "limit", "cost", "words", "best_before"):
        letters, why = sent(Content(f"{{message.{name}}}"), {})
        assert letters == []
        assert why.status == "denied"


@pytest.mark.parametrize("datum", [*FORMATS, *ODD, "{trigger.other}", "{{trigger.other}}", "{{{trigger.other}}}"])
def test_data_are_never_rendered_twice(datum):  # S6.2
    if not datum.strip():
        return
    (letter,), _ = sent(
        Content("<{trigger.x}>", html="<i>{trigger.y}</i>"), {"x": datum, "y": "{trigger.x}", "other": "no"}
    )
    assert letter.message.text == f"<{datum}>"
    assert letter.message.html == "<i>{trigger.x}</i>"


@pytest.mark.parametrize(
    ("html", "datum", "expected"),
    [
        ("<p>{trigger.x}</p>", "<script>alert(1)</script>&amp;",
        "<p>&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;</p>"),
        ('<a title="{trigger.x}">', '" onmouseover="x', '<a title="&quot; onmouseover=&quot;x">'),
        ("<a title='{trigger.x}'>", "' onmouseover='x", "<a title='&#x27; onmouseover=&#x27;x'>"),
        ("<p>{trigger.x:upper}</p>", "<b>", "<p>&lt;B&gt;</p>"),
        ("<p>{trigger.y|a<b}</p>", "", "<p>a<b</p>"),
    ],
)  # fmt: skip
def test_data_add_no_markup(html, datum, expected):  # S6.2
    (letter,), _ = sent(Content("x", html=html), {"x": datum})
    assert letter.message.html == expected


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_data_add_no_header_to_a_mail(end):  # S6.2
    (letter,), _ = sent(Content("x", subject="Dear {trigger.x}"), {"x": f"Ann{end}Bcc: all@example.com"})
    assert letter.message.subject == "Dear Ann Bcc: all@example.com"
    assert "\n" not in RenderedMessage("m", subject=f"a{end}{end}b").subject


def test_what_is_missing_is_named_in_the_denial():  # S6.2
    letters, why = sent(Content("Hello {customer.name}, {trigger.order.no} of {trigger.shop|our shop}"), {"order": 5})
    assert letters == []
    assert why.status == "denied"
    assert "customer.name" in str(why)
    assert "trigger.order.no" in str(why)
    assert "shop" not in str(why)


def test_what_cannot_be_shown_is_named_and_never_shown():  # S6.2, S7.5
    letters, why = sent(Content("{trigger.x}"), {"x": [MARKER]})
    assert letters == []
    assert "trigger.x" in str(why)
    assert MARKER not in str(why)


def test_a_declared_fallback_stands_in_and_nothing_else():  # S6.2
    (letter,), _ = sent(Content("Hello {customer.name|there}!"), {})
    assert letter.message.text == "Hello there!"


@pytest.mark.untraced
@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000, "{customer.x}" * 80_000, "{" * 1_000_000, "}" * 1_000_001, "{{" * 500_000, "{}" * 500_000,
        '{["' * 300_000, "{customer" + ".x" * 400_000 + "}", "{customer.x" + ":upper" * 150_000 + "}",
        "{customer.x|" + "y" * 900_000 + "}", "{customer" + " " * 900_000 + "!}", "{" + "[" * 900_000 + "}",
        "{customer.x" + ": " * 400_000 + "}", "{['" + '["' * 400_000, "{a" + "\n" * 900_000,
        "{" + '["x"]' * 200_000 + "}",
    ],
    ids=lambda text: text[:14],
)  # fmt: skip
def test_a_template_of_a_megabyte_is_read_in_one_pass(text):
    # Reading again and again from each brace on would take hours, so a generous limit tells the two apart.
    began = time.process_time()
    said = ""
    try:
        Template(text)
    except JourneyError as error:
        said = str(error)
    assert len(said) < 300_000
    assert time.process_time() - began < 20


def test_mistakes_beyond_the_first_hundred_are_not_looked_for():
    with pytest.raises(JourneyError) as caught:
        Template("{}" * 1_000)
    assert len(caught.value.problems) == 100


@given(st.text(), st.text(alphabet="{}[]()|:!.\"' \n\0customertriggeruppernamex__class0", max_size=60))
def test_any_datum_in_any_template_gives_words_or_names(datum, text):
    try:
        template = Template(text)
    except JourneyError:
        return
    found = template.render(data_lookup({"customer": {"x": datum}, "trigger": Guarded()}), escape_html=True)
    assert (found.text is None) == bool(found.missing)
