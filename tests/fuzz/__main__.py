"""``python -m tests.fuzz --count 500 --seed 0``: import mutated files; exits with 1 on a wrong result."""

import argparse
import sys
from collections import Counter

from tests.fuzz.mutations import mutate
from tests.fuzz.verdict import verdict

options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
options.add_argument("--count", type=int, default=500)
options.add_argument("--seed", type=int, default=0, help="of the first file; the others follow")
asked = options.parse_args()

ends: Counter[str] = Counter()
wrong = 0
for seed in range(asked.seed, asked.seed + asked.count):
    name, good, mutated = mutate(seed)
    end, fault = verdict(good, mutated)
    ends[end] += 1
    if fault is not None:
        wrong += 1
        lines = "all" if mutated.lines is None else sorted(mutated.lines)
        print(f"seed {seed}: {name} in {good.name}, {mutated.file} lines {lines}: {fault}"[:600])  # noqa: T201
print(f"{asked.count} files: {', '.join(f'{n} {end}' for end, n in ends.most_common())}; {wrong} wrong")  # noqa: T201
sys.exit(bool(wrong))
