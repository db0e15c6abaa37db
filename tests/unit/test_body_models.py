"""Models of bodies, in every service: what holds of each list and map in them."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from shared.analyzed_post import AnalyzedPost
from shared.strict_body import PersonalBody
from shared.web.bodies import BodyReader
from tests.unit.test_front_rooms import SERVICES

HOLDING = ("list", "dict", "tuple", "set", "frozenset")


def bodies(service: str) -> Iterator[APIRoute]:
    """Yield the routes of a service that take a body."""
    for router in import_module(f"services.{service}.api").ROUTERS:
        yield from (route for route in router.routes if isinstance(route, APIRoute) and route.body_field)


def slow(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield the lists and maps of a core schema that go on after a fault."""
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list | tuple) else ()
    if isinstance(schema, dict) and schema.get("type") in HOLDING and not schema.get("fail_fast"):
        yield schema
    for part in parts:
        yield from slow(part)


@pytest.mark.parametrize("service", SERVICES)
def test_every_list_and_map_fails_at_its_first_fault(service: str) -> None:
    """`Field(fail_fast=True)`: an error for each of a million elements takes gigabytes."""
    for route in bodies(service):
        field: Any = route.body_field
        assert list(slow(TypeAdapter(field.field_info.annotation).core_schema)) == [], route.path


@pytest.mark.parametrize("service", SERVICES)
def test_every_body_has_a_bound_of_its_own(service: str) -> None:
    """Its model says how much fits; where that is less than any body may hold, the route takes no more."""
    found = {route.path: BodyReader(route).most.items for route in bodies(service)}
    assert found
    assert found.get("/v1/analyze", 0) < 5000
    assert max(found.values()) <= 2**20


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of a body, those within it too, but for those within posts."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        if annotation is not AnalyzedPost:
            for field in annotation.model_fields.values():
                yield from models(field.annotation)
    for part in get_args(annotation):
        yield from models(part)


@pytest.mark.parametrize("service", SERVICES)
def test_every_body_refuses_fields_that_it_does_not_know(service: str) -> None:
    """Posts that are analyzed already have a version of their own; what is about one person names no field."""
    for route in bodies(service):
        field: Any = route.body_field
        for model in models(field.field_info.annotation):
            refuses = model.model_config.get("extra") == "forbid" or issubclass(model, PersonalBody)
            assert refuses or model is AnalyzedPost, f"{route.path}: {model.__name__}"
