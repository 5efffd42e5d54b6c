#![no_main]
//! A record is one line that forges nothing, and what is read of a line can be written and read again.

use audit::{Entry, Kind, MAX_LINE, Record, cef, ocsf, parse_rfc3339, rfc3339, terminal_safe};
use fuzz::{Json, parts};
use libfuzzer_sys::fuzz_target;
use model::Timestamp;

fuzz_target!(|data: &[u8]| {
    if let Ok(entry) = Entry::parse(data) {
        let opinion = Json::parse(data);
        assert!(opinion.is_some_and(|o| o.members().is_some()), "a record is an object");
        let text = serde_json::to_vec(&entry).expect("plain members");
        assert_eq!(Entry::parse(&text).expect("what was read can be read"), entry);
        assert_eq!(Some(entry.timestamp()), parse_rfc3339(&entry.time));
        export(&entry);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Some(time) = parse_rfc3339(text) {
            assert_eq!(parse_rfc3339(&rfc3339(time)), Some(time));
        }
        let shown = terminal_safe(text);
        assert!(!shown.contains(char::is_control) && terminal_safe(&shown) == shown);
    }
    write(data);
});

fn write(data: &[u8]) {
    let [tool, agent, args, note] = parts(data).map(|p| String::from_utf8_lossy(p).into_owned());
    let time = Timestamp(data.iter().fold(0, |n: u64, b| n << 7 ^ n >> 57 ^ u64::from(*b)));
    let record = Record {
        tool: Some(tool.clone().into()),
        user_agent: Some(agent.clone().into()),
        args_masked: Some(args.clone()),
        note: Some(note.clone().into()),
        ..Record::new(Kind::Call, time)
    };
    let mut line = Vec::new();
    record.write_line(9, &mut line);
    assert!(line.len() <= MAX_LINE);
    let (end, text) = line.split_last().expect("a line is not empty");
    assert!(*end == b'\n' && !text.iter().any(u8::is_ascii_control));
    assert!(Json::parse(text).is_some_and(|json| !json.has_twins(true)));
    let entry = Record::parse(&line).expect("what we write can be read");
    assert_eq!((entry.seq, entry.kind.as_str()), (9, "call"));
    for (read, given) in
        [(&entry.tool, tool), (&entry.user_agent, agent), (&entry.args_masked, args)]
    {
        let read = read.as_deref().expect("it was given");
        assert!(read == given || read.contains("…[cut, "), "{given:?} became {read:?}");
    }
    export(&entry);
}

fn export(entry: &Entry) {
    assert!(!cef(entry).contains(['\n', '\r']), "an event is one line");
    assert_eq!(ocsf(entry)["class_uid"], 6003);
}
