"""Where a person is reached, as the channels need it: opened in the worker, and shown to the person alone."""

from collections.abc import Mapping

from services.alerts.models.telling import EMAIL, FEISHU_ID, PHONE, Addressee
from services.kit.store.fields import Seal
from services.kit.store.sealed import SealedColumn

ADDRESSES: Mapping[str, SealedColumn] = {"email": EMAIL, "phone": PHONE, "feishu_id": FEISHU_ID}
# A robot speaks to a group and calls the person by the telephone number, or by the id, it is known under there.
NEEDED: Mapping[str, str] = {
    "email": "email",
    "sms": "phone",
    "dingtalk": "phone",
    "wecom": "phone",
    "feishu": "feishu_id",
}


def opened(seal: Seal, person: Addressee) -> dict[str, str]:
    """By their names; those that were given."""
    held = {name: (column, getattr(person, column.column)) for name, column in ADDRESSES.items()}
    return {name: seal.open(sealed, column.place(person.id)) for name, (column, sealed) in held.items() if sealed}


def write_addresses(seal: Seal, person: Addressee, given: Mapping[str, str | None]) -> None:
    for name, column in ADDRESSES.items():
        address = given.get(name)
        setattr(person, column.column, seal.close(address, column.place(person.id)) if address else None)
