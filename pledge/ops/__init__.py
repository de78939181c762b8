"""The operator's door: is it alive, is it ready, and the mailbox of a development machine."""

from flask import Flask

from pledge.ops import mailbox
from pledge.settings import Settings


def register(app: Flask, settings: Settings) -> None:
    mailbox.register(app, settings)
