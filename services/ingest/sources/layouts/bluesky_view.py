"""Posts of Bluesky: views out of feeds, searches and threads, records of repositories, events of Jetstream."""

from datetime import UTC, datetime
from typing import Any, Final

from services.ingest.sources.bluesky.event import POSTS
from services.ingest.sources.fields import inside, list_of
from services.ingest.sources.layouts.layout import JsonLayout, Record, first_of, present, words_of
from shared.character_references import write_references

_REPOST: Final = "app.bsky.feed.defs#reasonRepost"
_LATEST_US: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("at://")


def _is_view(item: dict[str, Any]) -> bool:
    post = item.get("post")
    if isinstance(post, dict) and _is_address(post.get("uri")):
        return True
    return _is_address(item.get("uri")) and isinstance(_record(item), dict)


def _record(view: dict[str, Any]) -> Any:
    return view.get("record") if isinstance(view.get("record"), dict) else view.get("value")


def _view_record(item: dict[str, Any]) -> Record | None:
    post = item.get("post")
    view: dict[str, Any] = post if isinstance(post, dict) else item
    reason = item.get("reason")
    if isinstance(reason, dict) and isinstance(reason.get("by"), dict):
        return _repost(view, reason)
    kind = inside(_record(view), "$type")
    if kind not in (None, POSTS):
        return None
    author = view.get("author")
    of_author = author if isinstance(author, dict) else {"did": str(view.get("uri")).split("/")[2:3]}
    return _said(view, of_author)


def _said(view: dict[str, Any], author: dict[str, Any]) -> Record | None:
    told = _record(view)
    text = words_of(told, "text")
    if text is None:
        return None
    did = author.get("did")
    return present(
        post_id=view.get("uri"),
        text=write_references(text),
        created_at=first_of(told, "createdAt") or view.get("indexedAt"),
        language=next(iter(list_of(inside(told, "langs"))), None),
        likes=view.get("likeCount"),
        reposts=view.get("repostCount"),
        replies=view.get("replyCount"),
        in_reply_to=inside(told, "reply", "parent", "uri"),
        author_id=did[0] if isinstance(did, list) and did else did,
        handle=author.get("handle"),
        followers=author.get("followersCount"),
        following=author.get("followsCount"),
        posts=author.get("postsCount"),
        account_created_at=author.get("createdAt"),
    )


def _repost(view: dict[str, Any], reason: dict[str, Any]) -> Record | None:
    """Return the repost as a post of the account that reposts, at the time when it did."""
    said = _said(view, reason["by"])
    if said is None:
        return None
    address = first_of(reason, "uri") or f"{view.get('uri')}#repost:{inside(reason, 'by', 'did')}"
    for name in ("likes", "reposts", "replies", "in_reply_to"):
        said.pop(name, None)
    return said | present(post_id=address, is_repost=True, created_at=reason.get("indexedAt"))


def _is_event(item: dict[str, Any]) -> bool:
    did = item.get("did")
    return isinstance(did, str) and did.startswith("did:") and isinstance(item.get("kind"), str) and "time_us" in item


def _event_record(item: dict[str, Any]) -> Record | None:
    commit = item.get("commit") if item["kind"] == "commit" else None
    if inside(commit, "operation") != "create" or inside(commit, "collection") != POSTS:
        return None
    address = f"at://{item['did']}/{POSTS}/{inside(commit, 'rkey')}"
    view = {"uri": address, "record": inside(commit, "record"), "indexedAt": _seen(item.get("time_us"))}
    return _said(view, {"did": item["did"]})


def _seen(time_us: Any) -> str | None:
    if type(time_us) is not int or not 0 < time_us < _LATEST_US:
        return None
    return datetime.fromtimestamp(time_us / 1_000_000, UTC).isoformat()


BLUESKY_VIEW: Final = JsonLayout("a post of Bluesky", "bluesky", _is_view, _view_record)
JETSTREAM_EVENT: Final = JsonLayout("an event of Jetstream", "bluesky", _is_event, _event_record)
