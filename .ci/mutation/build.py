"""Builds a crate with all its mutants in it. Those that do not compile are taken out until the rest does."""

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from . import rewrite
from .source import RESULTS, TREE, code_files, environment, write

ROUNDS = 40
# Errors that say the mutant itself is wrong, whichever way it is put: no such operator, no such trait, no such value.
NO_OPERATOR = {"E0277", "E0368", "E0369", "E0600", "E0614"}
NO_VALUE = NO_OPERATOR | set("E0061 E0282 E0283 E0308 E0412 E0423 E0425 E0432 E0433 E0599 E0603 E0624 E0790".split())


class BuildFailed(Exception):
    pass


class Build:
    def __init__(self, crate, mutants, code):
        self.crate = crate
        self.mutants = mutants
        self.by_file = defaultdict(list)
        for mutant in mutants:
            self.by_file[mutant.file].append(mutant)
        self.sources = {file: (TREE / file).read_bytes() for file in code_files(crate)}
        self.out = {}  # by number: the verdict and why
        self.plain = set()
        self.constant = set()  # names of functions that are called where only constant ones may be
        self.cache = RESULTS / f"{crate}.switches.json"
        self.code = code
        self.recall()

    def recall(self):
        """What did not compile last time does not now."""
        if not self.cache.exists():
            return
        kept = json.loads(self.cache.read_text())
        if kept["code"] != self.code:
            return
        numbers = {mutant.key: mutant.number for mutant in self.mutants}
        self.out = {numbers[key]: tuple(why) for key, why in kept["out"].items() if key in numbers}
        self.plain = {numbers[key] for key in kept["plain"] if key in numbers}
        self.constant = set(kept["constant"])

    def keep(self):
        keys = {mutant.number: mutant.key for mutant in self.mutants}
        out = {keys[number]: why for number, why in self.out.items()}
        plain = sorted(keys[number] for number in self.plain)
        kept = {"code": self.code, "out": out, "plain": plain, "constant": sorted(self.constant)}
        write(self.cache, json.dumps(kept, indent=1).encode())

    def run(self):
        """Gives the executables of the tests."""
        for attempt in range(ROUNDS):
            self.rewrite()
            errors, executables = compile_tests(self.crate)
            if not errors:
                self.keep()
                return executables
            before = self.progress()
            for error in errors:
                self.blame(error)
            if self.progress() == before:
                raise BuildFailed("\n".join(error["rendered"] for error in errors[:5]))
            taken = f"{len(errors)} errors, {len(self.out)} mutants taken out"
            print(f"{self.crate}: build {attempt + 1}: {taken}", flush=True)
        raise BuildFailed(f"still does not build after {ROUNDS} rounds")

    def restore(self):
        for file, source in self.sources.items():
            write(TREE / file, source)

    def progress(self):
        return len(self.out), len(self.plain), len(self.constant)

    def rewrite(self):
        self.regions = {}
        library = f"crates/{self.crate}/src/lib.rs"
        for file, source in self.sources.items():
            wanted = [mutant for mutant in self.by_file[file] if mutant.number not in self.out]
            text, self.regions[file], refused = rewrite.rewrite(source, wanted, self.plain, self.constant)
            for number, why in refused.items():
                verdict = "unviable" if why == rewrite.LET_CHAIN else "left"
                self.out[number] = (verdict, why)
            if file == library:
                text += rewrite.MODULE.replace("COUNT", str(len(self.mutants))).encode()
            write(TREE / file, text)

    def blame(self, error):
        """Takes out what an error points at most closely."""
        code = (error.get("code") or {}).get("code") or ""
        why = f"{code}: {error['message']}".strip(": ")
        name = not_constant(error["message"])
        if name is not None and name not in self.constant:
            self.constant.add(name)
            return None
        spans = [place for primary in (True, False) for place in self.places(error, primary)]
        if code == "E0004" and self.take_out_arms(spans, why):
            return None
        for kind in ("branch", "site"):
            for file, start, end in spans:
                region = self.closest(file, start, end, kind)
                if region is not None:
                    return self.take_out(region, code, why)
        for file, start, end in spans:
            region = self.nearest(file, start, end)
            if region is not None:
                return self.take_out(region, code, why)

    def places(self, error, primary):
        for span in error["spans"]:
            if span["is_primary"] == primary:
                yield from self.expansions(span)

    def expansions(self, span):
        while span is not None:
            if span["file_name"] in self.regions:
                yield span["file_name"], span["byte_start"], span["byte_end"]
            span = (span.get("expansion") or {}).get("span")

    def holding(self, file, start, end, kind):
        return [r for r in self.regions[file] if r.kind == kind and r.start <= start and end <= r.end]

    def closest(self, file, start, end, kind):
        return min(self.holding(file, start, end, kind), key=lambda r: r.end - r.start, default=None)

    def inside(self, file, start, end, kind):
        """The places within the closest region of the kind."""
        around = self.closest(file, start, end, kind)
        sites = (region for region in self.regions[file] if region.kind == "site")
        return [r for r in sites if around is not None and around.start <= r.start and r.end <= around.end]

    def nearest(self, file, start, end):
        inside = self.inside(file, start, end, "function_item")
        return min(inside, key=lambda r: max(r.start - end, start - r.end), default=None)

    def take_out_arms(self, spans, why):
        """A match is not exhaustive where an arm that can be deleted was the only one of its kind."""
        numbers = {n for span in spans for r in self.inside(*span, "match_expression") for n in r.mutants}
        arms = {n for n in numbers if self.mutants[n].genre == "MatchArm"}
        self.out.update((number, ("left", why)) for number in arms)
        return arms

    def take_out(self, region, code, why):
        numbers = [number for number in region.mutants if number not in self.out]
        operator = any(self.mutants[number].genre in ("BinaryOperator", "UnaryOperator") for number in numbers)
        if region.kind == "site" and operator and not self.plain.intersection(numbers):
            self.plain.update(numbers)
            return
        for number in numbers:
            certain = region.kind == "branch" and is_certain(self.mutants[number], code)
            self.out[number] = ("unviable" if certain else "left", why)


def not_constant(message):
    """The function that has to stay constant."""
    match = re.match(r"cannot call non-const .*?`(.+)` in", message)
    if match is None or match[1].endswith("__mutant::on"):
        return None
    path = re.sub(r"(::)?<[^<>]*>", "", match[1])
    return path.split("::")[-1]


def is_certain(mutant, code):
    """Whether cargo-mutants would find the same. Alone, a mutant might satisfy a hidden return type."""
    if mutant.genre == "FnValue":
        return code in NO_VALUE and "impl " not in mutant.returns
    return code in NO_OPERATOR


def compile_tests(crate):
    command = ["cargo", "test", "--no-run", "--locked", "--package", crate, "--tests", "--message-format=json"]
    done = subprocess.run(command, cwd=TREE, env=environment(), capture_output=True, text=True)
    errors, executables, seen = [], [], set()
    for line in done.stdout.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            executables.append((message["target"]["name"], Path(message["executable"])))
        if message["reason"] == "compiler-message" and message["message"]["level"].startswith("error"):
            if message["message"]["spans"] and message["message"]["rendered"] not in seen:
                seen.add(message["message"]["rendered"])
                errors.append(message["message"])
    if done.returncode != 0 and not errors:
        raise BuildFailed(done.stderr[-4000:])
    return errors, executables
