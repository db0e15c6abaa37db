"""What deployments tell a service is what its settings know, and enough for it to start off loopback."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose_rules import offered_variables
from deploy.validate_manifests import ROOT
from services.ingest.settings import IngestSettings
from shared.access import digest_of
from shared.settings import ServiceSettings

SERVICES = ("ingest", "sentiment", "profiles", "clusters")
COMMAND_LINE = {"VOXPOP_SERVICE", "VOXPOP_PORT"}
"""Read by `voxpop serve`, not by the settings."""

SECRET = "0123456789abcdef" * 2
CLIENTS = f"test:read+write:{digest_of(SECRET[::-1])}"


def _settings_class(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    classes = [found for found in vars(module).values() if isinstance(found, type)]
    own = [found for found in classes if found.__module__ == module.__name__]
    return next(found for found in own if issubclass(found, ServiceSettings))


def _aliases(service: str) -> set[str]:
    return {field.alias for field in _settings_class(service).model_fields.values() if field.alias}


def _in_compose(service: str) -> set[str]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return set(compose["services"][service]["environment"])


def _in_kubernetes(service: str) -> set[str]:
    base = ROOT / "deploy" / "k8s" / "base"
    pod = yaml.safe_load((base / service / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    shared: dict[str, Any] = yaml.safe_load((base / "settings.yaml").read_text())["data"]
    return {variable["name"] for variable in pod["containers"][0]["env"]} | set(shared)


def _in_image() -> Iterator[str]:
    for line in (ROOT / "deploy" / "Dockerfile").read_text().splitlines():
        for word in line.removeprefix("ENV").split():
            name, equals, _ = word.partition("=")
            if equals and name.startswith(("VOXPOP_", "SENTIMENT_")):
                yield name


@pytest.mark.parametrize("service", SERVICES)
def test_compose_sets_what_the_settings_know(service: str) -> None:
    """No variable that docker-compose.yml sets is unknown to the service that gets it."""
    assert _in_compose(service) - _aliases(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_sets_what_the_settings_know(service: str) -> None:
    """No variable that a Deployment or its ConfigMap sets is unknown to the service that gets it."""
    assert _in_kubernetes(service) - _aliases(service) == set()


def test_the_image_sets_what_the_settings_know() -> None:
    """No variable that the Dockerfile sets is unknown to the command and the settings."""
    known = COMMAND_LINE.union(*(_aliases(service) for service in SERVICES))
    assert set(_in_image()) - known == set()


def test_the_local_example_offers_every_key_that_pods_refer_to() -> None:
    """The Secret made from the local overlay's example holds each key that a manifest refers to, and no other."""
    kubernetes = ROOT / "deploy" / "k8s"
    text = "\n".join(path.read_text() for path in kubernetes.rglob("*.yaml"))
    referred = set(re.findall(r"name: voxpop-keys\n\s+key: (\w+)", text))
    assert referred == offered_variables((kubernetes / "overlays" / "local" / "env.example").read_text())


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("deployed", [_in_compose, _in_kubernetes])
def test_what_is_set_opens_the_service_off_loopback(
    service: str, deployed: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The keys that a deployment passes on are those without which a service refuses to listen."""
    monkeypatch.chdir(tmp_path)
    keys = ("VOXPOP_SERVICE_KEY", "VOXPOP_PSEUDONYM_KEY", "VOXPOP_VAULT_KEY")
    made_up = {"VOXPOP_API_KEYS": CLIENTS} | dict.fromkeys(keys, SECRET)
    given = {name: value for name, value in made_up.items() if name in deployed(service)}
    for name, value in (given | {"VOXPOP_HOST": "0.0.0.0"}).items():  # noqa: S104 - as the image does
        monkeypatch.setenv(name, value)
    settings = _settings_class(service)()
    found = settings.keyring().find(SECRET)
    assert found is not None
    assert found.internal
    if isinstance(settings, IngestSettings):
        assert settings.require_pseudonym_key() == SECRET.encode()
        assert settings.vault_cipher() is not None
