"""Which accounts are a brand's own: what they publish is the brand's voice, whatever way it comes in."""

from typing import Final, Self

from cachetools import LRUCache

from services.ingest.brands.brand import BrandSettings
from services.ingest.brands.store import BrandStore
from shared.analyzed_post import Platform

_ATS: Final = "@\uff20"
MOST_BRANDS: Final = 1000


def account_name(account: str | None) -> str:
    """Return an account's id or handle as two writings of it are compared: no `@` before it, in lower case."""
    return (account or "").strip().lstrip(_ATS).lower()


class OwnAccounts:
    """The accounts of one brand, by platform; a brand that is not declared has none."""

    def __init__(self, accounts: dict[Platform, frozenset[str]]) -> None:
        """Take names as `account_name` gives them."""
        self._accounts = accounts

    @classmethod
    def of(cls, brand: BrandSettings) -> Self:
        """Return the accounts of `handles` and of `own_accounts`."""
        names: dict[Platform, set[str]] = {}
        for given in (brand.handles, brand.own_accounts):
            for platform, accounts in given.items():
                names.setdefault(platform, set()).update(map(account_name, accounts))
        return cls({platform: frozenset(found) for platform, found in names.items()})

    def on(self, platform: Platform) -> frozenset[str]:
        """Return the names at one platform; the web has none."""
        return self._accounts.get(platform, frozenset())

    def hold(self, platform: Platform, author_id: str, handle: str | None) -> bool:
        """Tell whether an author is one of them, by the id or by the handle: many files tell only one of the two."""
        own = self.on(platform)
        return bool(own) and (account_name(author_id) in own or account_name(handle) in own)


class OwnAccountsCache:
    """The accounts of brands as the store has them now: the version is asked each time, the rest is kept by it."""

    def __init__(self, store: BrandStore) -> None:
        """Read from `store`."""
        self._store = store
        self._known: LRUCache[tuple[str, int], OwnAccounts] = LRUCache(MOST_BRANDS)

    async def of(self, brand: str) -> OwnAccounts:
        """Return a brand's accounts; raises as the store does where it cannot be read."""
        version = (await self._store.versions([brand])).get(brand)
        if version is None:
            return OwnAccounts({})
        known = self._known.get((brand, version))
        if known is None:
            stored = await self._store.find(brand)
            known = self._known[brand, stored.version] = OwnAccounts.of(stored.settings)
        return known
