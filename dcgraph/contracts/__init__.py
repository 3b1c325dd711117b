"""The contracts of everything a plugin can add: layers, optimizers, schedules, sources, metrics."""
