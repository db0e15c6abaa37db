"""The shipped model behind the whole way of a request."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.sentiment.request import FEATURES, AnalysisRequest
from services.sentiment.resources import Resources, open_resources
from services.sentiment.settings import SentimentSettings
from shared.analysis import Analysis, Sentiment
from shared.errors import OverloadedError
from tests.unit.sentiment.conftest import TinyModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRAISE = [
    "Thank you so much, best flight ever, the crew was wonderful!",
    "I love this airline, everything was perfect :)",
    "Amazing service, so happy with my upgrade 😍",
]
COMPLAINTS = [
    "Worst airline ever. They lost my bag and nobody cares.",
    "Terrible service, I hate this company, never again",
    "so angry, cancelled my flight again, this is horrible 😡",
]
FACTS = ["The meeting is on Monday at 10 am.", "Flight 212 leaves from gate 4 on Tuesday"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def resources() -> AsyncIterator[Resources]:
    """Open the service's parts on the shipped model, without a cache: each reading is the model's."""
    settings = SentimentSettings(_env_file=None, cache_texts=0, device="cpu")
    async with open_resources(settings, CollectorRegistry()) as opened:
        yield opened


async def analyze(resources: Resources, texts: Sequence[str], *features: str) -> list[Analysis]:
    """Ask the analyzer."""
    nothing: list[str | None] = [None] * len(texts)
    wanted = [feature for feature in FEATURES if feature in features or not features]
    return await resources.analyzer.analyze(AnalysisRequest(texts, nothing, nothing, wanted))


def sentiment(analysis: Analysis) -> Sentiment:
    """Return the sentiment, which must be there."""
    assert analysis.sentiment is not None
    return analysis.sentiment


async def test_clear_texts_get_their_label(resources: Resources) -> None:
    """Praise is positive, complaints negative, statements of fact lie between."""
    praise, complaints, facts = [await analyze(resources, texts) for texts in (PRAISE, COMPLAINTS, FACTS)]
    assert {sentiment(each).label for each in praise} == {"positive"}
    assert {sentiment(each).label for each in complaints} == {"negative"}
    worst, best = (max(sentiment(x).score for x in complaints), min(sentiment(x).score for x in praise))
    assert all(worst < sentiment(each).score < best for each in facts)


async def test_a_text_is_read_alike_alone_and_in_company(resources: Resources) -> None:
    """What shares a text's batch, however long, hardly moves its score: exactly padded, not quantised by batch."""
    texts = [*PRAISE, *COMPLAINTS, *FACTS, "ok", " ".join(["a long and dull story about a flight"] * 12)]
    together = await analyze(resources, texts)
    for text, in_company in zip(texts, together, strict=True):
        (alone,) = await analyze(resources, [text])
        assert sentiment(alone).score == pytest.approx(sentiment(in_company).score, abs=0.02)


async def test_features_of_heads_that_the_model_lacks_are_null_and_others_absent(tiny_model: TinyModel) -> None:
    """What was asked for is set, to null where there is no head; what was not asked for is not set."""
    settings = SentimentSettings(_env_file=None, model=str(tiny_model()), device="cpu")
    async with open_resources(settings, CollectorRegistry()) as opened:
        (analysis,) = await analyze(opened, ["fine"], "sentiment", "entities")
    assert analysis.model_dump(exclude_unset=True).keys() == {
        "sentiment",
        "entities",
        "truncated",
        "supported_language",
    }
    assert analysis.entities is None


async def test_the_shipped_model_tells_everything(resources: Resources) -> None:
    """No feature is null; clear moods, names, and queries to an airline are told."""
    text = "I love my new iPhone from Apple, thanks Tim Cook"
    happy, complaint = await analyze(resources, [text, "@united they lost my bag in Chicago again"])
    assert None not in happy.model_dump().values()
    assert happy.emotion is not None
    assert happy.emotion.label == "joy"
    assert happy.entities is not None
    assert {(entity.text, entity.type) for entity in happy.entities} >= {
        ("Apple", "organisation"),
        ("Tim Cook", "person"),
    }
    assert all(text[entity.start : entity.end] == entity.text for entity in happy.entities)
    assert complaint.category is not None
    assert complaint.category.label == "Baggage Issue"
    assert ("Chicago", "location") in {(entity.text, entity.type) for entity in complaint.entities or []}


async def test_the_shipped_embedding_knows_what_is_alike(resources: Resources) -> None:
    """Texts that mean the same lie nearer than texts of one mood about other things."""
    lost, luggage, dinner = await resources.analyzer.embed(
        ["they lost my bag", "my luggage never arrived", "the dinner was awful"]
    )
    assert lost @ luggage > lost @ dinner


async def test_subjectivity_tells_opinion_from_plot(resources: Resources) -> None:
    """An opinion is more subjective than a plot summary, in the style of the corpus that the head learnt from."""
    opinion, plot = await analyze(
        resources,
        [
            "a gorgeous, witty and deeply moving film that is simply a joy to watch",
            "a young detective travels to the village where her father disappeared years before",
        ],
    )
    assert opinion.subjectivity is not None
    assert plot.subjectivity is not None
    assert opinion.subjectivity > plot.subjectivity


async def test_long_texts_are_cut_and_marked(resources: Resources) -> None:
    """A text longer than the model reads is answered from its beginning, and says so."""
    long, short = await analyze(resources, ["wonderful flight " * 500, "wonderful flight"])
    assert (long.truncated, short.truncated) == (True, False)
    assert sentiment(long).label == "positive"


async def test_a_text_that_is_only_a_link_still_answers(resources: Resources) -> None:
    """Nothing is left to read, yet the answer has a sentiment and no language."""
    (analysis,) = await analyze(resources, ["https://t.co/abcdef"])
    assert sum(sentiment(analysis).probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert analysis.language is not None
    assert analysis.language.code == "und"


async def test_a_language_that_the_model_does_not_know_is_said(resources: Resources) -> None:
    """A German text is answered, and marked so that no mean counts it; the hint decides where there is one."""
    text = "Der Flug hatte vier Stunden Verspätung und niemand hat uns informiert"
    (found,) = await analyze(resources, [text])
    assert not found.supported_language
    (hinted,) = await resources.analyzer.analyze(AnalysisRequest([text], [None], ["en"], ["language"]))
    assert hinted.supported_language


async def test_a_target_changes_nothing_for_a_model_without_targets(tiny_model: TinyModel) -> None:
    """A model that was not trained with targets reads the text as it is."""
    settings = SentimentSettings(_env_file=None, model=str(tiny_model()), device="cpu")
    async with open_resources(settings, CollectorRegistry()) as opened:
        plain, aimed = [
            (await opened.analyzer.analyze(AnalysisRequest(["good"], [target], [None], ["sentiment"])))[0]
            for target in (None, "British Airways")
        ]
    assert aimed == plain


async def test_a_target_is_read_by_the_shipped_model(resources: Resources) -> None:
    """What is said of a target is another answer than the mood of the text."""
    plain, aimed = [
        (await resources.analyzer.analyze(AnalysisRequest([PRAISE[0]], [target], [None], ["sentiment"])))[0]
        for target in (None, "British Airways")
    ]
    assert sentiment(aimed) != sentiment(plain)


async def test_repeated_texts_run_once(tiny_model: TinyModel) -> None:
    """A text that stands twice in a request, or differs in links alone, or came before, is tokenised and run once."""
    registry = CollectorRegistry()
    settings = SentimentSettings(_env_file=None, model=str(tiny_model()), device="cpu")
    async with open_resources(settings, registry) as opened:
        first = await analyze(opened, ["good", "bad", "good", "good https://t.co/x"], "sentiment")
        second = await analyze(opened, ["bad", "good"], "sentiment")
    assert [second[1], second[0]] == first[:2]
    assert first[0] == first[2] == first[3] != first[1]
    assert registry.get_sample_value("voxpop_sentiment_batch_texts_sum") == 2
    assert registry.get_sample_value("voxpop_sentiment_cache_hits_total") == 2
    assert registry.get_sample_value("voxpop_sentiment_texts_total") == 6


async def test_a_request_past_its_deadline_is_told_to_come_back(tiny_model: TinyModel) -> None:
    """Where the answer is not there in time the caller hears it, and its room is free again."""
    settings = SentimentSettings(_env_file=None, model=str(tiny_model()), device="cpu", deadline=1e-9)
    async with open_resources(settings, CollectorRegistry()) as opened:
        with pytest.raises(OverloadedError, match="not read within"):
            await analyze(opened, ["good"])
        assert opened.batcher.admission.held == 0
