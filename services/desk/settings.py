"""What the desk is told by its environment. Read in main.py."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the services are, where we listen, on loopback, and the folder with the keys that seal cookies."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_")

    port: int
    secrets: Path
    county_url: str
    households_url: str
    attendance_url: str
    alerts_url: str
    trusted_proxies: str = "127.0.0.1,::1"  # addresses or networks whose X-Forwarded-For is believed
    longest_visit: int = Field(default=12 * 3600, gt=0)  # seconds; then a password is asked for again

    def urls(self) -> dict[str, str]:
        return {name.removesuffix("_url"): url for name, url in self.model_dump().items() if name.endswith("_url")}
