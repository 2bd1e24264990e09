//! Rules of dynamic groups: whom they leave out by id, as far as that can be told without knowing what else they say.
//!
//! A rule is a chain of conditions; one that is joined to all others by `-and` and says that the account's id is another leaves the
//! account out, whatever the rest says. Nothing else is judged: what a rule says of departments and titles changes with the profile.

use std::collections::BTreeSet;

/// The accounts that a rule leaves out by id.
pub(super) fn left_out(rule: &str) -> BTreeSet<String> {
    let tokens = tokens(rule);
    let Some(conditions) = conjunction(&tokens) else { return BTreeSet::new() };
    conditions.iter().flat_map(|condition| excluded(condition)).collect()
}

/// One piece of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// A text in quotes.
    Text(String),
    /// An operator, a property or anything else, in lower case.
    Word(String),
}

/// The pieces of a rule; none at all if a quote does not end.
fn tokens(rule: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = rule.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' | '[' => tokens.push(Token::Open),
            ')' | ']' => tokens.push(Token::Close),
            '"' | '\'' => {
                let mut text = String::new();
                loop {
                    match letters.next() {
                        Some('`') => text.extend(letters.next()),
                        Some(end) if end == letter => break,
                        Some(inside) => text.push(inside),
                        None => return Vec::new(),
                    }
                }
                tokens.push(Token::Text(text));
            }
            _ if letter.is_whitespace() || letter == ',' => {}
            _ => {
                let mut word = letter.to_lowercase().to_string();
                while let Some(next) = letters.next_if(|next| !next.is_whitespace() && !"()[]\"',".contains(*next)) {
                    word.extend(next.to_lowercase());
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// The conditions that are all joined by `-and`; `None` where the outermost join is another, or brackets do not fit.
fn conjunction(tokens: &[Token]) -> Option<Vec<&[Token]>> {
    let tokens = unwrapped(tokens);
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.checked_sub(1)?,
            Token::Word(word) if depth == 0 && matches!(word.as_str(), "-or" | "or" | "-xor") => return None,
            Token::Word(word) if depth == 0 && matches!(word.as_str(), "-and" | "and") => {
                parts.push(tokens.get(start..at)?);
                start = at + 1;
            }
            Token::Word(_) | Token::Text(_) => {}
        }
    }
    parts.push(tokens.get(start..)?);
    if depth != 0 || parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    if let [one] = parts.as_slice() {
        return Some(vec![*one]);
    }
    // Brackets around a chain of the same kind change nothing.
    let mut all = Vec::new();
    for part in parts {
        match conjunction(part) {
            Some(inner) => all.extend(inner),
            None => all.push(part),
        }
    }
    Some(all)
}

/// Without the brackets around the whole.
fn unwrapped(tokens: &[Token]) -> &[Token] {
    let mut tokens = tokens;
    while let [Token::Open, inner @ .., Token::Close] = tokens {
        let mut depth = 0_i64;
        let closes_early = inner.iter().any(|token| {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                Token::Text(_) | Token::Word(_) => {}
            }
            depth < 0
        });
        if closes_early {
            break;
        }
        tokens = inner;
    }
    tokens
}

/// The ids that one condition leaves out: `user.objectId -ne "ID"`, `-notIn ["ID", ...]`, or `-not` before the opposite.
fn excluded(condition: &[Token]) -> Vec<String> {
    let word = |token: &Token, one: &[&str]| matches!(token, Token::Word(word) if one.contains(&word.as_str()));
    let texts = |tokens: &[Token]| -> Option<Vec<String>> {
        tokens
            .iter()
            .filter(|token| !matches!(token, Token::Open | Token::Close))
            .map(|token| match token {
                Token::Text(text) => Some(text.to_ascii_lowercase()),
                Token::Open | Token::Close | Token::Word(_) => None,
            })
            .collect()
    };
    let condition = unwrapped(condition);
    let (negated, inner) = match condition {
        [first, rest @ ..] if word(first, &["-not", "not"]) => (true, unwrapped(rest)),
        _ => (false, condition),
    };
    let [property, operator, values @ ..] = inner else { return Vec::new() };
    if !word(property, &["user.objectid"]) {
        return Vec::new();
    }
    let says = if negated { &["-eq", "-in"][..] } else { &["-ne", "-notin"][..] };
    let single = matches!(values, [Token::Text(_)]);
    let listed = matches!(values, [Token::Open, .., Token::Close]);
    if word(operator, says) && (single || listed) { texts(values).unwrap_or_default() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::left_out;

    const JO: &str = "7f2d0a51-1111-4222-8333-944455556666";
    const MO: &str = "0a0b0c0d-1111-4222-8333-944455556666";

    fn leaves_out(rule: &str) -> bool {
        left_out(&rule.replace("JO", JO).replace("MO", MO)).contains(JO)
    }

    #[test]
    fn an_id_that_every_reading_leaves_out_is_left_out() {
        for rule in [
            r#"user.objectId -ne "JO""#,
            r#"(user.department -eq "Contractors") -and (user.objectId -ne "JO")"#,
            r#"user.department -eq "Contractors" -and user.objectId -ne "JO""#,
            r#"((user.department -eq "Contractors") -and (user.objectId -ne "MO")) -and (user.objectId -ne "JO")"#,
            r#"(user.objectId -notIn ["MO", "JO"]) -and (user.accountEnabled -eq True)"#,
            r#"(user.accountEnabled -eq true) -and -not (user.objectId -eq "JO")"#,
            r#"(user.department -eq "a -or b") -AND (USER.OBJECTID -NE "JO")"#,
            r#"((user.department -eq "A") -or (user.department -eq "B")) -and (user.objectId -ne "JO")"#,
            r#"((user.department -eq "say `"-or`"") -and (user.objectId -ne 'JO'))"#,
        ] {
            assert!(leaves_out(rule), "{rule}");
        }
    }

    #[test]
    fn whatever_may_let_it_in_leaves_nobody_out() {
        for rule in [
            "",
            r#"user.department -eq "Contractors""#,
            r#"(user.department -eq "Contractors") -or (user.objectId -ne "JO")"#,
            r#"user.department -eq "A" -and user.objectId -ne "JO" -or user.jobTitle -eq "B""#,
            r#"user.objectId -eq "JO""#,
            r#"user.objectId -ne "MO""#,
            r#"-not (user.objectId -ne "JO")"#,
            r#"user.displayName -ne "JO""#,
            r#"(user.department -eq "user.objectId -ne JO")"#,
            r#"-not ((user.department -eq "A") -and (user.objectId -ne "JO"))"#,
            r#"(user.department -eq "A" -and (user.objectId -ne "JO")"#,
            r#"user.objectId -ne "JO"#,
            r#"user.objectId -match "JO""#,
            r#"user.objectId -notIn "MO" "JO""#,
            r#"(user.objectId -ne "JO") -and"#,
        ] {
            assert!(!leaves_out(rule), "{rule}");
        }
    }
}
