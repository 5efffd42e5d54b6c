//! Just enough of the Unicode character database: which characters have no shape, which scripts need them, which
//! symbols join. Ranges are of Unicode 16; blocks stand for scripts where that is exact enough for a warning.

/// Characters without a shape of their own: zero-width, fillers, selectors, tags, bidi controls.
pub(crate) const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Variation selectors, of both blocks.
pub(crate) const fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Letters of scripts that are written from right to left.
pub(crate) const fn is_rtl(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}'
    ) && !matches!(c, '\u{61C}')
}

/// Letters (and their marks) of scripts whose spelling uses U+200C and U+200D: Arabic and its kin, the Indic scripts,
/// those of South-East Asia, Mongolian.
pub(crate) const fn uses_joiners(c: char) -> bool {
    matches!(
        c,
        '\u{600}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{F00}'..='\u{109F}' | '\u{1700}'..='\u{18AF}'
        | '\u{1900}'..='\u{1AAF}' | '\u{1B00}'..='\u{1C4F}' | '\u{1CD0}'..='\u{1CFF}' | '\u{A800}'..='\u{A8FF}'
        | '\u{A900}'..='\u{A9DF}' | '\u{AA00}'..='\u{AADF}' | '\u{ABC0}'..='\u{ABFF}' | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFC}' | '\u{11000}'..='\u{11FFF}' | '\u{1E900}'..='\u{1E95F}'
    ) && !is_ignorable(c)
}

/// Letters of scripts written without spaces, where U+200B marks the ends of words.
pub(crate) const fn uses_word_breaks(c: char) -> bool {
    matches!(
        c,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{1950}'..='\u{19DF}'
        | '\u{1A20}'..='\u{1AAF}' | '\u{AA60}'..='\u{AADF}'
    ) && !is_ignorable(c)
}

/// Han ideographs, which alone take a selector of U+E0100..=U+E01EF (UTS 37).
pub(crate) const fn is_ideograph(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}'
    )
}

/// Symbols that have an emoji form or join into one.
pub(crate) const fn is_pictograph(c: char) -> bool {
    matches!(
        c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21FF}'
        | '\u{2300}'..='\u{23FF}' | '\u{24C2}' | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
        | '\u{1F000}'..='\u{1FAFF}'
    )
}

/// Whether one variation selector after `base` is ordinary spelling.
pub(crate) const fn takes_selector(base: char, selector: char) -> bool {
    match selector {
        '\u{FE0E}' | '\u{FE0F}' => is_pictograph(base) || matches!(base, '#' | '*' | '0'..='9'),
        '\u{E0100}'..='\u{E01EF}' => is_ideograph(base),
        // Standardised variants: mathematical operators, ideographs, CJK punctuation, Myanmar, Phags-pa, Manichaean.
        '\u{FE00}'..='\u{FE02}' => {
            is_ideograph(base)
                || matches!(
                    base,
                    '0' | '\u{2200}'..='\u{22FF}' | '\u{2A00}'..='\u{2AFF}' | '\u{3000}'..='\u{303F}'
                    | '\u{FF00}'..='\u{FF60}' | '\u{1000}'..='\u{109F}' | '\u{AA60}'..='\u{AA7F}'
                    | '\u{A840}'..='\u{A87F}' | '\u{10AC0}'..='\u{10AFF}' | '\u{2018}'..='\u{201D}'
                )
        }
        _ => false,
    }
}
