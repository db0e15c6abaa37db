"""Where a desk takes tickets, and in which shape."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr

from services.ingest.replies.settings import ReplySettings
from services.ingest.replies.ticket import Desk, Ticket
from services.ingest.replies.webhooks.shapes import Shape, jira, slack, zendesk


@dataclass(frozen=True)
class Address:
    """One desk. The URL is a secret too: Slack's is a key in itself."""

    hidden_url: SecretStr
    authorization: SecretStr | None
    shape: Callable[[Ticket, str], Shape]

    def url(self) -> str:
        """Return the URL."""
        return self.hidden_url.get_secret_value()

    def headers(self) -> dict[str, str]:
        """Return the header that lets us in, if there is one."""
        return {"authorization": self.authorization.get_secret_value()} if self.authorization is not None else {}


def addresses(settings: ReplySettings) -> dict[Desk, Address]:
    """Return the desks that are set up; raises SettingsError."""
    shapes: dict[Desk, Callable[[Ticket, str], Shape]] = {
        "zendesk": zendesk,
        "jira": partial(jira, project=settings.jira_project, issue_type=settings.jira_issue_type),
        "slack": slack,
    }
    keys: dict[Desk, SecretStr | None] = {
        "zendesk": settings.zendesk_authorization,
        "jira": settings.jira_authorization,
        "slack": None,
    }
    return {desk: Address(SecretStr(url), keys[desk], shapes[desk]) for desk, url in settings.ticket_urls().items()}
