"""What the service itself does not hold in memory."""

import subprocess
import sys

HEAVY = ("hdbscan", "matplotlib", "numba", "pandas", "scipy", "sklearn", "tomotopy", "umap")


def test_the_service_imports_what_only_its_worker_needs_nowhere() -> None:
    """Importing the application and the functions that it hands to the worker loads none of the heavy libraries."""
    program = "import sys, services.clusters.app; print(*sys.modules)"
    found = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600
    )
    assert set(HEAVY) & set(found.stdout.split()) == set()
