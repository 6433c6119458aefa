"""The moment all tests agree on: nine in the morning in the county."""

from datetime import UTC, date, datetime

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
