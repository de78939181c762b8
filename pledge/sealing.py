"""Columns that are encrypted at rest. Declaring one costs nothing: the ciphers are loaded with the first value."""

from typing import TYPE_CHECKING

from sqlalchemy import Dialect, LargeBinary, TypeDecorator

if TYPE_CHECKING:
    from pledge.crypto import Vault


class Sealed(TypeDecorator[str]):
    """A text column that is encrypted at rest; the context is the column's own name."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else _vault().seal(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else _vault().unseal(bytes(value), self.context)


def _vault() -> "Vault":
    # Here and not above: many a command declares all tables and opens no value of them (docs/adr/0060).
    from pledge.crypto import vault  # noqa: PLC0415

    return vault()
