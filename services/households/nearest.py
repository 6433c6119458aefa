"""A standard asked for within a statement of sets, for each household by its village: the nearest place wins, as
everywhere (kit/store/reference.py)."""


def nearest(key: str, otherwise: int) -> str:
    """The value of `key` on `:today` for the village of `h`; `otherwise` where nothing holds there."""
    return (
        f"coalesce((SELECT s.value FROM standard s WHERE s.key = '{key}' AND s.valid @> CAST(:today AS date)"  # noqa: S608
        " AND s.population_class = '' AND starts_with(h.village, s.division)"
        f" ORDER BY length(s.division) DESC LIMIT 1), {otherwise})"
    )
