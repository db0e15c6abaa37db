"""Webhooks: addresses that alerts are delivered to."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from services.profiles.alerts.alert_rule import Slug
from services.profiles.alerts.webhook import MOST_URL, MOST_WEBHOOKS, Webhook, check_url
from services.profiles.api.dependencies import Res
from shared.access import Scope
from shared.errors import ConflictError, NotFoundError
from shared.pages import DEFAULT_LIMIT, Page, text_after
from shared.strict_body import StrictBody
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["webhooks"])


class WebhookBody(StrictBody):
    """A webhook as it is put. The URL is stored as it is: put no key into it, receivers check the signature."""

    model_config = ConfigDict(frozen=True)

    url: Annotated[str, StringConstraints(min_length=1, max_length=MOST_URL, pattern=r"^[!-~]+$")]


class WebhookView(BaseModel):
    """A webhook; of its URL only scheme, host and port are shown."""

    name: str
    origin: str
    updated_at: AwareDatetime

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookView":
        """Return what is shown of a webhook."""
        return cls(name=webhook.name, origin=webhook.origin, updated_at=webhook.updated_at)


@router.get("/webhooks", dependencies=[requires(Scope.READ)])
async def list_webhooks(resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[WebhookView]:
    """List the webhooks by name."""
    found = await resources.alerts.store.webhooks(text_after(cursor), limit + 1)
    page = Page.of(found, limit, lambda webhook: [webhook.name])
    return page.showing([WebhookView.of(webhook) for webhook in page.items])


@router.put("/webhooks/{name}", dependencies=[requires(Scope.ADMIN)])
async def put_webhook(name: Slug, body: WebhookBody, resources: Res) -> WebhookView:
    """Keep a webhook in place of what its name had; deliveries that wait go to the new URL.

    Alerts are POSTed as `{"type": "alert.raised", "timestamp", "data"}`, signed as the Standard Webhooks specification
    says with the service's PROFILES_WEBHOOK_KEY. Answer 2xx within 15 s. An attempt whose answer is lost is made again
    with the same `webhook-id`: keep the ids that you took.
    """
    alerts = resources.alerts
    if alerts.secret is None:
        raise ConflictError(
            "deliveries are signed, and no key is set: the operator of the service sets PROFILES_WEBHOOK_KEY, "
            "for example to the output of `openssl rand -hex 32`"
        )
    url = check_url(body.url, anywhere=alerts.anywhere)
    names = {webhook.name for webhook in await alerts.store.webhooks("", MOST_WEBHOOKS)}
    if name not in names and len(names) >= MOST_WEBHOOKS:
        raise ConflictError(f"there are {MOST_WEBHOOKS} webhooks already; delete one first")
    webhook = Webhook(name, url, alerts.clock.now())
    view = WebhookView.of(webhook)
    await alerts.store.put_webhook(webhook)
    return view


@router.get("/webhooks/{name}", dependencies=[requires(Scope.READ)])
async def show_webhook(name: Slug, resources: Res) -> WebhookView:
    """Show one webhook."""
    webhook = await resources.alerts.store.webhook(name)
    if webhook is None:
        raise NotFoundError(_missing(name))
    return WebhookView.of(webhook)


@router.delete("/webhooks/{name}", status_code=204, dependencies=[requires(Scope.ADMIN)])
async def delete_webhook(name: Slug, resources: Res) -> None:
    """Remove a webhook; what waits for it, and what rules that still name it raise, is listed but not delivered."""
    if not await resources.alerts.store.delete_webhook(name):
        raise NotFoundError(_missing(name))


def _missing(name: str) -> str:
    return f"there is no webhook '{name}'; GET /v1/webhooks lists those there are"
