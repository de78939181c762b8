"""Columns that are encrypted at rest."""

from sqlalchemy import Dialect, LargeBinary, TypeDecorator

from pledge.core.encryption import vault


class Sealed(TypeDecorator[str]):
    """A text column that is encrypted at rest; the context is the column's own name."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else vault().seal(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else vault().unseal(bytes(value), self.context)
