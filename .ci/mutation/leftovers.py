"""Mutants that cannot be switched: cargo-mutants builds and tests them one at a time."""

import json
import re
import shutil
import subprocess

from .source import OUT, TREE, environment

BATCH = 8
LIMIT = 200
VERDICTS = {"CaughtMutant": "caught", "MissedMutant": "missed", "Timeout": "timeout", "Unviable": "unviable"}


def run(crate, results, left, limit=LIMIT):
    """On the tree as it is; verdicts are kept after every few mutants."""
    for start in range(0, min(len(left), limit), BATCH):
        batch = left[start : min(start + BATCH, limit)]
        print(f"{crate}: building alone {start + 1} to {start + len(batch)} of {len(left)}", flush=True)
        for mutant, verdict in cargo_mutants(crate, batch):
            results.add(mutant, verdict, "cargo-mutants")
            if verdict == "missed":
                print(f"missed: {mutant.name}", flush=True)
    if len(left) > limit:
        print(f"{crate}: {len(left) - limit} more are left for another time", flush=True)


def cargo_mutants(crate, batch):
    """The tests have passed unmutated, so there is no need to begin with that. A constant may keep the compiler busy
    without end, hence a limit for the build too."""
    out = OUT / "alone" / crate
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command = [
        "cargo", "mutants", "--dir", str(TREE), "--in-place", "--output", str(out), "--package", crate,
        "--test-package", crate, "--test-tool", "nextest", "--cargo-arg=--locked", "--baseline", "skip",
        "--timeout", "240", "--build-timeout", "240", "--no-shuffle", "--colors", "never",
    ]
    for mutant in batch:
        command += ["--re", f"^{literally(mutant.name)}$", "--file", mutant.file]
    done = subprocess.run(command, env=environment(), cwd=TREE, capture_output=True, text=True)
    # 0: all noticed. 2: some were not. 3: some ran into the limit. All else is a failure of the run itself.
    if done.returncode not in (0, 2, 3):
        raise SystemExit(f"{crate}: cargo-mutants failed with {done.returncode}\n{done.stdout}{done.stderr}")
    by_name = {mutant.name: mutant for mutant in batch}
    for outcome in json.loads((out / "mutants.out" / "outcomes.json").read_text())["outcomes"]:
        name = outcome["scenario"]["Mutant"]["name"] if isinstance(outcome["scenario"], dict) else None
        # Deleted fields get past `--re`: more may have been tried than was asked for.
        if name in by_name and outcome["summary"] in VERDICTS:
            yield by_name[name], VERDICTS[outcome["summary"]]


def literally(text):
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", text)
