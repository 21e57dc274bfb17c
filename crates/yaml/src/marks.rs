//! Characters to bytes: saphyr counts characters, everything here counts bytes. Owns that
//! conversion, done once per position; must not know events.

/// Converts character counts of one text to byte offsets.
pub(crate) struct Marks {
    /// For each character of several bytes: its number, and by how many bytes
    /// everything after it is further on than characters tell. Empty for ASCII.
    wide: Vec<(u32, u32)>,
    /// How many of `wide` precede the last position asked for: positions come almost
    /// in order.
    near: usize,
}

impl Marks {
    pub fn new(text: &str) -> Self {
        let mut wide = Vec::new();
        if !text.is_ascii() {
            let mut extra = 0;
            for (number, c) in text.chars().enumerate() {
                if !c.is_ascii() {
                    extra += c.len_utf8() as u32 - 1;
                    wide.push((number as u32, extra));
                }
            }
        }
        Self { wide, near: 0 }
    }

    pub fn byte(&mut self, characters: usize) -> u32 {
        let at = characters as u32;
        if self.wide.is_empty() {
            return at;
        }
        while self.near > 0 && self.wide[self.near - 1].0 >= at {
            self.near -= 1;
        }
        while self.wide.get(self.near).is_some_and(|w| w.0 < at) {
            self.near += 1;
        }
        at + self.near.checked_sub(1).map_or(0, |i| self.wide[i].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_char_indices() {
        for text in ["plain", "é😀x€", "a: é\nb: 😀 c\n"] {
            let mut marks = Marks::new(text);
            let bytes: Vec<_> = text.char_indices().map(|(i, _)| i as u32).collect();
            let forward = (0..bytes.len()).map(|n| marks.byte(n)).collect::<Vec<_>>();
            assert_eq!(forward, bytes);
            for n in (0..bytes.len()).rev() {
                assert_eq!(marks.byte(n), bytes[n]);
            }
            assert_eq!(marks.byte(text.chars().count()) as usize, text.len());
        }
    }
}
