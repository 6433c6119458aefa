"""The origin: one address for all services and for the pages about them. In production nginx or Caddy stands here."""

import uvicorn
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.web.deadlines import Punctual
from services.kit.web.logs import log_lines
from services.origin.app import create


class Settings(BaseSettings):
    """Where the services are, and where we listen, on loopback."""

    model_config = SettingsConfigDict(env_prefix="SHOUWANG_")

    port: int
    county_url: str
    households_url: str
    attendance_url: str
    alerts_url: str
    desk_url: str

    def urls(self) -> dict[str, str]:
        return {name.removesuffix("_url"): url for name, url in self.model_dump().items() if name.endswith("_url")}


def main() -> None:
    """What the client says of its own address is not believed: nobody stands before us."""
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    log_lines("origin", "api")
    uvicorn.run(
        create(settings.urls()),
        host="127.0.0.1",
        port=settings.port,
        http=Punctual,
        ws="none",
        proxy_headers=False,
        server_header=False,
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=8,
    )


if __name__ == "__main__":
    main()
