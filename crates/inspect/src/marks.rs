use aho_corasick::packed::{Config, Searcher};
use memchr::memmem::Finder;

/// A few short marks, sought as they stand, all in one reading of a text.
pub(crate) struct Marks {
    together: Option<Searcher>,
    /// One by one, where the processor has no way to seek them together.
    apart: Vec<Finder<'static>>,
}

impl Marks {
    pub(crate) fn new(marks: impl Iterator<Item = &'static str>) -> Self {
        let marks: Vec<&str> = marks.collect();
        let together = Config::new().builder().extend(&marks).build();
        Self { together, apart: marks.into_iter().map(Finder::new).collect() }
    }

    /// Whether any of them stands in `text`.
    pub(crate) fn stand_in(&self, text: &[u8]) -> bool {
        match &self.together {
            Some(together) => together.find(text).is_some(),
            None => self.apart.iter().any(|mark| mark.find(text).is_some()),
        }
    }

    /// Calls `met` with where each of them begins in `text`; of those that overlap, with one at least.
    pub(crate) fn each(&self, text: &[u8], mut met: impl FnMut(usize)) {
        match &self.together {
            Some(together) => together.find_iter(text).for_each(|mark| met(mark.start())),
            None => self.apart.iter().flat_map(|mark| mark.find_iter(text)).for_each(met),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_together_are_found_where_they_are_apart(
            before in "[ -~]{0,90}", piece in "__|<!--|<!-|/\\*|\\]\\(|_ _|\u{e9}|", after in "[a-z _/]{0,90}",
        ) {
            let text = format!("{before}{piece}{after}");
            let all = ["__", "<!--", "/*", "]("];
            let mut marks = Marks::new(all.into_iter());
            let there = all.iter().any(|mark| text.contains(mark));
            prop_assert_eq!(marks.stand_in(text.as_bytes()), there);
            marks.together = None;
            prop_assert_eq!(marks.stand_in(text.as_bytes()), there);
        }
    }
}
