#![no_main]
//! Filters of listen streams survive writing; the id of a stream goes on and comes off without a trace.

use fuzz::{kept, object, written};
use libfuzzer_sys::fuzz_target;
use protocol::mcp::keys::SUBSCRIPTION_ID;
use protocol::mcp::listen::{ListenFilter, tag, untag};
use protocol::rpc::Id;

fuzz_target!(|data: &[u8]| {
    let Some(params) = object(data) else { return };
    if let Ok(filter) = ListenFilter::parse(&params) {
        assert_eq!(ListenFilter::parse(&written(filter.write())), Ok(filter));
    }
    let Ok(tagged) = tag(&params, &Id::number(7)) else { return };
    let tagged = written(tagged);
    kept(&params, &tagged, &["_meta"]);
    let meta = tagged.object("_meta").expect("ours").expect("just set");
    assert_eq!(meta.raw(SUBSCRIPTION_ID), Some(&b"7"[..]));
    let bare = written(untag(&tagged).expect("what we tag we can untag"));
    kept(&params, &bare, &["_meta"]);
    if let Some(meta) = bare.object("_meta").expect("it was an object before") {
        assert_eq!(meta.raw(SUBSCRIPTION_ID), None);
        kept(&params.object("_meta").unwrap().unwrap(), &meta, &[SUBSCRIPTION_ID]);
    }
});
