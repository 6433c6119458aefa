"""What every process is told by its environment. Read in main.py and worker.py only, and passed on from there."""

from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """There is no default for anything that protects people: a missing one stops the process at start."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_")

    service: str
    database_url: str
    secrets: Path  # a folder that only this service can read
    port: int
    county_url: str  # where the frame (accounts, divisions, days, standards) is kept
    demo_people: bool = False  # lets in ID numbers beginning with 99, which are nobody's
    zone: str = "Asia/Shanghai"
    inboxes: str = ""  # base URLs of our own services, comma separated: fixed by the operator, never by a caller
    receivers: str = ""  # host:port, comma separated: the only outside addresses webhooks may reach
    reads_per_minute: int = Field(default=6_000, gt=0)  # of one credential in one process, and so the others
    writes_per_minute: int = Field(default=6_000, gt=0)
    uploads_per_minute: int = Field(default=120, gt=0)

    @property
    def own_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def timezone(self) -> tzinfo:
        return ZoneInfo(self.zone)

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text().strip()
