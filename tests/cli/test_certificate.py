"""`shouwang certificate verify`: an auditor with a file and a public key, and nothing of ours running."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from services.cli.main import app
from services.kit.store.signing import signed

KEY = Ed25519PrivateKey.generate()
SAID: dict[str, Any] = {
    "county": "520621",
    "period": "2026-11-01",
    "register": 3,
    "judged": 2,
    "not_judgeable": 1,
    "came": ["a"],
    "went": ["b"],
    "balances": True,
}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.pub"
    path.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def verify(key: Path, said: Any, lang: str = "en") -> tuple[int, str]:
    file = key.parent / "certificate.json"
    file.write_text(said if isinstance(said, str) else json.dumps(said, ensure_ascii=True, indent=3))
    done = CliRunner().invoke(app, ["certificate", "verify", str(file), "--key", str(key), "--lang", lang])
    return done.exit_code, done.output


@pytest.mark.parametrize("whole", [False, True], ids=["the certificate", "the sweep as the API shows it"])
def test_a_genuine_one_says_what_it_certifies(key: Path, whole: bool) -> None:
    certificate = signed(SAID, KEY)
    code, said = verify(key, {"id": "…", "certificate": certificate} if whole else certificate)
    assert (code, "2 judged, 1 named as not judgeable, nobody left out" in said) == (0, True)
    assert "无一遗漏" in verify(key, certificate, "zh")[1]


def test_one_that_was_changed_is_refused(key: Path) -> None:
    code, said = verify(key, signed(SAID, KEY) | {"judged": 3, "not_judgeable": 0})
    assert (code, "signature is wrong" in said) == (1, True)


def test_one_that_is_not_ours_is_refused(key: Path) -> None:
    assert verify(key, signed(SAID, Ed25519PrivateKey.generate()))[0] == 1
    assert verify(key, SAID)[0] == 1


def test_a_genuine_one_that_leaves_somebody_out_is_refused_whatever_it_says_of_itself(key: Path) -> None:
    code, said = verify(key, signed(SAID | {"judged": 1}, KEY))
    assert (code, "3 households were due, 2 are in it" in said) == (1, True)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"certificate": null}', '"text"'])
def test_what_is_no_certificate_is_said_plainly(key: Path, content: str) -> None:
    code, said = verify(key, content)
    assert (code, "Traceback" in said) == (2, False)
