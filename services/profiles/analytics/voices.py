"""The brand's own voice beside everybody else's."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from services.profiles.analytics.figures import FiguresView, ReachView, share_of, view_figures, view_reach
from services.profiles.analytics.stretch import Stretch
from services.profiles.rollup import Rollup
from services.profiles.views import view_time
from shared.analyzed_post import Voice


class VoiceView(ReachView, FiguresView):
    """One voice; `share` is of the posts of both, together 1, null where there is none."""

    voice: Voice
    share: float | None


class VoicesView(BaseModel):
    """Both voices, external first, from `from` up to before `to`."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")
    items: list[VoiceView]


def view_voices(stretch: Stretch, voices: Mapping[Voice, Rollup]) -> VoicesView:
    """Return the voices as they are shown, in the order given."""
    posts = sum(rollup.posts for rollup in voices.values())
    return VoicesView(
        begins=view_time(stretch.start),
        ends=view_time(stretch.end),
        items=[
            VoiceView(
                voice=voice,
                share=share_of(rollup.posts, posts),
                **dict(view_figures(rollup)),
                **dict(view_reach(rollup)),
            )
            for voice, rollup in voices.items()
        ],
    )
