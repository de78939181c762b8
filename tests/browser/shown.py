"""What a page of the gallery is, and the ways to get something done on it first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

Act = Callable[[Page], Any]


@dataclass(frozen=True)
class Shown:
    """A page: what it is called here, where it is, its status, what is done before it is opened, and what on it."""

    name: str
    path: str
    status: int = 200
    act: Act | None = None
    before: Act | None = None
    headers: tuple[tuple[str, str], ...] = ()


def press(selector: str) -> Act:
    def act(page: Page) -> None:
        with page.expect_navigation():
            page.locator(selector).click()

    return act


def type_and_press(field: str, text: str) -> Act:
    """Type into a field of a form and send that form."""

    def act(page: Page) -> None:
        page.locator(field).fill(text)
        with page.expect_navigation():
            page.locator("form", has=page.locator(field)).locator("button[type=submit]").click()

    return act
