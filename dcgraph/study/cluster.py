"""Runs on a Dask cluster: one that is there, or workers on this machine."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dcgraph.errors import RequestError
from dcgraph.study.execute import execute
from dcgraph.study.local import Execute, deaf_to_ctrl_c
from dcgraph.study.run import Outcome, Run

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
PATIENCE = 30  # seconds until a scheduler has to answer


def on_cluster(
    runs: Sequence[Run], address: str, workers: int, function: Execute = execute
) -> Generator[Outcome]:
    """Yield how runs ended, in the order they end.

    Dask gives the runs of a worker that is killed to another one; a worker whose device has failed
    is started anew. Workers need dcgraph of the same version, and the data sets (DCGRAPH_DATA, or a
    data directory that all machines see).

    Parameters
    ----------
    address : str
        Of a scheduler, ``tcp://host:8786``; or "local": `workers` processes on this machine.
    workers : int
        Only for "local".

    Raises
    ------
    RequestError
        Dask is not installed, or no scheduler answers.
    """
    with _client(address, workers) as client:
        from distributed import as_completed

        futures = {
            # not pure: Dask must not take an earlier run's outcome for this one's
            client.submit(_on_worker, function, run, pure=False): run
            for run in runs
        }
        try:
            for future in as_completed(futures):
                run, error = futures.pop(future), future.exception()
                if error is not None:
                    yield _lost(run, error)
                    continue
                outcome, worker = future.result()
                if outcome.spent:
                    future.release()  # else Dask would have it computed once more
                    _restart(client, worker)
                yield outcome
        finally:
            client.cancel(list(futures), force=True)


def _on_worker(function: Execute, run: Run) -> tuple[Outcome, str]:
    """Return how a run ended, and the address of the worker that made it."""
    from distributed import get_worker

    return function(run), get_worker().address


def _restart(client: Client, worker: str) -> None:
    # a worker that nothing supervises stays: the runs it fails at are listed
    with suppress(ValueError):
        client.restart_workers([worker], timeout=PATIENCE, raise_for_error=False)


def _lost(run: Run, error: BaseException) -> Outcome:
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        return Outcome(run, error="its workers were killed, one after the other")
    return Outcome(run, error=f"{type(error).__name__}: {error}")


@contextmanager
def _client(address: str, workers: int) -> Iterator[Client]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        message = "a cluster needs Dask: install it with  pip install 'dcgraph[cluster]'"
        raise RequestError(message, field="--cluster") from error
    if address == LOCAL:
        settings: dict[str, Any] = {"processes": True, "threads_per_worker": 1}
        settings["silence_logs"] = logging.CRITICAL  # outcomes tell what becomes of runs
        with deaf_to_ctrl_c():
            cluster = LocalCluster(n_workers=workers, dashboard_address=None, **settings)
        with cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        message = f"no Dask scheduler answers at {address}: {error}"
        raise RequestError(message, field="--cluster") from error
    with client:
        yield client
