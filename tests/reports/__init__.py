"""Five public reports, row by row: what of them is recorded through the API and read back (rows.toml)."""
