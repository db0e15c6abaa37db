"""Replies on their way out."""

from datetime import timedelta

from services.ingest.sources.reply_writer import OutgoingReply
from tests.unit.ingest.virtual_clock import START


def outgoing(post_id: str, text: str = "sorry", key: str = "5eed" * 8) -> OutgoingReply:
    """Return a reply to a post, drafted an hour ago."""
    return OutgoingReply(post_id, text, key, START - timedelta(hours=1))
