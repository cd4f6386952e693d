//! Text in columns, where a Korean letter takes two.

/// How wide the paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// 58 mm: 32 columns.
    Narrow,
    /// 80 mm: 42 columns.
    Wide,
}

impl Paper {
    /// Columns of a line.
    pub const fn columns(self) -> usize {
        match self {
            Self::Narrow => 32,
            Self::Wide => 42,
        }
    }
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// East Asian wide letters (Unicode TR 11, W and F) take two columns.
const fn letter_width(letter: char) -> usize {
    match letter {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Lines of one receipt.
#[derive(Debug)]
pub(super) struct Page {
    columns: usize,
    text: String,
}

impl Page {
    pub(super) const fn new(paper: Paper) -> Self {
        Self { columns: paper.columns(), text: String::new() }
    }

    pub(super) fn rule(&mut self) {
        let rule = "-".repeat(self.columns);
        self.line(&rule);
    }

    pub(super) fn centred(&mut self, text: &str) {
        for part in self.parts(text) {
            let left = self.columns.saturating_sub(width(&part)) / 2;
            self.line(&format!("{}{part}", " ".repeat(left)));
        }
    }

    /// As many lines as the text needs.
    pub(super) fn wrapped(&mut self, text: &str) {
        for part in self.parts(text) {
            self.line(&part);
        }
    }

    /// One text at the left and one at the right end; on two lines when they do not fit on one.
    pub(super) fn pair(&mut self, left: &str, right: &str) {
        let gap = self.columns.saturating_sub(width(left)).saturating_sub(width(right));
        if gap == 0 {
            self.wrapped(left);
            let indent = self.columns.saturating_sub(width(right));
            self.line(&format!("{}{right}", " ".repeat(indent)));
        } else {
            self.line(&format!("{left}{}{right}", " ".repeat(gap)));
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Cuts a text at the last letter that fits.
    fn parts(&self, text: &str) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut taken = 0;
        // A line break or a control letter in a name must not break the paper's columns.
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let wide = letter_width(letter);
            if taken + wide > self.columns {
                parts.push(String::new());
                taken = 0;
            }
            taken += wide;
            if let Some(part) = parts.last_mut() {
                part.push(letter);
            }
        }
        parts
    }
}
