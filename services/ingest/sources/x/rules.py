"""The stream's rules: those of the brand are made to be what its query says; everybody else's are left alone."""

from collections.abc import Sequence
from typing import Any

from services.ingest.sources.base import RefusedError
from services.ingest.sources.x.client import Rule, XClient
from services.ingest.sources.x.trouble import TroubleError


async def reconcile(client: XClient, brand: str, wanted: Sequence[Rule]) -> frozenset[str]:
    """Add the rules that are missing, delete the brand's that are no longer wanted; returns the wanted ones' ids.

    A brand's rules are known by their tags, `voxpop:BRAND:...`. A value that somebody else has as a rule already
    (X keeps each once) is used with its id. New ones are added before old ones go, so that nothing is missed
    between. Raises TroubleError, and RefusedError where X does not take a rule.
    """
    there = await client.rules()
    values = {rule.value for rule in wanted}
    ids = {str(rule.get("value")): str(rule.get("id")) for rule in there if rule.get("value") in values}
    if missing := [rule for rule in wanted if rule.value not in ids]:
        try:
            ids |= _added(await client.add_rules(missing))
        except TroubleError as trouble:
            if trouble.kind != "refused":
                raise
            raise RefusedError(_sentence(brand, missing[0].tag)) from None
    if refused := [rule for rule in wanted if rule.value not in ids]:
        raise RefusedError(_sentence(brand, refused[0].tag))
    if stale := [str(rule.get("id")) for rule in _of(brand, there) if rule.get("value") not in values]:
        await client.delete_rules(stale)
    return frozenset(ids[rule.value] for rule in wanted)


async def withdraw(client: XClient, brand: str) -> None:
    """Delete the brand's rules, since whoever holds the app's one connection pays for what they match.

    Raises TroubleError.
    """
    if ids := [str(rule.get("id")) for rule in _of(brand, await client.rules())]:
        await client.delete_rules(ids)


def _of(brand: str, rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if str(rule.get("tag", "")).startswith(f"voxpop:{brand}:")]


def _added(answer: dict[str, Any]) -> dict[str, str]:
    """Return the ids by value of the rules that an answer says were added, or were there."""
    listed = [answer.get(name) for name in ("data", "errors")]
    rules = [rule for part in listed if isinstance(part, list) for rule in part if isinstance(rule, dict)]
    return {str(rule["value"]): str(rule["id"]) for rule in rules if rule.get("value") and rule.get("id")}


def _sentence(brand: str, tag: str) -> str:
    return f"X does not take the rule tagged {tag}: see what is asked at GET /v1/brands/{brand}/queries"
