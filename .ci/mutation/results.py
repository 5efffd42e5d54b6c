"""The verdicts that are known, and what they say in sum."""

import json
import threading
from collections import Counter

from .source import RESULTS, ROOT, fingerprints, mutants

COLUMNS = ("caught", "missed", "timeout", "unviable", "left")


class Results:
    """One line for each verdict; the last one counts. A verdict stands as long as the crate's code is the same, and one
    that no test noticed only as long as its tests are the same too."""

    def __init__(self, crate, root):
        self.crate = crate
        self.path = RESULTS / f"{crate}.jsonl"
        self.code, self.everything = fingerprints(crate, root)
        self.lock = threading.Lock()
        self.known = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                verdict = json.loads(line)
                if self.stands(verdict):
                    self.known[verdict["mutant"]] = verdict
                else:
                    self.known.pop(verdict["mutant"], None)

    def stands(self, verdict):
        if verdict["code"] != self.code:
            return False
        return verdict["verdict"] != "missed" or verdict["everything"] == self.everything

    def __contains__(self, mutant):
        return mutant.key in self.known

    def verdict(self, mutant):
        return self.known.get(mutant.key, {}).get("verdict")

    def add(self, mutant, verdict, by=None):
        line = {"mutant": mutant.key, "verdict": verdict, "by": by, "code": self.code, "everything": self.everything}
        with self.lock:
            self.known[mutant.key] = line
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")


def summary(crates):
    print("| crate | mutants | caught | missed | timeout | unviable | not yet built alone | not yet run |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    lists = []
    for crate in crates:
        results, found = Results(crate, ROOT), mutants(crate, ROOT)
        counts = Counter(results.verdict(mutant) for mutant in found)
        print(f"| {crate} | {len(found)} | {' | '.join(str(counts[c]) for c in COLUMNS)} | {counts[None]} |")
        lists += [survivors(crate, results, found), unfinished(crate, results, found)]
    print("".join(lists), end="")


def survivors(crate, results, found):
    missed = [mutant for mutant in found if results.verdict(mutant) == "missed"]
    return listed(f"Survivors in `{crate}`", missed)


def unfinished(crate, results, found):
    left = [mutant for mutant in found if results.verdict(mutant) == "left"]
    return listed(f"Left to `.ci/mutants leftovers {crate}`", left)


def listed(title, some):
    lines = "".join(f"- `{m.file}:{m.span['start']['line']}`: `{m.name.split(': ', 1)[1]}`\n" for m in some)
    return f"\n{title}:\n\n{lines}" if some else ""
