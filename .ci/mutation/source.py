"""The tree, its copy, the mutants that cargo-mutants finds in it, and what a verdict hangs on."""

import hashlib
import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import tree_sitter
import tree_sitter_rust

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target" / "mutants"
TREE = OUT / "tree"
RESULTS = OUT / "results"

# Raised when the same sources would get other verdicts than before.
EDITION = "1"

# The files that hold guards.
FRONT = """
    accept address body door hosts legacy line media modern open peer post reply route said session settings stdio
    table tls wire
""".split()
FILES = {
    "identity": ["crates/identity/src/**/*.rs"],
    "audit": ["crates/audit/src/**/*.rs"],
    "policy": ["crates/policy/src/**/*.rs"],
    "gate": ["crates/gate/src/**/*.rs"],
    "front": [f"crates/front/src/{name}.rs" for name in FRONT],
}

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))


@dataclass
class Mutant:
    number: int  # what switches it on
    key: str  # stays the same when lines move
    name: str  # as cargo-mutants shows it
    file: str
    function: str
    returns: str
    genre: str
    replacement: str
    span: dict


def environment():
    """Of every build, so that all of them share what they build."""
    defaults = {
        "CARGO_TARGET_DIR": str(OUT / "build"),
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "RUSTFLAGS": "--cap-lints=allow",
    }
    return {**os.environ, **defaults}


def listed_files():
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")
    return sorted({name for name in names if name and (ROOT / name).is_file()})


def copy_tree():
    """Files that are the same already keep their times, the others get new ones: that is what cargo goes by."""
    wanted = listed_files()
    for name in wanted:
        write(TREE / name, (ROOT / name).read_bytes(), (ROOT / name).stat().st_mode)
    stale = {path for path in TREE.rglob("*") if path.is_file()} - {TREE / name for name in wanted}
    for path in stale:
        path.unlink()


def write(path, content, mode=None):
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if mode is not None:
        path.chmod(mode)


def mutants(crate, root):
    command = ["cargo", "mutants", "--dir", str(root), "--list", "--json", "--package", crate]
    for pattern in FILES[crate]:
        if "*" in pattern or (root / pattern).exists():
            command += ["--file", pattern]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout)
    seen = Counter()
    return [mutant(number, one, seen) for number, one in enumerate(found)]


def mutant(number, one, seen):
    function = one["function"] or {"function_name": "", "return_type": ""}
    place, what = re.fullmatch(r"(.+?:\d+:\d+): (.*)", one["name"], re.DOTALL).groups()
    same = f"{one['file']}: {what}"
    seen[same] += 1
    return Mutant(
        number=number, key=f"{same} #{seen[same]}", name=f"{place}: {what}", file=one["file"],
        function=function["function_name"], returns=function["return_type"], genre=one["genre"],
        replacement=one["replacement"], span=one["span"],
    )


def fingerprints(crate, root):
    """Of the crate without its tests, and of all of it."""
    code, everything = hashlib.sha256(EDITION.encode()), hashlib.sha256()
    for name in files_of(crate, root):
        content = (root / name).read_bytes()
        add(everything, name, content)
        if is_code(name):
            add(code, name, without_tests(content) if name.endswith(".rs") else content)
    return code.hexdigest()[:16], everything.hexdigest()[:16]


def add(digest, name, content):
    digest.update(f"{name}\0{len(content)}\0".encode() + content)


def code_files(crate):
    return [name for name in files_of(crate, TREE) if name.endswith(".rs") and is_code(name)]


def files_of(crate, root):
    return [name for name in listed_files() if name.startswith(f"crates/{crate}/") and (root / name).exists()]


def is_code(name):
    _, _, *inside = name.split("/")
    if inside[0] == "src":
        return "tests" not in inside and not re.search(r"(^|_)tests\.rs$", inside[-1])
    return inside == ["Cargo.toml"]


def without_tests(content):
    out, at = [], 0
    for start, end in test_items(PARSER.parse(content).root_node):
        if start >= at:
            out.append(content[at:start])
            at = end
    return b"".join(out) + content[at:]


def test_items(node):
    pending = None
    for child in node.children:
        if child.type == "attribute_item":
            if child.text == b"#[cfg(test)]":
                pending = child.start_byte
        elif pending is not None and not child.type.endswith("comment"):
            yield pending, child.end_byte
            pending = None
        else:
            yield from test_items(child)
