"""What the value of a setting may be: addresses, limits, lists and keys. settings.py says which setting is which."""

from typing import Any
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

#: Shorter keys than this are refused in production (256 bits as base64 or hex are longer).
SHORTEST_KEY = 32

#: Characters that must differ in a key: 32 of hexadecimal have a dozen, a word written again and again has fewer.
MIN_DIFFERENT = 8


def is_address(value: str, *schemes: str) -> bool:
    """Whether it is an address with one of the schemes and a host."""
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


def is_limit(value: str) -> bool:
    try:
        return bool(parse_many(value))
    except ValueError:
        return False


def listed(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def key_problems(name: str, keys: tuple[SecretStr, ...], default: str) -> list[str]:
    values = [key.get_secret_value() for key in keys]
    if default in values:
        return [f"{name} is missing: set at least one random key of {SHORTEST_KEY} or more characters."]
    if any(len(value) < SHORTEST_KEY for value in values):
        return [f"{name} holds a key of fewer than {SHORTEST_KEY} characters."]
    if any(_is_weak(value) for value in values):
        return [f"{name} holds a key that can be guessed: make one with `secrets.token_urlsafe(48)`."]
    return []


def _is_weak(key: str) -> bool:
    """Few different characters, or a shorter text again and again."""
    return len(set(key)) < MIN_DIFFERENT or key in (key + key)[1:-1]


def equal_keys(lists: dict[str, tuple[SecretStr, ...]]) -> list[str]:
    """Whoever learns one key must not have learned another with it."""
    seen: dict[str, str] = {}
    found = []
    for name, keys in lists.items():
        for key in keys:
            other = seen.setdefault(key.get_secret_value(), name)
            if other != name:
                found.append(f"{name} holds a key of {other}: each needs its own.")
    return found


def hosts_as_parameters(rest: str) -> str:
    """`user@h1:p1,h2:p2/name`, which libpq takes, as `user@/name?host=h1:p1&host=h2:p2`, which SQLAlchemy takes."""
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    user, at, hosts = rest[:end].rpartition("@")
    if "," not in hosts:
        return rest
    path, _, query = rest[end:].partition("?")
    parameters = [f"host={host}" for host in hosts.split(",")] + ([query] if query else [])
    return f"{user}{at}{path or '/'}?{'&'.join(parameters)}"


def is_database_address(url: str) -> bool:
    try:
        made = make_url(url)
        made.get_dialect()().create_connect_args(made)
    except (ArgumentError, ValueError, TypeError):
        return False
    return True
