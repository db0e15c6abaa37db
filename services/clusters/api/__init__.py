"""The service's HTTP routes, one module for each thing that is asked for."""

from fastapi import APIRouter

from services.clusters.api import catalog, clusters, runs

ROUTERS: tuple[APIRouter, ...] = (runs.router, clusters.router, catalog.router)
