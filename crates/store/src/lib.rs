//! State at rest: keys, pins, effects. SQLite now, behind an interface another engine can fill.
