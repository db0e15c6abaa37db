"""What replies need to know of a brand: how it is called, and which accounts are its own."""

from services.ingest.brands.brand import BrandSettings
from services.ingest.brands.matcher import Matcher
from services.ingest.brands.stores.base import BrandStore
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import NotFoundError

FRESH_SECONDS = 10.0
MOST_BRANDS = 1000


class BrandView:
    """One brand, as declared."""

    def __init__(self, brand: str, settings: BrandSettings) -> None:
        """Read the settings."""
        self.display_name = settings.display_name or brand
        self._settings = settings
        self._matchers: dict[Platform, Matcher] = {}

    def is_own(self, platform: Platform, author_id: str) -> bool:
        """Tell whether an account is the brand's, as far as its id tells; handles are looked at before this."""
        if platform not in self._matchers:
            self._matchers[platform] = Matcher.of(self._settings, platform)
        return self._matchers[platform].is_own(author_id, None)


class BrandViews:
    """Brands as this replica knows them, at most 10 s old; one that nobody declared has no account."""

    def __init__(self, store: BrandStore, clock: Clock) -> None:
        """Read from `store`."""
        self._store = store
        self._clock = clock
        self._views: dict[str, tuple[float, BrandView]] = {}

    async def of(self, brand: str) -> BrandView:
        """Return a brand's view."""
        now = self._clock.monotonic()
        read_at, view = self._views.get(brand, (None, None))
        if view is not None and read_at is not None and now - read_at < FRESH_SECONDS:
            return view
        try:
            view = BrandView(brand, (await self._store.find(brand)).settings)
        except NotFoundError:
            view = BrandView(brand, BrandSettings())
        if len(self._views) >= MOST_BRANDS:
            self._views.clear()
        self._views[brand] = (now, view)
        return view
