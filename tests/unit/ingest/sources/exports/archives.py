"""Exports to test with, as a folder or a ZIP file."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

INSTAGRAM: dict[str, Any] = {
    "personal_information/personal_information/personal_information.json": {
        "profile_user": [{"title": "", "string_map_data": {"Username": {"href": "", "value": "ana", "timestamp": 0}}}]
    },
    "your_instagram_activity/media/posts_1.json": [
        {
            "media": [
                {
                    "uri": "media/posts/1.jpg",
                    "creation_timestamp": 1767261600,
                    "title": "Caf\u00c3\u00a9 \u00f0\u009f\u0098\u008d",
                }
            ]
        },
        {
            "media": [{"uri": "media/posts/2.jpg", "creation_timestamp": 1, "title": ""}],
            "title": "two pictures",
            "creation_timestamp": 1767261700,
        },
        {"media": [{"uri": "media/posts/3.jpg", "creation_timestamp": 1767261600, "title": ""}]},
    ],
    "your_instagram_activity/media/reels.json": {
        "ig_reels_media": [{"media": [{"uri": "r", "creation_timestamp": 1767261600, "title": "a reel"}]}]
    },
    "your_instagram_activity/media/stories.json": {
        "ig_stories": [{"uri": "s", "creation_timestamp": 1767261600, "title": "a story"}]
    },
    "your_instagram_activity/comments/post_comments_1.json": [
        {
            "media_list_data": [{"uri": ""}],
            "string_map_data": {
                "Comment": {"value": "late again"},
                "Media Owner": {"value": "airline"},
                "Time": {"timestamp": 1767261600},
            },
        }
    ],
    "your_instagram_activity/media/archived_posts.json": [
        {"media": [{"uri": "hidden", "creation_timestamp": 1767261600, "title": "hidden"}]}
    ],
}
FACEBOOK: dict[str, Any] = {
    "personal_information/profile_information/profile_information.json": {
        "profile_v2": {"name": {"full_name": "Ana B"}, "profile_uri": "https://www.facebook.com/ana"}
    },
    "your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.json": [
        {"timestamp": 1767261600, "data": [{"post": "na\u00c3\u00afve"}], "title": "Ana B updated her status."},
        {"timestamp": 1767261600, "attachments": [], "title": "Ana B shared a photo."},
    ],
    "your_facebook_activity/comments_and_reactions/comments.json": {
        "comments_v2": [
            {
                "timestamp": 1767261600,
                "data": [{"comment": {"timestamp": 1767261600, "comment": "where is my bag", "author": "Ana B"}}],
                "title": "Ana B commented on a post.",
            }
        ]
    },
    "your_facebook_activity/groups/your_posts_in_groups.json": {
        "group_posts_v2": [{"timestamp": 1767261600, "data": [{"post": "among us"}]}]
    },
}


def zipped(members: dict[str, Any]) -> bytes:
    """Return a ZIP file of the members; what is no bytes is written as ASCII JSON, as Meta does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, value in members.items():
            file.writestr(name, _bytes(value))
    return packed.getvalue()


def unpacked(members: dict[str, Any], folder: Path) -> Path:
    """Write the members to the folder and return it."""
    for name, value in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(value))
    return folder


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
