"""How the service's parts come and go."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from services.sentiment import resources
from services.sentiment.resources import open_resources
from services.sentiment.settings import SentimentSettings
from tests.unit.sentiment.conftest import TinyModel


async def test_the_loop_goes_on_while_a_last_text_is_read(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end waits for the threads without holding up the event loop."""
    over, loop = threading.Event(), asyncio.get_running_loop()

    class Told(ThreadPoolExecutor):
        """Lets the text end as soon as the loop turns after the end has begun."""

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as there
            loop.call_soon_threadsafe(over.set)
            super().shutdown(wait, cancel_futures=cancel_futures)

    monkeypatch.setattr(resources, "ThreadPoolExecutor", Told)
    settings = SentimentSettings(_env_file=None, model=str(tiny_model()), device="cpu")
    async with open_resources(settings, CollectorRegistry()) as opened:
        text = opened.analyzer._workers.submit(over.wait, 60)
    assert text.result()
