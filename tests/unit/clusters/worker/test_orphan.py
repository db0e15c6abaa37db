"""A worker process whose service was killed, and what a killed service left on the disk."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from services.clusters.worker.scratch import open_scratch

SERVICE = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from services.clusters.worker import open_worker
from tests.unit.clusters.worker import computations

async def main():
    async with open_worker(Path(sys.argv[1]), most=1, threads=1, longest=timedelta(minutes=5)) as worker:
        await worker.run(computations.endless, report=lambda stage, _: print(stage, flush=True))

asyncio.run(main())
"""


def test_a_worker_process_dies_with_its_service(tmp_path: Path) -> None:
    """SIGKILL of the service ends a computation that never looks up; the next start removes its folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    service = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", SERVICE, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert service.stdout is not None
    with service.stdout:
        worker = os.pidfd_open(int(service.stdout.readline()))
        service.send_signal(signal.SIGKILL)
        service.wait()
    try:
        assert select.select([worker], [], [], 60)[0] == [worker]
    finally:
        os.close(worker)
    assert [folder.stat().st_mode & 0o777 for folder in tmp_path.iterdir()] == [0o700]
    [left] = tmp_path.iterdir()
    with open_scratch(tmp_path) as scratch:
        assert list(tmp_path.iterdir()) == [scratch.folder]
        assert scratch.dead == (left.name,)
    assert list(tmp_path.iterdir()) == []


def test_a_start_leaves_the_folder_of_a_living_process(tmp_path: Path) -> None:
    """Replicas may share a disk: what another one holds stays."""
    with open_scratch(tmp_path) as first, open_scratch(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first.folder, second.folder])
        assert second.dead == ()
