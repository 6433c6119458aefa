"""`shouwang certificate`: anybody sees whether a sweep's certificate is ours, unchanged, and leaves nobody out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.audit import HERE, CannotRead, Language, State, said_plainly
from services.cli.messages import CannotRun, Notice, Voice
from services.cli.secret_files import secret_folder
from services.kit.store.heads import KEY, read_public_key
from services.kit.store.signing import is_signed

app = typer.Typer(no_args_is_help=True, help="筛查证明 / certificates of sweeps")

GENUINE = Notice(
    "证明有效：{county}，{period}，在册 {register} 户；已判断 {judged} 户，列明不能判断 {not_judgeable} 户，无一遗漏。",
    "The certificate is genuine: {county}, {period}, {register} households in the register; {judged} judged,"
    " {not_judgeable} named as not judgeable, nobody left out.",
)


class NotGenuine(CannotRun):
    notice = Notice(
        "证明的签名不符：内容被改动，或并非本系统出具。",
        "The signature is wrong: the certificate was changed, or is not ours.",
    )


class SomebodyLeftOut(CannotRun):
    notice = Notice(
        "证明真实，但户数不平：应为 {expected} 户，实为 {found} 户。",
        "The certificate is genuine but does not balance: {expected} households were due, {found} are in it.",
    )


@app.callback()
def certificate() -> None:
    """Keeps `verify` a word of its own."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="证明或整次筛查的 JSON / the certificate, or the whole sweep, as JSON")],
    key: Annotated[Path | None, typer.Option(help="公钥 / public key, PEM")] = None,
    state: State = HERE,
    lang: Language = "zh",
) -> None:
    """核对证明 / is it genuine? 0 yes, 1 no, 2 could not be read. Needs no service and no database."""
    with said_plainly(lang):
        said = read_certificate(file)
        if not is_signed(said, read_public_key(key or secret_folder(state, "alerts") / KEY)):
            raise NotGenuine
        check_balance(said)
        Voice(lang).say(GENUINE, **said)


def read_certificate(file: Path) -> Mapping[str, Any]:
    said = json.loads(file.read_text())
    said = said.get("certificate", said) if isinstance(said, dict) else None
    if not isinstance(said, dict):
        raise CannotRead(detail=f"{file.name}: no certificate")
    return said


def check_balance(said: Mapping[str, Any]) -> None:
    """Counted again here: what the certificate says of itself is not asked."""
    expected = said["register"] + len(said["came"]) - len(said["went"])
    found = said["judged"] + said["not_judgeable"]
    if expected != found:
        raise SomebodyLeftOut(expected=expected, found=found)
