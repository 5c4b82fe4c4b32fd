"""Templates: data in, words out, and nothing else (S6.2)."""

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint.errors import JourneyError
from touchpoint.model.template import FILTERS, Rendered, Template, data_lookup


def render(text, *, escape_html=False, zone=None, **data):
    return Template(text).render(data_lookup(data), escape_html=escape_html, zone=zone)


def shown(value, filters="", **more):
    return render(f"{{event.x{filters}}}", event={"x": value}, **more).text


def problems(text):
    with pytest.raises(JourneyError) as caught:
        Template.parse(text)
    return caught.value.problems


# S6.2: look-ups, fallbacks, braces


def test_a_look_up_is_replaced_by_its_datum():
    assert render("Welcome, {customer.name}!", customer={"name": "Jess"}).text == "Welcome, Jess!"


def test_words_without_a_look_up_are_joined_once_for_everybody():
    template = Template("Sizes {{S}} to {{L}}")
    first = template.render(data_lookup({}), escape_html=False)
    assert first.text == "Sizes {S} to {L}"
    assert template.render(data_lookup({}), escape_html=True) is first


def test_a_path_may_be_as_deep_as_the_data():
    assert render("{trigger.order.box.size}", trigger={"order": {"box": {"size": "L"}}}).text == "L"


def test_an_odd_name_is_reached_in_quotes():
    assert (
        render("""{trigger["order-id"]} {trigger['a "b"}'].c}""", trigger={"order-id": "7", 'a "b"}': {"c": "x"}}).text
        == "7 x"
    )


def test_a_fallback_stands_in_for_missing_data():
    assert render("Hello {customer.name | there}!").text == "Hello there!"


def test_an_empty_fallback_says_that_nothing_is_fine():
    assert render("Jess{customer.suffix|}!").text == "Jess!"


@pytest.mark.parametrize("nothing", [None, "", "  \n"])
def test_none_and_blank_text_count_as_missing(nothing):
    assert render("Hello {customer.name},", customer={"name": nothing}).missing == ("customer.name",)


def test_text_that_a_filter_leaves_blank_counts_as_missing():
    assert render("{customer.name:trim|there}", customer={"name": "   "}).text == "there"


def test_zero_and_no_are_data():
    assert render("{event.a} {event.b}", event={"a": 0, "b": False}).text == "0 no"


def test_everything_missing_is_named_once_and_in_order():
    result = render("{customer.name} {trigger.beans} {customer.name} {customer.nick|you}", trigger={})
    assert result == Rendered(None, ("customer.name", "trigger.beans"), result.reasons)
    assert result.reasons == ("customer.name has no value", "trigger.beans has no value")


def test_a_look_up_that_finds_no_key_counts_as_missing():
    def lookup(root, path):
        raise KeyError(path)

    assert Template('{trigger["order-id"]}').render(lookup, escape_html=False).missing == ('trigger["order-id"]',)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, object(), b"a", {1}])
def test_what_cannot_be_shown_is_a_problem_and_never_a_repr(value):
    result = render("{customer.tags}", customer={"tags": value})
    assert result.text is None
    assert result.reasons == (f"customer.tags is a {type(value).__name__}, which cannot be shown",)


def test_double_braces_are_literal():
    assert render("a {{b}} {{{customer.name}}}", customer={"name": "Jess"}).text == "a {b} {Jess}"


def test_fields_tell_what_a_template_uses_and_what_it_can_do_without():
    fields = Template('{customer.name:trim:title|there} {trigger["order-id"]}').fields
    assert [(field.root, field.path, field.filters, field.has_fallback) for field in fields] == [
        ("customer", ("name",), ("trim", "title"), True),
        ("trigger", ("order-id",), (), False),
    ]


def test_templates_of_equal_text_are_equal():
    assert Template("{customer.name}") == Template.parse("{customer.name}")


# S6.2: data stays data


def test_data_is_never_rendered_twice():
    assert (
        render("{customer.name}", customer={"name": "{customer.card} {{x}}", "card": "4111"}).text
        == "{customer.card} {{x}}"
    )


def test_html_parts_escape_data_and_leave_the_authors_words():
    result = render("<b>{customer.name}</b>{customer.x|<br>}", customer={"name": "<i a='1'>\"&"}, escape_html=True)
    assert result.text == "<b>&lt;i a=&#x27;1&#x27;&gt;&quot;&amp;</b><br>"


def test_filters_come_before_escaping():
    assert render("{customer.name:upper}", customer={"name": "<a>&"}, escape_html=True).text == "&lt;A&gt;&amp;"


def test_python_attributes_of_data_are_not_reached():
    class Host:
        secret = "s3cret"

    assert render("{customer.host.secret}", customer={"host": Host()}).missing == ("customer.host.secret",)


def test_the_repr_of_a_result_hides_the_words():
    assert "Jess" not in repr(render("{customer.name}", customer={"name": "Jess"}))


# S6.2: a fixed language


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{customer.__class__}", "Python attribute"),
        ('{customer["__class__"]}', "Python attribute"),
        ("{customer.name!r}", "conversions"),
        ("{customer.name:>10}", "format specifications"),
        ("{customer.name:shout}", "no filter 'shout'"),
        ("{customer.name:uper}", "did you mean 'upper'"),
        ("{person.name}", "begins nowhere"),
        ("{custmer.name}", "did you mean 'customer'"),
        ("{customer}", "everything at once"),
        ("{}", "nothing between"),
        ("{0}", "not a look-up"),
        ("{customer.}", "not a look-up"),
        ("{customer.name()}", "called"),
        ("{trigger.items[0]}", "indexes"),
        ("{customer.name", "nothing closes"),
        ("{customer.name and {customer.age}", "nothing closes"),
        ("customer.name}", "nothing opened"),
        ("{customer.name|upper}", "not a filter"),
        ("{customer.nick|customer.name}", "not another look-up"),
        ("{customer.nick|a|b}", "not another look-up"),
    ],
)
def test_mistakes_are_named(text, words):
    (problem,) = problems(text)
    assert words in problem.message
    assert problem.fix


def test_every_mistake_is_reported_with_its_place():
    found = problems("Hi {who.name},\nyou } and {customer.name:nope}")
    assert [problem.path for problem in found] == ["line 1, column 4", "line 2, column 5", "line 2, column 11"]


def test_a_template_is_text():
    with pytest.raises(JourneyError, match="not int"):
        Template(3)


def test_a_long_mistake_is_quoted_in_part():
    assert len(problems("{" + "a!" * 1000 + "}")[0].message) < 100


# S6.2: filters and what is shown


@pytest.mark.parametrize(
    ("value", "filters", "words"),
    [
        ("jess o'neil-smith", ":upper", "JESS O'NEIL-SMITH"),
        ("JESS", ":lower", "jess"),
        ("jess o'neil-smith", ":title", "Jess O'neil-Smith"),
        ("it's TEA", ":capitalize", "It's tea"),
        ("  jess ", ":trim", "jess"),
        ("  jess ", ":trim:title", "Jess"),
        (3, "", "3"),
        (3.0, "", "3"),
        (1e22, "", "1" + "0" * 22),
        (0.1, "", "0.1"),
        (-0.0, "", "0"),
        (Decimal("3.50"), "", "3.50"),
        (Decimal("1E+3"), "", "1000"),
        (True, "", "yes"),
        (1234567.5, ":number", "1,234,567.5"),
        ("-1234", ":number", "-1,234"),
        (Decimal("1234.50"), ":number", "1,234.50"),
        (1234.5, ":money", "1,234.50"),
        ("0.125", ":money", "0.13"),
        (Decimal("-0.125"), ":money", "-0.13"),
        (Decimal("-0.001"), ":money", "0.00"),
        (date(2026, 3, 4), "", "2026-03-04"),
        (time(9, 5, 7), "", "09:05"),
        (datetime(2026, 3, 4, 9, 5, tzinfo=UTC), "", "2026-03-04 09:05"),
        (timedelta(days=2), "", "2 days"),
        ("2026-03-04T09:05:00Z", "", "2026-03-04T09:05:00Z"),
        ("2026-03-04T09:05:00Z", ":date", "2026-03-04"),
        ("2026-03-04", ":date", "2026-03-04"),
        ("2026-03-04 09:05:30.25+01:00", ":time", "09:05"),
        ("09:05", ":time", "09:05"),
        (datetime(2026, 3, 4, 9, 5, tzinfo=UTC), ":datetime", "2026-03-04 09:05"),
    ],
)
def test_values_are_shown_for_people(value, filters, words):
    assert shown(value, filters) == words


@pytest.mark.parametrize(
    ("value", "filters"),
    [
        ("abc", ":number"),
        (True, ":number"),
        (float("nan"), ""),
        (float("inf"), ":money"),
        (Decimal("NaN"), ""),
        (Decimal("1E+999999"), ":money"),
        (Decimal("0E-999999"), ""),
        (10**300, ""),
        (5e-324, ""),
        ("soon", ":date"),
        ("2026-02-30", ":date"),
        ("2026-W10-3", ":date"),
        (3, ":date"),
        (date(2026, 3, 4), ":time"),
        (time(9, 5), ":date"),
        (date(2026, 3, 4), ":datetime"),
        (["a"], ":upper"),
    ],
)
def test_what_a_filter_cannot_read_counts_as_missing(value, filters):
    assert shown(value, filters) is None
    assert shown(value, filters + "|later") == "later"


def test_instants_are_shown_in_the_zone_given():
    zone = ZoneInfo("America/New_York")
    assert shown("2026-03-04T01:30:00Z", ":datetime", zone=zone) == "2026-03-03 20:30"
    assert shown(datetime(2026, 3, 4, 1, 30, tzinfo=UTC), ":date", zone=zone) == "2026-03-03"


def test_an_instant_that_the_zone_cannot_hold_counts_as_missing():
    assert shown(datetime.min.replace(tzinfo=UTC), zone=ZoneInfo("America/New_York")) is None


# Laws

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_text_with_doubled_braces_renders_as_itself(text):
    assert render(text.replace("{", "{{").replace("}", "}}")).text == text


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="{}[]\"'.:|! customername_0", max_size=40))
def test_any_text_is_a_template_or_a_typed_error(text):
    with contextlib.suppress(JourneyError):
        assert Template(text).text == text


@settings(max_examples=150, deadline=None)
@given(values, st.lists(st.sampled_from(sorted(FILTERS)), max_size=2), st.booleans())
def test_no_datum_breaks_a_template(value, filters, escape_html):
    text = "[{event.x" + "".join(f":{name}" for name in filters) + "}]"
    result = render(text, event={"x": value}, escape_html=escape_html)
    assert (result.text is None) == (result.missing == ("event.x",))
    assert result.text is None or result.text[1:-1].strip()


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1))
def test_escaped_data_holds_no_markup(text):
    result = render("{event.x|none}", event={"x": text}, escape_html=True)
    assert not set(result.text) & set("<>\"'")
