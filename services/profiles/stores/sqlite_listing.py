"""The statement behind a list of profiles: each order goes by an index of its own."""

from services.profiles.listing import Listing, Order, sort_field

Value = str | int | float

_SPEAKS = """EXISTS (
    SELECT 1 FROM spoken WHERE spoken.brand = profile.brand AND spoken.author_key = profile.author_key
    AND spoken.language = ?)"""
_IN_CLUSTER = """EXISTS (
    SELECT 1 FROM published JOIN assignment USING (brand, basis, run_id)
    WHERE published.brand = profile.brand AND published.basis = ?
    AND assignment.author_key = profile.author_key AND assignment.cluster = ?)"""


def select(listing: Listing) -> tuple[str, list[Value]]:
    """Return the statement and its values; no name in it comes from outside."""
    field = sort_field(listing.sort, listing.order)
    direction, beyond = ("ASC", ">") if listing.order is Order.ASC else ("DESC", "<")
    conditions, values = _filters(listing)
    if listing.after is not None:
        conditions.append(f"({field}, author_key) {beyond} (?, ?)")
        values += [listing.after.value, listing.after.author_key]
    statement = (
        f"SELECT author_key, body FROM profile WHERE {' AND '.join(conditions)} "  # noqa: S608 - names are our own
        f"ORDER BY {field} {direction}, author_key {direction} LIMIT ?"
    )
    return statement, [*values, listing.limit]


def _filters(listing: Listing) -> tuple[list[str], list[Value]]:
    conditions, values = ["brand = ?"], list[Value]([listing.brand])
    if listing.min_posts > 1:
        conditions.append("posts >= ?")
        values.append(listing.min_posts)
    if listing.since is not None:
        conditions.append("last_seen >= ?")
        values.append(listing.since)
    if listing.language is not None:
        conditions.append(_SPEAKS)
        values.append(listing.language)
    if listing.cluster is not None:
        conditions.append(_IN_CLUSTER)
        values += [listing.cluster.basis, listing.cluster.cluster]
    return conditions, values
