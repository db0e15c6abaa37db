"""From the Graph API's posts and comments to posts as ingest takes them.

A post's id is its page's and its own (`PAGE_POST`, by the Graph API's reference of Page Post).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.ingest.sources.fields import author_of, count_of, id_of, text_of, time_of

POST_FIELDS: Final = (
    "id,message,created_time,updated_time,from,shares,reactions.limit(0).summary(total_count),"
    "comments.filter(stream).limit(0).summary(total_count)"
)
COMMENT_FIELDS: Final = "id,message,created_time,from,parent{id},like_count,comment_count"


@dataclass(frozen=True, repr=False)
class FoundPost:
    """A post or comment: `post` is None where it has no text. `mark` changes when comments under it may have."""

    id: str
    created_at: datetime
    post: dict[str, Any] | None
    comments: int = 0
    mark: str = ""


def post_of(item: dict[str, Any], page: str) -> FoundPost | None:
    """Return a post on `page`, the page's or a visitor's, None where it has no id or no time."""
    post_id, created_at = id_of(item), time_of(item, "created_time")
    if post_id is None or created_at is None:
        return None
    comments = count_of(item, "comments", "summary", "total_count")
    updated = time_of(item, "updated_time") or created_at
    post = _post(item, post_id, created_at, post_id, page)
    if post:
        post |= {
            "likes": count_of(item, "reactions", "summary", "total_count"),
            "reposts": count_of(item, "shares", "count"),
            "replies": comments,
        }
    return FoundPost(post_id, created_at, post, comments, f"{int(updated.timestamp())}/{comments}")


def comment_of(item: dict[str, Any], post_id: str, page: str) -> FoundPost | None:
    """Return a comment under the post `post_id` on `page`, None where it has no id or no time."""
    comment_id, created_at = id_of(item), time_of(item, "created_time")
    if comment_id is None or created_at is None:
        return None
    post = _post(item, comment_id, created_at, post_id, page)
    if post:
        parent = item.get("parent")
        post |= {
            "likes": count_of(item, "like_count"),
            "replies": count_of(item, "comment_count"),
            "in_reply_to": (id_of(parent) if isinstance(parent, dict) else None) or post_id,
        }
    return FoundPost(comment_id, created_at, post)


def _post(item: dict[str, Any], own_id: str, created_at: datetime, post_id: str, page: str) -> dict[str, Any] | None:
    text = text_of(item, "message")
    if text is None:
        return None
    author = author_of(item.get("from"))
    page_id, _, of_page = post_id.partition("_")
    if of_page and author["id"] == page_id:
        # The brand may know its page by name alone: by that it is told that this is its own voice.
        author["handle"] = page
    return {
        "platform": "facebook",
        "post_id": own_id,
        "author": author,
        "text": text,
        "created_at": created_at.isoformat(),
        "about_brand": True,  # the place is a page that the brand asks for
    }
