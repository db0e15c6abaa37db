"""The service's HTTP routes, one module for each thing that is asked for."""

from fastapi import APIRouter

from services.clusters.api import (
    aspects,
    assign,
    catalog,
    clusters,
    examples,
    members,
    movements,
    plots,
    recommendations,
    runs,
    schedules,
    topics,
)

ROUTERS: tuple[APIRouter, ...] = (
    runs.router,
    clusters.router,
    examples.router,
    members.router,
    catalog.router,
    schedules.router,
    assign.router,
    plots.router,
    topics.router,
    movements.router,
    aspects.router,
    recommendations.router,
)
