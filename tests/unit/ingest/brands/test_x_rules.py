"""A brand's rules as X takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.query_plan import plan_x
from services.ingest.brands.x_rules import MAX_RULE
from tests.unit.ingest.brands.brands import a_brand

WORDS = st.lists(
    st.text("ab\u00e9全🧳:-\\'&", min_size=1, max_size=12).map(lambda text: f"x{text}"), min_size=1, max_size=3
)
ENTRIES = WORDS.map(lambda words: f'"{" ".join(words)}"') | WORDS.map(" ".join).map(lambda words: words + " -zoo")


def rules(brand: StoredBrand) -> list[str]:
    """Return the rules' values."""
    return [rule.value for rule in plan_x(brand).query.rules]


def test_everything_that_x_can_be_asked_stands_in_the_rule() -> None:
    """Handles, words, phrases, hashtags, groups and own accounts are alternatives; the rest holds for all of them."""
    brand = a_brand(
        handles={"x": ["Aerolume"]},
        keywords=["aerolume", '"aero lume"', "jaguar (car OR drive) -zoo", "C++", "全日空", "🧳"],
        hashtags=["avgeek"],
        exclusions=["job", "(bus OR #ad)", "@spam"],
        languages=["en", "id"],
        own_accounts={"x": ["aero_help", "4711"]},
        reposts="drop",
    )
    sought = (
        '(@Aerolume OR aerolume OR "aero lume" OR (jaguar (car OR drive) -zoo) OR "C++" OR 全日空 OR "🧳" OR #avgeek'
        " OR from:aero_help OR from:4711)"
    )
    assert rules(brand) == [f"{sought} -is:retweet (lang:en OR lang:in) -job -bus -#ad -@spam"]
    assert plan_x(brand).plan.filtered_here == []


@pytest.mark.parametrize("reposts", ["keep", "count"])
def test_reposts_are_asked_for_unless_they_are_dropped(reposts: str) -> None:
    """Reposts that count must come; a lone keyword needs no parentheses."""
    assert rules(a_brand(keywords=["aerolume"], reposts=reposts)) == ["aerolume"]


def test_what_x_cannot_be_asked_is_filtered_here_and_said() -> None:
    """All-of exclusions and Chinese have no form on X."""
    brand = a_brand(keywords=["aerolume"], exclusions=["lost bag", "job"], languages=["en", "zh"])
    compiled = plan_x(brand)
    assert rules(brand) == ["aerolume -job"]
    assert compiled.plan.filtered_here == [
        "exclusion lost bag: X cannot negate words that must come together; left out here",
        "languages other than en, zh left out, by the language that the platform tells",
    ]
    assert compiled.query.match_text("aerolume lost my bag").reason == "excluded"


@pytest.mark.parametrize(
    "keyword", ["is:retweet", "from:elonmusk", "lang:en", '"OR"', '"a \\"', "url:x", "@a.example.com", "$aero"]
)
def test_no_keyword_becomes_an_operator(keyword: str) -> None:
    """What would mean something else to X is quoted, and nothing ends the quotes."""
    (rule,) = rules(a_brand(keywords=[keyword]))
    assert rule.startswith('"')
    assert rule.endswith('"')
    assert rule.count('"') == 2
    assert "\\" not in rule


def test_what_x_reads_otherwise_is_said() -> None:
    """X cuts phrases at signs, so C++ means C there: the dry run says so."""
    (sentence,) = [limit for limit in plan_x(a_brand(keywords=["C++"])).plan.limits if "C++" in limit]
    assert sentence == 'X does not see + in "C++" and matches the words around it alone'


@given(
    keywords=st.lists(ENTRIES, min_size=1, max_size=60),
    exclusions=st.lists(ENTRIES.filter(lambda entry: "zoo" not in entry), max_size=20),
    many_languages=st.booleans(),
)
def test_rules_are_within_the_limit_and_leave_nothing_out(
    *, keywords: list[str], exclusions: list[str], many_languages: bool
) -> None:
    """Each rule has 512 characters at most, balanced, tagged and complete; each entry stands in one of them."""
    languages = ["en", "de", "fr", "es", "it", "pt", "ja", "ko", "ar", "hi"] if many_languages else []
    brand = a_brand(keywords=keywords, exclusions=exclusions, languages=languages, reposts="drop")
    compiled = plan_x(brand)
    assert compiled.plan.not_heard == []
    ends = {rule.value[rule.value.index(" -is:retweet") :] for rule in compiled.query.rules}
    assert len(ends) == 1
    for rule in compiled.query.rules:
        assert len(rule.value.encode("utf-16-le")) // 2 <= MAX_RULE
        assert rule.value.count('"') % 2 == 0
        assert rule.value.count("(") == rule.value.count(")")
        assert rule.tag.startswith("voxpop:aerolume:")
    alone = [plan_x(a_brand(keywords=[entry])).query.rules[0].value for entry in brand.settings.keywords]
    assert all(any(fragment in rule.value for rule in compiled.query.rules) for fragment in alone)


def test_a_tag_follows_from_its_rule() -> None:
    """The same rule has the same tag in every process, another rule another one."""
    first, second = (plan_x(a_brand(keywords=[word])).query.rules[0] for word in ("one", "two"))
    assert first == plan_x(a_brand(keywords=["one"])).query.rules[0]
    assert first.tag != second.tag


def test_a_brand_without_anything_to_look_for_has_no_rule() -> None:
    """Exclusions and languages alone make no rule: X would send everything else."""
    assert rules(a_brand(exclusions=["job"], languages=["en"])) == []


def test_an_entry_too_long_for_a_rule_is_said() -> None:
    """What cannot be asked at all is named, and the others are asked."""
    long = "(" + " OR ".join(f"é{number}." + "🧳" * 4 for number in range(15)) + ")"
    exclusions = [f"exclusion{number}" for number in range(30)]
    plan = plan_x(a_brand(keywords=[long, "aerolume"], exclusions=exclusions)).plan
    assert len(plan.asked) == 1 or plan.not_heard == []
    assert any("no room" in sentence for sentence in plan.filtered_here)
