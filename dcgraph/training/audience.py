"""Those who listen to a run."""

from __future__ import annotations

from collections.abc import Iterable

from dcgraph.contracts.events import Event, NodeBegan, NodeEnded, Observer
from dcgraph.errors import PluginError, RunError
from dcgraph.plugin.manager import Plugins


def plugin_observers(plugins: Plugins) -> list[Observer]:
    """Return one observer of each class that plugins have registered.

    Raises
    ------
    PluginError
        One of them cannot be made.
    """
    made = []
    for name, kind in plugins.observers.items():
        try:
            made.append(kind())
        except Exception as error:
            message = (
                f"observer '{name}' of plugin '{plugins.observers.owner(name)}' cannot be made: "
                f"{type(error).__name__}: {error}"
            )
            raise PluginError(message) from error
    return made


class Audience:
    """Observers, told of every event in the order they were given."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.observers = list(observers)

    @property
    def hears_nodes(self) -> bool:
        """Whether one of them wants to hear of every node in every batch."""
        return any(observer.hears_nodes for observer in self.observers)

    def tell(self, event: Event) -> None:
        """Tell everybody.

        Raises
        ------
        RunError
            An observer failed, which the message names; it hears no more.
        """
        of_node = isinstance(event, NodeBegan | NodeEnded)
        for observer in tuple(self.observers):
            if of_node and not observer.hears_nodes:
                continue
            try:
                observer.notify(event)
            except Exception as error:
                self.observers.remove(observer)
                name = observer.type or type(observer).__name__
                message = (
                    f"observer '{name}' failed when it was told of {type(event).__name__}: "
                    f"{type(error).__name__}: {error}"
                )
                raise RunError(message) from error
