"""What every process is told by its environment. Read in main.py and worker.py only, and passed on from there."""

from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url

from services.kit.store.suites import SuiteName


class Settings(BaseSettings):
    """There is no default for anything that protects people: a missing one stops the process at start."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_")

    service: str
    database_url: str  # names a role, and no password: an environment can be read
    secrets: Path  # a folder that only this service can read
    port: int
    county_url: str  # where the frame (accounts, divisions, days, standards) is kept
    demo_people: bool = False  # lets in ID numbers beginning with 99, which are nobody's
    suite: SuiteName = "international"  # of the newest field key; "national" is 国密
    zone: str = "Asia/Shanghai"
    inboxes: str = ""  # base URLs of our own services, comma separated: fixed by the operator, never by a caller
    slot: str = ""  # the chain this process audits in; needed where a service runs two processes of a kind
    audit_copies: Path | None = None  # where signed heads are copied to, best on another machine's disk
    trusted_proxies: str = "127.0.0.1,::1"  # addresses or networks whose X-Forwarded-For is believed
    receivers: str = ""  # comma separated, as docs/operations.md says: the only outside addresses webhooks may reach
    receivers_file: Path | None = None  # more of them, one a line
    reads_per_minute: int = Field(default=6_000, gt=0)  # of one credential in one process, and so the others
    writes_per_minute: int = Field(default=6_000, gt=0)
    uploads_per_minute: int = Field(default=120, gt=0)
    guesses_per_minute: int = Field(default=10, gt=0)  # of operations that tell whether a masked value is another
    statement_seconds: int = Field(default=30, gt=0)  # what a request asks of the database; workers take their time
    event_days: int = Field(default=30, ge=7)  # how long what everybody has heard is kept: docs/retention.md
    dead_letter_days: int = Field(default=183, ge=7)

    @property
    def own_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def slot_of(self, kind: str) -> str:
        """`kind` is api or worker."""
        return self.slot or f"{self.service}-{kind}-1"

    @property
    def timezone(self) -> tzinfo:
        return ZoneInfo(self.zone)

    @property
    def dsn(self) -> str:
        """The database's address with its password, if it has one: a socket's owner is known without."""
        url = make_url(self.database_url)
        return url.set(password=self.secret_if_any(self.password_file) or None).render_as_string(hide_password=False)

    @property
    def work_dsn(self) -> str:
        """The same database as the role of the workers, whom no policy binds (kit/store/barrier.py): for statements
        that serve many callers at once."""
        url = make_url(self.database_url)
        role = f"{str(url.username).removesuffix('_api')}_work"
        password = self.secret_if_any(f"database/{role}") or None
        return url.set(username=role, password=password).render_as_string(hide_password=False)

    @property
    def password_file(self) -> str:
        """The API and the worker of a service work as different roles."""
        return f"database/{make_url(self.database_url).username}"

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text().strip()

    def secret_if_any(self, name: str) -> str:
        return self.secret(name) if (self.secrets / name).exists() else ""
