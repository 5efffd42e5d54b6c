//! The supervisor that the tests of stdio servers start children with.

#[test]
fn it_refuses_to_be_anything_else() {
    #[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test of the binary")]
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_sources-supervisor")).status();
    assert_eq!(status.unwrap().code(), Some(1));
}
