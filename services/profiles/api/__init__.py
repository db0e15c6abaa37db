"""The service's HTTP routes, one module for each thing that is asked for."""

from fastapi import APIRouter

from services.profiles.api import (
    alerts,
    analytics,
    assignments,
    brands,
    erasures,
    exports,
    features,
    imports,
    posts,
    profiles,
    removals,
    texts,
    trends,
    webhooks,
)

ROUTERS: tuple[APIRouter, ...] = (
    posts.router,
    removals.router,
    erasures.router,
    brands.router,
    analytics.router,
    trends.router,
    alerts.router,
    webhooks.router,
    profiles.router,
    features.router,
    texts.router,
    exports.router,
    imports.router,
    assignments.router,
)
