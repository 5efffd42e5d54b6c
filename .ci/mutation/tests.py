"""Runs single tests, each in a process of its own, and finds out which mutants each of them reaches."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .source import RESULTS, TREE, write

# A mutant may allocate without end.
MEMORY = 8 << 30
SHORTEST_LIMIT = 10.0
BASELINE_LIMIT = 240.0
# What a test reaches may hang on chance and time: it is the sum over so many runs.
BASELINE_RUNS = 2

RUNNING = set()  # first processes of tests, each with a session of its own


@dataclass
class Test:
    binary: str
    executable: str
    name: str
    seconds: float = 0.0
    reaches: frozenset = frozenset()

    @property
    def title(self):
        return f"{self.binary}::{self.name}"

    @property
    def limit(self):
        return max(SHORTEST_LIMIT, 10 * self.seconds)


class Runner:
    def __init__(self, crate, jobs):
        self.directory = TREE / "crates" / crate
        self.jobs = jobs
        self.own = {
            "CARGO_MANIFEST_DIR": str(self.directory),
            "CARGO_PKG_NAME": crate,
            # That a property fails is enough; what the smallest example would be is not asked.
            "PROPTEST_MAX_SHRINK_ITERS": "0",
            "INSTA_UPDATE": "no",
            "INSTA_WORKSPACE_ROOT": str(TREE),
        }

    @property
    def environment(self):
        return {**os.environ, **self.own}

    def run(self, test, limit, mutant=None, reached=None):
        """`passed`, `failed` or `timeout`, and the seconds it took."""
        environment = self.environment
        if mutant is not None:
            environment["PORTCULLIS_MUTANT"] = str(mutant)
        if reached is not None:
            environment["PORTCULLIS_MUTANT_REACHED"] = str(reached)
        started = time.monotonic()
        process = subprocess.Popen(
            [test.executable, "--exact", test.name, "--test-threads", "1"], cwd=self.directory, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        late = wait(process, limit)
        seconds = time.monotonic() - started
        if late:
            return "timeout", seconds
        return ("passed" if process.returncode == 0 else "failed"), seconds


def wait(process, limit):
    """Ends the whole session with its first process, before the process id can be given to another one."""
    late = threading.Event()
    RUNNING.add(process.pid)

    def end_late():
        late.set()
        end_group(process.pid)

    timer = threading.Timer(limit, end_late)
    timer.start()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    timer.cancel()
    timer.join()
    end_group(process.pid)
    RUNNING.discard(process.pid)
    process.wait()
    return late.is_set()


def end_group(leader):
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


@contextmanager
def bounded():
    """What tests leave behind when they are cut off goes with the directory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    core, hard_core = resource.getrlimit(resource.RLIMIT_CORE)
    before = os.environ.get("TMPDIR")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard_core))
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as directory:
        os.environ["TMPDIR"] = directory
        end_tests_when_interrupted(directory)
        try:
            yield
        finally:
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
            resource.setrlimit(resource.RLIMIT_CORE, (core, hard_core))


def end_tests_when_interrupted(directory):
    """Verdicts are on disk already; what runs must not be left running."""

    def interrupted(*_):
        for leader in list(RUNNING):
            end_group(leader)
        shutil.rmtree(directory, ignore_errors=True)
        os._exit(130)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)


def baseline(runner, crate, executables):
    """Every test with what it takes and reaches, quickest first, without those that fail on their own."""
    kept = RESULTS / f"{crate}.baseline.json"
    key = fingerprint(executables)
    known = json.loads(kept.read_text()) if kept.exists() else {}
    if known.get("key") != key:
        known = {"key": key, "tests": measure(runner, crate, executables)}
        write(kept, json.dumps(known).encode())
    tests = [Test(**{**one, "reaches": frozenset(one["reaches"])}) for one in known["tests"]]
    return sorted(tests, key=lambda test: test.seconds)


def fingerprint(executables):
    digest = hashlib.sha256()
    for _, path in executables:
        digest.update(f"{path}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def measure(runner, crate, executables):
    tests = [Test(name, str(path), test) for name, path in executables for test in names(path, runner)]
    print(f"{crate}: {len(tests)} tests, unmutated", flush=True)
    with ThreadPoolExecutor(runner.jobs) as pool:
        measured = [test for test in pool.map(lambda test: measure_one(runner, test), tests) if test is not None]
    return [{**vars(test), "reaches": sorted(test.reaches)} for test in measured]


def names(path, runner):
    def listed(*more):
        out = subprocess.run(
            [path, "--list", "--format", "terse", *more], cwd=runner.directory, env=runner.environment, check=True,
            capture_output=True, text=True,
        ).stdout
        return [line.removesuffix(": test") for line in out.splitlines() if line.endswith(": test")]

    ignored = set(listed("--ignored"))
    return [name for name in listed() if name not in ignored]


def measure_one(runner, test):
    with tempfile.TemporaryDirectory() as directory:
        reached = Path(directory) / "reached"
        outcomes = [runner.run(test, BASELINE_LIMIT, reached=reached) for _ in range(BASELINE_RUNS)]
        if all(outcome != "passed" for outcome, _ in outcomes):
            print(f"{test.title} fails unmutated and is left out", flush=True)
            return None
        test.seconds = max(seconds for _, seconds in outcomes)
        lines = reached.read_text().split() if reached.exists() else []
        test.reaches = frozenset(int(line) for line in lines)
    return test
