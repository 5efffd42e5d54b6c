use aws_lc_rs::hmac;

/// The key under which the rows of one installation are authenticated. Derived from the installation key.
pub struct IntegrityKey(hmac::Key);

impl IntegrityKey {
    /// Takes 32 secret bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// The columns of one row, laid out so that no two different rows look alike: every field has a tag and a length.
pub(crate) struct Fields(Vec<u8>);

impl Fields {
    /// Begins the fields of one kind of row, such as `pin`.
    pub(crate) fn of(kind: &str) -> Self {
        Self(Vec::with_capacity(256)).text(kind)
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.put(b't', value.as_bytes())
    }

    pub(crate) fn bytes(self, value: &[u8]) -> Self {
        self.put(b'b', value)
    }

    pub(crate) fn number(self, value: i64) -> Self {
        self.put(b'n', &value.to_be_bytes())
    }

    pub(crate) fn nothing(self) -> Self {
        self.put(b'-', &[])
    }

    /// The code of these fields.
    pub(crate) fn mac(&self, key: &IntegrityKey) -> Vec<u8> {
        hmac::sign(&key.0, &self.0).as_ref().to_vec()
    }

    /// Whether `mac` is the code of these fields. Compares in constant time.
    pub(crate) fn fit(&self, key: &IntegrityKey, mac: &[u8]) -> bool {
        hmac::verify(&key.0, &self.0, mac).is_ok()
    }

    fn put(mut self, tag: u8, value: &[u8]) -> Self {
        self.0.push(tag);
        self.0.extend_from_slice(&(value.len() as u64).to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Field {
        Text(String),
        Bytes(Vec<u8>),
        Number(i64),
        Nothing,
    }

    fn fields(row: &[Field]) -> Fields {
        row.iter().fold(Fields::of("row"), |f, field| match field {
            Field::Text(t) => f.text(t),
            Field::Bytes(b) => f.bytes(b),
            Field::Number(n) => f.number(*n),
            Field::Nothing => f.nothing(),
        })
    }

    fn row() -> impl Strategy<Value = Vec<Field>> {
        let field = prop_oneof![
            "[ab]{0,3}".prop_map(Field::Text),
            prop::collection::vec(0u8..3, 0..3).prop_map(Field::Bytes),
            (-2i64..3).prop_map(Field::Number),
            Just(Field::Nothing),
        ];
        prop::collection::vec(field, 0..4)
    }

    proptest! {
        #[test]
        fn a_code_fits_the_row_it_was_made_for_and_no_other(a in row(), b in row(), key: [u8; 32]) {
            let key = IntegrityKey::new(&key);
            let mac = fields(&a).mac(&key);
            prop_assert!(fields(&a).fit(&key, &mac));
            prop_assert_eq!(fields(&b).fit(&key, &mac), a == b);
        }

        #[test]
        fn a_code_of_another_key_or_kind_or_length_does_not_fit(a in row(), at in 0usize..32, bit in 0u8..8) {
            let (key, other) = (IntegrityKey::new(&[1; 32]), IntegrityKey::new(&[2; 32]));
            let mut mac = fields(&a).mac(&key);
            prop_assert!(!fields(&a).fit(&other, &mac));
            prop_assert!(!fields(&a).fit(&key, &mac[..31]));
            prop_assert!(!fields(&a).fit(&key, &[]));
            mac[at] ^= 1 << bit;
            prop_assert!(!fields(&a).fit(&key, &mac));
        }
    }
}
