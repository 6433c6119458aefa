"""Another office's system, for the demonstration: hears our webhooks, verifies each signature, keeps what it heard."""

import json
import os
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.cli.secret_files import receiver_secret
from services.kit.post.inbox import read_body


class Notebook:
    """What was heard, one JSON line per post, on disk before it is answered. A repeated id is noted as such."""

    def __init__(self, state: Path) -> None:
        folder = state / "receiver"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "received.jsonl"
        self._path.touch()
        heard = [json.loads(line) for line in self._path.read_text().splitlines() if line.endswith("}")]
        self.ids = {line["id"] for line in heard}
        self.posts, self.refused = len(heard), 0
        self._file = self._path.open("a")
        self._lock = Lock()

    def note(self, webhook_id: str, event: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps({"id": webhook_id, **event}, ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.ids.add(webhook_id)
            self.posts += 1


def create(state: Path) -> FastAPI:
    app = FastAPI(title="Receiver", openapi_url=None)
    notebook = Notebook(state)

    @app.get("/readyz")
    def get_readyz() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/received")
    def get_received() -> dict[str, int]:
        return {"verified": len(notebook.ids), "posts": notebook.posts, "refused": notebook.refused}

    @app.post("/hooks")
    def create_hook(request: Request, body: Annotated[bytes, Depends(read_body)]) -> Response:
        try:
            event = Webhook(receiver_secret(state).read_text().strip()).verify(body, dict(request.headers))
        except (OSError, WebhookVerificationError, ValueError):
            notebook.refused += 1
            return Response(status_code=401)
        notebook.note(request.headers["webhook-id"], event)
        return Response(status_code=204)

    return app


if __name__ == "__main__":
    port = int(os.environ["SHOUWANG_PORT"])
    uvicorn.run(create(Path(os.environ["SHOUWANG_STATE"])), host="127.0.0.1", port=port, log_level="warning")
