"""What every process is told by its environment. Read in main.py and worker.py only, and passed on from there."""

from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url


class Settings(BaseSettings):
    """There is no default for anything that protects people: a missing one stops the process at start."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_")

    service: str
    database_url: str  # without a password: that is in the file `database_password`, for an environment can be read
    secrets: Path  # a folder that only this service can read
    port: int
    county_url: str  # where the frame (accounts, divisions, days, standards) is kept
    demo_people: bool = False  # lets in ID numbers beginning with 99, which are nobody's
    zone: str = "Asia/Shanghai"
    inboxes: str = ""  # base URLs of our own services, comma separated: fixed by the operator, never by a caller
    receivers: str = ""  # host:port, comma separated: the only outside addresses webhooks may reach

    @property
    def own_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def timezone(self) -> tzinfo:
        return ZoneInfo(self.zone)

    @property
    def dsn(self) -> str:
        """The database's address with its password, if it has one: a socket's owner is known without."""
        url = make_url(self.database_url)
        return url.set(password=self.secret_if_any("database_password") or None).render_as_string(hide_password=False)

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text().strip()

    def secret_if_any(self, name: str) -> str:
        return self.secret(name) if (self.secrets / name).exists() else ""
