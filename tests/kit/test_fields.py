"""Sealed fields open in their own place and with their own key alone, under both suites."""

import base64
import os
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from services.kit.store.fields import HEADER, NONCE, Seal, SealBroken
from services.kit.store.key_ring import Key, KeyRing, KeysUnreadable
from services.kit.store.suites import INTERNATIONAL, NATIONAL, SM4GCM, Suite
from tests.callers import write_key

PLACE = "person.sealed_id_number:1"


def key(number: int, suite: Suite = INTERNATIONAL, letter: bytes = b"f") -> Key:
    return Key(number, suite, letter * suite.key_length, letter.upper() * 32)


SEALS = [Seal(KeyRing.of(key(1, suite), key(2, suite, b"g"))) for suite in (INTERNATIONAL, NATIONAL)]
under_both_suites = pytest.mark.parametrize("sealing", SEALS, ids=["international", "national"])


def test_a_sealed_value_opens_only_in_its_own_place(seal: Seal) -> None:
    sealed = seal.close("990101199001011234", "person.sealed_id_number:1")
    assert seal.open(sealed, "person.sealed_id_number:1") == "990101199001011234"
    with pytest.raises(SealBroken):
        seal.open(sealed, "person.sealed_id_number:2")


def test_the_same_value_never_looks_the_same_twice_but_is_found_by_its_index(seal: Seal) -> None:
    assert seal.close("one", "p") != seal.close("one", "p")
    assert seal.index("one") == seal.index("one") != seal.index("two")


@under_both_suites
@given(text=st.text(), place=st.text(min_size=1), other=st.text(min_size=1))
def test_any_text_opens_as_it_was_and_in_no_other_place(sealing: Seal, text: str, place: str, other: str) -> None:
    sealed = sealing.close(text, place)
    assert sealing.open(sealed, place) == text
    if other != place:
        with pytest.raises(SealBroken):
            sealing.open(sealed, other)


@under_both_suites
def test_a_change_of_any_single_bit_is_noticed(sealing: Seal) -> None:
    """Layout, suite and number of the key among them."""
    sealed = sealing.close("text", PLACE)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            sealing.open(bytes(changed), PLACE)


def test_a_relabelled_key_does_not_open_even_where_both_numbers_are_the_same_key() -> None:
    sealing = Seal(KeyRing.of(key(1), key(2)))
    sealed = sealing.close("text", PLACE)
    relabelled = sealed[: HEADER - 1] + b"\x01" + sealed[HEADER:]
    with pytest.raises(SealBroken):
        sealing.open(relabelled, PLACE)


@under_both_suites
def test_whatever_is_no_ciphertext_is_refused_and_not_shown(sealing: Seal) -> None:
    for nothing in (
        b"",
        b"\x01",
        b"\x02\x01\x00\x01",
        b"plain text that nobody sealed",
        sealing.close("t", PLACE)[:20],
    ):
        with pytest.raises(SealBroken):
            sealing.open(nothing, PLACE)


def test_the_newest_key_writes_and_all_open() -> None:
    before = Seal(KeyRing.of(key(1))).close("text", PLACE)
    sealing = Seal(KeyRing.of(key(1), key(2, NATIONAL)))
    after = sealing.close("text", PLACE)
    assert (before[:HEADER], after[:HEADER]) == (b"\x02\x01\x00\x01", b"\x02\x02\x00\x02")
    assert sealing.open(before, PLACE) == sealing.open(after, PLACE) == "text"
    with pytest.raises(SealBroken):
        Seal(KeyRing.of(key(1))).open(after, PLACE)


def test_what_was_sealed_before_there_was_a_ring_still_opens() -> None:
    nonce = os.urandom(NONCE)
    single = b"\x01" + nonce + AESGCM(b"f" * 32).encrypt(nonce, b"text", PLACE.encode())
    assert Seal(KeyRing.of(key(1), key(2, NATIONAL))).open(single, PLACE) == "text"
    with pytest.raises(SealBroken):
        Seal(KeyRing.of(key(1, NATIONAL))).open(single, PLACE)


def test_a_value_is_looked_for_under_every_key() -> None:
    before = Seal(KeyRing.of(key(1))).index("one")
    sealing = Seal(KeyRing.of(key(1), key(2, NATIONAL, b"g")))
    assert sealing.index("one") != before
    assert set(sealing.indexes("one")) == {before, sealing.index("one")}


def test_a_pinned_seal_goes_on_with_its_key_and_opens_what_a_newer_one_wrote(tmp_path: Path) -> None:
    write_key(tmp_path, key(1))
    sealing = Seal.read(tmp_path)
    pinned = sealing.pinned()
    write_key(tmp_path, key(2))
    assert (pinned.key.number, sealing.key.number) == (1, 2)
    assert pinned.open(sealing.close("text", PLACE), PLACE) == "text"


def test_sm3_and_sm4_gcm_agree_with_what_the_standards_print() -> None:
    """GB/T 32905 A.1, and RFC 8998 A.1."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    plain = bytes.fromhex("".join(letter * 16 for letter in "ABCDEFEA"))
    closed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    cipher = SM4GCM(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce = bytes.fromhex("00001234567800000000ABCD")
    bound_to = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    assert cipher.encrypt(nonce, plain, bound_to) == closed
    assert cipher.decrypt(nonce, closed, bound_to) == plain


def test_no_nonce_comes_twice_from_many_threads() -> None:
    """Taken where the seal takes them, and found in the ciphertexts."""
    sealed: list[bytes] = []
    drawn: list[bytes] = []

    def draw(length: int) -> bytes:
        drawn.append(os.urandom(length))
        return drawn[-1]

    sealing = Seal(KeyRing.of(key(1)), nonces=draw)
    turns = [
        threading.Thread(target=lambda: sealed.extend(sealing.close("the same", PLACE) for _ in range(25_000)))
        for _ in range(4)
    ]
    for turn in turns:
        turn.start()
    for turn in turns:
        turn.join()
    used = {one[HEADER : HEADER + NONCE] for one in sealed}
    assert len(used) == len(sealed) == len(drawn) == 100_000
    assert used == set(drawn)


def test_keys_that_cannot_be_read_are_named_by_file_and_never_by_content(tmp_path: Path) -> None:
    with pytest.raises(KeysUnreadable, match="no key in"):
        Seal.read(tmp_path)
    write_key(tmp_path, key(1))
    for name, content in (("field", base64.b64encode(b"short").decode()), ("index", "???"), ("suite", "homemade")):
        held = (tmp_path / "keys" / "1" / name).read_text()
        (tmp_path / "keys" / "1" / name).write_text(content)
        with pytest.raises(KeysUnreadable, match=name) as refused:
            Seal.read(tmp_path)
        assert content not in str(refused.value)
        (tmp_path / "keys" / "1" / name).write_text(held)


def test_a_key_shows_a_fingerprint_and_never_itself() -> None:
    assert key(1).fingerprint == key(1).fingerprint != key(1, letter=b"g").fingerprint
    assert "ffff" not in repr(key(1))
