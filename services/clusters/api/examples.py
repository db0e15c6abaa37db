"""Posts that stand for a cluster of the current run, over HTTP."""

from typing import Final

from fastapi import APIRouter

from services.clusters.api.clusters import WantedBasis, card_of, current_run
from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.posts import UnreadablePostsError, read_named
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import NotFoundError, PeerUnavailableError
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/clusters", tags=["clusters"], dependencies=[requires(Scope.EVIDENCE)])

OFF: Final = "exemplary posts are off; set CLUSTERS_EXAMPLE_POSTS to how many are to stand for each cluster, then train"


class ExemplaryPost(Frozen):
    """A cleaned post that stands for a cluster, without its author."""

    post_key: str
    text: str
    language: str | None


class ExemplaryPosts(Frozen):
    """Posts that stand for a cluster, the nearest to its middle first, without those that expired or were removed."""

    run_id: str
    cluster: int
    items: list[ExemplaryPost]


@router.get("/{cluster_id}/examples")
async def show_examples(
    brand: Brand, cluster_id: int, resources: Res, basis: WantedBasis = Basis.BEHAVIOUR
) -> ExemplaryPosts:
    """Posts that stand for a cluster of the current run; 404 where they are off."""
    if not resources.example_posts:
        raise NotFoundError(OFF)
    run = await current_run(resources, brand, basis)
    keys = run.examples.get(cluster_id, []) if card_of(run, cluster_id).described else []
    keys = keys[: resources.example_posts]
    try:
        told_now = (await read_named(resources.profiles, brand, keys)).table
    except UnreadablePostsError as error:
        raise PeerUnavailableError("profiles", str(error)) from None
    found = {
        post["post_key"]: ExemplaryPost.model_validate(post)
        for post in told_now.select(["post_key", "text", "language"]).to_pylist()
        if post["text"]
    }
    return ExemplaryPosts(run_id=run.run_id, cluster=cluster_id, items=[found[key] for key in keys if key in found])
