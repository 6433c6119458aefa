"""A real OpenID provider (npm oidc-provider) as a process of the test, and a browser's way through it."""

import base64
import hashlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

SOURCES = Path(__file__).resolve().parents[1] / "identity_provider"
CALLBACK = "https://desk.example/callback"


def installed(folder: Path) -> Path:
    """Outside the tree. Skips where there is no Node, or nowhere to get packages from."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node or npm here: the foreign identity provider is not tried")
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(SOURCES / name, folder)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        pytest.skip("npm could not fetch oidc-provider: the foreign identity provider is not tried")
    return folder


@contextmanager
def providing(folder: Path) -> Iterator[str]:
    """The issuer's address."""
    argv = ["node", "provider.mjs"]
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as provider:
        try:
            assert provider.stdout
            yield f"http://127.0.0.1:{int(provider.stdout.readline())}"
        finally:
            provider.terminate()


def id_token(issuer: str, person: str, client: str = "shouwang-desk") -> str:
    """Authorization code with PKCE, as a page would; the person signs in by being named."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"client_id": client, "response_type": "code", "scope": "openid", "redirect_uri": CALLBACK}
    proof = {"code_challenge": challenge, "code_challenge_method": "S256", "login_hint": person}
    with httpx.Client(base_url=issuer, trust_env=False) as browser:
        answer = browser.get("/auth", params=asked | proof)
        while not answer.headers["location"].startswith(CALLBACK):
            answer = browser.get(answer.headers["location"])
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        granted = browser.post("/token", data=form | {"client_id": client, "code_verifier": verifier})
    return str(granted.json()["id_token"])
