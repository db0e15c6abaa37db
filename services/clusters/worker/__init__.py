"""A process that computes beside the service: warm and reused, with progress, ended by being killed."""

from services.clusters.worker.frame import Advance
from services.clusters.worker.scratch import TableFile
from services.clusters.worker.worker import Worker, open_worker, quietly
from services.clusters.worker.worker_process import ComputationError, WorkerLostError

__all__ = ["Advance", "ComputationError", "TableFile", "Worker", "WorkerLostError", "open_worker", "quietly"]
