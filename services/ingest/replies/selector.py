"""From posts to drafts: which posts a rule answers; the cheapest questions are asked first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.ingest.coarsening import full_hour
from services.ingest.identity import Pseudonymizer
from services.ingest.observer import ObservedPost
from services.ingest.replies.caches import BrandCache, RuleCache
from services.ingest.replies.candidate import ReplyCandidate, author_key, may_be_answered, reply_key, traits
from services.ingest.replies.content import ReplyContents
from services.ingest.replies.drafter import Drafter
from services.ingest.replies.opt_out import OptOutWords
from services.ingest.replies.reply import NOT_SENT
from services.ingest.replies.reply_rule import ReplyRule
from services.ingest.replies.store import ReplyStore
from services.ingest.replies.withdrawal import ReplyWithdrawal
from shared.analyzed_post import Platform
from shared.clock import Clock, is_due
from shared.errors import PeerRefusedError
from shared.sentiment_peer import SentimentPeer
from shared.text import clean

_BATCH: Final = 128
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Selector:
    """Looks at every post before it is folded, and drafts a reply where a rule says so.

    Before, not after: a draft that was kept stays kept when the fold fails and the posts come again (a reply has the
    id of its post), whereas a crash after the fold would lose the drafts of that delivery.
    """

    store: ReplyStore
    rules: RuleCache
    brands: BrandCache
    sentiment: SentimentPeer
    drafter: Drafter
    contents: ReplyContents
    withdrawal: ReplyWithdrawal
    opt_out_words: OptOutWords
    pseudonymizer: Pseudonymizer
    clock: Clock
    author_pause: timedelta
    oldest: timedelta
    own_accounts: frozenset[tuple[Platform, str]] = frozenset()
    """Platform and id of the accounts that replies are sent from: nothing that they publish is answered."""
    drafts: bool = True
    """False where replies are off: then only opt-outs are noted, which count once replies are on."""

    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        """Draft what the brand's rules say; at most one reply a post and one an author.

        Observing the same posts again adds nothing. Raises PeerUnavailableError or OverloadedError where the
        store or sentiment is away: then the delivery should be tried again.
        """
        await self._note_opt_outs(posts)
        if not self.drafts:
            return
        rules = await self.rules.of_brand(brand)
        if not rules:
            return
        candidates = await self._allowed(await self._fitting(brand, rules, posts))
        if candidates:
            await self._draft(brand, candidates)

    async def _note_opt_outs(self, posts: Sequence[ObservedPost]) -> None:
        authors = {
            author_key(self.pseudonymizer, seen.post.platform, seen.post.author.id)
            for seen in posts
            if not seen.post.is_repost and self.opt_out_words.are_in(seen.text)
        }
        if authors:
            await self.store.opt_out(sorted(authors), self.clock.now())
            await self.withdrawal.close([], sorted(authors), "the author wants no replies")

    async def _fitting(
        self, brand: str, rules: Sequence[ReplyRule], posts: Sequence[ObservedPost]
    ) -> list[ReplyCandidate]:
        known, now = await self.brands.of(brand), self.clock.now()
        candidates: dict[str, ReplyCandidate] = {}
        for seen in posts:
            post, look = seen.post, traits(seen)
            is_own = (post.platform, post.author.id) in self.own_accounts
            fitting = () if is_own else tuple(rule for rule in rules if rule.fits(look))
            if fitting and may_be_answered(seen, now, self.oldest) and not known.is_own(post.platform, post.author.id):
                reply = reply_key(self.pseudonymizer, post.platform, post.post_id)
                author = author_key(self.pseudonymizer, post.platform, post.author.id)
                candidates.setdefault(reply, ReplyCandidate(seen, reply, author, fitting))
        return list(candidates.values())

    async def _allowed(self, candidates: Sequence[ReplyCandidate]) -> list[ReplyCandidate]:
        """Leave out posts with a reply, replies of ours, removed posts, and authors who were answered or opted out."""
        if not candidates:
            return []
        replies, authors = [one.reply for one in candidates], sorted({one.author for one in candidates})
        known = await self.store.known(replies) | await self.store.published(replies)
        closed = await self.store.opted_out(authors)
        now = self.clock.now()
        for reply in await self.store.of_authors(authors, now - self.author_pause):
            is_over = is_due(reply.created_at + self.author_pause, now, self.author_pause)
            if not is_over and (reply.doubtful or reply.state not in NOT_SENT):
                closed.add(reply.author)
        gone = await self.store.gone(replies) | await self.store.gone(authors)
        allowed = [
            one for one in candidates if one.reply not in known and one.author not in closed and not _is_gone(one, gone)
        ]
        return [one for one in allowed if not await self._is_ours(one)]

    async def _is_ours(self, candidate: ReplyCandidate) -> bool:
        """Tell whether a post is a reply of ours that came back before its outcome was recorded, or without one."""
        post = candidate.seen.post
        if post.in_reply_to is None:
            return False
        answered = reply_key(self.pseudonymizer, post.platform, post.in_reply_to)
        for reply in await self.store.find_all([answered]):
            content = await self.contents.find(reply.content) if reply.attempt else None
            if content is not None:
                return clean(content.text) in clean(post.text)
            # It may have been published, and its words are not there to compare: silence is the safe answer.
            return bool(reply.attempt) and reply.sent_key is None
        return False

    async def _draft(self, brand: str, candidates: Sequence[ReplyCandidate]) -> None:
        view, labels = await self.brands.of(brand), await self._labels(candidates)
        answered: set[str] = set()
        for candidate in candidates:
            for rule in candidate.rules:
                label = labels.get((candidate.reply, rule.category_set)) if rule.categories else None
                if candidate.author not in answered and (not rule.categories or label in rule.categories):
                    await self.drafter.draft(view.display_name, candidate, rule, label)
                    answered.add(candidate.author)

    async def _labels(self, candidates: Sequence[ReplyCandidate]) -> dict[tuple[str, str | None], str | None]:
        """Return the best category of each candidate by each set that one of its rules asks for."""
        labels: dict[tuple[str, str | None], str | None] = {}
        asked = {rule.category_set for one in candidates for rule in one.rules if rule.categories}
        for category_set in sorted(asked, key=str):
            wanting = [
                one
                for one in candidates
                if any(rule.categories and rule.category_set == category_set for rule in one.rules)
            ]
            best = await self._best([one.seen.text for one in wanting], category_set)
            labels |= {(one.reply, category_set): label for one, label in zip(wanting, best, strict=True)}
        return labels

    async def _best(self, texts: Sequence[str], category_set: str | None) -> list[str | None]:
        """Return the best label of each cleaned text, None where the model gives none.

        A set that sentiment refuses (it is not there, say) gives None for all: then no rule that needs it fits.
        """
        labels: list[str | None] = []
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            try:
                found = await self.sentiment.analyze(batch, ["category"], category_set=category_set)
            except PeerRefusedError as error:
                log.warning("replies.uncategorised", category_set=category_set, error=type(error).__name__)
                labels += [None] * len(batch)
            else:
                labels += [one.category.label if one.category else None for one in found.results]
        return labels


def _is_gone(candidate: ReplyCandidate, gone: Mapping[str, datetime]) -> bool:
    """Tell whether a post was removed, or written no later than the hour in which its author was."""
    through = gone.get(candidate.author)
    late = through is not None and full_hour(candidate.seen.post.created_at) <= through
    return late or candidate.reply in gone
