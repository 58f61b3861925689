"""The bank needs nothing but Python itself, so that any Python can reproduce it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_bank_imports_the_standard_library_only() -> None:
    code = (
        f"import json, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "import mcq.bank.build\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(json.dumps(sorted(tops - sys.stdlib_module_names)))"
    )
    # -S: without site-packages, nothing else could be imported anyway.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) <= {"__main__", "__mp_main__", "mcq"}
