"""What to offer the people of a cluster, and how to reach them, over HTTP."""

import asyncio
from enum import StrEnum
from typing import Annotated, Final, Self

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from services.clusters.api.clusters import WantedBasis, card_of, current_run
from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.cards.cluster import ClusterCard
from services.clusters.catalog.audience import Audience, audience, keyword_list
from services.clusters.catalog.catalog_store import Offer
from services.clusters.catalog.interests import ClusterInterests, Floats, RunInterests
from services.clusters.catalog.recommendation import Ranked, explaining, ranked, unwanted
from services.clusters.resources import Resources
from services.clusters.runs.run import Run
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import ConflictError, NotFoundError, OverloadedError, PeerError
from shared.web.auth import requires

router = APIRouter(
    prefix="/v1/brands/{brand}/clusters/{cluster_id}", tags=["clusters"], dependencies=[requires(Scope.READ)]
)

MOST: Final = 50
MOST_UNWANTED: Final = 100
EXPLAINING_TERMS: Final = 40
RETRY_SECONDS: Final = 10


class AudienceForm(StrEnum):
    """How an audience is told."""

    JSON = "json"
    CSV = "csv"


WantedForm = Annotated[AudienceForm, Query(alias="format", description="csv: a keyword list for X Ads")]


class Recommendation(Frozen):
    """A product for a cluster: its cosine with the cluster's interests, and the cluster's terms it goes with."""

    product_id: str
    title: str
    score: float
    terms: list[str]


class UnwantedProduct(Frozen):
    """A product that is near no cluster's interests, with the best cosine that it has."""

    product_id: str
    title: str
    score: float

    @classmethod
    def of(cls, offer: Offer, found: Ranked) -> Self:
        """Return what is told of a product."""
        return cls(product_id=offer.product.id, title=offer.product.title, score=found.score)


class RecommendationList(Frozen):
    """Products for one cluster, the best first, and up to 100 that no cluster of the run wants."""

    run_id: str
    cluster: int
    items: list[Recommendation]
    unwanted: list[UnwantedProduct]


@router.get("/recommendations")
async def recommend(
    brand: Brand,
    cluster_id: int,
    resources: Res,
    basis: WantedBasis = Basis.BEHAVIOUR,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 10,
) -> RecommendationList:
    """Products by how near they are to what the cluster's people write about, unlike one another, with the reason."""
    run, _, interests, own = await _of_cluster(resources, brand, cluster_id, basis)
    direction, overall = own.direction, interests.overall_direction
    if direction is None or overall is None:
        raise ConflictError(f"cluster {cluster_id} has too few posts with embeddings to compare products with")
    offers = await _offers(resources, brand, interests)
    products = np.stack([offer.embedding for offer in offers if offer.embedding is not None])
    found = await asyncio.to_thread(ranked, products, direction, overall, limit)
    all_directions = [one.direction for one in interests.clusters]
    clusters = np.stack([each for each in all_directions if each is not None])
    terms, vectors = await _terms(resources, own)
    far = await asyncio.to_thread(unwanted, products, clusters)
    return RecommendationList(
        run_id=run.run_id,
        cluster=cluster_id,
        items=[_recommended(offers[one.place], one, terms, vectors) for one in found],
        unwanted=[
            UnwantedProduct(
                product_id=offers[one.place].product.id, title=offers[one.place].product.title, score=one.score
            )
            for one in far[:MOST_UNWANTED]
        ],
    )


@router.get("/audience", response_model=Audience, responses={200: {"content": {"text/csv": {}}}})
async def show_audience(
    brand: Brand,
    cluster_id: int,
    resources: Res,
    basis: WantedBasis = Basis.BEHAVIOUR,
    form: Annotated[
        AudienceForm, Query(alias="format", description="csv: a keyword list for X Ads")
    ] = AudienceForm.JSON,
) -> Response:
    """Terms, hashtags, languages, hours and communities by which a cluster's people are reached; never who they are."""
    _, card, _, own = await _of_cluster(resources, brand, cluster_id, basis)
    found = audience(own, card.name)
    if form is AudienceForm.JSON:
        return JSONResponse(found.model_dump(mode="json"))
    name = f"{brand}-{basis}-{cluster_id}-keywords.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(keyword_list(found), media_type="text/csv; charset=utf-8", headers=headers)


async def _of_cluster(
    resources: Resources, brand: str, cluster_id: int, basis: Basis
) -> tuple[Run, ClusterCard, RunInterests, ClusterInterests]:
    run = await current_run(resources, brand, basis)
    card = card_of(run, cluster_id)
    if not isinstance(card, ClusterCard):
        raise NotFoundError(f"nothing is told of cluster {cluster_id}: it is of too few people")
    content = await resources.store.runs.artifacts.read(run.run_id, "interests")
    if content is None:
        raise ConflictError(f"run {run.run_id} kept no interests: an earlier version trained it; train anew")
    interests = await asyncio.to_thread(RunInterests.model_validate_json, content)
    own = interests.of(cluster_id)
    if own is None:
        raise ConflictError(
            f"the people of cluster {cluster_id} have no posts with texts; ingest posts, then train anew"
        )
    return run, card, interests, own


async def _offers(resources: Resources, brand: str, interests: RunInterests) -> list[Offer]:
    head = await resources.store.catalogs.head(brand)
    if head.missing:
        done = head.products - head.missing
        sentence = f"{done} of {head.products} products are embedded so far; try again in a while"
        raise OverloadedError(sentence, RETRY_SECONDS)
    offers = [offer for offer in await resources.store.catalogs.all_offers(head) if offer.embedding is not None]
    versions = {offer.embedding_version for offer in offers} - {interests.embedding_version}
    if versions or not offers:
        raise ConflictError(
            "the catalogue and the clusters were embedded by different models; send the catalogue again, and train anew"
        )
    return offers


async def _terms(resources: Resources, own: ClusterInterests) -> tuple[list[str], Floats | None]:
    """Return the cluster's weightiest terms with their embeddings; without embeddings while sentiment is away."""
    terms = [term.term for term in [*own.terms, *own.hashtags][:EXPLAINING_TERMS]]
    if not terms:
        return [], None
    try:
        vectors, _ = await resources.embedding.vectors([term.removeprefix("#") for term in terms])
    except PeerError:
        return terms, None
    known = [(term, vector) for term, vector in zip(terms, vectors, strict=True) if vector is not None]
    return [term for term, _ in known], np.stack([vector for _, vector in known]) if known else None


def _recommended(offer: Offer, found: Ranked, terms: list[str], vectors: Floats | None) -> Recommendation:
    product = offer.product
    if vectors is not None and offer.embedding is not None:
        reasons = explaining(offer.embedding, terms, vectors)
    else:
        words = set(product.words().casefold().replace(".", " ").replace(",", " ").split())
        reasons = [term for term in terms if words & set(term.removeprefix("#").split())][:5]
    return Recommendation(product_id=product.id, title=product.title, score=found.score, terms=reasons)
