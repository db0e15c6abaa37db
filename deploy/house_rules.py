"""House rules for Kubernetes manifests, beyond what the schemas ask: hardened pods, no secret written down."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from deploy.findings import Finding, at
from deploy.manifests import Manifest

NAMESPACE = "voxpop"
SECRET_NAME = re.compile(r"(KEYS?|PASSWORD|SECRET|TOKEN|_STORE)$")
"""Names of settings that hold a secret; a store's URL holds the password of its account."""

POD_FIELDS: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "securityContext.runAsNonRoot": True,
    "securityContext.seccompProfile.type": "RuntimeDefault",
}
CONTAINER_FIELDS: dict[str, Any] = {
    "securityContext.allowPrivilegeEscalation": False,
    "securityContext.readOnlyRootFilesystem": True,
    "securityContext.capabilities.drop": ["ALL"],
}
CONTAINER_NEEDS = (
    "resources.requests.cpu",
    "resources.requests.memory",
    "resources.limits.cpu",
    "resources.limits.memory",
)
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
TEMPLATES = {
    "Deployment": "spec.template",
    "StatefulSet": "spec.template",
    "DaemonSet": "spec.template",
    "Job": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
}
UNBOUND = {"Namespace"}


def house_findings(manifests: Sequence[Manifest]) -> list[Finding]:
    """Return every house rule that a manifest breaks, alone or beside the others."""
    findings = [finding for manifest in manifests for finding in _alone(manifest)]
    return findings + list(_together(manifests))


def _alone(manifest: Manifest) -> Iterator[Finding]:
    source = f"{manifest.source} ({manifest.kind} {manifest.name})"
    if manifest.kind not in UNBOUND and at(manifest.body, "metadata.namespace") != NAMESPACE:
        yield Finding(source, "metadata.namespace", f"must be {NAMESPACE}")
    if manifest.kind == "Secret":
        yield Finding(source, "kind", "a secret is never written down here: refer to one by secretKeyRef")
    if manifest.kind == "ServiceAccount" and manifest.body.get("automountServiceAccountToken") is not False:
        yield Finding(source, "automountServiceAccountToken", "must be false")
    if manifest.kind == "ConfigMap":
        for name in filter(SECRET_NAME.search, manifest.body.get("data") or {}):
            yield Finding(source, f"data.{name}", "is a secret: refer to it by secretKeyRef")
    if manifest.kind in TEMPLATES:
        field = f"{TEMPLATES[manifest.kind]}.spec"
        for finding in _pod(at(manifest.body, field) or {}):
            yield Finding(source, f"{field}.{finding.field}", finding.remedy)


def _pod(pod: dict[str, Any]) -> Iterator[Finding]:
    yield from _wrong(pod, POD_FIELDS)
    for group in ("initContainers", "containers"):
        for place, container in enumerate(pod.get(group) or []):
            for finding in _container(container, probed=group == "containers"):
                yield Finding("", f"{group}.{place}.{finding.field}", finding.remedy)


def _container(container: dict[str, Any], *, probed: bool) -> Iterator[Finding]:
    yield from _wrong(container, CONTAINER_FIELDS)
    needed = CONTAINER_NEEDS + PROBES if probed else CONTAINER_NEEDS
    yield from (Finding("", field, "is missing") for field in needed if at(container, field) is None)
    _, _, tag = str(container.get("image", "")).rpartition("/")[2].partition(":")
    if tag in {"", "latest"}:
        yield Finding("", "image", "must name a version, not the latest")
    if str(container.get("image")).startswith("mongo:") and "--replSet" not in (container.get("args") or []):
        yield Finding("", "args", "must have --replSet: the stores need transactions")
    for place, variable in enumerate(container.get("env") or []):
        if SECRET_NAME.search(str(variable.get("name"))) and at(variable, "valueFrom.secretKeyRef") is None:
            yield Finding("", f"env.{place}", f"{variable.get('name')} is a secret: refer to it by secretKeyRef")
    for place, origin in enumerate(container.get("envFrom") or []):
        if "secretRef" in origin:
            yield Finding("", f"envFrom.{place}.secretRef", "names no keys: refer to each needed one by secretKeyRef")


def _wrong(document: dict[str, Any], fields: dict[str, Any]) -> Iterator[Finding]:
    for field, wanted in fields.items():
        if at(document, field) != wanted:
            shown = str(wanted).lower() if isinstance(wanted, bool) else wanted
            yield Finding("", field, f"must be {shown}")


def _together(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """Every workload has its Service, budget and network policy; what refers to an object finds it."""
    for workload in (manifest for manifest in manifests if manifest.kind == "Deployment"):
        source = f"{workload.source} (Deployment {workload.name})"
        labels = at(workload.body, "spec.template.metadata.labels") or {}
        for kind, field in (
            ("Service", "spec.selector"),
            ("PodDisruptionBudget", "spec.selector.matchLabels"),
            ("NetworkPolicy", "spec.podSelector.matchLabels"),
        ):
            if not any(_selects(at(other.body, field), labels) for other in manifests if other.kind == kind):
                yield Finding(source, "spec.template.metadata.labels", f"no {kind} selects these pods")
    if not any(_denies_all(manifest) for manifest in manifests):
        yield Finding("NetworkPolicy", "spec.podSelector", "none denies by default what the others do not allow")
    yield from _dangling(manifests)


def _selects(selector: Any, labels: dict[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def _denies_all(manifest: Manifest) -> bool:
    spec = manifest.body.get("spec") or {}
    return (
        manifest.kind == "NetworkPolicy"
        and spec.get("podSelector") == {}
        and set(spec.get("policyTypes") or []) == {"Ingress", "Egress"}
        and not spec.get("ingress")
        and not spec.get("egress")
    )


def _dangling(manifests: Iterable[Manifest]) -> Iterator[Finding]:
    known = {(manifest.kind, manifest.name) for manifest in manifests}
    for manifest in manifests:
        source = f"{manifest.source} ({manifest.kind} {manifest.name})"
        for kind, field, name in _references(manifest):
            if (kind, name) not in known:
                yield Finding(source, field, f"there is no {kind} {name}")


def _references(manifest: Manifest) -> Iterator[tuple[str, str, Any]]:
    """Yield kind, field and name of what a manifest refers to by name."""
    if manifest.kind == "HorizontalPodAutoscaler":
        field = "spec.scaleTargetRef"
        yield str(at(manifest.body, f"{field}.kind")), f"{field}.name", at(manifest.body, f"{field}.name")
    for place, rule in enumerate(at(manifest.body, "spec.rules") or [] if manifest.kind == "Ingress" else []):
        for number, path in enumerate(at(rule, "http.paths") or []):
            field = f"spec.rules.{place}.http.paths.{number}.backend.service.name"
            yield "Service", field, at(path, "backend.service.name")
    if manifest.kind in TEMPLATES:
        field = f"{TEMPLATES[manifest.kind]}.spec"
        yield "ServiceAccount", f"{field}.serviceAccountName", at(manifest.body, f"{field}.serviceAccountName")
        for place, container in enumerate(at(manifest.body, f"{field}.containers") or []):
            for number, origin in enumerate(container.get("envFrom") or []):
                if "configMapRef" in origin:
                    where = f"{field}.containers.{place}.envFrom.{number}.configMapRef.name"
                    yield "ConfigMap", where, at(origin, "configMapRef.name")
