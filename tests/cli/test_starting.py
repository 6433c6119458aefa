"""A process that is told something wrong ends within three seconds, says what and what to do, and shows no secret."""

import ast
import inspect
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.cli.postgres import api_role
from services.cli.processes import CODE, Ports, common
from services.cli.secret_files import SERVICES, database_password, make_secrets, secret_folder
from services.kit.secrets_on_disk import weak_secrets
from services.kit.settings import Settings
from services.kit.starting import settings_or_exit

WITHIN = 3.0  # seconds
CROWDED = 8  # times as long at most, where a processor is shared by many
MODULES = {
    **{f"services.{service}.main": service for service in SERVICES},
    **{f"services.{service}.worker": service for service in SERVICES},
    "services.scheduler": "scheduler",
}
SETTINGS = ("SERVICE", "SECRETS", "COUNTY_URL")
OF_SERVICES = ("DATABASE_URL", "PORT")
SECRETS = ("client_secret", "database/{role}")
SHORT, DEFAULT = "Zq7", "changeme-changeme-2026"
PORTS = Ports(1, 2, 3, 4, 5, 6, 7, 8)

Fault = Callable[[dict[str, str], Path], str]  # changes the environment or the folder; what the refusal must name


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("state")
    make_secrets(state)
    for service in SERVICES:
        database_password(state, api_role(service))
    return state


def environment(service: str, state: Path) -> dict[str, str]:
    return {
        **common(service, state, PORTS),
        "SHOUWANG_DATABASE_URL": f"postgresql+psycopg://{api_role(service)}@127.0.0.1:1/{service}",
        "SHOUWANG_PORT": "1",
    }


def missing(name: str) -> Fault:
    def fault(env: dict[str, str], _: Path) -> str:
        del env[f"SHOUWANG_{name}"]
        return f"SHOUWANG_{name}"

    return fault


def said(name: str, value: str) -> Fault:
    def fault(env: dict[str, str], _: Path) -> str:
        env[f"SHOUWANG_{name}"] = value
        return f"SHOUWANG_{name}"

    return fault


def secret(name: str, value: str | None, mode: int = 0o600) -> Fault:
    def fault(_: dict[str, str], secrets: Path) -> str:
        path = secrets / name
        if value is None:
            path.unlink()
        else:
            path.write_text(value or path.read_text())
            path.chmod(mode)
        return name

    return fault


def open_to_others(name: str, mode: int) -> Fault:
    def fault(_: dict[str, str], secrets: Path) -> str:
        (secrets / name).chmod(mode)
        return name

    return fault


def faults_of(module: str) -> dict[str, Fault]:
    settings = (*SETTINGS, *(OF_SERVICES if module != "services.scheduler" else ("ALERTS_URL",)))
    names: tuple[str, ...] = ("client_secret",) if module == "services.scheduler" else SECRETS
    names = tuple(name.format(role=api_role(MODULES[module])) for name in names)
    if "county" in module:
        names = (*names[1:], *(("signing/current.pem", "signing/next.pem") if module.endswith("main") else ()))
    found: dict[str, Fault] = {f"{name} missing": missing(name) for name in settings}
    found |= {f"{name} empty": said(name, "") for name in settings}
    found |= {f"{name} missing": secret(name, None) for name in names}
    found |= {f"{name} empty": secret(name, "\n") for name in names}
    found |= {f"{name} default": secret(name, DEFAULT) for name in names}
    found |= {f"{name} short": secret(name, SHORT) for name in names}
    found |= {f"{name} for all": open_to_others(name, 0o604) for name in names}
    found |= {f"{name} for the group": open_to_others(name, 0o640) for name in names}
    found["zone"] = said("ZONE", "Mars/Olympus")
    found["a wrong address"] = said("COUNTY_URL", "county:8101")
    if module != "services.scheduler":
        found["password in the environment"] = said("DATABASE_URL", "postgresql+psycopg://a:TopSecret99@127.0.0.1/a")
        found["not PostgreSQL"] = said("DATABASE_URL", "sqlite:///a.db")
        found["port"] = said("PORT", "eighty")
        found["port 0"] = said("PORT", "0")
    return found


def asked_by(module: str) -> tuple[type[Settings], list[str]]:
    """What the module's own call names: the kind of settings, and the secrets."""
    imported = import_module(module)
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(imported))) if isinstance(node, ast.Call)]
    (call,) = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "settings_or_exit"]
    kind, *names = call.args
    return getattr(imported, ast.unparse(kind)), [ast.literal_eval(name) for name in names]


@pytest.mark.parametrize("module", MODULES)
def test_each_wrong_setting_is_refused_with_a_line_in_both_languages(
    module: str, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, secrets = asked_by(module)
    for number, (about, fault) in enumerate(faults_of(module).items()):
        state = tmp_path / str(number)
        shutil.copytree(sound, state)
        env = environment(MODULES[module], state)
        named = fault(env, secret_folder(state, MODULES[module]))
        with monkeypatch.context() as patched:
            for name in [name for name in os.environ if name.startswith("SHOUWANG_")]:
                patched.delenv(name)
            for name, value in env.items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                settings_or_exit(kind, *secrets)
        err = capsys.readouterr().err
        assert (ended.value.code, told_in_both(err, named)) == (78, True), (about, err)
        assert not any(word in err for word in (SHORT, DEFAULT, "TopSecret99")), about


def told_in_both(err: str, name: str) -> bool:
    lines = err.splitlines()
    return all(any(x.startswith(begins) and name in x for x in lines) for begins in ("无法启动：", "Cannot start: "))


@pytest.mark.parametrize("module", MODULES)
def test_the_refusal_comes_in_time(module: str, sound: Path) -> None:
    """From the shell, imports and all: what it costs a processor, however busy others keep it meanwhile. A processor
    whose caches others share takes longer for the same: one of three in time shows what the start itself costs."""
    env = environment(MODULES[module], sound) | {"SHOUWANG_COUNTY_URL": ""}
    assert any(refused_after(module, env) < WITHIN for _ in range(3))


def refused_after(module: str, env: dict[str, str]) -> float:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", module], cwd=CODE, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 78
    assert time.monotonic() - began < CROWDED * WITHIN
    return used.ru_utime + used.ru_stime


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """That others may pass: pytest's own may not."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o711)
        yield Path(made)


def test_secrets_that_root_lends_a_service_are_taken(sound: Path, open_folder: Path) -> None:
    """As systemd gives credentials: owned by root, read through the group's bits or an access list that shows there."""
    if os.geteuid() != 0:
        pytest.skip("only root can lend")
    folder = open_folder / "credentials"
    shutil.copytree(secret_folder(sound, "households"), folder)
    for path in folder.rglob("*"):
        path.chmod(0o750 if path.is_dir() else 0o440)
    folder.chmod(0o750)
    assert [one.en for one in weak_secrets(folder, ()) if "others" in one.en]
    child = os.fork()
    if child == 0:
        open_ones = 99
        try:
            os.setgroups([0])
            os.setgid(0)
            os.setuid(65534)
            open_ones = len([one for one in weak_secrets(folder, ()) if "others" in one.en])
        finally:
            os._exit(open_ones)  # whatever happens: this is a copy of the test run
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
