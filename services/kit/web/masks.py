"""What may be shown of a value to somebody who may not see it whole."""

STAR = "*"


def masked(text: str, *, first: int, last: int = 0) -> str:
    """Keeps so many characters at each end. One that is not longer than both together is hidden whole."""
    if len(text) <= first + last:
        return STAR * len(text)
    return text[:first] + STAR * (len(text) - first - last) + text[len(text) - last :]
