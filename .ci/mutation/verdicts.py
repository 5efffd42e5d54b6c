"""Holds each mutant against the tests that reach it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

PROGRESS_SECONDS = 30


class Trial:
    def __init__(self, runner, tests, results, todo):
        self.runner = runner
        self.tests = tests
        self.results = results
        self.todo = todo
        self.last_catch = {}  # by function: the test that noticed a mutant there is likely to notice the next
        self.lock = threading.Lock()
        self.done = self.missed = 0
        self.said = time.monotonic()

    def run(self):
        with ThreadPoolExecutor(self.runner.jobs) as pool:
            for _ in pool.map(self.judge, self.todo):
                pass
        self.say()

    def judge(self, mutant):
        verdict, by = self.verdict(mutant)
        self.results.add(mutant, verdict, by)
        with self.lock:
            self.done += 1
            if verdict == "missed":
                self.missed += 1
                print(f"missed: {mutant.name}" + ("" if by else " (no test reaches it)"), flush=True)
            if time.monotonic() - self.said > PROGRESS_SECONDS:
                self.say()

    def say(self):
        print(f"{self.results.crate}: {self.done} of {len(self.todo)}, {self.missed} missed", flush=True)
        self.said = time.monotonic()

    def verdict(self, mutant):
        reaching = [test for test in self.tests if mutant.number in test.reaches]
        place = (mutant.file, mutant.function)
        likely = self.last_catch.get(place)
        reaching.sort(key=lambda test: test.title != likely)
        for test in reaching:
            outcome = self.outcome(test, mutant)
            if outcome != "passed":
                self.last_catch[place] = test.title
                return ("timeout" if outcome == "timeout" else "caught"), test.title
        return "missed", (f"{len(reaching)} tests" if reaching else None)

    def outcome(self, test, mutant):
        """A failure counts when it happens twice."""
        outcome, _ = self.runner.run(test, test.limit, mutant.number)
        if outcome == "failed":
            outcome, _ = self.runner.run(test, test.limit, mutant.number)
        return outcome
