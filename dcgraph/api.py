"""What plugin authors import, and all that they import.

A plugin is a Python file or module that defines layers, optimizers, schedules, merges, sources,
metrics, observers, kernels or fusions, and returns them from functions marked `hookimpl`. Names
here stay; what stands elsewhere in the package may move.
"""

from dcgraph.backends.contract import Backend
from dcgraph.contracts.annealing import Annealing
from dcgraph.contracts.events import (
    BatchEnded,
    EpochEnded,
    Evaluated,
    Event,
    Failed,
    Finished,
    NodeBegan,
    NodeEnded,
    NodeReading,
    Observer,
    Saved,
    Started,
)
from dcgraph.contracts.kernel import Fusion, Kernel
from dcgraph.contracts.layer import (
    Cost,
    Layer,
    Observation,
    Params,
    Sampling,
    TrainableLayer,
)
from dcgraph.contracts.merge import Merge
from dcgraph.contracts.metric import Metric
from dcgraph.contracts.optimizer import Clock, Optimizer
from dcgraph.contracts.source import (
    ArraySplit,
    OrderedSplit,
    Source,
    SourceInfo,
    Split,
    SplitName,
)
from dcgraph.contracts.varying import Number, Varying, derived, settled
from dcgraph.contracts.windows import (
    Sharpening,
    most_windows,
    uncovered,
    window_counts,
)
from dcgraph.errors import (
    DataError,
    DataMissingError,
    DcgraphError,
    InputError,
    NumericalError,
    PluginError,
    RequestError,
    RunError,
)
from dcgraph.plugin.markers import hookimpl
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks
from dcgraph.spec import Positive, Size, Spec
from dcgraph.state import Arrays, Statistics

__all__ = [
    "Annealing",
    "Array",
    "ArraySplit",
    "Arrays",
    "Backend",
    "BatchEnded",
    "Clock",
    "Cost",
    "DataError",
    "DataMissingError",
    "DcgraphError",
    "Draws",
    "EpochEnded",
    "Evaluated",
    "Event",
    "Failed",
    "Finished",
    "Fusion",
    "InputError",
    "Kernel",
    "Layer",
    "Merge",
    "Metric",
    "NodeBegan",
    "NodeEnded",
    "NodeReading",
    "Number",
    "NumericalError",
    "Observation",
    "Observer",
    "Optimizer",
    "OrderedSplit",
    "Params",
    "PluginError",
    "Positive",
    "RequestError",
    "RunError",
    "Sampling",
    "Saved",
    "Shape",
    "Sharpening",
    "Signal",
    "SignalBlocks",
    "Size",
    "Source",
    "SourceInfo",
    "Spec",
    "Split",
    "SplitName",
    "Started",
    "Statistics",
    "TrainableLayer",
    "Varying",
    "derived",
    "hookimpl",
    "most_windows",
    "settled",
    "uncovered",
    "window_counts",
]
