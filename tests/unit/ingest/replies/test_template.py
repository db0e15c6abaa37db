"""Templates: what they say, and what they may not do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.replies.template import MAX_TEMPLATE, Facts, TemplateFaultError, check, render

FACTS = Facts(ticket="VP-1", brand="Aerolume", category="lost luggage", sentiment="negative", language="de")


def test_a_template_is_filled_in() -> None:
    """Names, filters and conditions work; nothing is escaped, since a reply is plain text."""
    source = """
    {% if language == "de" %}Es tut uns leid{% else %}We are sorry{% endif %} & {{ category | upper }}:
    {{ ticket }} ({{ brand ~ "!" }}{{ " ok" if sentiment in ["negative"] and not category == "" }})
    """
    assert render(source, FACTS).split() == [
        "Es",
        "tut",
        "uns",
        "leid",
        "&",
        "LOST",
        "LUGGAGE:",
        "VP-1",
        "(Aerolume!",
        "ok)",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ticket.__init__ }}",
        "{{ self }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ range(10) }}",
        "{% for one in [1] %}x{% endfor %}",
        "{% set a = 1 %}",
        "{% macro a() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 999999999 }}",
        "{{ ticket | replace('', 'xx') }}",
        "{{ ticket | attr('__class__') }}",
        "{{ ticket[0] }}",
        "{{ author }}",
        "{{ {'a': 1} }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ ticket is string }}",
    ],
)
def test_what_could_run_away_is_refused(source: str) -> None:
    """Calls, attributes, loops, arithmetic, other names and filters are refused, with the line."""
    with pytest.raises(TemplateFaultError, match="line 1 of the template"):
        check(source)


@pytest.mark.parametrize("source", ["{{ ticket", "{% if %}", "{{ ticket | nothing }}", "{% endif %}"])
def test_broken_templates_are_told_by_line(source: str) -> None:
    """A template that Jinja cannot read is refused in a sentence."""
    with pytest.raises(TemplateFaultError, match="line 1 of the template"):
        check(source)


@pytest.mark.parametrize(
    "source", ["{%if brand%}" * 110 + "{%endif%}" * 110, "{{ " + "not " * 250 + "brand }}"], ids=["blocks", "operators"]
)
def test_what_python_cannot_compile_is_nested_too_deeply(source: str) -> None:
    """Templates become Python, whose own limits are lower than the parser's."""
    with pytest.raises(TemplateFaultError, match="deep"):
        check(source)


def test_deep_and_long_templates_are_refused() -> None:
    """Length is bounded; what nests deeper than the parser goes is a fault, not a crash."""
    with pytest.raises(TemplateFaultError, match=str(MAX_TEMPLATE)):
        check("x" * (MAX_TEMPLATE + 1))
    with pytest.raises(TemplateFaultError, match="deep"):
        check("{{ " + "(" * 1900 + "ticket" + ")" * 1900 + " }}")


@given(st.text(st.sampled_from("{}% |ticketbrand()[]'\".~*1+=ifend"), max_size=60))
def test_any_text_is_filled_in_or_refused(source: str) -> None:
    """Whatever is written as a template, the outcome is a text or a sentence."""
    try:
        text = render(source, FACTS)
    except TemplateFaultError as fault:
        text = str(fault)
    assert len(text) <= 60 * 20
