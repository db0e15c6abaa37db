"""The filters, orders and indexes of the MongoDB store; each order goes by an index of its own."""

from typing import Any

from services.profiles.listing import Listing, Order, sort_field

# An array is indexed by its first element alone: who looks for one that is not empty needs no more, and an entry for
# each of a batch's ids, made and unmade, would cost more than all other indexes.
INDEXES: list[tuple[str, list[tuple[str, int]], dict[str, Any]]] = [
    ("profiles", [("brand", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("posts", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("first_seen", 1)], {}),
    ("profiles", [("brand", 1), ("last_seen", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("mean_rising", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("mean_falling", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("languages.name", 1)], {}),
    ("profiles", [("uncommitted.0", 1)], {"sparse": True}),
    ("profiles", [("withdrawn.0", 1)], {"sparse": True}),
    ("profiles", [("owed.0.id", 1)], {"sparse": True}),
    ("profiles", [("closing", 1)], {"sparse": True}),
    ("profiles", [("removed", 1), ("_id", 1)], {"partialFilterExpression": {"removed": {"$exists": True}}}),
    ("rollups", [("brand", 1), ("span", 1), ("start", 1)], {}),
    ("rollups", [("uncommitted.0", 1)], {"sparse": True}),
    ("rollups", [("withdrawn.0", 1)], {"sparse": True}),
    ("totals", [("brand", 1)], {}),
    ("posts", [("state", 1)], {"partialFilterExpression": {"state": "pending"}}),
    ("posts", [("state", 1), ("profile", 1)], {"partialFilterExpression": {"state": "removing"}}),
    ("posts", [("profile", 1)], {"sparse": True}),
    ("posts", [("stored_at", 1)], {"sparse": True}),
    (
        "posts",
        [("brand", 1), ("hour", 1), ("_id", 1), ("voice", 1)],
        {"partialFilterExpression": {"brand": {"$exists": True}}},
    ),
    ("assignments", [("profile", 1), ("run_id", 1)], {}),
    ("assignments", [("brand", 1), ("basis", 1), ("run_id", 1)], {}),
    ("published_runs", [("brand", 1)], {}),
]


def matching(listing: Listing) -> dict[str, Any]:
    """Return the filter of a list, but for clusters."""
    conditions: list[dict[str, Any]] = [{"brand": listing.brand}]
    if listing.min_posts > 1:
        conditions.append({"posts": {"$gte": listing.min_posts}})
    if listing.since is not None:
        conditions.append({"last_seen": {"$gte": listing.since}})
    if listing.language is not None:
        conditions.append({"languages.name": listing.language})
    if listing.after is not None:
        conditions.append(_beyond(listing))
    return {"$and": conditions}


def sorting(listing: Listing) -> dict[str, int]:
    """Return the order of a list."""
    direction = 1 if listing.order is Order.ASC else -1
    return {sort_field(listing.sort, listing.order): direction, "author_key": direction}


def _beyond(listing: Listing) -> dict[str, Any]:
    if listing.after is None:
        return {}
    field, operator = sort_field(listing.sort, listing.order), "$gt" if listing.order is Order.ASC else "$lt"
    value, author_key = listing.after.value, listing.after.author_key
    return {"$or": [{field: {operator: value}}, {field: value, "author_key": {operator: author_key}}]}
