"""The profiles service in a test: reached in this process, or served from a thread of it."""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from services.server import bind, url_of
from shared.analyzed_post import AnalyzedPost


def profiles_app(folder: Path, **settings: Any) -> FastAPI:
    """Return the application with an empty store in `folder`."""
    given = {"_env_file": None, "data_dir": folder, "rate_limit": "100000/second"} | settings
    return create_app(ProfilesSettings(**given))


@asynccontextmanager
async def reached(app: FastAPI, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the application while its lifespan is open, with a bearer key where one is given."""
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://profiles", headers=headers) as client,
    ):
        yield client


@contextmanager
def served(app: FastAPI, mounted: str = "/profiles") -> Iterator[str]:
    """Serve the application on a free port of 127.0.0.1 and yield the address that commands are given."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app.router.lifespan_context(app):
            yield

    front = FastAPI(lifespan=lifespan)
    front.mount(mounted, app)
    listening = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(front, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield url_of("127.0.0.1", listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def delivery(posts: Sequence[AnalyzedPost]) -> dict[str, Any]:
    """Return the body that delivers posts."""
    return {"schema_version": 1, "posts": [item.model_dump(mode="json") for item in posts]}
