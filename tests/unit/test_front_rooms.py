"""Every service has the same front rooms: the files, what stands in them, and what must not."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args

import pytest
from fastapi import APIRouter, FastAPI

from shared.settings import ServiceSettings
from shared.web.dependencies import opened

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("ingest", "sentiment", "profiles", "clusters")
ROOMS = ("app.py", "resources.py", "settings.py", "api/__init__.py", "api/dependencies.py")
WEB = ("fastapi", "starlette", "shared.web.")
STATE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def modules(service: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each module of a service, by its path within the service."""
    folder = ROOT / "services" / service
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder), ast.parse(path.read_text("utf-8"))


@pytest.mark.parametrize("service", SERVICES)
def test_the_front_rooms_are_there(service: str) -> None:
    """By the same names everywhere, and no further place that opens things."""
    folder = ROOT / "services" / service
    assert [room for room in ROOMS if not (folder / room).is_file()] == []
    assert not (folder / "api.py").exists()
    assert not (folder / "opening.py").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_an_application_is_made_alike(service: str) -> None:
    """`create_app(settings, transports, clock)` alone, with settings named as the service."""
    app = importlib.import_module(f"services.{service}.app")
    settings = getattr(importlib.import_module(f"services.{service}.settings"), f"{service.title()}Settings")
    signature = inspect.signature(app.create_app)
    assert [(name, parameter.default) for name, parameter in signature.parameters.items()] == [
        ("settings", inspect.Parameter.empty),
        ("transports", None),
        ("clock", None),
    ]
    assert signature.parameters["settings"].annotation is settings
    assert signature.return_annotation is FastAPI
    assert issubclass(settings, ServiceSettings)
    assert hasattr(settings, "parsed_store")


@pytest.mark.parametrize("service", SERVICES)
def test_a_lifespan_opens_one_typed_object(service: str) -> None:
    """`Resources` is a frozen dataclass that `open_resources` yields and routes get as `Res`."""
    resources = importlib.import_module(f"services.{service}.resources")
    dependencies = importlib.import_module(f"services.{service}.api.dependencies")
    kept = resources.Resources
    assert is_dataclass(kept)
    assert vars(kept)["__dataclass_params__"].frozen
    assert callable(vars(kept)["checks"])
    assert callable(resources.open_resources)
    kind, dependency = get_args(dependencies.Res)
    assert kind is resources.Resources
    assert dependency.dependency is opened


@pytest.mark.parametrize("service", SERVICES)
def test_each_module_of_the_api_is_a_router(service: str) -> None:
    """`ROUTERS` has the router of every module but the dependencies, and every route comes under `/v1`."""
    api = importlib.import_module(f"services.{service}.api")
    names = {path.stem for path in (ROOT / "services" / service / "api").glob("*.py")} - {"__init__", "dependencies"}
    routers = {id(importlib.import_module(f"services.{service}.api.{name}").router) for name in names}
    assert {id(router) for router in api.ROUTERS} == routers
    for router in api.ROUTERS:
        assert isinstance(router, APIRouter)
        assert router.prefix.startswith("/v1")


@pytest.mark.parametrize("service", SERVICES)
def test_the_web_stays_in_the_front_rooms(service: str) -> None:
    """Nothing behind the front rooms imports FastAPI, Starlette or what `shared.web` makes of them."""
    strangers = []
    for path, tree in modules(service):
        if path.parts[0] in {"app.py", "api", "resources.py"}:
            continue
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            strangers += [f"{path}: {name}" for name in names if name.startswith(WEB)]
    assert strangers == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_module_keeps_state(service: str) -> None:
    """Everything that changes hangs on `Resources`: no `global`, and lists, sets and maps of a module are constants."""
    found = []
    for path, tree in modules(service):
        found += [f"{path}:{node.lineno} global" for node in ast.walk(tree) if isinstance(node, ast.Global)]
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, STATE):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                if not (isinstance(target, ast.Name) and (target.id.isupper() or target.id == "__all__")):
                    found.append(f"{path}:{node.lineno} {ast.unparse(target)}")
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_pages_are_made_in_one_place(service: str) -> None:
    """No route makes a cursor or cuts a page by itself: `Page.of` does."""
    made = []
    for path, tree in modules(service):
        if path.parts[0] == "api":
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            made += [str(path)] * ("encode_cursor" in names)
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
            made += [str(path) for call in calls if call.func.id == "Page"]  # type: ignore[attr-defined] # checked above
    assert made == []
