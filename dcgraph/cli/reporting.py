"""What the commands that make a page have in common: options, and the page itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcgraph.cli import options
from dcgraph.cli.session import Session
from dcgraph.errors import RequestError

if TYPE_CHECKING:
    from dcgraph.plugin.manager import Plugins
    from dcgraph.report.page import Page
    from dcgraph.report.subject import Examined, Wanted
    from dcgraph.storage.record import ModelRecord

MOST = 400  # samples; more make the page large, not clearer

shown = options.several(
    click.option(
        "--samples",
        type=click.IntRange(1, MOST),
        default=64,
        show_default=True,
        help="Draw so many images.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=2),
        default=1000,
        show_default=True,
        help="Look at so many of the test images, drawn by the seed.",
    ),
    options.seed("Of the samples, and of which test images.  [default: the model's own]"),
    options.source,
    options.data_dir,
)


@dataclass(frozen=True)
class Request:
    """What was typed; see the options of `shown`."""

    samples: int
    limit: int
    seed: int | None
    source: str | None
    data_dir: Path | None
    settings: tuple[str, ...]
    plugin_files: tuple[Path, ...]
    backend: str
    threads: int | None

    def page(self, session: Session, path: Path, *, live: bool = False) -> tuple[ModelRecord, Page]:
        """Return what a model file holds, and its page.

        Raises
        ------
        RequestError, DataError
            A setting is none of sampling or of the data; data that was asked for is not there.
        ModelFileError
        """
        from dcgraph.cli.drawing import open_record
        from dcgraph.model import Model
        from dcgraph.plugin.load import plugins_from
        from dcgraph.report.page import render
        from dcgraph.report.subject import Subject, Wanted

        plugins = plugins_from(self.plugin_files)
        record, of_data = open_record(session, path, self.settings, plugins)
        seed = record.seed if self.seed is None else self.seed
        wanted = Wanted(self.samples, self.limit, seed)
        examined = self._examined(session, path, record, of_data, plugins, wanted)
        model = Model(record, backend=self.backend, threads=self.threads)
        return record, render(Subject(model, plugins, wanted, examined), file=path.name, live=live)

    def _examined(
        self,
        session: Session,
        path: Path,
        record: ModelRecord,
        of_data: list[str],
        plugins: Plugins,
        wanted: Wanted,
    ) -> Examined | str:
        """Return test images; where the model's own data is not here, the reason."""
        from dcgraph.cli.picking import Choice, subset_of
        from dcgraph.report.subject import Examined

        asked = self.source is not None or self.data_dir is not None or bool(of_data)
        choice = Choice(self.source, data_dir=self.data_dir)
        try:
            dataset = choice.dataset(session, path, record.graph, of_data, plugins)
            return Examined.of(subset_of(dataset, "test"), wanted)
        except RequestError as error:
            if asked:
                raise
            return str(replace(error.problem, field=None))  # read by people who typed no field
