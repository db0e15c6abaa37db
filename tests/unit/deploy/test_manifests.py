"""The Kubernetes base keeps the rules, and the validator sees each rule broken."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.house_rules import house_findings
from deploy.manifests import read_base, render
from deploy.validate_manifests import ROOT, check_base, check_overlay, main

BASE = ROOT / "deploy" / "k8s" / "base"
LOCAL = ROOT / "deploy" / "k8s" / "overlays" / "local"

Edit = Callable[[Any], None]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a copy of the base that a test may break."""
    return Path(shutil.copytree(BASE, tmp_path / "base"))


def _edit(path: Path, edit: Edit) -> None:
    document = yaml.load(path.read_text(), yaml.CSafeLoader)
    edit(document)
    path.write_text(yaml.safe_dump(document))


def _put(place: str, value: Any) -> Edit:
    """Return an edit that sets a dotted place to `value`, or removes it where that is None."""

    def edit(document: Any) -> None:
        *path, last = place.split(".")
        for part in path:
            document = document[int(part) if part.isdigit() else part]
        if value is None:
            del document[last]
        else:
            document[int(last) if last.isdigit() else last] = value

    return edit


def test_the_base_keeps_every_rule() -> None:
    """The base as it stands has no finding."""
    count, findings = check_base(BASE)
    assert findings == []
    assert count > 20


POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
INGEST = "ingest/deployment.yaml"
PROFILES = "profiles/deployment.yaml"
LABELS = "spec.template.metadata.labels"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (f"{POD}.securityContext.runAsNonRoot", False),
        (f"{POD}.securityContext.seccompProfile.type", "Unconfined"),
        (f"{POD}.automountServiceAccountToken", None),
        (f"{POD}.serviceAccountName", "other"),
        (f"{CONTAINER}.securityContext.readOnlyRootFilesystem", None),
        (f"{CONTAINER}.securityContext.allowPrivilegeEscalation", True),
        (f"{CONTAINER}.securityContext.capabilities.drop", ["NET_RAW"]),
        (f"{CONTAINER}.startupProbe", None),
        (f"{CONTAINER}.readinessProbe", None),
        (f"{CONTAINER}.livenessProbe", None),
        (f"{CONTAINER}.resources.requests.cpu", None),
        (f"{CONTAINER}.resources.requests.memory", None),
        (f"{CONTAINER}.resources.limits.cpu", None),
        (f"{CONTAINER}.resources.limits.memory", None),
        (f"{CONTAINER}.image", "voxpop/ingest"),
        (f"{CONTAINER}.image", "registry:5000/ingest:latest"),
        (f"{CONTAINER}.env.0", {"name": "VOXPOP_API_KEYS", "value": "x"}),
        (f"{CONTAINER}.env.0", {"name": "PROFILES_STORE", "value": "mongodb://name:password@host/database"}),
        ("metadata.namespace", "default"),
    ],
)
def test_a_careless_deployment_is_named(base: Path, field: str, value: Any) -> None:
    """A Deployment that breaks a house rule gives one finding, with its file and the very field."""
    _edit(base / INGEST, _put(field, value))
    findings = house_findings(read_base(base)[0])
    assert [(finding.source, finding.field) for finding in findings] == [
        (f"{base / INGEST} (Deployment ingest)", field)
    ]


def test_a_database_without_a_replica_set_is_named(base: Path) -> None:
    """The stores need transactions, which a standalone MongoDB server has not."""
    _edit(base / INGEST, _put(f"{CONTAINER}.image", "mongo:8.0"))
    assert [finding.field for finding in house_findings(read_base(base)[0])] == [f"{CONTAINER}.args"]


@pytest.mark.parametrize(
    ("file", "edit", "blamed", "field"),
    [
        (
            INGEST,
            _put(f"{CONTAINER}.envFrom.0", {"secretRef": {"name": "x"}}),
            INGEST,
            f"{CONTAINER}.envFrom.0.secretRef",
        ),
        (
            "ingest/service-account.yaml",
            _put("automountServiceAccountToken", None),
            None,
            "automountServiceAccountToken",
        ),
        ("settings.yaml", _put("data.VOXPOP_SERVICE_KEY", "x"), None, "data.VOXPOP_SERVICE_KEY"),
        ("settings.yaml", _put("metadata.name", "other"), PROFILES, f"{CONTAINER}.envFrom.0.configMapRef.name"),
        ("settings.yaml", _put("kind", "Secret"), None, "kind"),
        ("ingest/service.yaml", _put("spec.selector", {"app.kubernetes.io/name": "other"}), INGEST, LABELS),
        ("ingest/disruption-budget.yaml", _put("spec.selector.matchLabels", {"a": "b"}), INGEST, LABELS),
        ("ingest/network-policy.yaml", _put("spec.podSelector.matchLabels", {"a": "b"}), INGEST, LABELS),
        ("default-deny.yaml", _put("spec.policyTypes", ["Ingress"]), "NetworkPolicy", "spec.podSelector"),
        ("sentiment/autoscaler.yaml", _put("spec.scaleTargetRef.name", "other"), None, "spec.scaleTargetRef.name"),
        (
            "ingress.yaml",
            _put("spec.rules.0.http.paths.0.backend.service.name", "other"),
            None,
            "spec.rules.0.http.paths.0.backend.service.name",
        ),
    ],
)
def test_a_broken_house_rule_is_named(base: Path, file: str, edit: Edit, blamed: str | None, field: str) -> None:
    """Manifests that break a house rule, alone or together, give a finding that names the file to mend."""
    _edit(base / file, edit)
    findings = house_findings(read_base(base)[0])
    assert any((blamed or file) in finding.source and finding.field == field for finding in findings)


NGINX = "nginx.ingress.kubernetes.io/"
IMPORTS = "import-ingress.yaml"


def _annotated(name: str, value: str | None) -> Edit:
    """Return an edit of an Ingress' annotation."""

    def edit(document: Any) -> None:
        document["metadata"]["annotations"][NGINX + name] = value
        if value is None:
            del document["metadata"]["annotations"][NGINX + name]

    return edit


@pytest.mark.parametrize(
    ("file", "edit", "field"),
    [
        (IMPORTS, _annotated("proxy-body-size", "1023m"), f"metadata.annotations.{NGINX}proxy-body-size"),
        (IMPORTS, _annotated("proxy-body-size", None), f"metadata.annotations.{NGINX}proxy-body-size"),
        (IMPORTS, _annotated("proxy-read-timeout", "60"), f"metadata.annotations.{NGINX}proxy-read-timeout"),
        (IMPORTS, _annotated("proxy-request-buffering", "on"), f"metadata.annotations.{NGINX}proxy-request-buffering"),
        (
            IMPORTS,
            _put("spec.rules.0.http.paths.0.path", "/profiles/(v1/.*import)$"),
            f"metadata.annotations.{NGINX}proxy-body-size",
        ),
        ("ingress.yaml", _annotated("proxy-body-size", "7m"), f"metadata.annotations.{NGINX}proxy-body-size"),
        ("ingress.yaml", _annotated("proxy-read-timeout", "30"), f"metadata.annotations.{NGINX}proxy-read-timeout"),
        (
            "settings.yaml",
            _put("data.VOXPOP_MAX_BODY_BYTES", "16777216"),
            f"metadata.annotations.{NGINX}proxy-body-size",
        ),
        (PROFILES, _put(f"{CONTAINER}.env.0.value", "2048"), f"{POD}.volumes.scratch.emptyDir.sizeLimit"),
        (PROFILES, _put(f"{CONTAINER}.env.0.name", "OTHER"), f"{POD}.volumes.scratch.emptyDir.sizeLimit"),
        (PROFILES, _put(f"{POD}.volumes.1.emptyDir.sizeLimit", "512Mi"), f"{POD}.volumes.scratch.emptyDir.sizeLimit"),
        (
            PROFILES,
            _put(f"{CONTAINER}.resources.limits.ephemeral-storage", "512Mi"),
            f"{CONTAINER}.resources.limits.ephemeral-storage",
        ),
    ],
)
def test_what_is_too_small_for_an_import_is_named(base: Path, file: str, edit: Edit, field: str) -> None:
    """Body sizes and times of the ingress and room for the file, whichever of them and the limit was changed."""
    _edit(base / file, edit)
    assert field in [finding.field for finding in check_base(base)[1]]


@pytest.mark.parametrize(
    ("file", "edit", "field"),
    [
        (INGEST, _put("spec.replicas", "two"), "spec.replicas"),
        (INGEST, _put(f"{CONTAINER}.port", 8000), CONTAINER),
        ("ingest/service.yaml", _put("kind", "Sevrice"), "kind"),
        ("ingest/service.yaml", _put("apiVersion", None), "document 0"),
    ],
)
def test_a_broken_schema_is_named(base: Path, file: str, edit: Edit, field: str) -> None:
    """A manifest that breaks its kind's schema, an unknown field included, gives a finding that names it."""
    _edit(base / file, edit)
    _, findings = check_base(base)
    assert [(finding.source, finding.field) for finding in findings][:1] == [(str(base / file), field)]


def test_text_that_is_no_yaml_is_named(base: Path) -> None:
    """A file that is no YAML gives a finding with its line."""
    (base / "ingress.yaml").write_text("a: [1\nb: 2\n")
    _, findings = check_base(base)
    assert any(finding.source.endswith("ingress.yaml") and finding.field == "line 2" for finding in findings)


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda listing: listing["resources"].remove("ingress.yaml"), "resources"),
        (lambda listing: listing["resources"].append("nowhere.yaml"), "resources"),
        (lambda listing: listing.update(patches=[]), "patches"),
    ],
)
def test_the_base_lists_its_files_and_patches_nothing(base: Path, edit: Edit, field: str) -> None:
    """A file left out, a file that is not there and a patch are each named in the base's kustomization."""
    _edit(base / "kustomization.yaml", edit)
    _, findings = check_base(base)
    assert [finding.field for finding in findings] == [field]


def _fake_renderer(folder: Path, script: str) -> list[str]:
    command = folder / "kustomize"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o700)
    return [str(command), "build"]


def test_a_rendered_overlay_is_held_against_the_rules(tmp_path: Path) -> None:
    """What an overlay renders to is validated as the base is."""
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text("\n---\n".join(path.read_text() for path in BASE.rglob("*.yaml") if path.parent != BASE))
    _, findings = check_overlay(_fake_renderer(tmp_path, f"cat {rendered}"), LOCAL)
    assert any(finding.remedy == "there is no ConfigMap voxpop-settings" for finding in findings)


def test_an_overlay_that_does_not_render_is_named(tmp_path: Path) -> None:
    """The renderer's own words are passed on where it fails."""
    _, findings = render(_fake_renderer(tmp_path, "echo no such patch >&2; exit 1"), LOCAL)
    assert [finding.remedy for finding in findings] == ["does not render: no such patch"]


def test_without_a_renderer_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where neither kubectl nor kustomize is at hand, overlays are said to be unchecked and the rest passes."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([]) == 0
    assert "overlay local: NOT rendered" in capsys.readouterr().out


def test_the_command_fails_with_a_sentence(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken rule makes the command exit 1 and name file and field on stderr."""
    root = base.parent / "project"
    shutil.copytree(base, root / "deploy" / "k8s" / "base")
    for name in ("docker-compose.yml", ".env.example"):
        shutil.copy(ROOT / name, root / name)
    broken = root / "deploy" / "k8s" / "base" / "ingest" / "deployment.yaml"
    _edit(broken, _put(f"{POD}.securityContext.runAsNonRoot", None))
    monkeypatch.setenv("PATH", str(root))
    assert main(["--root", str(root)]) == 1
    assert f"{broken} (Deployment ingest): {POD}.securityContext.runAsNonRoot: must be true" in capsys.readouterr().err
