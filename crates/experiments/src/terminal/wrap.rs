//! Text in lines that fit, broken between words.

/// How much further in a broken line goes on than it begins.
const HANG: usize = 2;

/// The text with every line of more than `width` columns broken between words. A word that is longer stays whole, and so does
/// a command between backquotes, which is there to be copied.
pub fn wrap(text: &str, width: usize) -> String {
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let wrapped =
        |line: &str| if is_source(line) { line.to_owned() } else { wrap_line(line, width, indentation(line) + HANG) };
    let lines = text.split('\n').map(wrapped);
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a line shows one of a file, as `3 | key = value`, or points into it: what stands below must stay there.
fn is_source(line: &str) -> bool {
    line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
}

/// One line, broken in the same way; it goes on `hang` columns from the left.
pub fn wrap_line(line: &str, width: usize, hang: usize) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let (mut wrapped, mut used, mut begun) = (String::with_capacity(line.len() + hang), 0, false);
    let mut rest = line;
    while !rest.is_empty() {
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let (gap, text) = rest.split_at(spaces);
        let (word, after) = text.split_at(end_of_word(text));
        if begun && used + spaces + columns(word) > width {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(hang));
            used = hang;
        } else {
            wrapped.push_str(gap);
            used += spaces;
        }
        wrapped.push_str(word);
        used += columns(word);
        begun = true;
        rest = after;
    }
    wrapped
}

/// What belongs to the number before it.
const PER_CENT: &str = " %";

/// Where the first word ends: at a space that is not between backquotes.
fn end_of_word(text: &str) -> usize {
    let space = |from: usize| text[from..].find(' ').map_or(text.len(), |at| from + at);
    let end = space(0);
    if text[end..].starts_with(PER_CENT) {
        return space(end + PER_CENT.len());
    }
    let open = text[..end].matches('`').count() % 2 == 1;
    match text[end..].find('`').filter(|_| open) {
        Some(close) => space(end + close),
        None => end,
    }
}

/// Columns of a line, without its colours.
pub(crate) fn columns(line: &str) -> usize {
    let mut coloured = false;
    let seen = line.chars().filter(|&c| {
        let seen = !coloured && c != '\x1b';
        coloured = if coloured { c != 'm' } else { c == '\x1b' };
        seen
    });
    seen.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_go_on_further_in() {
        assert_eq!(wrap("four five six", 13), "four five six");
        assert_eq!(wrap("four five six\n", 12), "four five\n  six\n");
        assert_eq!(wrap("  time: acting, storing", 20), "  time: acting,\n    storing");
        assert_eq!(wrap_line("  name   what it is", 14, 9), "  name   what\n         it is");
        assert_eq!(wrap("at:\n  |\n3 | a long = line\n  |   ^", 8), "at:\n  |\n3 | a long = line\n  |   ^");
        assert_eq!(wrap("one\n\ntwo three", 5), "one\n\ntwo\n  three");
    }

    #[test]
    fn long_words_commands_and_colours_stay_whole() {
        let path = "/a/path/that/is/longer/than/the/line";
        assert_eq!(wrap(&format!("cannot read {path}: no"), 20), format!("cannot read\n  {path}:\n  no"));
        assert_eq!(
            wrap("it is a run: `deepq play --watch x` shows it", 30),
            "it is a run:\n  `deepq play --watch x` shows\n  it"
        );
        assert_eq!(wrap("\x1b[33mWARN\x1b[0m is yellow", 14), "\x1b[33mWARN\x1b[0m is yellow");
        assert_eq!(columns("\x1b[36m━━\x1b[2m─\x1b[0m  5 %"), 8);
        assert_eq!(wrap("acting 10 %, learning 5 %", 22), "acting 10 %, learning\n  5 %");
        // A lonely backquote begins nothing.
        assert_eq!(wrap("a ` b", 3), "a `\n  b");
    }

    #[test]
    fn no_word_is_lost() {
        let text = "error: `a b` c, d e f\n  g h i j k l m n o  p q";
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for width in 0..60 {
            assert_eq!(words(&wrap(text, width)), words(text), "{width}");
        }
    }
}
