"""Settings, read from the environment (prefix `PLEDGE_`). Each is described in docs/settings.md.

A setting that is wrong or missing stops the start with one line for each fault; nothing is guessed in production.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from flask import current_app
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pledge.setting_values import (
    equal_keys,
    hosts_as_parameters,
    is_address,
    is_database_address,
    is_limit,
    key_problems,
    listed,
)

ROOT = Path(__file__).resolve().parent.parent

_DEVELOPMENT_SECRET = "development-secret-key-not-for-production"  # noqa: S105  # refused in production
_DEVELOPMENT_DATA = "development-data-key-not-for-production"
_DEVELOPMENT_LOG = "development-log-key-not-for-production"

#: Says that the key of the public log is another process's: this one reads the log and does not fold.
ELSEWHERE = "elsewhere"

Keys = Annotated[tuple[SecretStr, ...], NoDecode]
Names = Annotated[tuple[str, ...], NoDecode]
#: Pairs of a language and a text; one under "" is for every language that has none of its own.
Texts = Annotated[tuple[tuple[str, str], ...], NoDecode]


class Env(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingsError(Exception):
    """The settings do not allow a start; `problems` holds one readable line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="PLEDGE_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    env: Env = Env.DEVELOPMENT
    base_url: str = "http://127.0.0.1:8000"
    database_url: str = ""
    redis_url: str = ""
    smtp_url: SecretStr = SecretStr("")
    secret_keys: Keys = (SecretStr(_DEVELOPMENT_SECRET),)
    data_keys: Keys = (SecretStr(_DEVELOPMENT_DATA),)
    log_key: Keys = (SecretStr(_DEVELOPMENT_LOG),)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    trusted_hosts: Names = ()
    site_name: Texts = (("", "Pledge"), ("ko", "서약"))
    mail_from: str = "no-reply@localhost"
    contact: str = "privacy@localhost"
    instance_dir: Path = ROOT / "instance"
    storage_url: str = ""
    storage_endpoint: str = ""
    storage_region: str = "us-east-1"
    storage_key_id: str = ""
    storage_secret: SecretStr = SecretStr("")
    site_checks: bool = False
    limit_sign: str = "300 per 10 minutes"
    limit_token: str = "30 per minute"  # noqa: S105  # a limit on links
    limit_link: str = "30 per 10 minutes"
    limit_domain: str = "300 per 10 minutes, 3000 per day"
    news_pace: int = Field(default=600, ge=1, le=100_000)
    first_mail_pace: int = Field(default=1200, ge=1, le=1_000_000)
    pool_size: int = Field(default=10, ge=1, le=200)
    log_level: str = "INFO"

    @field_validator("secret_keys", "data_keys", "log_key", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        return listed(value)

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return listed(value)

    @field_validator("site_name", mode="before")
    @classmethod
    def _by_language(cls, value: Any) -> Any:
        try:
            if isinstance(value, str):
                value = json.loads(value) if value.startswith("{") else {"": value}
        except ValueError:
            raise ValueError(
                'a name, or one for each language as {"ko": "…", "en": "…"}, is expected'
            ) from None
        return tuple(value.items()) if isinstance(value, dict) else value

    @field_validator("site_name")
    @classmethod
    def _has_names(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if not value or not all(name.strip() and name.isprintable() for _, name in value):
            raise ValueError("a name without line breaks is expected for each language")
        return value

    @field_validator("base_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not is_address(value, "http", "https"):
            raise ValueError("an address that begins with http:// or https:// is expected")
        if urlsplit(value).path:
            raise ValueError("an address without a path is expected: the site needs a host of its own")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: str) -> str:
        known = ("postgresql://", "postgres://", "postgresql+psycopg://", "sqlite:///")
        if value and not value.startswith(known):
            raise ValueError("an address that begins with postgresql:// is expected")
        return value

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("DEBUG, INFO, WARNING or ERROR is expected")
        return value.upper()

    @property
    def is_production(self) -> bool:
        return self.env is Env.PRODUCTION

    @property
    def sqlalchemy_url(self) -> str:
        """The database address with its driver named; the embedded SQLite file when none is set."""
        if not self.database_url:
            return f"sqlite:///{self.instance_dir / 'pledge.sqlite3'}"
        for scheme in ("postgresql://", "postgres://", "postgresql+psycopg://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + hosts_as_parameters(self.database_url.removeprefix(scheme))
        return self.database_url

    @property
    def uses_sqlite(self) -> bool:
        return self.sqlalchemy_url.startswith("sqlite")

    @property
    def log_signing_keys(self) -> Keys:
        """The secrets that sign the public log, newest first; empty where another process signs it."""
        return () if [key.get_secret_value() for key in self.log_key] == [ELSEWHERE] else self.log_key

    def site_name_in(self, lang: str) -> str:
        """The name of the site in a language; the first one given where there is none in it."""
        names = dict(self.site_name)
        return names.get(lang) or names.get("") or next(iter(names.values()))

    @property
    def issuer(self) -> str:
        """The site's name in authenticator apps and passkeys: one, whatever language their owner reads."""
        return self.site_name_in("en")

    @property
    def base_host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def mailbox_dir(self) -> Path:
        """Where mails land in development, when no SMTP server is named."""
        return self.instance_dir / "mailbox"

    @property
    def allowed_hosts(self) -> list[str]:
        """Host names that a request may carry; in development the loopback ones too."""
        local = [] if self.is_production else ["127.0.0.1", "localhost"]
        return [self.base_host, *self.trusted_hosts, *local]

    def problems(self) -> list[str]:
        """What forbids a start, one line each."""
        return [*self._unreadable(), *(self._missing() if self.is_production else [])]

    def _unreadable(self) -> list[str]:
        """Values that would fail later, in the middle of a request or of a mail."""
        found = [
            f"{name} holds no key."
            for name, keys in (
                ("PLEDGE_SECRET_KEYS", self.secret_keys),
                ("PLEDGE_DATA_KEYS", self.data_keys),
                ("PLEDGE_LOG_KEY", self.log_key),
            )
            if not keys
        ]
        found += [
            f"PLEDGE_{name.upper()}: a limit like `300 per 10 minutes` is expected."
            for name in ("limit_sign", "limit_token", "limit_link", "limit_domain")
            if not is_limit(getattr(self, name))
        ]
        if not is_database_address(self.sqlalchemy_url):
            found.append(
                "PLEDGE_DATABASE_URL: an address like `postgresql://user:password@host:port/name` is expected, or with several "
                "hosts `postgresql://user:password@host1:port1,host2:port2/name?target_session_attrs=read-write`."
            )
        for name, value, schemes in (
            ("PLEDGE_REDIS_URL", self.redis_url, ("redis", "rediss")),
            ("PLEDGE_SMTP_URL", self.smtp_url.get_secret_value(), ("smtp", "smtp+starttls", "smtps")),
            ("PLEDGE_STORAGE_URL", self.storage_url, ("s3",)),
            ("PLEDGE_STORAGE_ENDPOINT", self.storage_endpoint, ("https", "http")),
        ):
            if value and not is_address(value, *schemes):
                found.append(f"{name}: an address that begins with {schemes[0]}:// is expected.")
        if bool(self.storage_key_id) != bool(self.storage_secret.get_secret_value()):
            found.append(
                "PLEDGE_STORAGE_KEY_ID and PLEDGE_STORAGE_SECRET belong together: set both or neither."
            )
        return found

    def _missing(self) -> list[str]:
        """What production does not do without."""
        given = self.model_fields_set
        found = [
            *key_problems("PLEDGE_SECRET_KEYS", self.secret_keys, _DEVELOPMENT_SECRET),
            *key_problems("PLEDGE_DATA_KEYS", self.data_keys, _DEVELOPMENT_DATA),
            *key_problems("PLEDGE_LOG_KEY", self.log_signing_keys, _DEVELOPMENT_LOG),
            *equal_keys(
                {
                    "PLEDGE_SECRET_KEYS": self.secret_keys,
                    "PLEDGE_DATA_KEYS": self.data_keys,
                    "PLEDGE_LOG_KEY": self.log_signing_keys,
                }
            ),
        ]
        if "base_url" not in given or not self.base_url.startswith("https://") or not self.base_host:
            found.append(
                "PLEDGE_BASE_URL is missing or is not an https:// address: mailed links are built from it."
            )
        if not self.smtp_url.get_secret_value():
            found.append("PLEDGE_SMTP_URL is missing: nobody could confirm a signature without mail.")
        if "mail_from" not in given:
            found.append("PLEDGE_MAIL_FROM is missing: mails need a sender that your domain may use.")
        if "contact" not in given:
            found.append("PLEDGE_CONTACT is missing: the privacy notice must name an address.")
        return found


def load() -> Settings:
    """Read and check the settings. Raises SettingsError with every fault at once."""
    try:
        settings = Settings()
    except ValidationError as error:
        # The value itself stays out of the message: it may be a secret.
        raise SettingsError(
            [
                f"PLEDGE_{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}."
                for e in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        ) from None
    if problems := settings.problems():
        raise SettingsError(problems)
    return settings


def current() -> Settings:
    """The settings of the running application."""
    settings: Settings = current_app.extensions["pledge.settings"]
    return settings
