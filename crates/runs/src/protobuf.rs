//! Protocol buffers, as far as TensorBoard's events need them.

/// A protocol buffer that is being written: fields with their numbers, in their wire types.
#[derive(Default)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    const VARINT: u64 = 0;
    const FIXED_64: u64 = 1;
    const LENGTH_DELIMITED: u64 = 2;
    const FIXED_32: u64 = 5;

    /// What was written.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A `Summary.Value` that a plugin of TensorBoard reads.
    pub(crate) fn of_plugin(tag: &str, plugin: &str, content: &Self) -> Self {
        let mut data = Self::default();
        data.text(1, plugin);
        data.message(2, content);
        let mut metadata = Self::default();
        metadata.message(1, &data);
        let mut value = Self::default();
        value.text(1, tag);
        value.message(9, &metadata);
        value
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub(crate) fn integer(&mut self, field: u64, value: u64) {
        self.key(field, Self::VARINT);
        self.varint(value);
    }

    pub(crate) fn double(&mut self, field: u64, value: f64) {
        self.key(field, Self::FIXED_64);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn float(&mut self, field: u64, value: f32) {
        self.key(field, Self::FIXED_32);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn delimited(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, Self::LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, field: u64, text: &str) {
        self.delimited(field, text.as_bytes());
    }

    pub(crate) fn message(&mut self, field: u64, message: &Self) {
        self.delimited(field, &message.bytes);
    }

    pub(crate) fn doubles(&mut self, field: u64, values: &[f64]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.delimited(field, &bytes);
    }
}
