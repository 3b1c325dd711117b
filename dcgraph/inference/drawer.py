"""What a model draws: samples, variants of images, completions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import RequestError
from dcgraph.inference import inpainting, sampling
from dcgraph.inference.labels import asked_for, checked_labels
from dcgraph.inference.readout import Readout
from dcgraph.inference.settings import configured
from dcgraph.inference.viewer import Viewer


class Drawer(Viewer):
    """A viewer that draws, too: down the graph from a node, by settings of the graph or a call."""

    def sample(
        self,
        n: int,
        *,
        node: str | None = None,
        label: int | Iterable[int] | None = None,
        sharpen: int = 0,
        seed: int | None = None,
        control: NDArray[Any] | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> NDArray[Any]:
        """Return n samples, (n, h, w, c), not clipped.

        Parameters
        ----------
        node : str or None
            Where the walk down starts; None is the topmost gmm node (with `label`, the classifier).
        label : int, n ints or None
            Ask the classifier for these classes; or, in a graph with a `label` input and no
            classifier, the node itself, which has learned what goes with a label.
        sharpen : int
            Sharpening iterations at every folding and pooling node that has a gmm node above.
        seed : int or None
            Of the draws; None takes the model's own.
        control : array of shape (n, h, w, c) or None
            A control signal for `node`, in the shape of its output; NaN where there is none.
        readout : Readout or None
            Is told what sharpening does.
        **settings
            Sampling settings: top, power, divisor, ... of every gmm node; confidence of the
            classifier; rate, weight, target of what is sharpened.

        Raises
        ------
        RequestError, InputError
            The node cannot be sampled from; a setting or label does not exist.
        """
        batches = self.sample_batches(
            n,
            node=node,
            label=label,
            sharpen=sharpen,
            seed=seed,
            control=control,
            readout=readout,
            **settings,
        )
        return np.concatenate(list(batches))

    def sample_batches(
        self,
        n: int,
        *,
        node: str | None = None,
        label: int | Iterable[int] | None = None,
        sharpen: int = 0,
        seed: int | None = None,
        control: NDArray[Any] | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Return an iterator over what `sample` returns, at most 100 samples at a time."""
        graph = configured(self.graph, settings, sharpen=sharpen)
        if label is not None:
            if control is not None:
                message = "give either a label or a control signal, not both"
                raise RequestError(message)
            node, control = asked_for(self._scheduler(graph), checked_labels(label, n), node)
        return sampling.samples(
            self._scheduler(graph),
            n,
            node=node,
            control=control,
            seed=self._seed(seed),
            readout=readout,
        )

    def variants(
        self,
        x: Any,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> NDArray[Any]:
        """Return variants of each image: what `node` takes for the same.

        Parameters
        ----------
        x : array of shape (m, h, w, c)
            NaN pixels are unknown.
        node : str or None
            A gmm node; the higher, the freer. None is the topmost.
        n : int
            Variants of each image.
        sharpen, seed, readout, **settings
            As in `sample`.

        Returns
        -------
        array
            In the shape of `x`, or (n, *x.shape) where n is above 1.

        Raises
        ------
        RequestError, InputError
        """
        drawn = self.variants_batches(
            x, node=node, n=n, sharpen=sharpen, seed=seed, readout=readout, **settings
        )
        return np.concatenate(list(drawn), axis=1).reshape(*_several(n), *np.shape(x))

    def variants_batches(
        self,
        x: Any,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Return an iterator over (n, at most 100, h, w, c): n variants of each image."""
        graph = configured(self.graph, settings, sharpen=sharpen)
        images = self.checked_images(x)
        name = graph.topmost() if node is None else node
        sampling.check_variants(graph, name)
        inpainting.check_request(n, fill=None)
        scheduler = self._scheduler(graph)
        signals = self._signals(scheduler, images)
        return sampling.variants(
            scheduler, signals, name, n=n, seed=self._seed(seed), readout=readout
        )

    def inpaint(
        self,
        x: Any,
        known: Any = None,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        fill: float | None = 0.0,
        readout: Readout | None = None,
        **settings: Any,
    ) -> NDArray[Any]:
        """Return images whose unknown pixels are completed; known ones are untouched.

        Parameters
        ----------
        x : array of shape (m, h, w, c)
            NaN pixels are unknown, whatever `known` says.
        known : boolean array of shape (h, w), (m, h, w) or that of `x`, or None
            True where a pixel is to be kept.
        node : str or None
            A gmm node, whose responsibilities say what to draw; None is the topmost.
        n : int
            Completions of each image.
        fill : float or None
            What unknown pixels go up as (paper: 0); None integrates them out.
        sharpen, seed, readout, **settings
            As in `sample`.

        Returns
        -------
        array
            In the shape of `x`, or (n, *x.shape) where n is above 1.

        Raises
        ------
        RequestError
            The node cannot be sampled from.
        InputError
            The mask does not fit, or leaves nothing to complete or nothing to go by.
        """
        completed = self.inpaint_batches(
            x,
            known,
            node=node,
            n=n,
            sharpen=sharpen,
            seed=seed,
            fill=fill,
            readout=readout,
            **settings,
        )
        return np.concatenate(list(completed), axis=1).reshape(*_several(n), *np.shape(x))

    def inpaint_batches(
        self,
        x: Any,
        known: Any = None,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        fill: float | None = 0.0,
        readout: Readout | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Return an iterator over (n, at most 100, h, w, c): n completions of each image."""
        graph = configured(self.graph, settings, sharpen=sharpen)
        images = self.checked_images(x)
        keep = inpainting.kept(images, known)
        name = graph.topmost() if node is None else node
        sampling.check_variants(graph, name)
        inpainting.check_request(n, fill)
        return inpainting.inpaint(
            self._scheduler(graph),
            images,
            keep,
            node=name,
            n=n,
            seed=self._seed(seed),
            fill=fill,
            readout=readout,
        )

    def _seed(self, seed: int | None) -> int:
        return self.record.seed if seed is None else seed


def _several(n: int) -> tuple[int, ...]:
    return () if n == 1 else (n,)
