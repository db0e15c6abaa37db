"""Where ticket systems take tickets, and how Zendesk, Jira and Slack want one written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydantic import SecretStr

from services.ingest.replies.settings import ReplySettings
from services.ingest.replies.ticket import Ticket, TicketSystem

_SUBJECT: Final = 200
_LOW_SCORE: Final = 0.2
TicketBody = dict[str, Any]


@dataclass(frozen=True)
class TicketEndpoint:
    """Where one ticket system takes tickets. The URL is a secret too: Slack's is a key in itself."""

    hidden_url: SecretStr
    authorization: SecretStr | None
    body: Callable[[Ticket, str], TicketBody]

    def url(self) -> str:
        """Return the URL."""
        return self.hidden_url.get_secret_value()

    def headers(self) -> dict[str, str]:
        """Return the authorization header, if there is one."""
        return {"authorization": self.authorization.get_secret_value()} if self.authorization is not None else {}


def endpoints(settings: ReplySettings) -> dict[str, TicketEndpoint]:
    """Return the ticket systems that are configured; raises SettingsError."""
    bodies: dict[TicketSystem, Callable[[Ticket, str], TicketBody]] = {
        "zendesk": zendesk,
        "jira": partial(jira, project=settings.jira_project, issue_type=settings.jira_issue_type),
        "slack": slack,
    }
    keys: dict[TicketSystem, SecretStr | None] = {
        "zendesk": settings.zendesk_authorization,
        "jira": settings.jira_authorization,
        "slack": None,
    }
    return {
        system: TicketEndpoint(SecretStr(url), keys[system], bodies[system])
        for system, url in settings.ticket_urls().items()
    }


def zendesk(ticket: Ticket, text: str) -> TicketBody:
    """Return the body of Zendesk's `POST /api/v2/tickets.json`; the ticket id is its external id."""
    return {
        "ticket": {
            "subject": _subject(ticket),
            "comment": {"body": _description(ticket, text), "public": False},
            "external_id": ticket.id,
            "priority": "high" if ticket.score is not None and ticket.score < _LOW_SCORE else "normal",
            "tags": ["voxpop", ticket.brand, ticket.platform, *([_tag(ticket.category)] if ticket.category else [])],
        }
    }


def jira(ticket: Ticket, text: str, project: str, issue_type: str) -> TicketBody:
    """Return the body of Jira's `POST /rest/api/2/issue`; the ticket id is a label.

    The post stands in a noformat block: its author must not be able to mention people or place links by markup.
    """
    quoted = f"{{noformat}}\n{text.replace('{', '(').replace('}', ')')}\n{{noformat}}"
    return {
        "fields": {
            "project": {"key": project},
            "issuetype": {"name": issue_type},
            "summary": _subject(ticket),
            "description": _description(ticket, quoted),
            "labels": ["voxpop", ticket.id],
        }
    }


def slack(ticket: Ticket, text: str) -> TicketBody:
    """Return the body of an incoming webhook of Slack; nothing of the text is markup or a mention."""
    plain = f"{_subject(ticket)}\n{_description(ticket, text)}"
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        plain = plain.replace(character, entity)
    return {"text": plain, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def _subject(ticket: Ticket) -> str:
    about = f": {ticket.category}" if ticket.category else ""
    return f"{ticket.id} {ticket.brand} on {ticket.platform}{about}"[:_SUBJECT]


def _description(ticket: Ticket, text: str) -> str:
    facts = {
        "Ticket": ticket.id,
        "Brand": ticket.brand,
        "Platform": ticket.platform,
        "Category": ticket.category,
        "Sentiment score": None if ticket.score is None else f"{ticket.score:.2f}",
        "Language": ticket.language,
        "Rule": ticket.rule,
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value is not None]
    return "\n".join([text, "", *lines])


def _tag(label: str) -> str:
    """Return a label as one word: Zendesk parts tags at white space."""
    return "_".join(label.lower().split())
