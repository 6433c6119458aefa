"""Shouwang's services. What they import stays until they end: looking through it again and again while it is imported
took a fifth of each start."""

import gc

gc.set_threshold(100_000, 20, 100)
