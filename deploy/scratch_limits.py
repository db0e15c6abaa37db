"""Whether an import gets through what is deployed: as large as the profiles service takes it, for as long as it lasts.

What lies in between must not be smaller: the ingress' body size and time, and the place where a file lies meanwhile.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from deploy.findings import Finding, at
from deploy.manifests import Manifest
from services.cli.backup import IMPORT_SECONDS
from services.ingest.pipeline import DELIVERY_SECONDS
from services.profiles.settings import ProfilesSettings

PROFILES: Final = "profiles"
DATA_FOLDER: Final = "/var/lib/voxpop"
IMPORT_PATH: Final = "/profiles/v1/brands/acme/import"
ANNOTATION: Final = "nginx.ingress.kubernetes.io/"
_POD: Final = "spec.template.spec"
_UNITS: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_QUANTITY: Final = re.compile(r"(?i)(\d+)([kmg]?)(?:i|ib|b)?")


def manifest_findings(manifests: Sequence[Manifest]) -> list[Finding]:
    """Return what of the manifests is too small for an import, or for what a pod writes."""
    found = [finding for one in manifests if one.kind == "Deployment" for finding in _storage(one, manifests)]
    return found + list(_ingresses(manifests))


def volume_findings(compose: Any, source: str) -> list[Finding]:
    """Return what of a Compose file is too small: a tmpfs takes of its service's memory."""
    found = []
    for name, service in (at(compose, "services") or {}).items():
        field = f"services.{name}.tmpfs"
        sizes = {str(one).partition(":")[0]: _size_of(str(one)) for one in service.get("tmpfs") or []}
        memory = bytes_of(at(service, "deploy.resources.limits.memory"))
        if name == PROFILES and DATA_FOLDER in sizes:
            found.append(
                Finding(source, field, f"must leave out {DATA_FOLDER}, where imports lie: mount a volume there")
            )
        elif "build" in service and None in sizes.values():
            found.append(Finding(source, field, "must have a size=... each: it is memory of the service"))
        elif memory is not None and sum(size or 0 for size in sizes.values()) > memory // 2:
            found.append(Finding(source, field, "must not be more than half of the memory limit together"))
    return found


def bytes_of(quantity: Any) -> int | None:
    """Return how many bytes `128Mi`, `8m`, `1G` or `8388608` are; None where it is no such text."""
    found = _QUANTITY.fullmatch(str(quantity))
    return int(found[1]) * _UNITS[found[2].lower()] if found else None


def _size_of(tmpfs: str) -> int | None:
    options = dict(option.partition("=")[::2] for option in tmpfs.partition(":")[2].split(","))
    return bytes_of(options.get("size"))


def _storage(deployment: Manifest, manifests: Sequence[Manifest]) -> Iterator[Finding]:
    source = f"{deployment.source} (Deployment {deployment.name})"
    volumes = at(deployment.body, f"{_POD}.volumes") or []
    scratch = {one["name"]: bytes_of(at(one, "emptyDir.sizeLimit")) for one in volumes if "emptyDir" in one}
    field = f"{_POD}.containers.0.resources.limits.ephemeral-storage"
    most = bytes_of(at(deployment.body, field))
    if most is not None and sum(size or 0 for size in scratch.values()) > most:
        yield Finding(
            source, field, "must be as much as its emptyDirs together, or the pod is evicted before they are full"
        )
    if deployment.name == PROFILES:
        mounts = at(deployment.body, f"{_POD}.containers.0.volumeMounts") or []
        name = next((one["name"] for one in mounts if one.get("mountPath") == DATA_FOLDER), None)
        size, wanted = scratch.get(str(name)), _import_bytes(deployment, manifests)
        if size is not None and size < wanted:
            remedy = f"must be at least {wanted // 2**20}Mi: an import lies there (PROFILES_IMPORT_MIB)"
            yield Finding(source, f"{_POD}.volumes.{name}.emptyDir.sizeLimit", remedy)


def _import_bytes(deployment: Manifest, manifests: Sequence[Manifest]) -> int:
    """Return how large a file the deployed service takes."""
    own = at(deployment.body, f"{_POD}.containers.0.env") or []
    named = _settings(manifests) | {one.get("name"): one.get("value") for one in own}
    default = ProfilesSettings.model_fields["import_mib"].default
    return int(named.get("PROFILES_IMPORT_MIB") or default) * 2**20


def _settings(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """Return what the ConfigMaps set."""
    maps = [one.body.get("data") or {} for one in manifests if one.kind == "ConfigMap"]
    return {name: value for settings in maps for name, value in settings.items()}


def _ingresses(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    default = ProfilesSettings.model_fields["max_body_bytes"].default
    body = int(_settings(manifests).get("VOXPOP_MAX_BODY_BYTES") or default)
    profiles = [one for one in manifests if one.kind == "Deployment" and one.name == PROFILES]
    importing = _for_imports(manifests)
    for ingress in (one for one in manifests if one.kind == "Ingress"):
        if profiles and ingress is importing:
            if _annotation(ingress, "proxy-request-buffering") != "off":
                yield _wrong(ingress, "proxy-request-buffering", "off: the controller would keep the whole file")
            yield from _least(ingress, _import_bytes(profiles[0], manifests), IMPORT_SECONDS)
        else:
            yield from _least(ingress, body, DELIVERY_SECONDS)


def _least(ingress: Manifest, size: int, seconds: float) -> Iterator[Finding]:
    for name, least, shown in (
        ("proxy-body-size", size, f"{size // 2**20}m"),
        ("proxy-read-timeout", seconds, f"{seconds:g}"),
    ):
        given = bytes_of(_annotation(ingress, name))
        if given is None or given < least:
            yield _wrong(ingress, name, f"{shown} or more, as the service's own limit")


def _annotation(ingress: Manifest, name: str) -> Any:
    return (at(ingress.body, "metadata.annotations") or {}).get(ANNOTATION + name)


def _wrong(ingress: Manifest, name: str, wanted: str) -> Finding:
    source = f"{ingress.source} (Ingress {ingress.name})"
    return Finding(source, f"metadata.annotations.{ANNOTATION}{name}", f"must be {wanted}")


def _for_imports(manifests: Sequence[Manifest]) -> Manifest | None:
    """Return the Ingress that an import takes: of all paths that match it, the controller tries the longest first."""
    found: list[tuple[int, Manifest]] = []
    for ingress in (one for one in manifests if one.kind == "Ingress"):
        for rule in at(ingress.body, "spec.rules") or []:
            paths = [str(path.get("path")) for path in at(rule, "http.paths") or []]
            found += [(len(path), ingress) for path in paths if re.match(path, IMPORT_PATH)]
    return max(found, key=lambda one: one[0])[1] if found else None
