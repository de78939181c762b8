"""What may go wrong with a file: the storage is away, or the file is refused."""

from enum import Enum

from pledge.core.i18n import Phrase


class StorageAway(Exception):
    """The storage cannot be reached or refuses; nothing was stored, and trying again later may help."""


class FileRefused(ValueError):
    """A file that is refused; `fault` says why, its value in words for who sent the file, with the values that they name."""

    def __init__(self, fault: Enum, **values: object) -> None:
        super().__init__(fault.name)
        self.fault, self.values = fault, values

    @property
    def message(self) -> str:
        return str(self.fault.value) % self.values


STORAGE_AWAY = Phrase(
    "file", "The file could not be stored just now. Please try again in a moment; the rest is kept."
)
