"""The settings of replies and tickets."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from services.ingest.replies.opt_out import OptOutWords
from services.ingest.replies.quiet_hours import QuietHours
from services.ingest.replies.ticket import TicketSystem
from shared.errors import SettingsError
from shared.settings import ServiceSettings, is_loopback, require_key

_OPT_OUT: Final = (
    "stop,unsubscribe,opt out,opt-out,do not reply,don't reply,stop replying,#nobot,#nobots,"
    "nicht antworten,keine antworten,no responder,no me respondas,ne pas répondre,non rispondere,não responder"
)


class ReplySettings(ServiceSettings):
    """The common settings and those of replies; without REPLIES_ENABLED nothing is drafted, sent or delivered."""

    replies_enabled: bool = Field(
        default=False, alias="REPLIES_ENABLED", description="draft, send and deliver tickets at all"
    )
    replies_dry_run: bool = Field(
        default=False,
        alias="REPLIES_DRY_RUN",
        description="draft as `dry_run`: shown, never sent, no ticket is delivered",
    )
    replies_daily_cap: int = Field(
        50, alias="REPLIES_DAILY_CAP", ge=0, le=1000, description="replies a day, over all brands"
    )
    replies_quiet_hours: str = Field("", alias="REPLIES_QUIET_HOURS", description="when nothing is sent: 22:00-07:00")
    replies_time_zone: str = Field("UTC", alias="REPLIES_TIME_ZONE", description="of quiet hours and of the cap's day")
    replies_author_days: int = Field(
        30, alias="REPLIES_AUTHOR_DAYS", ge=1, le=3650, description="days between two replies to one author"
    )
    replies_keep_days: int = Field(
        7, alias="REPLIES_KEEP_DAYS", ge=1, le=30, description="days after which a draft expires with its raw ids"
    )
    replies_post_hours: int = Field(
        24, alias="REPLIES_POST_HOURS", ge=1, le=720, description="older posts are not answered"
    )
    replies_opt_out_words: str = Field(
        _OPT_OUT,
        alias="REPLIES_OPT_OUT_WORDS",
        description="phrases, comma-separated, after which an author is not answered",
    )
    zendesk_url: str = Field(
        "", alias="TICKETS_ZENDESK_URL", description="https://NAME.zendesk.com/api/v2/tickets.json"
    )
    zendesk_authorization: SecretStr | None = Field(
        None, alias="TICKETS_ZENDESK_AUTHORIZATION", description="the Authorization header for it"
    )
    jira_url: str = Field("", alias="TICKETS_JIRA_URL", description="https://NAME.atlassian.net/rest/api/2/issue")
    jira_authorization: SecretStr | None = Field(
        None, alias="TICKETS_JIRA_AUTHORIZATION", description="the Authorization header for it"
    )
    jira_project: str = Field("", alias="TICKETS_JIRA_PROJECT", description="the key of the project, such as SUP")
    jira_issue_type: str = Field("Task", alias="TICKETS_JIRA_ISSUE_TYPE", description="the name of the issue type")
    slack_url: SecretStr | None = Field(
        None, alias="TICKETS_SLACK_URL", description="an incoming webhook; the URL is a secret"
    )
    webhook_key: SecretStr | None = Field(
        None, alias="TICKETS_WEBHOOK_KEY", description="signs every delivery, at least 32 bytes"
    )
    tickets_most_waiting: int = Field(
        10_000, alias="TICKETS_MOST_WAITING", ge=1, description="deliveries that may wait; more count as failed"
    )

    def quiet_hours(self) -> QuietHours:
        """Return when nothing is sent; raises SettingsError."""
        return QuietHours.parse(self.replies_quiet_hours, self.replies_time_zone)

    def opt_out_words(self) -> OptOutWords:
        """Return the words after which an author is not answered."""
        return OptOutWords(phrase for phrase in self.replies_opt_out_words.split(",") if phrase.strip())

    def author_pause(self) -> timedelta:
        """Return the time between two replies to one author."""
        return timedelta(days=self.replies_author_days)

    def webhook_secret(self) -> bytes | None:
        """Return the key that signs deliveries; raises SettingsError where it is weak, or missing but needed."""
        if self.webhook_key is not None:
            return require_key("TICKETS_WEBHOOK_KEY", self.webhook_key.get_secret_value()).encode()
        if self.ticket_urls():
            raise SettingsError(
                "TICKETS_WEBHOOK_KEY is missing: set it to at least 32 random bytes, for example the output of "
                "`openssl rand -hex 32`; every ticket delivery is signed with it"
            )
        return None

    def ticket_urls(self) -> dict[TicketSystem, str]:
        """Return where tickets go; raises SettingsError where an address is no https address (loopback: http too)."""
        slack = self.slack_url.get_secret_value() if self.slack_url is not None else ""
        named: dict[TicketSystem, str] = {
            "zendesk": self.zendesk_url,
            "jira": self.jira_url,
            "slack": slack,
        }
        for system, url in named.items():
            if url and not _is_safe(url):
                raise SettingsError(f"TICKETS_{system.upper()}_URL must be an https:// address")
        if self.jira_url and not self.jira_project:
            raise SettingsError("TICKETS_JIRA_PROJECT is missing: set it to the key of the project, such as SUP")
        return {system: url for system, url in named.items() if url}


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
