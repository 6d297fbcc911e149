//! Text that a stranger put on chain: names, environments, reasons.

use averment_primitives::{Bytes, RoleId, keccak256};
use std::fmt;

/// Bytes that a contract took as a `string`. Usually UTF-8, but the contract does not insist.
///
/// Displayed on one line: bytes that are not UTF-8 become U+FFFD, control characters and those that change
/// the direction of writing become escapes, so that a name cannot rewrite a terminal or a page around it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Bytes);

impl Text {
    /// The text with these bytes.
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Its bytes, as they are on chain.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The id of the role of this name.
    pub fn role_id(&self) -> RoleId {
        RoleId(keccak256(&self.0))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in String::from_utf8_lossy(&self.0).chars() {
            if is_unsafe(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Controls, and the characters of Unicode's bidirectional algorithm that reorder what follows.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_on_one_line_and_kept_as_it_is() {
        let text = Text::new(Bytes::from_static(b"ok\x1b[2J\n\xff\xe2\x80\xae!"));
        assert_eq!(text.to_string(), "ok\\u{1b}[2J\\u{a}\u{fffd}\\u{202e}!");
        assert_eq!(text.bytes().len(), 12);
    }
}
