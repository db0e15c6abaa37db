"""docker-compose.yml keeps the rules, and the checks see each rule broken."""

import copy
from typing import Any

import pytest
import yaml

from deploy.compose_rules import compose_findings, offered_variables
from deploy.scratch_limits import bytes_of, volume_findings
from deploy.validate_manifests import ROOT, check_compose

OFFERED = {"API_KEYS"}
SOUND: dict[str, Any] = {
    "services": {
        "ingest": {
            "image": "voxpop/ingest:1",
            "build": {"args": {"SERVICE": "ingest"}},
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "restart": "unless-stopped",
            "stop_grace_period": "45s",
            "ports": ["127.0.0.1:8001:8000"],
            "networks": ["services"],
            "volumes": ["data:/data"],
            "depends_on": {"mongo": {"condition": "service_healthy"}},
            "environment": {"VOXPOP_API_KEYS": "${API_KEYS:?set it}", "SENTIMENT_BATCH_TOKENS": "1"},
            "deploy": {"resources": {"limits": {"cpus": "1", "memory": "1G"}}},
        },
        "mongo": {
            "image": "mongo:8.0",
            "command": ["mongod", "--replSet", "rs0"],
            "healthcheck": {"test": ["CMD", "true"]},
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "restart": "unless-stopped",
            "stop_grace_period": "45s",
            "deploy": {"resources": {"limits": {"cpus": "1", "memory": "1G"}}},
        },
    },
    "networks": {"services": {}},
    "volumes": {"data": {}},
}


def test_the_compose_file_keeps_every_rule() -> None:
    """docker-compose.yml as it stands has no finding beside .env.example."""
    assert check_compose(ROOT / "docker-compose.yml", ROOT / ".env.example") == []


def test_a_sound_file_has_no_finding() -> None:
    """The file that the next test breaks is sound."""
    assert compose_findings(SOUND, "compose", OFFERED) == []


@pytest.mark.parametrize(
    ("service", "changes", "field"),
    [
        ("ingest", {"read_only": False}, "read_only"),
        ("ingest", {"cap_drop": []}, "cap_drop"),
        ("ingest", {"security_opt": []}, "security_opt"),
        ("ingest", {"restart": "no"}, "restart"),
        ("ingest", {"stop_grace_period": None}, "stop_grace_period"),
        ("ingest", {"deploy": {"resources": {"limits": {"cpus": "1"}}}}, "deploy.resources.limits.memory"),
        ("ingest", {"deploy": {"resources": {"limits": {"memory": "1G"}}}}, "deploy.resources.limits.cpus"),
        ("ingest", {"build": {"args": {"SERVICE": "clusters"}}}, "build.args.SERVICE"),
        ("ingest", {"ports": ["8001:8000"]}, "ports.0"),
        ("ingest", {"environment": {"VOXPOP_API_KEYS": "written-down"}}, "environment.VOXPOP_API_KEYS"),
        ("ingest", {"environment": {"VOXPOP_API_KEYS": "${API_KEYS:-}"}}, "environment.VOXPOP_API_KEYS"),
        ("ingest", {"environment": {"VOXPOP_LOG_LEVEL": "${LEVEL:-INFO}"}}, "environment.VOXPOP_LOG_LEVEL"),
        ("ingest", {"environment": ["A=B"]}, "environment"),
        ("ingest", {"depends_on": {"mongodb": {"condition": "service_healthy"}}}, "depends_on.mongodb"),
        ("ingest", {"depends_on": {"mongo": {"condition": "service_started"}}}, "depends_on.mongo.condition"),
        ("ingest", {"networks": ["store"]}, "networks"),
        ("ingest", {"volumes": ["other:/data"]}, "volumes"),
        ("mongo", {"healthcheck": None}, "healthcheck"),
        ("mongo", {"command": ["mongod"]}, "command"),
    ],
)
def test_a_broken_rule_is_named(service: str, changes: dict[str, Any], field: str) -> None:
    """A service that breaks one rule gives one finding, with the field."""
    compose = copy.deepcopy(SOUND)
    changed = compose["services"][service] | changes
    compose["services"][service] = {name: value for name, value in changed.items() if value is not None}
    found = [(finding.source, finding.field) for finding in compose_findings(compose, "compose", OFFERED)]
    assert found == [("compose", f"services.{service}.{field}")]


@pytest.mark.parametrize(
    ("service", "tmpfs", "findings"),
    [
        ("ingest", ["/tmp:size=128m", "/var/lib/voxpop:mode=0700,size=64m"], 0),  # noqa: S108 - in a container
        ("ingest", ["/tmp"], 1),  # noqa: S108 - in a container
        ("ingest", ["/tmp:size=600m"], 1),  # noqa: S108 - in a container
        ("profiles", ["/tmp:size=128m"], 0),  # noqa: S108 - in a container
        ("profiles", ["/var/lib/voxpop:size=64m"], 1),
    ],
)
def test_scratch_in_memory_has_a_size_and_holds_no_import(service: str, tmpfs: list[str], findings: int) -> None:
    """A tmpfs is memory of its service: bounded, no more than half of its limit, and not where imports lie."""
    one = {"build": {}, "tmpfs": tmpfs, "deploy": {"resources": {"limits": {"memory": "1G"}}}}
    found = [finding.field for finding in volume_findings({"services": {service: one}}, "compose")]
    assert found == [f"services.{service}.tmpfs"] * findings


@pytest.mark.parametrize(
    ("quantity", "size"),
    [("8388608", 2**23), ("8m", 2**23), ("128Mi", 2**27), ("1G", 2**30), ("2Gi", 2**31), (None, None), ("all", None)],
)
def test_sizes_are_read_as_each_file_writes_them(quantity: str | None, size: int | None) -> None:
    """Bytes, nginx's letters, Kubernetes' and Compose's."""
    assert bytes_of(quantity) == size


@pytest.mark.parametrize("compose", [None, {}, {"services": []}])
def test_a_file_without_services_is_named(compose: Any) -> None:
    """A file without services gives a finding rather than a pass."""
    assert [finding.field for finding in compose_findings(compose, "compose", OFFERED)] == ["services"]


def test_the_example_offers_no_variable_that_compose_leaves_out() -> None:
    """Every variable of .env.example is one that docker-compose.yml takes up."""
    text = (ROOT / "docker-compose.yml").read_text()
    assert [name for name in offered_variables((ROOT / ".env.example").read_text()) if f"${{{name}:" not in text] == []


def test_the_dockerfile_has_a_stage_for_every_built_service() -> None:
    """The last stage of the image is named by the build argument, so each service has one."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    stages = [line.split()[-1] for line in (ROOT / "deploy" / "Dockerfile").read_text().splitlines() if " AS " in line]
    assert {name for name, service in services.items() if "build" in service} == set(stages) - {"build", "runtime"}


def test_no_password_is_an_argument() -> None:
    """Arguments of a container's process can be read by every user of its machine."""
    files = [ROOT / "docker-compose.yml", *(ROOT / "deploy" / "k8s").rglob("*.yaml")]
    assert [file.name for file in files if "--password" in file.read_text()] == []
