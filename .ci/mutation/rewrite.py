"""Puts all mutants of a file into it, each behind its switch.

Operands are written once, however many mutants an operator has, or chains of operators would grow beyond measure. A
place where that does not compile falls back to an `if` with the operands written out in every branch.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from .source import PARSER

MODULE = """
mod __mutant {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    struct State {
        active: Option<usize>,
        reached: Option<std::fs::File>,
    }

    static STATE: OnceLock<State> = OnceLock::new();
    static SEEN: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

    fn state() -> State {
        let reached = std::env::var_os("PORTCULLIS_MUTANT_REACHED")
            .and_then(|path| std::fs::OpenOptions::new().append(true).create(true).open(path).ok());
        let active = std::env::var("PORTCULLIS_MUTANT").ok().and_then(|number| number.parse().ok());
        State { active, reached }
    }

    pub(crate) fn on(number: usize) -> bool {
        let state = STATE.get_or_init(state);
        if let Some(mut file) = state.reached.as_ref() {
            if !SEEN[number].swap(true, Relaxed) {
                let _ = file.write_all(format!("{number}\\n").as_bytes());
            }
        }
        state.active == Some(number)
    }
}
"""


@dataclass
class Region:
    """A stretch of the rewritten file: one mutant's own text, the whole of its place, or what has places in it."""

    kind: str
    mutants: tuple
    start: int = 0
    end: int = 0


@dataclass
class Site:
    """A place in the source where one or more mutants apply."""

    form: object  # the method that writes it
    node: object
    mutants: list = field(default_factory=list)
    parts: dict = field(default_factory=dict)  # by mutant: the part of the node that it is about


LET_CHAIN = "operator of a let chain"


class NotSwitchable(Exception):
    pass


def rewrite(source, mutants, plain, constant):
    """Gives the new text, its regions, and why some mutants are not in it.

    `plain` are the mutants to write with operands repeated, `constant` the names of the functions that have to stay
    constant. All others become ordinary ones, which can be switched.
    """
    return Rewriter(source, plain, constant).rewrite(mutants)


class Rewriter:
    def __init__(self, source, plain, constant):
        assert not re.search(rb"[\x00\x01\x02]", source)
        self.plain = plain
        self.source = source
        self.root = PARSER.parse(source).root_node
        for start in sorted(self.constants(self.root, constant), reverse=True):
            # Blanks keep every place where cargo-mutants says it is.
            self.source = self.source[:start] + b"     " + self.source[start + 5 :]
        self.root = PARSER.parse(self.source).root_node
        self.lines = self.source.split(b"\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.sites = {}
        self.regions = []

    def rewrite(self, mutants):
        refused = {}
        for mutant in mutants:
            try:
                self.place(mutant)
            except NotSwitchable as why:
                refused[mutant.number] = str(why)
        self.places = sorted(start for start, _, _ in self.sites)
        marked = self.text(self.root)
        return *self.unmark(marked), refused

    def constants(self, node, stay):
        """Where functions are called `const` that need not be."""
        for child in node.children:
            if child.type == "function_modifiers" and node.child_by_field_name("name").text.decode() not in stay:
                yield from (word.start_byte for word in child.children if word.text == b"const")
            yield from self.constants(child, stay)

    # Where a mutant goes.

    def offset(self, at):
        """Columns count characters, from 1."""
        line = self.lines[at["line"] - 1].decode()
        return self.starts[at["line"] - 1] + len(line[: at["column"] - 1].encode())

    def place(self, mutant):
        start, end = self.offset(mutant.span["start"]), self.offset(mutant.span["end"])
        node = self.root.descendant_for_byte_range(start, end)
        form, node, part = self.find(mutant, node, start)
        refuse_constants(node)
        key = (node.start_byte, node.end_byte, node.type)
        site = self.sites.setdefault(key, Site(form, node))
        site.mutants.append(mutant)
        site.parts[mutant.number] = part

    def find(self, mutant, node, start):
        match mutant.genre:
            case "FnValue" if mutant.returns.startswith("-> impl"):
                raise NotSwitchable("hidden return type")
            case "FnValue":
                block = climb(node, "block", lambda n: n.parent.type == "function_item")
                return self.body, block, None
            case "BinaryOperator":
                return self.find_operator(node)
            case "UnaryOperator":
                return self.unary, climb(node, "unary_expression", lambda n: n.start_byte == start), None
            case "MatchArm":
                return self.arm, climb(node, "match_arm").child_by_field_name("pattern"), "arm"
            case "MatchArmGuard":
                pattern = climb(node, "match_pattern")
                if pattern.child_by_field_name("condition").type.startswith("let"):
                    raise NotSwitchable("guard with let")
                return self.arm, pattern, "guard"
            case "StructField":
                # The span goes on to the comma.
                first = self.root.descendant_for_byte_range(start, start + 1)
                part = climb(first, "field_initializer", "shorthand_field_initializer")
                return self.struct, climb(part, "struct_expression"), part
        raise NotSwitchable(f"genre {mutant.genre}")

    def find_operator(self, token):
        node = token.parent
        if node.type == "let_chain":
            raise NotSwitchable(LET_CHAIN)
        if node.type == "compound_assignment_expr":
            return self.assignment, node, None
        if node.type != "binary_expression" or node.child_by_field_name("operator") != token:
            raise NotSwitchable(f"operator in {node.type}")
        match node.child_by_field_name("operator").type:
            case "&&" | "||":
                return self.lazy, node, None
            case "==" | "!=":
                return self.equality, node, None
            case "<" | "<=" | ">" | ">=":
                return self.comparison, node, None
        return self.arithmetic, node, None

    # How the text is put together. Marks become regions at the end.

    def text(self, node):
        site = self.sites.get((node.start_byte, node.end_byte, node.type))
        if site is not None and site.form == self.body:
            return site.form(site)
        if site is not None:
            return self.mark("site", [m.number for m in site.mutants], site.form(site))
        inner = self.unswitched(node)
        if node.type in ("function_item", "match_expression") and self.has_sites(node):
            return self.mark(node.type, [], inner)
        return inner

    def has_sites(self, node):
        at = bisect_left(self.places, node.start_byte)
        return at < len(self.places) and self.places[at] < node.end_byte

    def unswitched(self, node, without=None):
        if not self.has_sites(node) and without is None:
            return self.source[node.start_byte : node.end_byte]
        out, at, comma = [], node.start_byte, False
        for child in node.children:
            if child == without or (comma and child.type == ","):
                out.append(self.source[at : child.start_byte])
                at, comma = child.end_byte, child == without
                continue
            out += [self.source[at : child.start_byte], self.text(child)]
            at, comma = child.end_byte, False
        return b"".join(out) + self.source[at : node.end_byte]

    def mark(self, kind, numbers, text):
        self.regions.append(Region(kind, tuple(numbers)))
        return b"\0%d\1%b\2" % (len(self.regions) - 1, text)

    def unmark(self, marked):
        """Of what is written twice, every copy is a region."""
        out, regions, open_regions, length = [], [], [], 0
        for mark, number, text in re.findall(rb"(\x00(\d+)\x01|\x02)|([^\x00\x02]+)", marked):
            if text:
                out.append(text)
                length += len(text)
            elif number:
                known = self.regions[int(number)]
                open_regions.append(Region(known.kind, known.mutants, length))
            else:
                open_regions[-1].end = length
                regions.append(open_regions.pop())
        return b"".join(out), regions

    def cases(self, site, mutated, original):
        """`if … else if … else`, as one expression."""
        out = b""
        for mutant in site.mutants:
            branch = self.mark("branch", [mutant.number], mutated(mutant))
            out += b"if %b { %b } else " % (switch(mutant), branch)
        return out + b"{ " + original + b" }"

    # The forms.

    def body(self, site):
        """Only what is put in front counts as the mutants' place."""
        front = b""
        for mutant in site.mutants:
            value = self.mark("branch", [mutant.number], b"return " + mutant.replacement.encode() + b";")
            front += b" if %b { %b }" % (switch(mutant), value)
        front = self.mark("site", [m.number for m in site.mutants], front)
        return b"{" + front + self.unswitched(site.node)[1:]

    def operands(self, node):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        return self.text(left), node.child_by_field_name("operator").text, self.text(right)

    def is_plain(self, site):
        return any(mutant.number in self.plain for mutant in site.mutants)

    def written_out(self, site):
        left, operator, right = self.operands(site.node)
        mutated = lambda m: b"(%b) %b (%b)" % (left, m.replacement.encode(), right)
        return b"(" + self.cases(site, mutated, b"(%b) %b (%b)" % (left, operator, right)) + b")"

    def lazy(self, site):
        """Either way the right operand counts if the left one says so: `&&` and `||` differ in what it has to say."""
        if self.is_plain(site) or len(site.mutants) > 1:
            return self.written_out(site)
        left, operator, right = self.operands(site.node)
        on = switch(site.mutants[0])
        if operator == b"&&":
            return b"(if (%b) != %b { %b } else { %b })" % (left, on, right, on)
        return b"(if (%b) == %b { %b } else { !%b })" % (left, on, right, on)

    def equality(self, site):
        if self.is_plain(site) or len(site.mutants) > 1:
            return self.written_out(site)
        left, operator, right = self.operands(site.node)
        return b"(((%b) %b (%b)) != %b)" % (left, operator, right, switch(site.mutants[0]))

    def comparison(self, site):
        if self.is_plain(site):
            return self.written_out(site)
        left, operator, right = self.operands(site.node)
        cases = self.cases(site, lambda m: b"*l %b *r" % m.replacement.encode(), b"*l %b *r" % operator)
        return b"(match (&(%b), &(%b)) { (l, r) => %b })" % (left, right, cases)

    def arithmetic(self, site):
        if self.is_plain(site):
            return self.written_out(site)
        left, operator, right = self.operands(site.node)
        cases = self.cases(site, lambda m: b"l %b r" % m.replacement.encode(), b"l %b r" % operator)
        return b"(match (%b, %b) { (l, r) => %b })" % (left, right, cases)

    def assignment(self, site):
        left, operator, right = self.operands(site.node)
        if self.is_plain(site):
            value, head, tail = b"(" + right + b")", b"(", b")"
        else:
            value, head, tail = b"r", b"(match " + right + b" { r => ", b" })"
        mutated = lambda m: b"%b %b %b" % (left, m.replacement.encode(), value)
        return head + self.cases(site, mutated, b"%b %b %b" % (left, operator, value)) + tail

    def unary(self, site):
        operator, operand = site.node.children[0].text, self.text(site.node.children[-1])
        if self.is_plain(site):
            return b"(" + self.cases(site, lambda m: operand, b"%b(%b)" % (operator, operand)) + b")"
        return b"(match %b { v => %b })" % (operand, self.cases(site, lambda m: b"v", operator + b"v"))

    def arm(self, site):
        node = site.node
        guard = node.child_by_field_name("condition")
        pattern = self.source[node.start_byte : node.end_byte]
        conditions = []
        for mutant in site.mutants:
            if site.parts[mutant.number] == "arm":
                conditions.append(b"!" + switch(mutant))
        if guard is not None:
            pattern = self.source[node.start_byte : guard.start_byte].rstrip().removesuffix(b"if")
            conditions.append(self.guard(site, guard))
        return pattern + b" if " + b" && ".join(conditions) + b" "

    def guard(self, site, guard):
        text = self.text(guard)
        if guard.type.startswith("let"):
            return text
        text = b"(" + text + b")"
        for mutant in site.mutants:
            if site.parts[mutant.number] == "guard":
                on = switch(mutant)
                text = b"(%b || %b)" % (on, text) if mutant.replacement == "true" else b"(!%b && %b)" % (on, text)
        return text

    def struct(self, site):
        fields = site.node.child_by_field_name("body")
        head = self.source[site.node.start_byte : fields.start_byte]
        mutated = lambda m: head + self.unswitched(fields, without=site.parts[m.number])
        return b"(" + self.cases(site, mutated, head + self.unswitched(fields)) + b")"


def switch(mutant):
    return b"crate::__mutant::on(%d)" % mutant.number


def climb(node, *kinds_and_check):
    check = kinds_and_check[-1] if callable(kinds_and_check[-1]) else lambda n: True
    while node is not None and not (node.type in kinds_and_check and check(node)):
        node = node.parent
    if node is None:
        raise NotSwitchable("not where it was expected")
    return node


def refuse_constants(node):
    """Nothing can be switched where the compiler works values out."""
    child = node
    while (parent := child.parent) is not None:
        if parent.type in ("ERROR", "token_tree", "macro_invocation"):
            raise NotSwitchable("inside a macro or not understood")
        if parent.type == "closure_expression":
            return
        if parent.type == "function_item":
            if any(c.type == "function_modifiers" and b"const" in c.text.split() for c in parent.children):
                raise NotSwitchable("const fn")
            return
        if parent.type in ("const_item", "static_item", "const_block", "enum_variant", "array_type"):
            raise NotSwitchable("constant")
        if parent.type == "array_expression" and parent.child_by_field_name("length") == child:
            raise NotSwitchable("constant")
        child = parent
