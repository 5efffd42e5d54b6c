use std::collections::{HashMap, VecDeque};

use apollo_compiler::ast::FieldDefinition;
use apollo_compiler::schema::ExtendedType;

use crate::print::Piece;
use crate::shape::{self, Shape};

/// Most object types of an interface or union that get a fragment.
const FRAGMENTS: usize = 10;
/// The size of a page that a field inside an operation asks for.
const PAGE: usize = 10;

/// How large a selection may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    /// How many fields stand inside one another, the root field counted.
    pub(crate) depth: usize,
    /// How many fields there are, the root field counted.
    pub(crate) fields: usize,
}

/// A selection set in the making: a field's, or a fragment's.
struct Set<'a> {
    head: String,
    kind: &'a ExtendedType,
    /// The set that this one stands in.
    above: Option<usize>,
    /// The set of the field that the names in this one must differ in: itself, or for a fragment the set around it.
    owner: usize,
    /// How deep the field is that this is selected of.
    depth: usize,
    /// Whether it is what the operation is about, with nothing but wrappers around it.
    main: bool,
    /// Most scalars it takes when there are objects too.
    share: usize,
    leaves: Vec<String>,
    below: Vec<usize>,
    /// Response names in use, with the type of each; only an owner's count.
    used: HashMap<String, Used>,
}

struct Used {
    kind: String,
    own: bool,
}

/// The selection set of a field that returns this type; empty if the depth allows for none.
///
/// Sets are filled breadth first, so that when the cap is reached it is the far things that are missing.
pub(crate) fn select<'a>(shape: &'a Shape<'a>, kind: &'a ExtendedType, caps: Caps) -> Vec<Piece> {
    if kind.is_leaf() || caps.depth < 2 || caps.fields < 2 {
        return Vec::new();
    }
    let mut making =
        Making { shape, caps, left: caps.fields - 1, sets: Vec::new(), queue: VecDeque::new() };
    making.open(Set {
        head: String::new(),
        kind,
        above: None,
        owner: 0,
        depth: 1,
        main: true,
        share: caps.fields / 2,
        leaves: Vec::new(),
        below: Vec::new(),
        used: HashMap::new(),
    });
    while let Some(next) = making.queue.pop_front() {
        making.fill(next);
    }
    let pieces = making.pieces(0);
    if pieces.is_empty() { vec![Piece::leaf("__typename")] } else { pieces }
}

struct Making<'a> {
    shape: &'a Shape<'a>,
    caps: Caps,
    left: usize,
    sets: Vec<Set<'a>>,
    queue: VecDeque<usize>,
}

impl<'a> Making<'a> {
    fn open(&mut self, set: Set<'a>) {
        self.queue.push_back(self.sets.len());
        self.sets.push(set);
    }

    fn fill(&mut self, at: usize) {
        let (kind, fragment) = (self.sets[at].kind, self.sets[at].owner != at);
        // The field itself and one scalar; a fragment is no field, and the root has been counted.
        let needed = if fragment || at == 0 { 1 } else { 2 };
        if self.left < needed {
            return;
        }
        if needed == 2 {
            self.left -= 1;
        }
        let is_abstract = matches!(kind, ExtendedType::Interface(_) | ExtendedType::Union(_));
        if is_abstract {
            self.left -= 1;
            self.sets[at].leaves.push("__typename".to_owned());
        }
        self.fields(at, kind);
        if is_abstract && (self.sets[at].main || shape::fields(kind).is_none()) {
            self.fragments(at, kind);
        }
        if let Some(above) = self.sets[at].above {
            self.sets[above].below.push(at);
        }
    }

    fn fields(&mut self, at: usize, kind: &'a ExtendedType) {
        let Some(fields) = shape::fields(kind) else { return };
        let open = fields.values().filter(|field| shape::is_open(field));
        let (mut leaves, branches): (Vec<&FieldDefinition>, Vec<&FieldDefinition>) =
            open.map(|field| &***field).partition(|field| self.shape.is_leaf(&field.ty));
        let branches = self.branches(at, fields.contains_key("nodes"), branches);
        leaves.sort_by_key(|field| shape::leaf_rank(&field.name));
        let most = if branches.is_empty() { self.left } else { self.sets[at].share.min(self.left) };
        for field in leaves {
            if self.sets[at].leaves.len() >= most || self.left == 0 {
                break;
            }
            if let Some(head) = self.head(at, field, true) {
                self.sets[at].leaves.push(head);
                self.left -= 1;
            }
        }
        for (field, kind) in branches {
            if let Some(head) = self.head(at, field, false) {
                self.branch(at, head, kind);
            }
        }
    }

    /// The objects of a set that are to be looked into, in the order of their weight.
    fn branches(
        &self,
        at: usize,
        has_nodes: bool,
        fields: Vec<&'a FieldDefinition>,
    ) -> Vec<(&'a FieldDefinition, &'a ExtendedType)> {
        if self.sets[at].depth + 2 > self.caps.depth {
            return Vec::new();
        }
        let wrapper = shape::is_wrapper(self.sets[at].kind);
        let main = self.sets[at].main;
        let mut found: Vec<_> = fields
            .into_iter()
            .filter(|field| !(has_nodes && field.name == "edges"))
            // Only arguments of the root field can ask for the next page.
            .filter(|field| main || !wrapper || field.name != "pageInfo")
            .filter_map(|field| Some((field, self.shape.inner(&field.ty)?)))
            .filter(|(_, kind)| !self.is_around(at, kind))
            .collect();
        found.sort_by_key(|(field, kind)| shape::branch_rank(field, kind));
        found
    }

    /// Whether a set stands in a set of this type: going on would go round.
    fn is_around(&self, at: usize, kind: &ExtendedType) -> bool {
        let mut next = Some(at);
        while let Some(set) = next.and_then(|at| self.sets.get(at)) {
            if set.kind.name() == kind.name() {
                return true;
            }
            next = set.above;
        }
        false
    }

    fn branch(&mut self, at: usize, head: String, kind: &'a ExtendedType) {
        let set = &self.sets[at];
        // What a payload or a connection carries is what the operation is about.
        let carried =
            set.main && (shape::is_wrapper(set.kind) || (at == 0 && set.leaves.len() <= 2));
        let share = if carried { self.caps.fields / 4 } else { (self.caps.fields / 12).max(4) };
        let made = Set {
            head,
            kind,
            above: Some(at),
            owner: self.sets.len(),
            depth: set.depth + 1,
            main: carried,
            share,
            leaves: Vec::new(),
            below: Vec::new(),
            used: HashMap::new(),
        };
        self.open(made);
    }

    fn fragments(&mut self, at: usize, kind: &'a ExtendedType) {
        let mut members = self.shape.members(kind);
        members.retain(|member| !self.is_around(at, member));
        members.truncate(FRAGMENTS);
        let share = (self.caps.fields / 2 / members.len().max(1)).clamp(4, 30);
        for member in members {
            let set = &self.sets[at];
            let made = Set {
                head: format!("... on {}", member.name()),
                kind: member,
                above: Some(at),
                owner: set.owner,
                depth: set.depth,
                main: false,
                share,
                leaves: Vec::new(),
                below: Vec::new(),
                used: HashMap::new(),
            };
            self.open(made);
        }
    }

    /// How a field is written, under a name that says one thing in its set; nothing if it is there already.
    ///
    /// Fragments of one set share its names, and two fields may have one name only if they have one shape.
    fn head(&mut self, at: usize, field: &FieldDefinition, leaf: bool) -> Option<String> {
        let owner = self.sets[at].owner;
        let own = owner == at;
        let kind = field.ty.to_string();
        let mut name = field.name.to_string();
        let page = shape::wants_page_size(field);
        let same = |used: &Used| leaf && !page && used.kind == kind;
        match self.sets[owner].used.get(&name) {
            Some(used) if used.own => return None,
            Some(used) if !same(used) => {
                name = format!("{}_{name}", self.sets[at].kind.name());
                if self.sets[owner].used.contains_key(&name) {
                    return None;
                }
            }
            _ => {}
        }
        let alias = if name == field.name.as_str() { String::new() } else { format!("{name}: ") };
        let page = if page { format!("(first: {PAGE})") } else { String::new() };
        self.sets[owner]
            .used
            .insert(name, Used { kind: if leaf { kind } else { String::new() }, own });
        Some(format!("{alias}{}{page}", field.name))
    }

    /// What has been selected, without what stayed empty.
    fn pieces(&self, at: usize) -> Vec<Piece> {
        let Some(set) = self.sets.get(at) else { return Vec::new() };
        let mut pieces: Vec<Piece> = set.leaves.iter().map(Piece::leaf).collect();
        for below in &set.below {
            let inside = self.pieces(*below);
            if !inside.is_empty() {
                pieces.push(Piece { head: self.sets[*below].head.clone(), inside });
            }
        }
        pieces
    }
}
