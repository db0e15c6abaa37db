"""The objects of a JSON value that may be posts: pages, searches, feeds and threads are opened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from services.ingest.sources.fields import inside, list_of

_LISTS: Final = (
    "data",
    "statuses",
    "tweets",
    "posts",
    "feed",
    "orderedItems",
    "items",
    "results",
    "records",
    "messages",
    "hits",
)
"""Under which names answers of APIs and tools have their posts."""
SINGLES: Final = ("data", "tweet", "status", "thread", "response", "result", "hits", "_source")
"""Under which names they have one post, or the object that has the list."""
_BESIDE: Final = frozenset({"meta", "errors", "includes", "title", "detail", "type", "__twarc"})
"""What a page of X's API v2 has beside its posts; a page of these alone has none."""
_DEEPEST: Final = 4


@dataclass(frozen=True, repr=False)
class JsonPart:
    """An object that may be a post; `outer` is what it alone was wrapped in, None where it stood by itself.

    `is_archived` for the wrapper that X's archives put around each post.
    """

    item: dict[str, Any]
    outer: dict[str, Any] | None = None
    is_archived: bool = False


def parts_in(value: Any, is_post: Callable[[dict[str, Any]], bool]) -> Iterator[JsonPart | None]:
    """Yield the objects of a value, None for each element that is none; what `is_post` tells is not opened."""
    return _opened(value, is_post, None, _DEEPEST)


def _opened(
    value: Any, is_post: Callable[[dict[str, Any]], bool], outer: dict[str, Any] | None, depth: int
) -> Iterator[JsonPart | None]:
    if isinstance(value, list) and depth:
        for element in value:
            yield from _opened(element, is_post, None, depth - 1)
    elif not isinstance(value, dict):
        yield None
    elif not depth or is_post(value):
        yield JsonPart(value, outer)
    elif (name := _name_of(value, _LISTS, list)) is not None:
        join = _Joiner(value)
        for element in value[name]:
            yield from _opened(join(element), is_post, None, depth - 1)
    elif (name := _name_of(value, SINGLES, dict)) is not None:
        yield from _unwrapped(value, name, is_post, depth)
    elif not value or not _BESIDE.issuperset(value):
        yield JsonPart(value, outer)


def _unwrapped(
    value: dict[str, Any], name: str, is_post: Callable[[dict[str, Any]], bool], depth: int
) -> Iterator[JsonPart | None]:
    if name == "thread":
        yield from _thread(value[name])
    elif name == "tweet":
        yield JsonPart(value[name], value, is_archived=True)
    else:
        yield from _opened(_Joiner(value)(value[name]), is_post, value, depth - 1)


def _name_of(value: dict[str, Any], names: tuple[str, ...], kind: type) -> str | None:
    return next((name for name in names if isinstance(value.get(name), kind)), None)


class _Joiner:
    """Joins posts of a page of X's API v2 with what it tells beside them, as twarc flattens them."""

    def __init__(self, page: dict[str, Any]) -> None:
        self._users = _included(page, "users")
        self._posts = _included(page, "tweets")

    def __call__(self, item: Any) -> Any:
        """Return a post with its author and the posts that it refers to."""
        if not isinstance(item, dict) or not (self._users or self._posts):
            return item
        more: dict[str, Any] = {}
        if "author" not in item and (author := self._users.get(_key(item, "author_id"))) is not None:
            more["author"] = author
        if isinstance(references := item.get("referenced_tweets"), list):
            more["referenced_tweets"] = [self._referred(one) for one in references]
        return {**item, **more}

    def _referred(self, reference: Any) -> Any:
        if not isinstance(reference, dict):
            return reference
        return {**self._posts.get(_key(reference, "id"), {}), **reference}


def _included(page: dict[str, Any], name: str) -> dict[str | None, dict[str, Any]]:
    told = [one for one in list_of(inside(page.get("includes"), name)) if isinstance(one, dict)]
    return {key: one for one in told if (key := _key(one, "id")) is not None}


def _key(item: dict[str, Any], name: str) -> str | None:
    """Return an id as the text that both sides have, None where it is none."""
    value = item.get(name)
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _thread(thread: Any) -> Iterator[JsonPart]:
    """Yield the posts of a thread, those that it answers too; one that is blocked or gone has none."""
    waiting = [thread]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("post"), dict):
                yield JsonPart(node["post"])
            waiting += [node.get("parent"), *list_of(node.get("replies"))]
