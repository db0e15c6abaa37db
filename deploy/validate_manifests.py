"""Checks the Kubernetes base, the overlays and docker-compose.yml without a cluster, an engine or a network.

Run it as `python -m deploy.validate_manifests`; it exits 1 where a rule is broken.
"""

import argparse
import sys
from pathlib import Path

from deploy.compose_rules import compose_findings, offered_variables
from deploy.findings import Finding, parse_yaml
from deploy.house_rules import house_findings
from deploy.manifests import KUBERNETES_VERSIONS, Manifest, read_base, render, renderer, schema_findings
from deploy.scratch_limits import manifest_findings, volume_findings

ROOT = Path(__file__).resolve().parent.parent


def check_base(base: Path) -> tuple[int, list[Finding]]:
    """Return how many manifests stand in `base`, and what is wrong with them."""
    return _checked(*read_base(base))


def check_overlay(command: list[str], overlay: Path) -> tuple[int, list[Finding]]:
    """Return how many manifests `overlay` renders to, and what is wrong with them."""
    return _checked(*render(command, overlay))


def _checked(manifests: list[Manifest], broken: list[Finding]) -> tuple[int, list[Finding]]:
    """Hold manifests against the schemas, and against the house rules where their shape is right."""
    findings = broken + schema_findings(manifests)
    return len(manifests), findings or house_findings(manifests) + manifest_findings(manifests)


def check_compose(compose: Path, example: Path) -> list[Finding]:
    """Return what is wrong with a Compose file; `example` is the `.env` file that it is offered with."""
    documents, findings = parse_yaml(compose.read_text(encoding="utf-8"), str(compose))
    if findings:
        return findings
    offered = offered_variables(example.read_text(encoding="utf-8"))
    document = documents[0] if documents else None
    return compose_findings(document, str(compose), offered) or volume_findings(document, str(compose))


def main(arguments: list[str] | None = None) -> int:
    """Check everything below the project's folder; return the exit status."""
    parser = argparse.ArgumentParser(description="Checks Kubernetes manifests and docker-compose.yml, offline.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    root = parser.parse_args(arguments).root
    kubernetes = root / "deploy" / "k8s"

    count, findings = check_base(kubernetes / "base")
    print(f"base: {count} manifests against Kubernetes {' and '.join(KUBERNETES_VERSIONS)} and the house rules")
    command = renderer()
    for overlay in sorted(path.parent for path in (kubernetes / "overlays").glob("*/kustomization.yaml")):
        if command is None:
            print(f"overlay {overlay.name}: NOT rendered and not checked, neither kubectl nor kustomize is on PATH")
            continue
        count, found = check_overlay(command, overlay)
        findings += found
        print(f"overlay {overlay.name}: rendered to {count} manifests, checked likewise")
    findings += check_compose(root / "docker-compose.yml", root / ".env.example")
    print("docker-compose.yml: shape and house rules")

    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
