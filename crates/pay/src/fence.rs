//! The words of sellers, as data.

/// Words of others between fences that they cannot close, cut after `most` bytes with a note of what is left out.
pub fn fenced(words: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(words);
    let told = &text[..text.floor_char_boundary(most)];
    let fence = "`".repeat(longest_run(told).max(2) + 1);
    let more = match text.len() - told.len() {
        0 => String::new(),
        more => format!("\n({more} more bytes are not shown)"),
    };
    format!("{fence}\n{told}\n{fence}{more}")
}

/// The longest run of back-ticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_cannot_be_closed_from_within_and_what_is_cut_is_counted() {
        assert_eq!(fenced(b"plain", 100), "```\nplain\n```");
        assert_eq!(fenced(b"a ```` b", 100), "`````\na ```` b\n`````");
        assert_eq!(
            fenced("ä".repeat(5).as_bytes(), 5),
            "```\nää\n```\n(6 more bytes are not shown)"
        );
    }
}
