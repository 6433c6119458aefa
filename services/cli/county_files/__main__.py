"""python -m services.cli.county_files --folder demo --as-of 2026-11-21"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from services.cli.county_files import generate


def main() -> None:
    """Prints what the files hold as one line of JSON."""
    asked = argparse.ArgumentParser(description="Write a made-up county as the files a clerk would have.")
    asked.add_argument("--folder", type=Path, required=True)
    asked.add_argument("--as-of", type=date.fromisoformat, required=True)
    asked.add_argument("--households", type=int, default=3000)
    asked.add_argument("--seed", type=int, default=1)
    truth = generate(**vars(asked.parse_args()))
    sys.stdout.write(json.dumps(truth) + "\n")


if __name__ == "__main__":
    main()
