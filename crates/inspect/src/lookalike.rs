/// The Latin letter that `c` is drawn like, or `c` itself. For matching, never for showing.
pub(crate) fn latin(c: char) -> char {
    match c {
        '\u{370}'..='\u{3FF}' => greek(c),
        '\u{400}'..='\u{52F}' => cyrillic(c),
        '\u{530}'..='\u{58F}' => armenian(c),
        _ => other(c),
    }
}

const fn cyrillic(c: char) -> char {
    match c {
        'а' => 'a',
        'в' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'е' | 'є' | 'ҽ' => 'e',
        'ԍ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' => 'k',
        'ӎ' | 'м' => 'm',
        'п' => 'n',
        'о' => 'o',
        'р' => 'p',
        'ԛ' => 'q',
        'г' | 'ѓ' => 'r',
        'ѕ' => 's',
        'т' => 't',
        'ц' => 'u',
        'ѵ' => 'v',
        'ѡ' | 'ԝ' => 'w',
        'х' => 'x',
        'у' | 'ү' => 'y',
        'ӡ' => 'z',
        'А' => 'A',
        'В' => 'B',
        'С' => 'C',
        'Ԁ' => 'D',
        'Е' => 'E',
        'Ԍ' => 'G',
        'Н' => 'H',
        'І' | 'Ӏ' => 'I',
        'Ј' => 'J',
        'К' => 'K',
        'М' => 'M',
        'О' => 'O',
        'Р' => 'P',
        'Ԛ' => 'Q',
        'Ѕ' => 'S',
        'Т' => 'T',
        'Ѵ' => 'V',
        'Ԝ' => 'W',
        'Х' => 'X',
        'У' | 'Ү' => 'Y',
        c => c,
    }
}

const fn greek(c: char) -> char {
    match c {
        'α' => 'a',
        'β' => 'b',
        'ε' => 'e',
        'γ' | 'υ' => 'y',
        'η' => 'n',
        'ι' => 'i',
        'κ' => 'k',
        'ν' => 'v',
        'ο' | 'σ' => 'o',
        'ρ' => 'p',
        'τ' => 't',
        'χ' => 'x',
        'ω' => 'w',
        'μ' => 'u',
        'ϳ' => 'j',
        'ϲ' => 'c',
        'Ϲ' => 'C',
        'Α' => 'A',
        'Β' => 'B',
        'Ε' => 'E',
        'Ζ' => 'Z',
        'Η' => 'H',
        'Ι' => 'I',
        'Κ' => 'K',
        'Μ' => 'M',
        'Ν' => 'N',
        'Ο' => 'O',
        'Ρ' => 'P',
        'Τ' => 'T',
        'Υ' => 'Y',
        'Χ' => 'X',
        c => c,
    }
}

const fn armenian(c: char) -> char {
    match c {
        'օ' => 'o',
        'ո' => 'n',
        'ս' => 'u',
        'հ' => 'h',
        'ց' => 'g',
        'զ' => 'q',
        'Տ' => 'S',
        'Օ' => 'O',
        c => c,
    }
}

/// Latin letters of other shapes, small capitals, phonetic letters; signs drawn like punctuation.
const fn other(c: char) -> char {
    match c {
        'ı' | 'ɪ' | 'ɩ' | 'ł' => 'i',
        'ɑ' | 'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' | 'đ' => 'd',
        'ᴇ' | 'ɛ' => 'e',
        'ꜰ' => 'f',
        'ɡ' | 'ɢ' => 'g',
        'ʜ' | 'ħ' => 'h',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' | 'ø' => 'o',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ꜱ' | 'ſ' => 's',
        'ᴛ' | 'ŧ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        '：' | '꞉' | '∶' => ':',
        '∕' | '⁄' | '⧸' => '/',
        '․' => '.',
        '‐' | '‑' => '-',
        c => enclosed(c),
    }
}

/// Letters in boxes and circles that compatibility decomposition leaves alone, and regional indicators.
const fn enclosed(c: char) -> char {
    let offset = match c {
        '\u{1F130}'..='\u{1F149}' => c as u32 - 0x1F130,
        '\u{1F150}'..='\u{1F169}' => c as u32 - 0x1F150,
        '\u{1F170}'..='\u{1F189}' => c as u32 - 0x1F170,
        '\u{1F1E6}'..='\u{1F1FF}' => c as u32 - 0x1F1E6,
        _ => return c,
    };
    (b'A' + (offset % 26) as u8) as char
}

/// A word that mixes Latin letters with letters of another script drawn like Latin ones, and reads as Latin.
///
/// `Δx`, `µm` and `кВт` are no such words: too short, or not readable as Latin throughout.
pub(crate) fn disguised_word(text: &str) -> Option<&str> {
    if text.is_ascii() {
        return None;
    }
    text.split(|c: char| !c.is_alphabetic()).find(|word| {
        let own = word.chars().filter(char::is_ascii_alphabetic).count();
        let (mut foreign, mut reads_latin) = (0, true);
        for c in word.chars().filter(|c| !c.is_ascii()) {
            let other_script = matches!(c, '\u{370}'..='\u{3FF}' | '\u{400}'..='\u{58F}');
            foreign += usize::from(other_script);
            reads_latin &= !other_script || latin(c).is_ascii();
        }
        own >= 2 && foreign >= 1 && own + foreign >= 4 && reads_latin
    })
}

#[cfg(test)]
mod tests {
    use super::disguised_word;

    #[test]
    fn only_words_that_read_as_latin_are_disguised() {
        assert_eq!(disguised_word("the p\u{430}ssword field"), Some("p\u{430}ssword"));
        for clean in [
            "Δx",
            "10 μm",
            "кВт·ч",
            "пароль password",
            "naïve café",
            "χ²-test",
            "USB-кабель",
            "Łódź",
        ] {
            assert_eq!(disguised_word(clean), None, "{clean}");
        }
    }
}
