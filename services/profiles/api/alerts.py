"""Alert rules of a brand, and what they raised."""

from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from services.profiles.alerts.alert import Alert, RaisedAlert
from services.profiles.alerts.alert_rule import MOST_RULES, AlertRule, AlertRuleBody, KeptRule, Slug, State
from services.profiles.alerts.evaluation import finished_hour
from services.profiles.api.dependencies import Res
from shared.access import Scope
from shared.brand import Brand
from shared.errors import ConflictError, InputError, NotFoundError
from shared.pages import DEFAULT_LIMIT, Page, moment_after, text_after
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["alerts"])


class RuleView(AlertRuleBody):
    """A rule, and how it stands: while it is `learning`, `missing` says what it lacks to judge an hour.

    `judged_through` begins the last hour that was judged, or that had finished when the rule was made.
    """

    brand: str
    name: str
    state: State
    missing: str | None
    judged_through: AwareDatetime

    @classmethod
    def of(cls, kept: KeptRule) -> "RuleView":
        """Return what is shown of a rule."""
        standing = kept.standing
        return cls(
            **kept.rule.model_dump(),
            state=standing.state,
            missing=standing.missing,
            judged_through=standing.judged_at,
        )


class DeliveryView(BaseModel):
    """How far the delivery of an alert is; `known` is what the last attempt came to."""

    webhook: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    known: str


class AlertView(Alert):
    """An alert with its delivery, null where its rule named no webhook."""

    delivery: DeliveryView | None

    @classmethod
    def of(cls, raised: RaisedAlert) -> "AlertView":
        """Return what is shown of an alert."""
        row, shown = raised.delivery, None
        if row is not None:
            shown = {"webhook": row.destination, **row.model_dump(include=set(DeliveryView.model_fields))}
        return cls(**raised.alert.model_dump(), delivery=shown)


@router.get("/brands/{brand}/alert-rules", dependencies=[requires(Scope.READ)])
async def list_alert_rules(
    brand: Brand, resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[RuleView]:
    """List a brand's alert rules by name."""
    found = await resources.alerts.store.rules(brand, text_after(cursor), limit + 1)
    page = Page.of(found, limit, lambda kept: [kept.rule.name])
    return page.showing([RuleView.of(kept) for kept in page.items])


@router.put("/brands/{brand}/alert-rules/{name}", dependencies=[requires(Scope.WRITE)])
async def put_alert_rule(brand: Brand, name: Slug, body: AlertRuleBody, resources: Res) -> RuleView:
    """Keep a rule in place of what its name had.

    A new rule judges the hours that finish from now on; one that is put again goes on where it was. Hours are judged
    once, some minutes after their end: posts that come later change nothing of what was told.
    """
    alerts = resources.alerts
    if body.webhook is not None and await alerts.store.webhook(body.webhook) is None:
        raise InputError(f"webhook: there is no webhook '{body.webhook}'; PUT it first", ("body", "webhook"))
    names = {kept.rule.name for kept in await alerts.store.rules(brand, "", MOST_RULES)}
    if name not in names and len(names) >= MOST_RULES:
        raise ConflictError(f"this brand has {MOST_RULES} alert rules already; delete one first")
    rule = AlertRule(brand=brand, name=name, **body.model_dump())
    return RuleView.of(await alerts.store.put_rule(rule, finished_hour(alerts.clock.now(), alerts.delay)))


@router.get("/brands/{brand}/alert-rules/{name}", dependencies=[requires(Scope.READ)])
async def show_alert_rule(brand: Brand, name: Slug, resources: Res) -> RuleView:
    """Show one rule, and whether it has the history that it needs."""
    kept = await resources.alerts.store.rule(brand, name)
    if kept is None:
        raise NotFoundError(_missing(name))
    return RuleView.of(kept)


@router.delete("/brands/{brand}/alert-rules/{name}", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_alert_rule(brand: Brand, name: Slug, resources: Res) -> None:
    """Remove a rule; what it raised stays, and is still delivered."""
    if not await resources.alerts.store.delete_rule(brand, name):
        raise NotFoundError(_missing(name))


@router.get("/brands/{brand}/alerts", dependencies=[requires(Scope.READ)])
async def list_alerts(
    brand: Brand, resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[AlertView]:
    """List what was raised in the last 90 days, the latest first."""
    found = await resources.alerts.store.alerts(brand, moment_after(cursor), limit + 1)
    page = Page.of(found, limit, lambda raised: list(raised.position))
    return page.showing([AlertView.of(raised) for raised in page.items])


def _missing(name: str) -> str:
    return f"this brand has no alert rule '{name}'; GET .../alert-rules lists those it has"
