"""The rules as this replica knows them: read again every few seconds."""

from services.ingest.replies.rule import MAX_RULES, Rule
from services.ingest.replies.stores.base import ReplyStore
from shared.clock import Clock
from shared.errors import ConflictError, NotFoundError

FRESH_SECONDS = 5.0


class RuleBook:
    """Puts, finds and removes rules; what another replica changed is seen within 5 s."""

    def __init__(self, store: ReplyStore, clock: Clock) -> None:
        """Keep the rules in `store`."""
        self._store = store
        self._clock = clock
        self._rules: tuple[Rule, ...] = ()
        self._read_at: float | None = None

    async def put(self, rule: Rule) -> None:
        """Keep a rule in place of what its name had; raises ConflictError where there are 200 others."""
        names = {known.name for known in await self._store.rules()}
        if rule.name not in names and len(names) >= MAX_RULES:
            raise ConflictError(f"there are {MAX_RULES} reply rules already; delete one first")
        await self._store.put_rule(rule)
        self._read_at = None

    async def find(self, name: str) -> Rule:
        """Return a rule; raises NotFoundError."""
        for rule in await self._store.rules():
            if rule.name == name:
                return rule
        raise NotFoundError(_missing(name))

    async def delete(self, name: str) -> None:
        """Remove a rule; raises NotFoundError. Replies that it drafted stay."""
        if not await self._store.delete_rule(name):
            raise NotFoundError(_missing(name))
        self._read_at = None

    async def all(self) -> list[Rule]:
        """Return every rule by name."""
        return await self._store.rules()

    async def of_brand(self, brand: str) -> list[Rule]:
        """Return a brand's enabled rules in the order in which they are asked."""
        now = self._clock.monotonic()
        if self._read_at is None or now - self._read_at >= FRESH_SECONDS:
            self._rules = tuple(await self._store.rules())
            self._read_at = now
        rules = [rule for rule in self._rules if rule.brand == brand and rule.enabled]
        return sorted(rules, key=lambda rule: (rule.order, rule.name))


def _missing(name: str) -> str:
    return f"there is no reply rule '{name}'; GET /v1/reply-rules lists those there are"
