"""Tokens that must be refused, each with a sentence; made with our own key wherever a stranger's would prove less."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc.jwk import RSAKey

from services.kit.web.auth import AUDIENCE, ISSUER, LEEWAY, LIFETIME, TOKEN_TYPE

DROP: Any = object()
YEARS = 315_360_000  # seconds: ten


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def written(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()


class Forge:
    """A sound token, and any part of it changed."""

    def __init__(self, key: RSAKey) -> None:
        self.key, self.stranger = key, RSAKey.generate_key(2048)
        self.pem = key.as_pem(private=False)

    def header(self, **changed: Any) -> dict[str, Any]:
        return kept({"alg": "RS256", "typ": TOKEN_TYPE, "kid": self.key.kid} | changed)

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        sound = {"iss": ISSUER, "aud": AUDIENCE, "sub": "someone", "iat": now, "exp": now + LIFETIME}
        return kept(sound | {"roles": ["county"], "scope": ""} | changed)

    def head(self, **changed: Any) -> str:
        return self.signed(written(self.header(**changed)), written(self.claims()))

    def body(self, **changed: Any) -> str:
        return self.signed(written(self.header()), written(self.claims(**changed)))

    def later(self, **seconds: int) -> str:
        return self.body(**{claim: int(time.time()) + after for claim, after in seconds.items()})

    def text_of_claims(self, change: Callable[[str], str]) -> str:
        return self.signed(written(self.header()), change(json.dumps(self.claims())).encode())

    def text_of_header(self, change: Callable[[str], str]) -> str:
        return self.signed(change(json.dumps(self.header())).encode(), written(self.claims()))

    def signed(self, header: bytes, claims: bytes, key: RSAKey | None = None) -> str:
        content = f"{b64(header)}.{b64(claims)}"
        private = (key or self.key).private_key
        assert isinstance(private, RSAPrivateKey)
        return f"{content}.{b64(private.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def unsigned(self, alg: str) -> str:
        return f"{b64(written(self.header(alg=alg)))}.{b64(written(self.claims()))}."

    def hashed(self, secret: bytes, **changed: Any) -> str:
        content = f"{b64(written(self.header(alg='HS256') | changed))}.{b64(written(self.claims()))}"
        return f"{content}.{b64(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"

    def on_a_curve(self) -> str:
        content = f"{b64(written(self.header(alg='ES256')))}.{b64(written(self.claims()))}"
        signature = ec.generate_private_key(ec.SECP256R1()).sign(content.encode(), ec.ECDSA(hashes.SHA256()))
        return f"{content}.{b64(signature)}"

    def parts(self) -> tuple[str, str, str]:
        header, claims, signature = self.body().split(".")
        return header, claims, signature

    def spare_bits(self, part: int) -> str:
        """The last character of a part changed where no byte changes."""
        parts = list(self.parts())
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        parts[part] = parts[part][:-1] + alphabet[alphabet.index(parts[part][-1]) ^ 1]
        return ".".join(parts)

    def two_signatures(self) -> str:
        header, claims, signature = self.parts()
        one = {"protected": header, "signature": signature}
        return json.dumps({"payload": claims, "signatures": [one, one]})

    def flattened(self) -> str:
        header, claims, signature = self.parts()
        return json.dumps({"payload": claims, "protected": header, "signature": signature})

    def detached(self) -> str:
        header, _, signature = self.parts()
        return f"{header}..{signature}"

    def unencoded(self) -> str:
        header = self.header(b64=False, crit=["b64"])
        private = self.key.private_key
        assert isinstance(private, RSAPrivateKey)
        claims = json.dumps(self.claims()).replace(".", "")
        content = f"{b64(written(header))}.{claims}"
        return f"{content}.{b64(private.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def own_jwk(self) -> str:
        header = self.header(jwk=self.stranger.as_dict(private=False))
        return self.signed(written(header), written(self.claims()), self.stranger)

    def foreign(self) -> str:
        return self.signed(written(self.header()), written(self.claims()), self.stranger)


def kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not DROP}


def nested(depth: int) -> Callable[[str], str]:
    return lambda text: text[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"


Attack: TypeAlias = Callable[[Forge], str]
ELSEWHERE = "http://127.0.0.1:9/keys"

SIGNATURES: dict[str, Attack] = {
    "nobody's: alg none": lambda f: f.unsigned("none"),
    "nobody's: alg None": lambda f: f.unsigned("None"),
    "nobody's: alg NONE": lambda f: f.unsigned("NONE"),
    "nobody's: alg nOnE": lambda f: f.unsigned("nOnE"),
    "nobody's: alg empty": lambda f: f.unsigned(""),
    "unsigned under RS256": lambda f: f.unsigned("RS256"),
    "signed, and says none": lambda f: f.head(alg="none"),
    "signed, and says rs256 in small letters": lambda f: f.head(alg="rs256"),
    "signed, and says RS512": lambda f: f.head(alg="RS512"),
    "signed, and says PS256": lambda f: f.head(alg="PS256"),
    "signed, and says nothing of how": lambda f: f.head(alg=DROP),
    "signed, and says how in a list": lambda f: f.head(alg=["RS256"]),
    "hashed with our public key as PEM": lambda f: f.hashed(f.pem),
    "hashed with our public key, its last line end cut": lambda f: f.hashed(f.pem.strip()),
    "hashed with nothing": lambda f: f.hashed(b""),
    "hashed with the key's own name": lambda f: f.hashed(b"test"),
    "hashed, and says RS256": lambda f: f.hashed(f.pem, alg="RS256"),
    "signed on a curve": lambda f: f.on_a_curve(),
    "signed by another under our key's name": lambda f: f.foreign(),
    "signed by the key it brings along": lambda f: f.own_jwk(),
    "another's signature cut by a character": lambda f: f.body()[:-1],
    "a signature cut by four characters": lambda f: f.body()[:-4],
    "a signature and four characters more": lambda f: f.body() + "AAAA",
    "a signature padded with =": lambda f: f.body() + "==",
    "a signature with other spare bits": lambda f: f.spare_bits(2),
    "a signature in plain base64": lambda f: ".".join([*f.parts()[:2], "+/" * 171]),
    "the signature of other claims": lambda f: ".".join([*f.parts()[:2], f.body(sub="other").split(".")[2]]),
    "two signatures": lambda f: f.two_signatures(),
    "a flattened signature": lambda f: f.flattened(),
    "four parts": lambda f: f.body() + "." + f.parts()[2],
    "five parts, as if encrypted": lambda f: ".".join(["e30"] * 5),
    "without its body": lambda f: f.detached(),
}
HEADERS: dict[str, Attack] = {
    "a body that is not encoded": lambda f: f.unencoded(),
    "b64 false in the header": lambda f: f.head(b64=False),
    "an extension that must be understood": lambda f: f.head(crit=["x"], x=1),
    "an empty list of what must be understood": lambda f: f.head(crit=[]),
    "an address of keys": lambda f: f.head(jku=ELSEWHERE),
    "an address of a certificate": lambda f: f.head(x5u=ELSEWHERE),
    "a certificate": lambda f: f.head(x5c=["MIIB"]),
    "a key of its own": lambda f: f.head(jwk=f.stranger.as_dict(private=False)),
    "a packed body": lambda f: f.head(zip="DEF"),
    "a content type": lambda f: f.head(cty="JWT"),
    "a key that is a path": lambda f: f.head(kid="../../dev/null"),
    "a key that is SQL": lambda f: f.head(kid="test' OR '1'='1"),
    "a key that is an address": lambda f: f.head(kid=ELSEWHERE),
    "a key's name of ten thousand characters": lambda f: f.head(kid="k" * 10_000),
    "a key's name with NUL": lambda f: f.head(kid="test\0"),
    "a list of keys": lambda f: f.head(kid=["test"]),
    "no key": lambda f: f.head(kid=DROP),
    "an unknown key": lambda f: f.head(kid="unknown"),
    "type JWT": lambda f: f.head(typ="JWT"),
    "type logout+jwt": lambda f: f.head(typ="logout+jwt"),
    "type AT+JWT": lambda f: f.head(typ="AT+JWT"),
    "type application/at+jwt": lambda f: f.head(typ="application/at+jwt"),
    "no type": lambda f: f.head(typ=DROP),
    "a type that is a list": lambda f: f.head(typ=[TOKEN_TYPE]),
    "how it is signed, twice": lambda f: f.text_of_header(lambda text: text[:-1] + ', "alg": "RS256"}'),
    "a header that is a list": lambda f: f.text_of_header(lambda text: f"[{text}]"),
    "a header with other spare bits": lambda f: f.spare_bits(0) if len(f.parts()[0]) % 4 else f.body() + "=",
}
CLAIMS: dict[str, Attack] = {
    "another issuer": lambda f: f.body(iss="elsewhere"),
    "our issuer with a slash": lambda f: f.body(iss=ISSUER + "/"),
    "a list of issuers": lambda f: f.body(iss=[ISSUER]),
    "no issuer": lambda f: f.body(iss=DROP),
    "another audience": lambda f: f.body(aud="elsewhere"),
    "us among other audiences": lambda f: f.body(aud=[AUDIENCE, "elsewhere"]),
    "us alone in a list": lambda f: f.body(aud=[AUDIENCE]),
    "no audience": lambda f: f.body(aud=DROP),
    "an empty audience": lambda f: f.body(aud=""),
    "no end": lambda f: f.body(exp=DROP),
    "an end that is null": lambda f: f.body(exp=None),
    "an end that has come": lambda f: f.later(iat=-LIFETIME, exp=0),
    "an end long past": lambda f: f.later(iat=-2 * LIFETIME, exp=-LIFETIME),
    "an end in ten years": lambda f: f.later(exp=YEARS),
    "an end a second beyond the longest": lambda f: f.later(iat=0, exp=LIFETIME + 1),
    "an end with a point": lambda f: f.body(exp=time.time() + 60.5),
    "an end in quotes": lambda f: f.body(exp=str(int(time.time()) + 60)),
    "an end that is no number": lambda f: f.body(exp=float("nan")),
    "an end that never comes": lambda f: f.body(exp=float("inf")),
    "an end that is true": lambda f: f.body(exp=True),
    "an end of 400 digits": lambda f: f.body(exp=10**400),
    "not before an hour from now": lambda f: f.later(nbf=3600),
    "not before just beyond what clocks may differ": lambda f: f.later(nbf=LEEWAY + 5),
    "a start in quotes": lambda f: f.body(nbf="0"),
    "issued in an hour": lambda f: f.later(iat=3600, exp=3600 + LIFETIME),
    "issued just beyond what clocks may differ": lambda f: f.later(iat=LEEWAY + 5, exp=LEEWAY + 60),
    "issued at no time": lambda f: f.body(iat=DROP),
    "issued ten years ago, to end soon": lambda f: f.later(iat=-YEARS),
    "an end before its beginning": lambda f: f.later(iat=30, exp=20),
    "claims told twice": lambda f: f.text_of_claims(lambda text: text[:-1] + ', "sub": "other"}'),
    "ten thousand lists in one another": lambda f: f.text_of_claims(nested(10_000)),
    "forty lists in one another": lambda f: f.text_of_claims(nested(40)),
    "half a character": lambda f: f.text_of_claims(lambda text: text[:-1] + ', "x": "\\ud800"}'),
    "claims that are a list": lambda f: f.text_of_claims(lambda text: f"[{text}]"),
    "claims that are no JSON": lambda f: f.text_of_claims(lambda text: text[:-1]),
    "claims in UTF-16": lambda f: f.signed(written(f.header()), json.dumps(f.claims()).encode("utf-16")),
    "nobody as subject": lambda f: f.body(sub=DROP),
    "a subject that is a number": lambda f: f.body(sub=1),
    "an empty subject": lambda f: f.body(sub=""),
    "a subject of 65 characters": lambda f: f.body(sub="s" * 65),
    "a subject with a line end": lambda f: f.body(sub="someone\n"),
    "a subject that is SQL": lambda f: f.body(sub="' OR 1=1 --"),
    "no roles": lambda f: f.body(roles=DROP),
    "one role, in no list": lambda f: f.body(roles="system"),
    "roles by number": lambda f: f.body(roles=[1]),
    "roles in a map": lambda f: f.body(roles={"system": True}),
    "a hundred roles": lambda f: f.body(roles=["county"] * 100),
    "a scope that is a list": lambda f: f.body(roles=[], scope=["facts:read"]),
    "no scope": lambda f: f.body(scope=DROP),
    "a system's scopes and a person's roles": lambda f: f.body(scope="facts:read"),
    "a megabyte": lambda f: f.body(x="x" * 1_000_000),
    "ten thousand characters": lambda f: f.body(x="x" * 10_000),
}
OTHER_TOKENS: dict[str, Attack] = {
    "an ID token": lambda f: f.signed(
        written(f.header(typ="JWT")), written(f.claims(aud="client", roles=DROP, scope=DROP, nonce="n"))
    ),
    "an ID token under our type": lambda f: f.body(aud="client", roles=DROP, scope=DROP, nonce="n"),
    "a refresh token": lambda f: "3f2c7b1e9d604d5c8a7b6c5d4e3f2a1b.4Vq9-tYw1uVnq3QmWk0lD2sX7cBz5hJr8eGfA6oLpTi",
    "nothing": lambda f: "",
    "dots": lambda f: "..",
    "words": lambda f: "a.b.c",
    "not ASCII": lambda f: f.body() + "ü",
    "a space before it": lambda f: " " + f.body(),
    "a space inside it": lambda f: f.body().replace(".", ". ", 1),
    "a tab inside it": lambda f: f.body().replace(".", ".\t", 1),
    "Bearer twice": lambda f: "Bearer " + f.body(),
    "two tokens with a comma": lambda f: f"{f.body()}, {f.body()}",
    "two tokens with a space": lambda f: f"{f.body()} {f.body()}",
    "quotes": lambda f: f'"{f.body()}"',
}
ATTACKS: Mapping[str, Attack] = SIGNATURES | HEADERS | CLAIMS | OTHER_TOKENS
