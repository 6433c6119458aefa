"""The code that decides who sees what, broken on purpose in one place at a time: each time some test must fail."""
