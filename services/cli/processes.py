"""The processes of a deployment: what each is started with, and what must be ready before it."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from services.cli.children import PLAIN_ENVIRONMENT, Account
from services.cli.data_folder import mark_of
from services.cli.postgres import STOP, Cluster, api_role, work_role
from services.cli.secret_files import SERVICES, secret_folder

CODE = Path(__file__).resolve().parents[2]
RECEIVERS = "receivers"  # of a sandbox: one a line


@dataclass(frozen=True)
class Ports:
    origin: int
    county: int
    households: int
    attendance: int
    alerts: int
    desk: int
    postgres: int
    receiver: int

    @classmethod
    def default(cls) -> "Ports":
        return cls(
            origin=8100,
            county=8101,
            households=8102,
            attendance=8103,
            alerts=8104,
            desk=8106,
            postgres=8105,
            receiver=8109,
        )

    @classmethod
    def free(cls) -> "Ports":
        """Chosen by the system, all held at once so that no two are the same."""
        with ExitStack() as held:
            probes = [held.enter_context(socket.socket()) for _ in fields(cls)]
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            return cls(*(probe.getsockname()[1] for probe in probes))

    def by_name(self) -> dict[str, int]:
        return asdict(self)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.by_name()[name]}"


@dataclass(frozen=True)
class Process:
    """`ready_url` is asked until it answers: http by a 200, postgresql by a connection; without one, being alive
    is enough. `once_ready` runs once beside the loop, and what comes `after` waits for its end too."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    url: str | None = None  # what others may be told
    ready_url: str | None = field(default=None, repr=False)  # may hold a password
    after: tuple[str, ...] = ()
    account: Account | None = None
    folder: Path = CODE
    stop_with: signal.Signals = signal.SIGTERM
    when_orphaned: signal.Signals = signal.SIGKILL  # nobody is left who could insist
    once_ready: Callable[[], None] | None = None


def everything(cluster: Cluster, ports: Ports, migrate: Callable[[], None]) -> list[Process]:
    """The four APIs start together: each bears the others' absence, and imports take most of the time."""
    return [
        database(cluster, ports, migrate),
        receiver(cluster.state, ports),
        *(api(service, cluster, ports) for service in SERVICES),
        *(worker(service, cluster, ports) for service in SERVICES),
        scheduler(cluster.state, ports),
        desk(cluster.state, ports),
        origin(ports),
    ]


def database(cluster: Cluster, ports: Ports, migrate: Callable[[], None]) -> Process:
    return Process(
        "postgres",
        cluster.command(ports.postgres),
        PLAIN_ENVIRONMENT,
        url=f"postgresql://127.0.0.1:{ports.postgres}",
        ready_url=cluster.dsn(ports.postgres),
        account=cluster.account,
        folder=Path("/"),
        stop_with=STOP,
        when_orphaned=STOP,
        once_ready=migrate,
    )


def api(service: str, cluster: Cluster, ports: Ports) -> Process:
    return Process(
        service,
        python(f"services.{service}.main"),
        service_environment(service, cluster, ports, api_role(service)),
        url=ports.url(service),
        ready_url=ports.url(service) + "/readyz",
        after=("postgres",),
    )


def worker(service: str, cluster: Cluster, ports: Ports) -> Process:
    return Process(
        f"{service}-worker",
        python(f"services.{service}.worker"),
        service_environment(service, cluster, ports, work_role(service)),
        after=("postgres",),
    )


def scheduler(state: Path, ports: Ports) -> Process:
    """After the APIs: a bell that rings before anyone listens only fills the log."""
    return Process("scheduler", python("services.scheduler"), common("scheduler", state, ports), after=SERVICES)


def desk(state: Path, ports: Ports) -> Process:
    """Ready by itself: it says of a service that is away that it is."""
    env = common("desk", state, ports) | {"SHOUWANG_PORT": str(ports.desk)}
    url = ports.url("desk")
    return Process("desk", python("services.desk.main"), env, url=url, ready_url=url + "/readyz")


def origin(ports: Ports) -> Process:
    """The one address people are told. Ready by itself: it says of a service that is away that it is."""
    env = {"SHOUWANG_PORT": str(ports.origin), "SHOUWANG_DESK_URL": ports.url("desk"), **addresses(ports)}
    url = ports.url("origin")
    return Process("origin", python("services.origin.main"), surroundings() | env, url=url, ready_url=url + "/livez")


def receiver(state: Path, ports: Ports) -> Process:
    """Without a `ready_url`: nothing waits for it, and the deployment is whole without it."""
    env = {"SHOUWANG_PORT": str(ports.receiver), "SHOUWANG_STATE": str(state)}
    return Process("receiver", python("services.cli.receiver"), surroundings() | env, url=ports.url("receiver"))


def service_environment(service: str, cluster: Cluster, ports: Ports, role: str) -> dict[str, str]:
    return {
        **common(service, cluster.state, ports),
        "SHOUWANG_DATABASE_URL": f"postgresql+psycopg://{role}@127.0.0.1:{ports.postgres}/{service}",
        "SHOUWANG_PORT": str(ports.by_name()[service]),
        "SHOUWANG_RECEIVERS": f"127.0.0.1:{ports.receiver}",
        "SHOUWANG_AUDIT_COPIES": str(cluster.state / "audit"),
        "SHOUWANG_INBOXES": ",".join(ports.url(name) for name in SERVICES),
    }


def common(service: str, state: Path, ports: Ports) -> dict[str, str]:
    return {
        **surroundings(),
        "SHOUWANG_SERVICE": service,
        "SHOUWANG_SECRETS": str(secret_folder(state, service)),
        "SHOUWANG_ZONE": "Asia/Shanghai",
        **(of_a_sandbox(state) if mark_of(state) else {}),
        **addresses(ports),
    }


def of_a_sandbox(state: Path) -> dict[str, str]:
    """Fictional people are let in, and whoever tries says where its receivers are."""
    return {"SHOUWANG_DEMO_PEOPLE": "true", "SHOUWANG_RECEIVERS_FILE": str(state.resolve() / RECEIVERS)}


def addresses(ports: Ports) -> dict[str, str]:
    return {f"SHOUWANG_{name.upper()}_URL": ports.url(name) for name in SERVICES}


def surroundings() -> dict[str, str]:
    """Unbuffered, or the last words of a killed process would never reach its log."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def python(module: str) -> list[str]:
    return [sys.executable, "-m", module]
