"""A service's app behind a real socket, as it runs: the deadlines' own protocol, and nothing between."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from services.kit.web.deadlines import Punctual


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address under which it answers."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        server = uvicorn.Server(uvicorn.Config(app, http=Punctual, log_config=None, proxy_headers=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{own.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
