"""Embeddings of one version have one length: another is somebody's mistake, and must not reach a sum."""

from collections.abc import Mapping, Sequence

from shared.analyzed_post import AnalyzedPost
from shared.errors import InputError


def refuse_other_lengths(posts: Sequence[AnalyzedPost], known: Mapping[str, int]) -> dict[str, int]:
    """Return the lengths of versions that are not `known` yet, which the first post of each sets.

    Raises InputError where a post's embedding has another length than its version.
    """
    new: dict[str, int] = {}
    for place, post in enumerate(posts):
        version, embedding = post.embedding_version, post.analysis.embedding
        if version is None or embedding is None:
            continue
        wanted = known.get(version) or new.setdefault(version, len(embedding))
        if len(embedding) != wanted:
            raise InputError(
                f"the embedding of post {place} has {len(embedding)} numbers; those of version {version} have {wanted}",
                ("body", "posts", place, "analysis", "embedding"),
            )
    return new
