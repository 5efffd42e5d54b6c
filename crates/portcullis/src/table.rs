//! Tables for people: columns aligned, nothing a terminal would act on.

use std::fmt;

use audit::terminal_safe;

/// Rows of text under headings.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|h| (*h).to_owned()).collect()] }
    }

    /// One more row; as many cells as there are headings.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|c| terminal_safe(&c).into_owned()).collect());
    }

    /// Leaves out the column under a heading if none of its cells says anything.
    pub fn leave_out(&mut self, heading: &str, says_nothing: impl Fn(&str) -> bool) {
        let at = self.rows.first().and_then(|headings| headings.iter().position(|h| h == heading));
        let Some(at) = at else { return };
        if self.rows.iter().skip(1).filter_map(|row| row.get(at)).all(|cell| says_nothing(cell)) {
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }

    /// Whether there is nothing under the headings.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |n: usize| {
            self.rows.iter().filter_map(|r| r.get(n)).map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings_and_controls_are_shown_not_obeyed() {
        let mut table = Table::new(&["NAME", "X"]);
        table.row(["a\u{1b}[31m".to_owned(), "1".to_owned()]);
        assert_eq!(table.to_string(), "NAME         X\na\\u001b[31m  1\n");
    }

    #[test]
    fn a_column_that_says_nothing_is_left_out_and_one_that_says_something_once_is_not() {
        let mut table = Table::new(&["NAME", "FOR", "X"]);
        table.row(["a".to_owned(), "all".to_owned(), "1".to_owned()]);
        table.leave_out("X", |cell| cell == "2");
        table.leave_out("FOR", |cell| cell == "all");
        assert_eq!(table.to_string(), "NAME  X\na     1\n");
    }
}
