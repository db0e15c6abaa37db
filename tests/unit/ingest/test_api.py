"""`POST /v1/posts`, with stand-ins for the peers."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from services.ingest import pipeline
from services.ingest.identity import Pseudonymizer
from services.ingest.settings import IngestSettings
from shared.errors import SettingsError
from tests.unit.ingest.conftest import PSEUDONYM_KEY, Peers
from tests.unit.ingest.posts import a_post


async def post(http: httpx.AsyncClient, *posts: Any, brand: str = "aerolume") -> httpx.Response:
    """Send posts."""
    content = json.dumps({"brand": brand, "posts": posts}, allow_nan=True).encode()
    return await http.post("/v1/posts", content=content, headers={"content-type": "application/json"})


async def test_good_posts_are_accepted_and_counted(http: httpx.AsyncClient, peers: Peers) -> None:
    """Accepted posts were folded; the counts add up."""
    answer = await post(http, a_post(1), a_post(2), a_post(1))
    assert answer.json() == {"accepted": 2, "duplicates": 1, "rejected": []}
    assert len(peers.folded) == 2


async def test_sending_again_accepts_nothing(http: httpx.AsyncClient, peers: Peers) -> None:
    """A replay is all duplicates, and the model reads none of it again."""
    await post(http, a_post(1), a_post(2))
    peers.status["sentiment"] = 503
    assert (await post(http, a_post(1), a_post(2))).json() == {"accepted": 0, "duplicates": 2, "rejected": []}


async def test_a_bad_post_never_spoils_its_neighbours(http: httpx.AsyncClient) -> None:
    """Each bad item is rejected by its index with the field's name, the others are taken."""
    bad = [
        a_post(2, text=" "),
        a_post(3, likes=float("nan")),
        a_post(4, text="\ud800"),
        a_post(5, created_at="2999-01-01T00:00:00Z"),
        17,
        a_post(6, text="😡" * 262_144),
    ]
    answer = (await post(http, a_post(1), *bad, a_post(7))).json()
    assert (answer["accepted"], answer["duplicates"]) == (2, 0)
    assert [rejection["index"] for rejection in answer["rejected"]] == [1, 2, 3, 4, 5, 6]
    fields = [rejection["reason"].partition(":")[0] for rejection in answer["rejected"]]
    assert fields == ["text", "likes", "text", "created_at", "post", "text"]


async def test_character_references_are_resolved_once(http: httpx.AsyncClient, peers: Peers) -> None:
    """What an export escaped is stored as its author wrote it; a text of nothing but blanks is rejected as one."""
    texts = [
        "H&amp;M doesn&#8217;t care &lt;3",
        "he wrote &amp;lt;b&amp;gt;",
        "&nbsp;&#32;",
        "AT&T &copy=1 &nothing; &#0;",
    ]
    answer = (await post(http, *[a_post(number, text=text) for number, text in enumerate(texts, 1)])).json()
    assert answer["rejected"] == [{"index": 2, "reason": "text: must not be blank"}]
    told = ["H&M doesn\u2019t care <3", "he wrote &lt;b&gt;", "AT&T &copy=1 &nothing; &#0;"]
    assert sorted(folded["text"] for folded in peers.folded.values()) == sorted(told)


async def test_nothing_raw_leaves_the_service(http: httpx.AsyncClient, peers: Peers) -> None:
    """What profiles gets holds the contract's keys and coarse figures; no id, handle, address or exact time."""
    text = "@someone mail me at jane@example.com or +1 415 555 0132 https://example.com/jane"
    sent = a_post(77, author_id="author-9", text=text, in_reply_to="parent-5")
    sent["author"] |= {"handle": "janedoe", "followers": 1234}
    await post(http, sent)
    (folded,) = peers.folded.values()
    pseudonymizer = Pseudonymizer(PSEUDONYM_KEY.encode())
    assert folded["author_key"] == pseudonymizer.author_key("x", "author-9")
    assert folded["post_key"] == pseudonymizer.post_key("x", "post-77")
    assert folded["account"] == {"followers": 1200, "age_months": 72}
    assert folded["hour"] == "2026-02-24T19:00:00Z"
    assert folded["is_reply"] is True
    assert peers.texts == ["@user mail me at <email> or <phone> http"]
    everything = json.dumps(folded)
    for raw in ("author-9", "post-77", "parent-5", "janedoe", "someone", "jane@", "0132", "19:35"):
        assert raw not in everything


async def test_the_platforms_language_is_handed_on(http: httpx.AsyncClient, peers: Peers) -> None:
    """Sentiment is told the platform's own language where there is one."""
    await post(http, a_post(1, language="pt-BR"), a_post(2))
    assert peers.languages == ["pt", None]


@pytest.mark.parametrize("peer", ["sentiment", "profiles"])
async def test_a_peer_that_is_away_means_503_and_nothing_lost(http: httpx.AsyncClient, peers: Peers, peer: str) -> None:
    """A 503 peer is tried again; then ingest answers 503 with Retry-After, and the same batch is taken later."""
    peers.status[peer] = 503
    answer = await post(http, a_post(1))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert peers.calls[peer] == 3
    assert peers.folded == {}
    peers.status[peer] = 200
    assert (await post(http, a_post(1))).json()["accepted"] == 1


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_a_peer_that_refuses_is_not_asked_again(http: httpx.AsyncClient, peers: Peers, status: int) -> None:
    """Only 503 and connection errors are worth a retry; anything else is a 502 at once."""
    peers.status["sentiment"] = status
    assert (await post(http, a_post(1))).status_code == 502
    assert peers.calls["sentiment"] == 1


@pytest.mark.parametrize("results", [[{"sentiment": {"score": 7}}], [{}, {}, {}], ["no analysis"]])
async def test_an_answer_that_is_no_analysis_is_not_folded(http: httpx.AsyncClient, peers: Peers, results: Any) -> None:
    """A peer that answers nonsense is a 502, and nothing is folded."""
    peers.results = results
    assert (await post(http, a_post(1))).status_code == 502
    assert peers.folded == {}


async def test_a_long_request_is_analysed_in_bounded_batches(http: httpx.AsyncClient, peers: Peers) -> None:
    """A thousand posts become calls of at most 128 texts, one look-up and folds of at most 500 posts."""
    answer = await post(http, *(a_post(n) for n in range(1000)))
    assert answer.json()["accepted"] == 1000
    assert peers.calls == {"sentiment": 8, "profiles": 3}


async def test_text_and_embedding_go_to_profiles(http: httpx.AsyncClient, peers: Peers) -> None:
    """Profiles gets the cleaned text, and the embedding with the version of the model that made it."""
    peers.results = [{"sentiment": None, "embedding": [0.123456, -1.0], "entities": []}]
    peers.embedding_version = "encoder@1"
    await post(http, a_post(1, text="@someone hello"))
    (folded,) = peers.folded.values()
    assert folded["text"] == "@user hello"
    assert folded["embedding_version"] == "encoder@1"
    assert folded["analysis"]["embedding"] == [0.1235, -1.0]
    assert {"embedding", "entities", "category"} <= set(peers.features)


async def test_posts_of_unknown_authors_are_marked(http: httpx.AsyncClient, peers: Peers) -> None:
    """Profiles is told which author key stands for all whom a network does not tell."""
    await post(http, a_post(1), a_post(2, "unknown"))
    assert [one["author_is_unknown"] for one in peers.folded.values()] == [False, True]


async def test_an_embedding_of_nobody_knows_which_model_is_left_out(http: httpx.AsyncClient, peers: Peers) -> None:
    """Without a version an embedding could be added to those of another model: the post goes without it."""
    peers.results = [{"embedding": [0.5, 0.5]}]
    await post(http, a_post(1))
    (folded,) = peers.folded.values()
    assert "embedding" not in folded["analysis"]
    assert "embedding_version" not in folded


async def test_a_batch_that_takes_too_long_is_refused_and_frees_its_place(
    peers: Peers, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Peers that each answer just in time do not hold a batch for ever: 503, nothing folded, the place free again."""
    monkeypatch.setattr(pipeline, "DELIVERY_SECONDS", 0.0)
    late = await post(http, a_post(1))
    assert late.status_code == 503
    assert int(late.headers["retry-after"]) >= 1
    assert peers.folded == {}
    monkeypatch.undo()
    assert (await post(http, *(a_post(n) for n in range(1000)))).json()["accepted"] == 1000


@pytest.mark.parametrize("answer", [{}, {"counted": 7}, {"counted": None}, [], "counted"])
async def test_an_answer_that_names_no_counted_keys_is_refused(
    http: httpx.AsyncClient, peers: Peers, answer: Any
) -> None:
    """Profiles that answer nonsense are a 502, and nothing is folded."""
    peers.counted = answer
    assert (await post(http, a_post(1))).status_code == 502
    assert peers.folded == {}


async def test_too_much_at_once_is_refused_with_retry_after(peers: Peers, http: httpx.AsyncClient) -> None:
    """Past the bound of posts in flight a batch gets 503 at once, and what was admitted is taken."""
    many = [a_post(n) for n in range(1000)]
    answers = await asyncio.gather(*(post(http, *many, brand=f"brand-{n}") for n in range(12)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert all("retry-after" in answer.headers for answer in refused)
    assert len(peers.folded) == 1000 * (len(answers) - len(refused))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b'{"brand": "Not A Slug", "posts": [1]}', "brand"),
        (b'{"brand": "a/../b", "posts": [1]}', "brand"),
        (b'{"brand": "aerolume", "posts": []}', "posts"),
        (b'{"brand": "aerolume", "posts": {}}', "posts"),
        (b'{"posts": [1]}', "brand"),
        (b"[]", "body"),
    ],
)
async def test_a_wrong_body_is_a_problem_that_names_the_field(http: httpx.AsyncClient, body: bytes, field: str) -> None:
    """What is no batch of posts is 422 with the field's name."""
    answer = await http.post("/v1/posts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in json.dumps(answer.json()["errors"])


async def test_readiness_names_the_peer_that_is_not_ready(http: httpx.AsyncClient) -> None:
    """The stand-ins have no /readyz: both are named."""
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert "sentiment" in answer.json()["detail"]
    assert "profiles" in answer.json()["detail"]


def test_a_local_key_is_made_once_and_kept_private(settings: IngestSettings) -> None:
    """Without a key, loopback makes one in a file of mode 0600 and uses it from then on."""
    local = settings.model_copy(update={"pseudonym_key": None})
    key = local.require_pseudonym_key()
    assert local.require_pseudonym_key() == key
    assert (settings.data_dir / "pseudonym.key").stat().st_mode & 0o777 == 0o600
    assert len(key) >= 32


@pytest.mark.parametrize("key", ["tiny-key", "x" * 40, "changeme-changeme-changeme-changeme-1234"])
def test_a_weak_key_is_refused(settings: IngestSettings, key: str) -> None:
    """A key that is short, one character or a default does not start the service, on loopback either."""
    weak = IngestSettings(_env_file=None, data_dir=settings.data_dir, VOXPOP_PSEUDONYM_KEY=key)
    with pytest.raises(SettingsError, match="VOXPOP_PSEUDONYM_KEY") as refusal:
        weak.require_pseudonym_key()
    assert key not in refusal.value.detail


def test_off_loopback_a_key_is_required(settings: IngestSettings) -> None:
    """A key made by chance on each replica would give one author several profiles."""
    exposed = settings.model_copy(update={"pseudonym_key": None, "host": "0.0.0.0"})  # noqa: S104 - what is tested
    with pytest.raises(SettingsError, match="VOXPOP_PSEUDONYM_KEY"):
        exposed.require_pseudonym_key()
