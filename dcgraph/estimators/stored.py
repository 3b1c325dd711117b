"""A fitted model inside an estimator."""

from __future__ import annotations

from dcgraph.backends.contract import Backend
from dcgraph.backends.select import make_backend
from dcgraph.estimators.settings import threads_of
from dcgraph.model import Model
from dcgraph.storage.record import ModelRecord


class HoldsModel:
    """Keeps a `Model` as ``model_``, on the backend and threads that the estimator names."""

    model_: Model
    n_jobs: int | None
    backend: str

    def _ops(self) -> Backend:
        return make_backend(self.backend, threads=threads_of(self.n_jobs))

    def _opened(self, record: ModelRecord) -> Model:
        return Model(record, backend=self.backend, threads=threads_of(self.n_jobs))
