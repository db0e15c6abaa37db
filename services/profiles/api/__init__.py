"""The service's HTTP routes, one module for each thing that is asked for."""

from fastapi import APIRouter

from services.profiles.api import assignments, brands, features, posts, profiles, removals

ROUTERS: tuple[APIRouter, ...] = (
    posts.router,
    removals.router,
    brands.router,
    profiles.router,
    features.router,
    assignments.router,
)
