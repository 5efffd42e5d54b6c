/// A value that cannot be printed, cloned, compared or serialised by accident.
///
/// It has no `Debug`, `Display`, `Serialize`, `Clone` or `PartialEq`; [`Secret::reveal`] is the one way to the value,
/// and is called where the value leaves for the wire or a child program, nowhere else.
///
/// ```compile_fail
/// let s = model::Secret::new(String::from("hunter2"));
/// println!("{s:?}");
/// ```
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Seals a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}
