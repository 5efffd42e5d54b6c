use rusqlite::types::Value;

/// A table whose rows are sealed. Its columns stand in the order of the schema, `mac` left out.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// How many of the first columns are the primary key.
    pub(super) key: usize,
    /// Whether the first column names the owner of the set; else all rows are one set.
    pub(super) owned: bool,
}

pub(super) const API_KEYS: Table = Table {
    name: "api_keys",
    columns: &[
        "id",
        "principal",
        "tenant",
        "role",
        "scopes",
        "hash",
        "created",
        "expires",
        "revoked",
        "replaced_by",
        "overlap_until",
        "note",
    ],
    key: 1,
    owned: false,
};

pub(super) const PINS: Table = Table {
    name: "pins",
    columns: &[
        "source",
        "kind",
        "name",
        "digest",
        "definition",
        "state",
        "first_seen",
        "decided_at",
        "decided_by",
    ],
    key: 3,
    owned: true,
};

pub(super) const PENDING: Table = Table {
    name: "pending",
    columns: &[
        "source",
        "kind",
        "name",
        "digest",
        "definition",
        "reason",
        "findings",
        "seen",
        "rejected_at",
        "rejected_by",
    ],
    key: 3,
    owned: true,
};

pub(super) const EFFECTS: Table = Table {
    name: "effects",
    columns: &["source", "kind", "name", "effect", "accepted_by", "accepted_at"],
    key: 3,
    owned: true,
};

pub(super) const APPROVALS: Table = Table {
    name: "approvals",
    columns: &["id", "tenant", "binding", "asked", "expires", "question", "progress"],
    key: 1,
    owned: false,
};

impl Table {
    /// All rows of one owner (given as `?1`), in the order of the primary key.
    pub(super) fn select(&self) -> String {
        let (columns, filter) = (self.columns.join(", "), self.filter());
        let order = self.columns[..self.key].join(", ");
        format!("SELECT {columns}, mac FROM {} WHERE {filter} ORDER BY {order}", self.name)
    }

    /// The codes of one owner's rows, in the order of the primary key.
    pub(super) fn select_macs(&self) -> String {
        let order = self.columns[..self.key].join(", ");
        format!("SELECT mac FROM {} WHERE {} ORDER BY {order}", self.name, self.filter())
    }

    /// Puts a row in, in place of the one of the same key.
    pub(super) fn upsert(&self) -> String {
        let (columns, key) = (self.columns.join(", "), self.columns[..self.key].join(", "));
        let places = vec!["?"; self.columns.len() + 1].join(", ");
        let rest = self.columns[self.key..].iter().chain(&["mac"]);
        let set: Vec<String> = rest.map(|c| format!("{c} = excluded.{c}")).collect();
        format!(
            "INSERT INTO {} ({columns}, mac) VALUES ({places}) ON CONFLICT ({key}) DO UPDATE SET {}",
            self.name,
            set.join(", ")
        )
    }

    /// Takes the row of a primary key out.
    pub(super) fn delete(&self) -> String {
        let key: Vec<String> =
            self.columns[..self.key].iter().map(|column| format!("{column} = ?")).collect();
        format!("DELETE FROM {} WHERE {}", self.name, key.join(" AND "))
    }

    /// Takes all rows of one owner (given as `?1`) out.
    pub(super) fn delete_all(&self) -> String {
        format!("DELETE FROM {} WHERE {}", self.name, self.filter())
    }

    /// A row's name for people: its table and its primary key.
    pub(super) fn row_name(&self, row: &[Value]) -> String {
        let key: Vec<String> = row.iter().take(self.key).map(word).collect();
        format!("the row {} of `{}`", key.join(" / "), self.name)
    }

    fn filter(&self) -> String {
        // The other form takes its parameter too, so that every caller can give it.
        let column = if self.owned { self.columns[0] } else { "''" };
        format!("{column} = ?1")
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::Text(text) => text.escape_debug().to_string(),
        Value::Integer(number) => number.to_string(),
        _ => "?".to_owned(),
    }
}
