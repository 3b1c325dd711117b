"""A fitted model inside an estimator: opened, copied and pickled."""

from __future__ import annotations

from typing import Any, cast

from dcgraph.backends.contract import Backend
from dcgraph.backends.select import make_backend
from dcgraph.estimators.settings import threads_of
from dcgraph.model import Model
from dcgraph.storage.record import ModelRecord


class HoldsModel:
    """Keeps a `Model` as ``model_``; what is pickled is its record, for a backend has no copy."""

    model_: Model
    n_jobs: int | None
    backend: str

    def _ops(self) -> Backend:
        return make_backend(self.backend, threads=threads_of(self.n_jobs))

    def _opened(self, record: ModelRecord) -> Model:
        return Model(record, backend=self.backend, threads=threads_of(self.n_jobs))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(cast(dict[str, Any], super().__getstate__()))
        if "model_" in state:
            state["model_"] = state["model_"].record
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        if "model_" in state:
            self.model_ = self._opened(state["model_"])
