"""The desk's process: the first page people see, behind the one address."""

import uvicorn

from services.desk.app import create
from services.desk.settings import Settings
from services.kit.secrets_on_disk import weak_secrets
from services.kit.starting import give_up
from services.kit.store.fields import Seal
from services.kit.web.deadlines import Punctual
from services.kit.web.logs import log_lines


def main() -> None:
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    log_lines("desk", "api")
    if complaints := list(weak_secrets(settings.secrets, ())):
        give_up(complaints)
    uvicorn.run(
        create(settings, settings.urls(), Seal.read(settings.secrets)),
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
