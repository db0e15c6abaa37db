"""House rules for docker-compose.yml. Its shape is checked here because `docker compose` may not be at hand."""

import re
from collections.abc import Iterator
from typing import Any

from deploy.findings import Finding, at
from deploy.house_rules import SECRET_NAME

VARIABLE = re.compile(r"\$\{([A-Z_]+)(:\?[^}]+)?")
"""A variable that Compose puts in, and its sentence where it is required: `${NAME:?sentence}`."""

FIELDS: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "restart": "unless-stopped",
}
NEEDS = ("deploy.resources.limits.cpus", "deploy.resources.limits.memory", "stop_grace_period", "image")


def compose_findings(compose: Any, source: str, offered: set[str]) -> list[Finding]:
    """Return the rules that a Compose file breaks; `offered` are the variables that the example of `.env` names."""
    services = at(compose, "services")
    if not isinstance(services, dict) or not services:
        return [Finding(source, "services", "is missing")]
    findings = []
    for name, service in services.items():
        found = _service(name, service, compose, offered) if isinstance(service, dict) else [_no_mapping()]
        findings += [Finding(source, f"services.{name}.{finding.field}", finding.remedy) for finding in found]
    return findings


def _no_mapping() -> Finding:
    return Finding("", "*", "must be a mapping")


def _service(name: str, service: dict[str, Any], compose: dict[str, Any], offered: set[str]) -> Iterator[Finding]:
    for field, wanted in FIELDS.items():
        if service.get(field) != wanted:
            yield Finding("", field, f"must be {str(wanted).lower() if isinstance(wanted, bool) else wanted}")
    yield from (Finding("", field, "is missing") for field in NEEDS if at(service, field) is None)
    if "build" not in service and "healthcheck" not in service:
        yield Finding("", "healthcheck", "is missing, and no Dockerfile of ours gives one")
    if str(service.get("image")).startswith("mongo:") and "--replSet" not in (service.get("command") or []):
        yield Finding("", "command", "must have --replSet: the stores need transactions")
    if "build" in service and at(service, "build.args.SERVICE") != name:
        yield Finding("", "build.args.SERVICE", f"must be {name}")
    for place, port in enumerate(service.get("ports") or []):
        if not str(port).startswith("127.0.0.1:"):
            yield Finding("", f"ports.{place}", "must be published on 127.0.0.1 alone")
    environment = service.get("environment") or {}
    if isinstance(environment, dict):
        yield from _environment(environment, offered)
    else:
        yield Finding("", "environment", "must be a mapping of names to values")
    yield from _dangling(service, compose)


def _environment(environment: dict[str, Any], offered: set[str]) -> Iterator[Finding]:
    for name, value in environment.items():
        found = VARIABLE.findall(str(value))
        if SECRET_NAME.search(name) and not any(required for _, required in found):
            yield Finding("", f"environment.{name}", "is a secret: take it from .env by ${NAME:?sentence}")
        for variable, _ in found:
            if variable not in offered:
                yield Finding("", f"environment.{name}", f"{variable} does not stand in .env.example")


def _dangling(service: dict[str, Any], compose: dict[str, Any]) -> Iterator[Finding]:
    for peer, terms in (service.get("depends_on") or {}).items():
        if peer not in compose["services"]:
            yield Finding("", f"depends_on.{peer}", "is no service")
        if at(terms, "condition") != "service_healthy":
            yield Finding("", f"depends_on.{peer}.condition", "must be service_healthy")
    for network in service.get("networks") or []:
        if network not in (compose.get("networks") or {}):
            yield Finding("", "networks", f"there is no network {network}")
    for volume in service.get("volumes") or []:
        if str(volume).partition(":")[0] not in (compose.get("volumes") or {}):
            yield Finding("", "volumes", f"there is no volume {volume}")


def offered_variables(text: str) -> set[str]:
    """Return the names that the text of an `.env` file sets."""
    return {line.partition("=")[0].strip() for line in text.splitlines() if "=" in line and not line.startswith("#")}
