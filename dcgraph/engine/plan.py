"""What a plan is: ordered steps that read and write named buffers.

A plan is data. The compiler makes it from a graph, the scheduler executes it, and
``dcgraph inspect --plan`` prints it. A node's output lives in the buffer of its name, a control
signal in the buffer of its edge, ``upper>lower``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work at one node.

    Attributes
    ----------
    node : str
    reads, writes : tuple of str
        Buffers.
    frees : tuple of str
        Buffers nothing reads afterwards.
    """

    action: ClassVar[str]

    node: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    frees: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What else there is to say about the step."""
        return ""


@dataclass(frozen=True, slots=True)
class Feed(Step):
    """Put the images of a batch into an input's buffer."""

    action: ClassVar[str] = "feed"


@dataclass(frozen=True, slots=True)
class Forward(Step):
    """Compute a transformation.

    Attributes
    ----------
    deferred : bool
        Not computed here: its only reader has it block by block, while blocks are in cache.
    """

    action: ClassVar[str] = "forward"

    deferred: bool = False

    @property
    def note(self) -> str:
        return "block by block, inside the next step" if self.deferred else ""


@dataclass(frozen=True, slots=True)
class Prepare(Step):
    """Fit what a node holds constant to the first batch."""

    action: ClassVar[str] = "prepare"


@dataclass(frozen=True, slots=True)
class Observe(Step):
    """Let a trainable node see its input, once; `want` says what for."""

    action: ClassVar[str] = "observe"

    want: frozenset[str] = field(default_factory=frozenset)

    @property
    def note(self) -> str:
        return ", ".join(sorted(self.want))


@dataclass(frozen=True, slots=True)
class Update(Step):
    """Hand a node's statistics to its optimizer, then advance its annealing."""

    action: ClassVar[str] = "update"


@dataclass(frozen=True, slots=True)
class Constrain(Step):
    """Move a node's parameters into their bounds."""

    action: ClassVar[str] = "constrain"


@dataclass(frozen=True, slots=True)
class Merge(Step):
    """Combine the control signals that meet at a node."""

    action: ClassVar[str] = "merge"


@dataclass(frozen=True, slots=True)
class Control(Step):
    """Send a node's control signals down."""

    action: ClassVar[str] = "control"


@dataclass(frozen=True, slots=True)
class Refine(Step):
    """Sharpen a control signal: raise the target's loss by gradient ascent.

    Attributes
    ----------
    path : tuple of str
        Nodes the signal goes up through, the target last.
    iterations : int
    rate : float
        Step width, for a loss summed over the target's positions.
    weight : float
        Of the squared distance from where the ascent starts.
    """

    action: ClassVar[str] = "refine"

    path: tuple[str, ...] = ()
    iterations: int = 0
    rate: float = 0.0
    weight: float = 0.0

    @property
    def note(self) -> str:
        return f"{self.iterations} steps of {self.rate:.3g} towards {' -> '.join(self.path)}"


@dataclass(frozen=True, slots=True)
class Gradient(Step):
    """Carry a gradient down through a node, to its input."""

    action: ClassVar[str] = "gradient"


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order of their execution.

    Attributes
    ----------
    kind : {"forward", "train", "control", "gradient"}
    steps : tuple of Step
    """

    kind: str
    steps: tuple[Step, ...]

    def rows(self) -> list[dict[str, str]]:
        """Return the plan as a table: action, node, reads, writes, frees, note."""
        return [
            {
                "action": step.action,
                "node": step.node,
                "reads": " ".join(step.reads),
                "writes": " ".join(step.writes),
                "frees": " ".join(step.frees),
                "note": step.note,
            }
            for step in self.steps
        ]
