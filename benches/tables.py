"""Prints the tables; with MEMWIRE_BLESS in the environment, also writes them to docs/performance.md."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def publish(name, text):
    """Print the text; if asked to, replace what is between the markers of that name."""
    print(text)
    if "MEMWIRE_BLESS" in os.environ:
        path = ROOT / "docs/performance.md"
        before, begin, rest = path.read_text().partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->\n")
        assert begin and end, f"{path} has no place for {name}"
        path.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")
