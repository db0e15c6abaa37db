"""Which posts are answered, and how: a rule of one brand."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from services.ingest.replies.length import LIMITS, fault_of
from services.ingest.replies.template import MAX_TEMPLATE, Facts, TemplateFaultError, check, render
from services.ingest.replies.ticket import TICKET_LENGTH
from shared.analyzed_post import Platform
from shared.brand import Brand
from shared.strict_body import StrictBody

MAX_RULES: Final = 200
"""Rules of an installation."""

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


@dataclass(frozen=True)
class Traits:
    """What of a post a rule looks at; None is unknown."""

    platform: Platform
    score: float | None
    language: str | None
    followers: int | None


class ReplyRuleBody(StrictBody):
    """A rule as it is put. Conditions that are left out are not looked at; all that are given must be met.

    `sentiment_below` is compared with the score in [0, 1] of a post in a language that the model knows.
    `categories` needs one of its labels as the best one of `category_set` (of the model's own labels where that is
    None). Of a brand's rules that fit a post the one with the lowest `order`, then the first by name, answers.
    `approval` "automatic" sends without a person's approval: platforms ask for the author's consent first, and for a
    way to opt out.
    """

    model_config = ConfigDict(frozen=True)

    brand: Brand
    enabled: bool = True
    order: Annotated[int, Field(ge=0, le=10**6)] = 100
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1, max_length=6, fail_fast=True)] = ("x",)
    sentiment_below: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    categories: Annotated[tuple[Label, ...], Field(max_length=64, fail_fast=True)] = ()
    category_set: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] | None = None
    languages: Annotated[tuple[Code, ...], Field(max_length=64, fail_fast=True)] = ()
    min_followers: Annotated[int, Field(ge=0, le=10**12)] | None = None
    max_followers: Annotated[int, Field(ge=0, le=10**12)] | None = None
    template: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEMPLATE)]
    approval: Literal["person", "automatic"] = "person"
    dry_run: bool = False
    ticket: bool = True

    @model_validator(mode="after")
    def _is_usable(self) -> "ReplyRuleBody":
        if self.sentiment_below is None and not self.categories:
            raise ValueError("give sentiment_below, categories or both: a rule must not answer every post")
        if (
            self.min_followers is not None
            and self.max_followers is not None
            and self.min_followers > self.max_followers
        ):
            raise ValueError("min_followers must not be above max_followers")
        for platform in self.platforms:
            if platform not in LIMITS:
                raise ValueError(f"platforms: replies are possible on {', '.join(LIMITS)}")
        self._check_template()
        return self

    def _check_template(self) -> None:
        sentence: str | None = None
        try:
            check(self.template)
            for category in self.categories or ("",):
                text = render(self.template, Facts("X" * TICKET_LENGTH, self.brand, category, "negative", "en"))
                faults = (fault_of(platform, text) for platform in dict.fromkeys(self.platforms))
                if (sentence := next(filter(None, faults), None)) is not None:
                    break
        except TemplateFaultError as fault:
            sentence = str(fault)
        if sentence is not None:
            raise ValueError(f"template: {sentence}")


class ReplyRule(ReplyRuleBody):
    """A rule with its name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: RuleName

    def fits(self, traits: Traits) -> bool:
        """Tell whether a post may be answered by this rule, its category apart."""
        return (
            self.enabled
            and traits.platform in self.platforms
            and (self.sentiment_below is None or (traits.score is not None and traits.score < self.sentiment_below))
            and (not self.languages or traits.language in self.languages)
            and (
                self.min_followers is None or (traits.followers is not None and traits.followers >= self.min_followers)
            )
            and (
                self.max_followers is None or (traits.followers is not None and traits.followers <= self.max_followers)
            )
        )
