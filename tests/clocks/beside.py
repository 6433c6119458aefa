"""What alerts needs beside it, as a process: an issuer of tokens, and owners of facts who have no subjects.

    python -m tests.clocks.beside FOLDER PORT

While the file `hold` is in the folder, whoever compares digests waits; `asked` says that somebody does.
"""

import base64
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from services.kit.web.auth import ALGORITHM, AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE

PATIENCE = 9.0  # seconds; a peer waits for ten


def token(key: RSAKey, client: str) -> str:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": client, "iat": now, "exp": now + LIFETIME, "roles": []}
    header = {"alg": ALGORITHM, "kid": "test", "typ": TOKEN_TYPE}
    return jwt.encode(header, said | {"scope": "sweep:start facts:read"}, key, algorithms=[ALGORITHM])


def main(folder: Path, port: int) -> None:
    key = RSAKey.import_key((folder / "signing.pem").read_text(), {"kid": "test", "use": "sig", "alg": ALGORITHM})

    class Beside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/v1/keys"):
                self.answer(KeySet([key]).as_dict(private=False))
            elif "/digest" in self.path:
                self.hold()
                self.answer([])
            else:
                self.send_error(404)

        def do_PUT(self) -> None:
            self.send_error(404)

        def do_POST(self) -> None:
            client = base64.b64decode(self.headers["authorization"].split()[1]).decode().partition(":")[0]
            self.answer({"access_token": token(key, client), "expires_in": LIFETIME})

        def hold(self) -> None:
            until = time.monotonic() + PATIENCE
            while (folder / "hold").exists() and time.monotonic() < until:
                (folder / "asked").touch()
                time.sleep(0.02)

        def answer(self, said: Any) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    ThreadingHTTPServer(("127.0.0.1", port), Beside).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
