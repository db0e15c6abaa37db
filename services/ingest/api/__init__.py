"""The service's HTTP routes, one module for each thing that is asked for."""

from fastapi import APIRouter

from services.ingest.api import backfills, brands, erasures, posts, replies, streams, tickets

ROUTERS: tuple[APIRouter, ...] = (
    posts.router,
    brands.router,
    streams.router,
    backfills.router,
    replies.router,
    tickets.router,
    erasures.router,
)
