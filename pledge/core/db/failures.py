"""Descriptions of database errors that contain no value of the statement."""

from sqlalchemy.exc import SQLAlchemyError

#: Classes of SQLSTATE whose primary message names a table, a role or a setting and never a value: connection, sign-in,
#: syntax and access, resources, operator (PostgreSQL, appendix A).
_QUOTED = ("08", "28", "42", "53", "57")

#: What to do, by the name of the state that each database gives it.
_ADVICE = {
    "42501": "grant it: run `flask db upgrade` as the owner",
    "42P01": "run `flask db upgrade`",
    "42703": "run `flask db upgrade`",
    "SQLITE_ERROR": "run `flask db upgrade`",
    "53100": "make room on the database's disk",
    "SQLITE_FULL": "make room on the database's disk",
    "SQLITE_READONLY": "make the database's file writable",
    "SQLITE_CANTOPEN": "is the database's folder there, and may this user open it?",
}

#: A missing privilege, for instance after a migration without its grants.
PERMISSION_DENIED = "42501"


def state_of(error: BaseException) -> str:
    """The SQLSTATE (PostgreSQL) or result name (SQLite); "" if the error has none."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or ""


def describe(error: BaseException) -> str:
    """The kind and state of the error, with the database's message if it cannot contain a value."""
    cause = getattr(error, "orig", None)
    state, kind, words = state_of(error), type(error).__name__, None
    diagnosis = getattr(cause, "diag", None)  # psycopg alone has it
    if diagnosis and state.startswith(_QUOTED):
        words = diagnosis.message_primary
    elif diagnosis and not state and kind == "OperationalError":
        # A connection that failed has no state: `connection to server at … failed: FATAL:  role "x" does not exist`.
        words = str(cause).partition("\n")[0].rpartition(": ")[2].strip()
    return " ".join(part for part in (kind, state, words) if part)


def advise(error: SQLAlchemyError) -> str:
    """The description, and what to do if the state is a known one."""
    advice = _ADVICE.get(state_of(error))
    return f"{describe(error)}: {advice}" if advice else describe(error)
