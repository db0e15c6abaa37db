"""Rules and brands as this replica knows them: read again every few seconds."""

from typing import Final

from cachetools import TTLCache

from services.ingest.brands.brand import BrandSettings
from services.ingest.brands.matcher import Matcher
from services.ingest.brands.store import BrandStore
from services.ingest.replies.reply_rule import MAX_RULES, ReplyRule
from services.ingest.replies.store import ReplyStore
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import ConflictError, NotFoundError

RULES_SECONDS: Final = 5.0
BRAND_SECONDS: Final = 10.0
MOST_BRANDS: Final = 1000


class RuleCache:
    """Puts, finds and removes rules; what another replica changed is seen within 5 s."""

    def __init__(self, store: ReplyStore, clock: Clock) -> None:
        """Keep the rules in `store`."""
        self._store = store
        self._rules: TTLCache[None, list[ReplyRule]] = TTLCache(1, RULES_SECONDS, clock.monotonic)

    async def put(self, rule: ReplyRule) -> None:
        """Keep a rule in place of what its name had; raises ConflictError where there are 200 others."""
        names = {known.name for known in await self._store.rules()}
        if rule.name not in names and len(names) >= MAX_RULES:
            raise ConflictError(f"there are {MAX_RULES} reply rules already; delete one first")
        await self._store.put_rule(rule)
        self._rules.clear()

    async def find(self, name: str) -> ReplyRule:
        """Return a rule; raises NotFoundError."""
        for rule in await self._store.rules():
            if rule.name == name:
                return rule
        raise NotFoundError(_missing(name))

    async def delete(self, name: str) -> None:
        """Remove a rule; raises NotFoundError. Replies that it drafted stay."""
        if not await self._store.delete_rule(name):
            raise NotFoundError(_missing(name))
        self._rules.clear()

    async def all(self) -> list[ReplyRule]:
        """Return every rule by name."""
        return await self._store.rules()

    async def of_brand(self, brand: str) -> list[ReplyRule]:
        """Return a brand's enabled rules in the order in which they are tried."""
        known = self._rules.get(None)
        if known is None:
            known = self._rules[None] = await self._store.rules()
        rules = [rule for rule in known if rule.brand == brand and rule.enabled]
        return sorted(rules, key=lambda rule: (rule.order, rule.name))


class ReplyBrand:
    """What replies need to know of a brand: how it is called, and which accounts are its own."""

    def __init__(self, brand: str, settings: BrandSettings) -> None:
        """Read the settings."""
        self.display_name = settings.display_name or brand
        self._settings = settings
        self._matchers: dict[Platform, Matcher] = {}

    def is_own(self, platform: Platform, author_id: str) -> bool:
        """Tell whether an account is the brand's, as far as its id tells; handles are looked at earlier."""
        if platform not in self._matchers:
            self._matchers[platform] = Matcher.of(self._settings, platform)
        return self._matchers[platform].is_own(author_id, None)


class BrandCache:
    """Brands as this replica knows them, at most 10 s old; a brand that is not declared has no account."""

    def __init__(self, store: BrandStore, clock: Clock) -> None:
        """Read from `store`."""
        self._store = store
        self._brands: TTLCache[str, ReplyBrand] = TTLCache(MOST_BRANDS, BRAND_SECONDS, clock.monotonic)

    async def of(self, brand: str) -> ReplyBrand:
        """Return a brand."""
        known = self._brands.get(brand)
        if known is None:
            try:
                settings = (await self._store.find(brand)).settings
            except NotFoundError:
                settings = BrandSettings()
            known = self._brands[brand] = ReplyBrand(brand, settings)
        return known


def _missing(name: str) -> str:
    return f"there is no reply rule '{name}'; GET /v1/reply-rules lists those there are"
