"""Attendance as a process that can be killed: python -m tests.outside.attending FOLDER DSN PORT."""

import sys
from pathlib import Path

import uvicorn
from joserfc.jwk import KeySet, RSAKey

from services.attendance.main import create
from services.kit.settings import Settings
from services.kit.store.db import connect
from services.kit.web.auth import Keys


def main(folder: Path, dsn: str, port: int) -> None:
    settings = Settings(
        service="attendance", database_url="", secrets=folder, port=port, county_url="http://localhost:1"
    )
    key = RSAKey.import_key((folder / "signing.pem").read_text(), {"kid": "test"})
    app = create(settings, connect(dsn), Keys(lambda: KeySet([key]).as_dict(private=False)))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
