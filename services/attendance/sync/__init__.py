"""同步: what a phone on a hillside holds, and what it brings back."""
