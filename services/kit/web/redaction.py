"""The last barrier before a log: numbers that name a person and secrets are struck out, wherever they come from.

Nothing should arrive here with one; `\\d` also knows full-width digits.
"""

import re

STRUCK = "[…]"

ID_OR_CARD = r"(?<!\d)\d{12,18}[\dXxＸｘ](?!\d)"  # 13 to 19 characters: ID numbers of 15 and 18, bank cards
# 110101 19900101 1234, cards by fours
IN_GROUPS = r"(?<![0-9A-Za-z-])(?=(?:\d[ -]?){13})\d{3,6}(?:[ -]\d{2,8}){2,5}[Xx]?(?![0-9A-Za-z-])"
MOBILE = r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"
MOBILE_ABROAD = r"(?:\+|00)86[ -]?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"
WEBHOOK_SECRET = r"whsec_[\w+/=-]+"
BEARER = r"(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
SIGNED_TOKEN = r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"
PASSWORD_IN_URL = r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"

PERSONAL_OR_SECRET = re.compile(
    "|".join(
        (
            SIGNED_TOKEN,
            BEARER,
            WEBHOOK_SECRET,
            PASSWORD_IN_URL,
            ID_OR_CARD,
            MOBILE_ABROAD,
            MOBILE,
            IN_GROUPS,
        )
    )
)


def redact(text: str) -> str:
    return PERSONAL_OR_SECRET.sub(STRUCK, text)
