//! The tokens of any command line: what spaces separate.

use core::marker::PhantomData;

use memchr::memrchr;

use super::{KeySyntax, Span, scan::token_end};

/// The tokens of a line that has lost its end of line. A run of spaces separates like one.
pub struct Tokens<'t, K> {
    text: &'t [u8],
    at: usize,
    syntax: PhantomData<K>,
}

/// One token of a line.
pub struct Token {
    pub span: Span,
    /// Whether it is a key.
    pub is_key: bool,
}

impl<K: KeySyntax> Iterator for Tokens<'_, K> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at + self.text[self.at..].iter().position(|byte| *byte != b' ')?;
        let key_end = K::key_end(self.text, start);
        let end = match self.text.get(key_end) {
            None | Some(b' ') => key_end,
            Some(_) => token_end(self.text, key_end),
        };
        self.at = end;
        let is_key = end == key_end && end - start <= K::LONGEST_KEY;
        Some(Token { span: Span { start, end }, is_key })
    }
}

impl<'t, K: KeySyntax> Tokens<'t, K> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, syntax: PhantomData }
    }

    /// The rest of the line as a list of keys; `None` if there is no token in it.
    pub fn keys(mut self) -> Option<KeyList> {
        let Token { span: Span { start, end }, is_key } = self.next()?;
        // Checked without finding where each of the others ends.
        let good = is_key
            && K::keys_end(self.text, end) == self.text.len()
            && tokens_fit(&self.text[end..], K::LONGEST_KEY);
        let span = Span { start, end: self.text.trim_ascii_end().len() };
        Some(KeyList { span, first: end - start, good })
    }
}

/// The tokens after a command's first one.
pub struct KeyList {
    /// From the first token to the last.
    pub span: Span,
    /// The length of the first token.
    pub first: usize,
    /// Whether all of them are keys.
    pub good: bool,
}

/// Whether no token of a text is longer than that.
fn tokens_fit(mut text: &[u8], longest: usize) -> bool {
    while let Some(window) = text.get(..=longest) {
        match memrchr(b' ', window) {
            Some(space) => text = &text[space + 1..],
            None => return false,
        }
    }
    true
}
