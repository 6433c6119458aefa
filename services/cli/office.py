"""The services as a person with an account sees them: signs in, calls, and shows a refusal as it was given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

TIMEOUT = httpx.Timeout(60.0, connect=3.0)


class Refused(Exception):
    """The service's own words: title and, where given, the detail and the rows at fault."""

    def __init__(self, response: httpx.Response) -> None:
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        said = [str(problem.get(part, "")) for part in ("title", "detail", "errors") if problem.get(part)]
        super().__init__(f"{response.request.url.path} → {response.status_code} {' · '.join(said)}")
        self.status = response.status_code


class Office:
    """`urls` name each service's address; a token lasts ten minutes and is fetched again when it has ended."""

    def __init__(self, urls: Mapping[str, str], username: str, password: str, language: str = "zh") -> None:
        self._urls = urls
        self._credentials = {"username": username, "password": password}
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, headers={"accept-language": language})
        self._token = ""

    def close(self) -> None:
        self._http.close()

    def speak(self, language: str) -> None:
        self._http.headers["accept-language"] = language

    def token(self) -> str:
        return str(self.call("county", "POST", "/v1/sign-in", json=self._credentials, signed=False)["access_token"])

    def get(self, service: str, path: str, **params: Any) -> Any:
        return self.call(service, "GET", path, params=params)

    def post(self, service: str, path: str, body: Mapping[str, Any]) -> Any:
        return self.call(service, "POST", path, json=body)

    def put(self, service: str, path: str, body: Mapping[str, Any]) -> Any:
        return self.call(service, "PUT", path, json=body)

    def upload(self, service: str, path: str, file: Path) -> Any:
        return self.call(service, "POST", path, files={"file": (file.name, file.read_bytes())})

    def call(self, service: str, method: str, path: str, *, signed: bool = True, **options: Any) -> Any:
        if signed and not self._token:
            self._token = self.token()
        response = self._send(service, method, path, signed, options)
        if response.status_code == 401 and signed:
            self._token = self.token()
            response = self._send(service, method, path, signed, options)
        if response.is_error:
            raise Refused(response)
        return response.json() if response.content else None

    def _send(self, service: str, method: str, path: str, signed: bool, options: Mapping[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token}"} if signed else {}
        return self._http.request(method, self._urls[service] + path, headers=headers, **options)
