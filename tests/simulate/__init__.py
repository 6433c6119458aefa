"""Phones on a hillside, simulated: a reference client of docs/sync.md and what befalls it."""
