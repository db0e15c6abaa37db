"""The service's HTTP routes, one module for each thing that is asked for."""

from fastapi import APIRouter

from services.sentiment.api import analysis, categories

ROUTERS: tuple[APIRouter, ...] = (analysis.router, categories.router)
