#![no_main]
//! Whatever stands in the file of the books: what is read can be written again and reads the same, and no order of
//! events makes the books panic or count less than nothing.

use ledger::{Books, Event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut books = Books::default();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(event) = Event::decode(line) else { continue };
        let written = event.encode().expect("every member has a spelling");
        assert_eq!(Event::decode(&written).expect("what was written can be read"), event);
        let open = books.open_count();
        if books.apply(&event).is_err() {
            assert_eq!(books.open_count(), open, "what is unlawful changes nothing");
        }
        assert_eq!(books.open().count(), books.open_count());
    }
});
