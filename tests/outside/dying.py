"""The register, served by a process that kills itself between commit and answer when the file `die` is there.

The bytes of an answer leave after the commit; the first of them is where it dies, so nothing in the service is touched.
"""

import os
import signal
import sys
from pathlib import Path

import uvicorn
from joserfc.jwk import KeySet, RSAKey
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.households.main import create
from services.kit.settings import Settings
from services.kit.store.db import connect
from services.kit.web.auth import Keys


def dies_before_answering(app: ASGIApp, die: Path) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def last_words(message: Message) -> None:
            if message["type"] == "http.response.start" and die.exists():
                os.kill(os.getpid(), signal.SIGKILL)
            await send(message)

        await app(scope, receive, last_words)

    return wrapped


def main(folder: Path, dsn: str, port: int) -> None:
    settings = Settings(
        service="households", database_url=dsn, secrets=folder, port=port, county_url="http://localhost:1"
    )
    key = RSAKey.import_key((folder / "signing.pem").read_text(), {"kid": "test"})
    app = create(settings, connect(dsn), Keys(lambda: KeySet([key]).as_dict(private=False)))
    uvicorn.run(dies_before_answering(app, folder / "die"), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
