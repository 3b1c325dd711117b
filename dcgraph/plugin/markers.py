"""The decorators that mark hook specifications and their implementations."""

import pluggy

PROJECT = "dcgraph"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
