"""Where tables go: to the screen, and, if the environment has MEMWIRE_BLESS, to docs/performance.md."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def tell(name, text):
    """Puts the text between the marks of that name."""
    print(text)
    if "MEMWIRE_BLESS" in os.environ:
        path = ROOT / "docs/performance.md"
        before, mark, rest = path.read_text().partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->\n")
        assert mark and end, f"{path} has no place for {name}"
        path.write_text(f"{before}{mark}\n{text}\n\n{end}{after}")
