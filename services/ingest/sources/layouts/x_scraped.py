"""Posts of X as programs take them from its website: snscrape, twint, and answers of the website itself."""

from typing import Any, Final

from services.ingest.sources.fields import UnreadableError, inside
from services.ingest.sources.layouts.layout import JsonLayout, Record, first_of, present, words_of
from services.ingest.sources.layouts.x_post import language_told, v1_record


def _is_snscrape(item: dict[str, Any]) -> bool:
    if str(item.get("_type", "")).startswith("snscrape."):
        return True
    known = isinstance(inside(item, "user", "username"), str) or isinstance(item.get("username"), str)
    return known and "date" in item and not {"rawContent", "renderedContent", "content"}.isdisjoint(item)


def _snscrape_record(item: dict[str, Any]) -> Record:
    kind = item.get("_type", "snscrape.modules.twitter.Tweet")
    if kind != "snscrape.modules.twitter.Tweet":
        raise UnreadableError("an item of snscrape that is no post of X; name its keys with --map")
    user, reposted = item.get("user"), item.get("retweetedTweet")
    names = ("rawContent", "content", "renderedContent")
    return present(
        post_id=first_of(item, "id_str", "id"),
        text=words_of(reposted, *names) or words_of(item, *names),
        created_at=item.get("date"),
        language=language_told(item.get("lang")),
        likes=item.get("likeCount"),
        reposts=item.get("retweetCount"),
        replies=item.get("replyCount"),
        is_repost=bool(reposted),
        in_reply_to=first_of(item, "inReplyToTweetIdStr", "inReplyToTweetId"),
        author_id=first_of(user, "id_str", "id", "username") or item.get("username"),
        handle=first_of(user, "username") or item.get("username"),
        followers=inside(user, "followersCount"),
        following=inside(user, "friendsCount"),
        posts=inside(user, "statusesCount"),
        listed=inside(user, "listedCount"),
        verified=inside(user, "verified"),
        protected=inside(user, "protected"),
        account_created_at=inside(user, "created"),
    )


def _is_twint(item: dict[str, Any]) -> bool:
    return isinstance(item.get("tweet"), str) and "user_id" in item and "username" in item


def _twint_record(item: dict[str, Any]) -> Record:
    moment = [item.get(name) for name in ("date", "time", "timezone")]
    is_told = all(isinstance(part, str) and part for part in moment)
    return present(
        post_id=first_of(item, "id_str", "id"),
        text=item.get("tweet"),
        created_at=" ".join(map(str, moment)) if is_told else item.get("created_at"),
        language=language_told(item.get("language")),
        likes=first_of(item, "likes_count", "nlikes"),
        reposts=first_of(item, "retweets_count", "nretweets"),
        replies=first_of(item, "replies_count", "nreplies"),
        is_repost=item.get("retweet"),
        author_id=first_of(item, "user_id_str", "user_id"),
        handle=item.get("username"),
    )


def _is_of_website(item: dict[str, Any]) -> bool:
    return isinstance(item.get("legacy"), dict) and "rest_id" in item and isinstance(item.get("core"), dict)


def _website_record(item: dict[str, Any]) -> Record:
    """Return a post of the website: its `legacy` is the object of the API's first version, the author apart."""
    legacy = item["legacy"]
    user = inside(item, "core", "user_results", "result")
    account = {**_object(user, "legacy"), **_object(user, "core"), "id_str": inside(user, "rest_id")}
    reposted = inside(legacy, "retweeted_status_result", "result")
    long = words_of(inside(item, "note_tweet", "note_tweet_results", "result"), "text")
    record = v1_record({**legacy, "user": account, "retweeted_status": inside(reposted, "legacy")})
    return {**record, **present(post_id=item["rest_id"], text=long if reposted is None else None)}


def _object(value: Any, name: str) -> dict[str, Any]:
    found = inside(value, name)
    return found if isinstance(found, dict) else {}


SNSCRAPE: Final = JsonLayout("snscrape", "x", _is_snscrape, _snscrape_record)
TWINT: Final = JsonLayout("twint", "x", _is_twint, _twint_record)
X_WEBSITE: Final = JsonLayout("X's website", "x", _is_of_website, _website_record)
