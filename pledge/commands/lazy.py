"""A group whose commands are loaded when they are called: a process pays for the one that it runs (docs/adr/0060)."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click
from flask.cli import AppGroup


class LazyGroup(AppGroup):
    """Takes a command from the module that the table names for it, where it has the command's own name."""

    def __init__(self, name: str, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(name, **options)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._modules, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._modules and cmd_name not in self.commands:
            with unwatched():
                module = import_module(self._modules[cmd_name])
            self.add_command(getattr(module, cmd_name), cmd_name)
        return super().get_command(ctx, cmd_name)


@contextmanager
def unwatched() -> Iterator[None]:
    """Without the garbage collector: what is loaded stays to the end, and is not looked through while it grows or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
