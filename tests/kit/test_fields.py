"""Sealed fields."""

import pytest

from services.kit.store.fields import Seal, SealBroken


def test_a_sealed_value_opens_only_in_its_own_place(seal: Seal) -> None:
    sealed = seal.close("990101199001011234", "person.sealed_id_number:1")
    assert seal.open(sealed, "person.sealed_id_number:1") == "990101199001011234"
    with pytest.raises(SealBroken):
        seal.open(sealed, "person.sealed_id_number:2")


def test_the_same_value_never_looks_the_same_twice_but_is_found_by_its_index(seal: Seal) -> None:
    assert seal.close("one", "p") != seal.close("one", "p")
    assert seal.index("one") == seal.index("one") != seal.index("two")
