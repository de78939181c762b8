"""Every setting, read from the environment (prefix `PLEDGE_`) and checked. docs/settings.md describes each.

Nothing else reads the environment. A setting that is wrong or missing stops the start with one line for each fault;
nothing is guessed in production.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from flask import current_app
from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent

#: The language that the code's own texts are written in: programs read it unless they ask for another one.
SOURCE_LANGUAGE = "en"

#: Threads of one web process that serve requests (granian's `--blocking-threads`).
WEB_THREADS = 16

PREFIX = "PLEDGE_"

#: Shorter keys than this are refused in production (256 bits as base64 or hex are longer).
MIN_KEY_LENGTH = 32

#: Characters that must differ in a key: 32 of hexadecimal have a dozen, a word written again and again has fewer.
MIN_DIFFERENT = 8

_DEVELOPMENT_SECRET = "development-secret-key-not-for-production"  # noqa: S105  # refused in production
_DEVELOPMENT_DATA = "development-data-key-not-for-production"
_DEVELOPMENT_LOG = "development-log-key-not-for-production"

#: Value of PLEDGE_LOG_KEY where another process signs the public log: this one reads the log and does not fold.
ELSEWHERE = "elsewhere"

#: Characters before the @ of PLEDGE_BOUNCE_ADDRESS: `+` and a token of 52 letters follow, and 64 are allowed.
MAX_BOUNCE_LOCAL = 11

_POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _have_keys(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not value:
        raise ValueError("at least one key is expected")
    return value


def _is_url(value: str, *schemes: str) -> bool:
    """Whether it is an address with one of the schemes and a host."""
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


def _url(*schemes: str) -> Callable[[str], str]:
    """A check for an address with one of the schemes, or nothing."""

    def check(value: str) -> str:
        if value and not _is_url(value, *schemes):
            raise ValueError(f"an address that begins with {schemes[0]}:// is expected")
        return value

    return check


def _secret_url(*schemes: str) -> Callable[[SecretStr], SecretStr]:
    def check(value: SecretStr) -> SecretStr:
        _url(*schemes)(value.get_secret_value())
        return value

    return check


def _base_url(value: str) -> str:
    value = value.rstrip("/")
    if not _is_url(value, "http", "https"):
        raise ValueError(
            "an address that begins with http:// or https://, or a PORT from 1 to 65535, is expected"
        )
    if urlsplit(value).path:
        raise ValueError("an address without a path is expected: the site needs a host of its own")
    return value


def _database_url(value: str) -> str:
    if value and not value.startswith((*_POSTGRESQL, "sqlite:///")):
        raise ValueError("an address that begins with postgresql:// is expected")
    try:
        url = make_url(sqlalchemy_url(value) or "sqlite://")
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError, TypeError):
        raise ValueError(
            "an address like `postgresql://user:password@host:port/name` is expected, or with several hosts "
            "`postgresql://user:password@host1:port1,host2:port2/name?target_session_attrs=read-write`"
        ) from None
    return value


def _limit(value: str) -> str:
    try:
        parse_many(value)
    except ValueError:
        raise ValueError("a limit like `300 per 10 minutes` is expected") from None
    return value


def _names_by_language(value: Any) -> Any:
    try:
        if isinstance(value, str):
            value = json.loads(value) if value.startswith("{") else {"": value}
    except ValueError:
        raise ValueError('a text, or one for each language as {"ko": "…", "en": "…"}, is expected') from None
    return tuple(value.items()) if isinstance(value, dict) else value


def _have_names(value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if not value or not all(name.strip() and name.isprintable() for _, name in value):
        raise ValueError("a text without line breaks is expected for each language")
    return value


def _matching(pattern: str, expected: str) -> AfterValidator:
    """A check for the form of a value, or nothing."""

    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise ValueError(f"{expected} is expected")
        return value

    return AfterValidator(check)


def _bounce_mailbox(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if url and not (url.startswith("maildir:/") or _is_url(url, "imaps", "imap")):
        raise ValueError("an address like `imaps://user:password@host/INBOX` or `maildir:/path` is expected")
    return value


def _languages(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or not all(re.fullmatch("[a-z]{2}-[A-Z]{2}", tag) for tag in value):
        raise ValueError(
            "languages like `ko-KR, en-GB` are expected, each with the country whose dates it writes"
        )
    if len({tag[:2] for tag in value}) < len(value):
        raise ValueError("a language stands twice")
    return value


#: Secrets, the newest first: the first one signs or encrypts, all of them are accepted.
Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_have_keys)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
#: Where partners have tools/anywhere.html.
Checkers = Annotated[
    tuple[Annotated[str, AfterValidator(_url("https"))], ...], NoDecode, BeforeValidator(_split)
]
Languages = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_languages)]
Limit = Annotated[str, AfterValidator(_limit)]
BounceAddress = Annotated[
    str,
    _matching(
        rf"[a-z0-9._-]{{1,{MAX_BOUNCE_LOCAL}}}@[a-z0-9-]+(\.[a-z0-9-]+)+",
        f"an address in small letters, with at most {MAX_BOUNCE_LOCAL} characters and no `+` before the @,",
    ),
]
Address = Annotated[str, _matching(r"[^@\s<>]+@[^@\s<>]+", "an e-mail address")]
Sender = Annotated[str, _matching(r"[^@<>]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+", "an e-mail address")]
KakaoKey = Annotated[
    str,
    _matching("[0-9a-f]{32}", "the JavaScript key of a Kakao application, 32 characters of 0-9 and a-f,"),
]
Telephone = Annotated[str, _matching(r"\+?[0-9][0-9 ()-]{5,30}", "a number like `+82 2 123 4567`")]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]
#: Pairs of a language and a text; one under "" is for every language that has none of its own.
Texts = Annotated[
    tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_names_by_language), AfterValidator(_have_names)
]


#: Shown in development, so that nobody takes it for a real one.
_EXAMPLE_OFFICER = (("", "Data protection office (example)"), ("ko", "개인정보보호팀(예시)"))
_EXAMPLE_ADDRESS = (("", "1 Example Street, Seoul"), ("ko", "서울특별시 예시로 1"))
_EXAMPLE_PRESS = (
    ("", "Press office (example), press@pledge.example"),
    ("ko", "홍보 담당(예시), press@pledge.example"),
)

#: What the site has to say about who runs it (PIPA article 30), and why it is asked for.
_CONTACTS = {
    "mail_from": "mails need a sender that your domain may use",
    "contact": "people and the privacy notice need an address to write to",
    "privacy_officer": "the privacy notice must name a person or a department",
    "postal_address": "the privacy notice must say where letters reach you",
    "telephone": "the privacy notice must say where one can call",
    "press_contact": "journalists need somebody to ask",
}
_LOCAL = re.compile(r"@([a-z0-9.-]+\.)?(localhost|local|localdomain)(?![\w-]|\.\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Contact:
    """Who answers for the site, in one language."""

    email: str
    telephone: str  #: with spaces that do not break, like `press`
    postal_address: str
    privacy_officer: str  #: a name or a department
    press: str


class Env(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ConfigError(Exception):
    """The settings do not allow a start; `problems` holds one readable line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Config(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    env: Env = Env.DEVELOPMENT
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        default_factory=lambda: f"http://localhost:{os.environ.get('PORT') or 8000}"
    )
    database_url: Annotated[str, AfterValidator(_database_url)] = ""
    redis_url: Annotated[str, AfterValidator(_url("redis", "rediss"))] = ""
    smtp_url: Annotated[SecretStr, AfterValidator(_secret_url("smtp", "smtp+starttls", "smtps"))] = SecretStr(
        ""
    )
    secret_keys: Keys = (SecretStr(_DEVELOPMENT_SECRET),)
    data_keys: Keys = (SecretStr(_DEVELOPMENT_DATA),)
    log_key: Keys = (SecretStr(_DEVELOPMENT_LOG),)
    witness_policy: Path | None = None
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    trusted_hosts: Hosts = ()
    languages: Languages = ("ko-KR", "en-GB")
    site_name: Texts = (("", "Pledge"), ("ko", "서약"))
    mail_from: Sender = "no-reply@localhost"
    bounce_address: BounceAddress = ""
    bounce_mailbox: Annotated[SecretStr, AfterValidator(_bounce_mailbox)] = SecretStr("")
    bounce_hook_key: SecretStr = SecretStr("")
    contact: Address = "privacy@localhost"
    privacy_officer: Texts = _EXAMPLE_OFFICER
    postal_address: Texts = _EXAMPLE_ADDRESS
    telephone: Telephone = "+82 2 000 0000"
    press_contact: Texts = _EXAMPLE_PRESS
    data_licence: Annotated[str, AfterValidator(_url("https"))] = (
        "https://creativecommons.org/licenses/by/4.0/"
    )
    checkers: Checkers = ()
    instance_dir: Path = ROOT / "instance"
    storage_url: Annotated[str, AfterValidator(_url("s3"))] = ""
    storage_endpoint: Annotated[str, AfterValidator(_url("https", "http"))] = ""
    storage_region: str = "us-east-1"
    storage_key_id: str = ""
    storage_secret: SecretStr = SecretStr("")
    max_video_mb: int = Field(default=30, ge=1, le=500)
    site_checks: bool = False
    mail_server_checks: bool = True
    kakao_key: KakaoKey = ""
    limit_sign: Limit = "300 per 10 minutes"
    limit_token: Limit = "30 per minute"  # noqa: S105  # a limit on links
    limit_link: Limit = "30 per 10 minutes"
    limit_domain: Limit = "3000 per day"
    limit_unproved: Limit = "10 per 10 minutes"
    step_up_network: Limit = "3 per 10 minutes"
    step_up_domain: Limit = "30 per 10 minutes"
    news_pace: int = Field(default=600, ge=1, le=100_000)
    alert_webhook: Annotated[str, AfterValidator(_url("https"))] = ""
    alert_webhook_key: SecretStr = SecretStr("")
    first_mail_pace: int = Field(default=30_000, ge=1, le=1_000_000)
    breaker_share: int = Field(default=20, ge=0, le=60)
    breaker_pace: int = Field(default=60, ge=1, le=1_000_000)
    pool_size: int = Field(default=10, ge=1, le=200)
    metrics_token: SecretStr = SecretStr("")
    worker_port: int = Field(default=0, ge=0, le=65535)
    otlp_endpoint: Annotated[str, AfterValidator(_url("http", "https"))] = ""
    log_level: LogLevel = "INFO"

    @classmethod
    def load(cls) -> Self:
        """Read and check the environment. Raises ConfigError with every fault at once."""
        try:
            config = cls()
        except ValidationError as error:
            # The value itself stays out of the message: it may be a secret.
            raise ConfigError(
                [
                    f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}."
                    for e in error.errors(include_url=False, include_input=False, include_context=False)
                ]
            ) from None
        if problems := config.problems():
            raise ConfigError(problems)
        return config

    @property
    def is_production(self) -> bool:
        return self.env is Env.PRODUCTION

    @property
    def sqlalchemy_url(self) -> str:
        """The database address with its driver named; the embedded SQLite file when none is set."""
        return sqlalchemy_url(self.database_url) or f"sqlite:///{self.instance_dir / 'pledge.sqlite3'}"

    @property
    def uses_sqlite(self) -> bool:
        return self.sqlalchemy_url.startswith("sqlite")

    @property
    def log_signing_keys(self) -> Keys:
        """The secrets that sign the public log, newest first; empty where another process signs it."""
        return () if [key.get_secret_value() for key in self.log_key] == [ELSEWHERE] else self.log_key

    def site_name_in(self, lang: str) -> str:
        return _in_language(self.site_name, lang)

    def contact_in(self, lang: str) -> Contact:
        return Contact(
            email=self.contact,
            telephone=_unbroken(self.telephone),
            postal_address=_in_language(self.postal_address, lang),
            privacy_officer=_in_language(self.privacy_officer, lang),
            press=_unbroken(_in_language(self.press_contact, lang)),
        )

    @property
    def issuer(self) -> str:
        """The site's name in authenticator apps and passkeys: one, whatever language their owner reads."""
        return self.site_name_in("")

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
        """What prevents a start although each value can be read, one line each."""
        problems = self._missing() if self.is_production else []
        if bool(self.storage_key_id) != bool(self.storage_secret.get_secret_value()):
            problems.append(
                "PLEDGE_STORAGE_KEY_ID and PLEDGE_STORAGE_SECRET belong together: set both or neither."
            )
        if self.otlp_endpoint and find_spec("opentelemetry") is None:
            problems.append("PLEDGE_OTLP_ENDPOINT needs the packages of requirements-traces.txt.")
        for name in ("metrics_token", "bounce_hook_key"):
            if 0 < len(getattr(self, name).get_secret_value()) < MIN_KEY_LENGTH:
                problems.append(f"{PREFIX}{name.upper()} has fewer than {MIN_KEY_LENGTH} characters.")
        reads = self.bounce_mailbox.get_secret_value() or self.bounce_hook_key.get_secret_value()
        if reads and not self.bounce_address:
            problems.append(
                "PLEDGE_BOUNCE_ADDRESS is missing: without it no report says which mail it is about, "
                "so PLEDGE_BOUNCE_MAILBOX and PLEDGE_BOUNCE_HOOK_KEY have nothing to read."
            )
        if self.alert_webhook and len(self.alert_webhook_key.get_secret_value()) < MIN_KEY_LENGTH:
            problems.append(
                f"PLEDGE_ALERT_WEBHOOK needs PLEDGE_ALERT_WEBHOOK_KEY: a random key of {MIN_KEY_LENGTH} or more characters."
            )
        return problems

    def _missing(self) -> list[str]:
        """What production requires."""
        given = self.model_fields_set
        keys = {
            "PLEDGE_SECRET_KEYS": (self.secret_keys, _DEVELOPMENT_SECRET),
            "PLEDGE_DATA_KEYS": (self.data_keys, _DEVELOPMENT_DATA),
            "PLEDGE_LOG_KEY": (self.log_signing_keys, _DEVELOPMENT_LOG),
        }
        problems = []
        for name, (values, default) in keys.items():
            problems += _key_problems(name, values, default)
        problems += _shared_keys({name: values for name, (values, _) in keys.items()})
        if "base_url" not in given or not self.base_url.startswith("https://"):
            problems.append(
                "PLEDGE_BASE_URL is missing or is not an https:// address: mailed links are built from it."
            )
        if not self.smtp_url.get_secret_value():
            problems.append("PLEDGE_SMTP_URL is missing: nobody could confirm a signature without mail.")
        for name, reason in _CONTACTS.items():
            if name not in given:
                problems.append(f"{PREFIX}{name.upper()} is missing: {reason}.")
            elif _LOCAL.search(str(getattr(self, name))):
                problems.append(f"{PREFIX}{name.upper()} is an address of this machine: {reason}.")
        for name in ("privacy_officer", "postal_address", "press_contact"):
            texts = dict(getattr(self, name))
            missing = [tag[:2] for tag in self.languages if not (texts.get(tag[:2]) or texts.get(""))]
            if missing:
                problems.append(
                    f"{PREFIX}{name.upper()} says nothing in {', '.join(missing)}: "
                    'give each language of the site its text, or "" for all others.'
                )
        return problems


def _in_language(texts: tuple[tuple[str, str], ...], lang: str) -> str:
    """The text in a language; else the one for all others, else the first."""
    by_language = dict(texts)
    return by_language.get(lang) or by_language.get("") or next(iter(by_language.values()))


def _unbroken(text: str) -> str:
    """The text with spaces between digits that do not break: a telephone number stays on one line."""
    return re.sub(r"(?<=\d) (?=\d)", "\N{NO-BREAK SPACE}", text)


def current_config() -> Config:
    """The configuration of the running application."""
    config: Config = current_app.extensions["pledge.config"]
    return config


def unknown_names() -> list[str]:
    """Names in the environment with our prefix that no setting reads, such as misspelled ones."""
    known = {f"{PREFIX}{name.upper()}" for name in Config.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def metrics_folder() -> Path | None:
    """The folder that PROMETHEUS_MULTIPROC_DIR names, made where it is missing; prometheus_client reads the name itself."""
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not name:
        return None
    folder = Path(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigError([f"PROMETHEUS_MULTIPROC_DIR: {folder} cannot be made."]) from None
    if not os.access(folder, os.W_OK):
        raise ConfigError([f"PROMETHEUS_MULTIPROC_DIR: {folder} cannot be written to."])
    return folder


def child_environment(**defaults: str) -> dict[str, str]:
    """The environment for a process that we start; `defaults` count where it does not name them itself."""
    return {**defaults, **os.environ}


def sqlalchemy_url(database_url: str) -> str:
    """The address with its driver named."""
    for scheme in _POSTGRESQL:
        if database_url.startswith(scheme):
            return "postgresql+psycopg://" + _hosts_as_parameters(database_url.removeprefix(scheme))
    return database_url


def _hosts_as_parameters(rest: str) -> str:
    """`user@h1:p1,h2:p2/name`, which libpq takes, as `user@/name?host=h1:p1&host=h2:p2`, which SQLAlchemy takes."""
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    user, at, hosts = rest[:end].rpartition("@")
    if "," not in hosts:
        return rest
    path, _, query = rest[end:].partition("?")
    parameters = [f"host={host}" for host in hosts.split(",")] + ([query] if query else [])
    return f"{user}{at}{path or '/'}?{'&'.join(parameters)}"


def _key_problems(name: str, keys: tuple[SecretStr, ...], default: str) -> list[str]:
    values = [key.get_secret_value() for key in keys]
    if default in values:
        return [f"{name} is missing: set at least one random key of {MIN_KEY_LENGTH} or more characters."]
    if any(len(value) < MIN_KEY_LENGTH for value in values):
        return [f"{name} holds a key of fewer than {MIN_KEY_LENGTH} characters."]
    if any(_is_weak(value) for value in values):
        return [f"{name} holds a key that can be guessed: make one with `secrets.token_urlsafe(48)`."]
    return []


def _is_weak(key: str) -> bool:
    """Few different characters, or a shorter text again and again."""
    return len(set(key)) < MIN_DIFFERENT or key in (key + key)[1:-1]


def _shared_keys(lists: dict[str, tuple[SecretStr, ...]]) -> list[str]:
    """Keys that occur in several settings: whoever learns one key must not know another one."""
    seen: dict[str, str] = {}
    problems = []
    for name, keys in lists.items():
        for key in keys:
            other = seen.setdefault(key.get_secret_value(), name)
            if other != name:
                problems.append(f"{name} holds a key of {other}: each needs its own.")
    return problems
