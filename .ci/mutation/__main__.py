"""For each crate: list the mutants, build them all at once, see which tests reach which, try each mutant with those.

1. The sources of the crate are rewritten so that each mutant is there beside the original, behind a switch that is read
   from the environment (`rewrite`). An operator is changed where it stands: what its operands are stays as it was, even
   if the new operator written in the same place would bind them otherwise.
2. What does not compile is taken out: for good if the mutant itself cannot be, else for step 5 (`build`).
3. Every test runs on its own, unmutated, and says which switches it came by (`tests`).
4. Every mutant is tried with the tests that came by it, until one fails twice or does not end (`verdicts`).
5. What cannot be switched, such as constants, is left to cargo-mutants, one build for each (`leftovers`).
"""

import argparse
import fcntl
import os
import re
import sys
import time

from . import leftovers
from .build import Build, BuildFailed
from .results import Results, summary
from .source import FILES, OUT, RESULTS, TREE, copy_tree, mutants
from .tests import Runner, baseline, bounded
from .verdicts import Trial


def main():
    arguments = parse()
    if arguments.what == "summary":
        return summary(arguments.crates)
    # Whoever else works on this machine comes first.
    os.nice(5)
    RESULTS.mkdir(parents=True, exist_ok=True)
    lock = locked()
    # Once: all of a run is about the same tree, whatever is being written meanwhile.
    copy_tree()
    for crate in arguments.crates:
        started = time.monotonic()
        if arguments.what == "run":
            switched(crate, arguments)
        alone(crate, arguments)
        print(f"{crate}: took {time.monotonic() - started:.0f} s", flush=True)
    summary(arguments.crates)


def locked():
    """One run at a time: there is one copy of the tree."""
    lock = (OUT / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another run to end", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def parse():
    words = sys.argv[1:]
    what = words.pop(0) if words and words[0] in ("summary", "leftovers") else "run"
    parser = argparse.ArgumentParser(prog=".ci/mutants", allow_abbrev=False)
    parser.add_argument("--shard", type=shard, default=(0, 1), metavar="K/N")
    parser.add_argument("--only", type=re.compile, metavar="REGEX", help="what cargo-mutants calls them")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--limit", type=int, default=leftovers.LIMIT, metavar="N", help="how many to build alone")
    parser.add_argument("crates", nargs="*", metavar="crate")
    arguments = parser.parse_args(words)
    unknown = set(arguments.crates) - set(FILES)
    if unknown:
        parser.error(f"no guards are listed for {', '.join(sorted(unknown))}: one of {', '.join(FILES)}")
    arguments.crates = arguments.crates or list(FILES)
    arguments.what = what
    return arguments


def shard(text):
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or int(match[1]) >= int(match[2]):
        raise argparse.ArgumentTypeError("takes K/N, K from 0 to N-1")
    return int(match[1]), int(match[2])


def chosen(found, arguments):
    k, n = arguments.shard
    return [m for m in found[k::n] if arguments.only is None or arguments.only.search(m.name)]


def switched(crate, arguments):
    found, results = mutants(crate, TREE), Results(crate, TREE)
    todo = [mutant for mutant in chosen(found, arguments) if mutant not in results]
    print(f"{crate}: {len(found)} mutants, {len(todo)} to be tried", flush=True)
    if not todo:
        return
    build = Build(crate, found, results.code)
    try:
        executables = build.run()
    except BuildFailed as why:
        raise SystemExit(f"{crate} does not build:\n{why}")
    finally:
        build.restore()
    for mutant in todo:
        if mutant.number in build.out:
            results.add(mutant, *build.out[mutant.number])
    todo = [mutant for mutant in todo if mutant.number not in build.out]
    with bounded():
        runner = Runner(crate, arguments.jobs)
        Trial(runner, baseline(runner, crate, executables), results, todo).run()


def alone(crate, arguments):
    results = Results(crate, TREE)
    left = [mutant for mutant in chosen(mutants(crate, TREE), arguments) if results.verdict(mutant) == "left"]
    if left:
        leftovers.run(crate, results, left, arguments.limit)


main()
