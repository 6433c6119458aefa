"""The services as a person with an account sees them: signs in, calls, and shows a refusal as it was given."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

BATCHES = "/v1/household-import-batches"
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

    def upload(
        self, service: str, path: str, file: Path, told: Callable[[int], None] = lambda _: None, **form: str
    ) -> Any:
        """The verdict. A large file is taken in after its answer: `told` then hears how far it is, in per cent."""
        response = self.ask(service, "POST", path, files={"file": (file.name, file.read_bytes())}, data=form)
        verdict = response.json()
        if response.status_code != 202:
            return verdict
        for operation in self.follow(service, response.headers["location"]):
            told(operation["progress"] or 0)
        return self.get(service, f"{BATCHES}/{verdict['id']}")

    def follow(self, service: str, path: str) -> Iterator[Mapping[str, Any]]:
        """An operation at each change, until it is done; begun anew where a stream ends before that."""
        while True:
            headers = {"authorization": f"Bearer {self._token}", "accept": "text/event-stream"}
            with (
                suppress(httpx.TransportError),
                self._http.stream("GET", f"{self._urls[service]}{path}/stream", headers=headers) as events,
            ):
                for line in events.iter_lines() if events.is_success else ():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
            now = self.get(service, path)  # signs in anew where the token has ended
            if now["state"] in ("done", "dead"):
                yield now
                return
            time.sleep(0.5)

    def call(self, service: str, method: str, path: str, *, signed: bool = True, **options: Any) -> Any:
        response = self.ask(service, method, path, signed=signed, **options)
        return response.json() if response.content else None

    def ask(self, service: str, method: str, path: str, *, signed: bool = True, **options: Any) -> httpx.Response:
        if signed and not self._token:
            self._token = self.token()
        response = self._send(service, method, path, signed, options)
        if response.status_code == 401 and signed:
            self._token = self.token()
            response = self._send(service, method, path, signed, options)
        if response.is_error:
            raise Refused(response)
        return response

    def _send(self, service: str, method: str, path: str, signed: bool, options: Mapping[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token}"} if signed else {}
        return self._http.request(method, self._urls[service] + path, headers=headers, **options)
