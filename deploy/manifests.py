"""Kubernetes manifests: read from the base, rendered from overlays, held against the Kubernetes schemas."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import kubernetes_validate

from deploy.findings import Finding, parse_yaml

KUBERNETES_VERSIONS = ("1.31", "1.37")
"""The oldest and the newest version whose schemas (strict: no unknown field) a manifest must satisfy."""

BASE_FIELDS = {"apiVersion", "kind", "resources"}
RENDER_SECONDS = 60


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object and where it came from."""

    source: str
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its kind, such as `Deployment`."""
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name, or an empty text."""
        metadata = self.body.get("metadata")
        return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def read_manifests(text: str, source: str) -> tuple[list[Manifest], list[Finding]]:
    """Return the manifests in a YAML text, with a finding for each document that is none."""
    documents, findings = parse_yaml(text, source)
    manifests = []
    for place, document in enumerate(documents):
        if isinstance(document, dict) and document.get("apiVersion") and document.get("kind"):
            manifests.append(Manifest(source, document))
        else:
            findings.append(Finding(source, f"document {place}", "apiVersion and kind are needed"))
    return manifests, findings


def read_base(base: Path) -> tuple[list[Manifest], list[Finding]]:
    """Return every manifest below `base`, which must list each of its files and patch nothing."""
    manifests: list[Manifest] = []
    findings: list[Finding] = []
    files = {path.relative_to(base).as_posix(): path for path in sorted(base.rglob("*.yaml"))}
    kustomization = files.pop("kustomization.yaml", None)
    if kustomization is None:
        return [], [Finding(str(base), "kustomization.yaml", "is missing")]
    listing, broken = parse_yaml(kustomization.read_text(encoding="utf-8"), str(kustomization))
    findings += broken
    declared = listing[0] if listing and isinstance(listing[0], dict) else {}
    findings += [
        Finding(str(kustomization), field, "the base holds whole manifests, so `resources` alone stands here")
        for field in sorted(set(declared) - BASE_FIELDS)
    ]
    resources = set(declared.get("resources") or [])
    findings += [
        Finding(str(kustomization), "resources", f"lists no {name}") for name in sorted(set(files) - resources)
    ]
    findings += [
        Finding(str(kustomization), "resources", f"{name} is no file") for name in sorted(resources - set(files))
    ]
    for path in files.values():
        found, broken = read_manifests(path.read_text(encoding="utf-8"), str(path))
        manifests += found
        findings += broken
    return manifests, findings


def schema_findings(manifests: Iterable[Manifest]) -> list[Finding]:
    """Return where a manifest breaks the schema of its kind (from the package kubernetes-validate, offline)."""
    findings = []
    for manifest in manifests:
        for version in KUBERNETES_VERSIONS:
            if breach := _breach(json.dumps(manifest.body, default=str), version):
                field, message = breach
                findings.append(Finding(manifest.source, field or manifest.kind, message))
    return findings


@cache
def _breach(body: str, version: str) -> tuple[str, str] | None:
    """Return where a manifest, given as JSON, breaks the schema of its kind, and how; overlays repeat the base's."""
    try:
        kubernetes_validate.validate(json.loads(body), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return ".".join(str(part) for part in error.absolute_path), f"{error.message} (Kubernetes {version})"
    except kubernetes_validate.SchemaNotFoundError as error:
        return "kind", error.message
    return None


def renderer() -> list[str] | None:
    """Return the command that renders a kustomization on this machine, or None where there is none."""
    if kubectl := which("kubectl"):
        return [kubectl, "kustomize"]
    if kustomize := which("kustomize"):
        return [kustomize, "build"]
    return None


def render(command: list[str], overlay: Path) -> tuple[list[Manifest], list[Finding]]:
    """Return what `overlay` renders to; a field of a finding is then one of the rendered object."""
    try:
        done = subprocess.run(  # noqa: S603 - the command is kubectl or kustomize, the folder is ours
            [*command, str(overlay)], capture_output=True, text=True, check=False, timeout=RENDER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], [Finding(str(overlay), "kustomization.yaml", f"does not render: {error}")]
    if done.returncode:
        return [], [Finding(str(overlay), "kustomization.yaml", f"does not render: {done.stderr.strip()}")]
    return read_manifests(done.stdout, f"{overlay} (rendered)")
