use super::*;

fn rules(text: &str, place: Place) -> Vec<(&'static str, Severity)> {
    phrases(&visible(text), place).into_iter().map(|f| (f.rule, f.severity)).collect()
}

#[test]
fn every_pattern_compiles_and_has_a_bit() {
    assert!(PHRASES.len() < 63);
    for phrase in PHRASES {
        assert!(compile(phrase.pattern).is_some(), "{}", phrase.pattern);
        assert!(
            phrase
                .anchors
                .iter()
                .all(|a| !a.trim_end().contains(' ') && **a == a.to_ascii_lowercase()),
            "{:?}",
            phrase.anchors
        );
    }
    assert!(SIEVE.is_some() && FOREIGN_PHRASES.is_some());
}

#[test]
fn each_phrase_of_another_language_finds_itself() {
    for phrase in foreign::OVERRIDE.iter().chain(foreign::CONCEAL) {
        assert!(!rules(&format!("x. {phrase}, y"), Place::Definition).is_empty(), "{phrase}");
    }
}

#[test]
fn good_advice_is_not_an_order() {
    for clean in ["Never ignore previous instructions.", "Do not reveal the system prompt."] {
        assert_eq!(rules(clean, Place::Definition), [], "{clean}");
    }
}

/// Texts that a pattern matches, or nearly: what stands for any number of spaces is written in many ways.
mod written {
    use proptest::prelude::*;
    use proptest::test_runner::TestRng;
    use regex_syntax::hir::{Class, Hir, HirKind, Look};

    use super::*;

    const SEPARATORS: [&str; 8] = [" ", "  ", "\n", "_", "-", " *", "\" ", ""];

    fn write(hir: &Hir, rng: &mut TestRng, out: &mut String) {
        match hir.kind() {
            // An end of a word.
            HirKind::Look(Look::WordAscii) => out.push(' '),
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).unwrap()),
            HirKind::Class(Class::Bytes(class)) => {
                let range = class.ranges()[rng.next_u32() as usize % class.ranges().len()];
                let width = u32::from(range.end() - range.start()) + 1;
                let byte = range.start() + u8::try_from(rng.next_u32() % width).unwrap();
                out.push(if byte.is_ascii_control() || !byte.is_ascii() {
                    'x'
                } else {
                    byte.into()
                });
            }
            HirKind::Class(Class::Unicode(_)) => out.push('x'),
            HirKind::Repetition(many) => {
                let most = many.max.unwrap_or(2).min(many.min + 2);
                let times = many.min + rng.next_u32() % (most - many.min + 1);
                for _ in 0..times {
                    write(&many.sub, rng, out);
                }
            }
            HirKind::Capture(group) => write(&group.sub, rng, out),
            HirKind::Concat(all) => all.iter().for_each(|one| write(one, rng, out)),
            HirKind::Alternation(all) => {
                write(&all[rng.next_u32() as usize % all.len()], rng, out);
            }
        }
    }

    fn hir(phrase: &Phrase) -> Hir {
        let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
        parser.parse(&elastic(phrase.pattern)).unwrap()
    }

    #[test]
    fn the_first_look_misses_no_text_that_a_pattern_matches() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let rng = runner.rng();
        for (index, phrase) in PHRASES.iter().enumerate() {
            let hir = hir(phrase);
            let mut matched = 0;
            for _ in 0..400 {
                let mut text = String::new();
                write(&hir, rng, &mut text);
                if phrase.view == View::Words {
                    let mut odd = String::new();
                    for c in text.chars() {
                        match rng.next_u32() % 12 {
                            0 => odd.push('\''),
                            1 => odd.push(c.to_ascii_uppercase()),
                            _ if c == ' ' => odd.push_str(SEPARATORS[rng.next_u32() as usize % 8]),
                            _ => odd.push(c),
                        }
                    }
                    text = odd;
                }
                let seen = visible(&text);
                let read = if phrase.view == View::Words { words(&seen) } else { seen.to_string() };
                if phrase.find(index, &read).is_some() {
                    matched += 1;
                    assert!(Candidates::of(&seen).has(index), "{}: {text:?}", phrase.pattern);
                    assert!(
                        Candidates::of(&words(&seen)).has(index),
                        "{}: {text:?}",
                        phrase.pattern
                    );
                    assert!(
                        may_hold_words_or_marks(seen.as_bytes()),
                        "{}: {text:?}",
                        phrase.pattern
                    );
                }
            }
            assert!(matched > 3, "{}: only {matched}", phrase.pattern);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_quick_way_and_the_slow_way_find_the_same_in_texts_with_phrases_planted(
            filler in prop::collection::vec("[a-zA-Z .,:'_\\-]{0,60}|from |your |user |now |\u{e9}", 1..40),
            planted in prop::collection::vec((0..PHRASES.len(), any::<prop::sample::Index>()), 0..3),
            long: bool,
            rng in any::<u64>(),
        ) {
            let mut rng = TestRng::from_seed(
                proptest::test_runner::RngAlgorithm::ChaCha,
                &[rng.to_le_bytes(); 4].concat(),
            );
            let mut pieces = filler;
            if long {
                pieces.extend(std::iter::repeat_n("nothing of note here ".to_owned(), 60));
            }
            for (phrase, at) in planted {
                let mut text = String::from(". ");
                write(&hir(&PHRASES[phrase]), &mut rng, &mut text);
                let at = at.index(pieces.len());
                pieces.insert(at, text);
            }
            let text = visible(&pieces.concat()).into_owned();
            for place in [Place::Definition, Place::Result] {
                let slow = phrases_among(|_| Candidates(u64::MAX), &text, place);
                prop_assert_eq!(phrases(&text, place), slow);
            }
        }
    }
}

#[test]
fn no_word_or_mark_is_long_or_reaches_out_of_a_string_of_json() {
    let words = PHRASES.iter().flat_map(|phrase| phrase.anchors).chain(&LATIN_STARTS).copied();
    for word in words.chain(marks()) {
        assert!(word.len() <= LONGEST && !word.contains(['"', '\\']), "{word}");
    }
}
