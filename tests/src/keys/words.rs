//! Words of doc comments and values as a page has them.

use serde_json::Value;

/// A doc comment in one line, with links to items as plain words and without what would end a table's cell.
pub(super) fn plain(doc: &str) -> String {
    let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut said, mut rest, mut code) = (String::new(), doc.as_str(), false);
    while let Some(character) = rest.chars().next() {
        if let Some((link, after)) = link(rest).filter(|_| !code) {
            said.push_str(&link);
            rest = after;
            continue;
        }
        code ^= character == '`';
        if character == '|' {
            said.push('\\');
        }
        said.push(character);
        rest = &rest[character.len_utf8()..];
    }
    said
}

/// What stands in the page for a link at the beginning of a text, and the text after it.
fn link(text: &str) -> Option<(String, &str)> {
    let (name, after) = text.strip_prefix('[')?.split_once(']')?;
    match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
        Some((target, after)) if target.starts_with("http") => Some((format!("[{name}]({target})"), after)),
        Some((_, after)) => Some((name.to_owned(), after)),
        None if name.starts_with('`') && name.ends_with('`') => Some((name.to_owned(), after)),
        None => None,
    }
}

/// A value as TOML has it, in one line.
pub(super) fn toml(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        value => value.to_string(),
    }
}

/// Text as code.
pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Text that begins with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_items_are_words_and_links_to_papers_stay() {
        assert_eq!(plain("as [`forward`](crate::Network::forward)\nand [`values`]"), "as `forward` and `values`");
        assert_eq!(plain("([double DQN](https://arxiv.org/abs/1))"), "([double DQN](https://arxiv.org/abs/1))");
        assert_eq!(plain("in [0, 1), of `[low, high]`, |x|"), "in [0, 1), of `[low, high]`, \\|x\\|");
    }
}
