"""What the benchmarks share: sites to measure, a crowd of clients, and how results are written down."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
BACKEND = ROOT / "backend"

# The benchmarks run from a checkout: the package is beside them, and so is what starts a site and a PostgreSQL server.
sys.path[:0] = [str(BACKEND / "src"), str(BACKEND)]
