//! Finds a verifier's checks in its sources and makes each of them one that can be left out.
//!
//! A check is a clause of a condition whose failure refuses what is being looked at. Each becomes a clause that also
//! holds when its number is the one that is left out, so that one build serves for all of them. The sources are read as
//! text: the shapes below are those that verifiers are written in, and a check of another shape has no number.

use std::ops::Range;

/// The two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    Solidity,
}

/// A check that can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its number, from 1 on.
    pub number: usize,
    /// Its file below the root.
    pub file: String,
    /// Where it stands.
    pub line: usize,
    /// What it says, in one line.
    pub text: String,
}

/// A place to change: what stands there and what is put there instead.
struct Place {
    range: Range<usize>,
    /// With `#` for the condition "number N is left out" and `@` for what stood there.
    instead: &'static str,
}

/// The sources with each check made one that can be left out, numbered after those in `found`.
pub fn instrument(language: Language, file: &str, text: &str, found: &mut Vec<Check>) -> String {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    let mut places = match language {
        Language::Rust => rust(&text[..end]),
        Language::Solidity => solidity(text),
    };
    places.sort_by_key(|place| (place.range.start, std::cmp::Reverse(place.range.end)));
    places.dedup_by(|later, earlier| later.range.start < earlier.range.end);
    let (mut result, mut done) = (String::new(), 0);
    for place in places {
        let number = found.len() + 1;
        let own = &text[place.range.clone()];
        let left_out = match language {
            Language::Rust => format!("crate::left_out({number})"),
            Language::Solidity if place.instead.contains("eq(") => number.to_string(),
            Language::Solidity => format!("(block.number == {number})"),
        };
        result += &text[done..place.range.start];
        // What stood there may hold either sign.
        let (before, after) = place.instead.split_once('@').unwrap_or((place.instead, ""));
        result += &format!("{}{own}{}", before.replace('#', &left_out), after.replace('#', &left_out));
        done = place.range.end;
        found.push(Check {
            number,
            file: file.to_owned(),
            line: text[..place.range.start].matches('\n').count() + 1,
            text: own.split_whitespace().collect::<Vec<_>>().join(" "),
        });
    }
    result += &text[done..];
    if language == Language::Solidity {
        // What reads the block's number is no longer pure.
        result = result.replace(" pure\n", " view\n").replace(" pure ", " view ").replace(" pure;", " view;");
    }
    result
}

const NEVER: &str = "(!# && (@))";
const ALWAYS: &str = "(# || (@))";

fn rust(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let refuses = ["return Err(", "return false", "return None", "return Ok(false)"];
    for (start, _) in text.match_indices("if ").filter(|(at, _)| is_word(text, *at)) {
        let from = start + 3;
        let Some(open) = top_level(text, from, '{') else { continue };
        let condition = from..open;
        let body = text[open + 1..].trim_start();
        if refuses.iter().any(|refusal| body.starts_with(refusal)) {
            if text[from..].starts_with("let ") {
                // A chain holds only if its last link does.
                places.push(Place { range: trimmed(text, condition), instead: "@ && !#" });
            } else {
                places.extend(clauses(text, condition, "||", NEVER));
            }
        } else if body.starts_with("Ok(()) } else { Err(") || body.starts_with("Ok(())\n") {
            places.extend(clauses(text, condition, "&&", ALWAYS));
        }
    }
    // Arms of a match with a guard.
    for (arrow, instead, between) in [
        ("=> {}", ALWAYS, "&&"),
        ("=> Ok(())", ALWAYS, "&&"),
        ("=> Err(", NEVER, "||"),
        ("=> return Err(", NEVER, "||"),
    ] {
        for (end, _) in text.match_indices(arrow) {
            let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
            if let Some(guard) = text[line..end].rfind(" if ") {
                places.extend(clauses(text, line + guard + 4..end, between, instead));
            }
        }
    }
    // Named conditions.
    for (start, _) in text.match_indices("let ").filter(|(at, _)| is_word(text, *at)) {
        let Some(equals) = text[start..].find(" = ").map(|at| start + at + 3) else { continue };
        let name = &text[start + 4..equals - 3];
        let Some(end) = top_level(text, equals, ';') else { continue };
        // A condition, or a closure that is one.
        let head =
            text[equals..end].strip_prefix('|').and_then(|rest| rest.find("| ")).map_or(0, |at| at + 3);
        let equals = equals + head;
        if name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            && split(&text[equals..end], "&&").len() > 1
        {
            places.extend(clauses(text, equals..end, "&&", ALWAYS));
        }
    }
    // Conditions that give an option.
    for method in [").then_some(", ").then(|| "] {
        for (close, _) in text.match_indices(method) {
            if let Some(open) = opening(text, close)
                && !text[..open].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            {
                places.extend(clauses(text, open + 1..close, "&&", ALWAYS));
            }
        }
    }
    for (start, pattern) in text.match_indices(".filter(|") {
        let from = start + pattern.len();
        let Some(bar) = text[from..].find("| ").map(|at| from + at + 2) else { continue };
        let Some(end) = top_level(text, bar, ')') else { continue };
        places.extend(clauses(text, bar..end, "&&", ALWAYS));
    }
    // A fault that was looked for.
    for (start, _) in text.match_indices(".map_or(Ok(()), |") {
        let from =
            text[..start].rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
        places.push(Place { range: from..start, instead: "@.filter(|_| !#)" });
    }
    for (start, end) in lines(text) {
        let line = text[start..end].trim();
        let called = ["within(", "check(", "check_", "self.check_", "known.relation("];
        if called.iter().any(|name| line.starts_with(name)) && line.ends_with(")?;") {
            let from = start + text[start..end].len() - text[start..end].trim_start().len();
            places.push(Place { range: from..end, instead: "if !# { @ }" });
        }
    }
    places
}

const YUL_ALWAYS: &str = "or(eq(number(), #), @)";

fn solidity(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for (start, _) in text.match_indices("if (").filter(|(at, _)| is_word(text, *at)) {
        let Some(end) = top_level(text, start + 4, ')') else { continue };
        let body = text[end + 1..].trim_start();
        let body = body.strip_prefix('{').map_or(body, str::trim_start);
        if ["revert ", "reject()", "return false", "failed("].iter().any(|refusal| body.starts_with(refusal))
        {
            places.extend(clauses(text, start + 4..end, "||", NEVER));
        }
    }
    for name in ["right = ", "fits = ", "bool apart = ", "return ok && "] {
        for (start, _) in text.match_indices(name) {
            let from = start + name.len();
            let Some(end) = top_level(text, from, ';') else { continue };
            let own = |place: &Place| !matches!(text[place.range.clone()].trim(), "right" | "fits");
            places.extend(clauses(text, from..end, "&&", ALWAYS).into_iter().filter(own));
        }
    }
    // In assembly: a verdict is assigned.
    for name in ["ok := ", "fits := ", "named := "] {
        for (start, _) in text.match_indices(name).filter(|(at, _)| is_word(text, *at)) {
            let from = start + name.len();
            let Some(end) = call_end(text, from) else { continue };
            let own = name.trim_end_matches(" := ");
            conjuncts(text, from..end, own, &mut places);
        }
    }
    for (start, pattern) in text.match_indices("if iszero(") {
        let from = start + pattern.len() - "iszero(".len();
        let Some(end) = call_end(text, from) else { continue };
        // What ends the call, and not what only chooses.
        let body = text[end..].trim_start().strip_prefix('{').map(str::trim_start);
        if body.is_some_and(|body| ["fail", "mstore(0", "revert("].iter().any(|end| body.starts_with(end))) {
            places.push(Place { range: from..end, instead: "and(iszero(eq(number(), #)), @)" });
        }
    }
    for (start, end) in lines(text) {
        let line = text[start..end].trim();
        let called = ["within(", "same(", "check", "validator.validate("];
        if called.iter().any(|name| line.starts_with(name)) && line.ends_with(");") {
            let from = start + text[start..end].len() - text[start..end].trim_start().len();
            places.push(Place { range: from..end, instead: "if (!#) { @ }" });
        }
    }
    places
}

/// The arguments of nested `and(…)`, but for the verdict itself.
fn conjuncts(text: &str, range: Range<usize>, own: &str, places: &mut Vec<Place>) {
    let inner = &text[range.clone()];
    let Some(list) = inner.strip_prefix("and(").and_then(|rest| rest.strip_suffix(')')) else {
        if inner != own && inner.contains('(') {
            places.push(Place { range, instead: YUL_ALWAYS });
        }
        return;
    };
    for part in split(list, ",") {
        let from = range.start + 4 + part.start;
        conjuncts(text, trimmed(text, from..from + part.len()), own, places);
    }
}

/// The end of the call or name at `from`.
fn call_end(text: &str, from: usize) -> Option<usize> {
    let name = text[from..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))? + from;
    match text[name..].chars().next()? {
        '(' => top_level(text, name + 1, ')').map(|close| close + 1),
        _ => Some(name),
    }
}

/// Each clause of a condition.
fn clauses(text: &str, condition: Range<usize>, between: &str, instead: &'static str) -> Vec<Place> {
    let own = &text[condition.clone()];
    let mut parts = split(own, between);
    if split(own, " ? ").len() > 1 {
        // A choice between conditions is one.
        parts.truncate(1);
        parts.iter_mut().for_each(|part| *part = 0..own.len());
    }
    let place = |part: Range<usize>| {
        let range = condition.start + part.start..condition.start + part.end;
        Place { range: trimmed(text, range), instead }
    };
    parts.into_iter().map(place).collect()
}

/// The parts of `text` between `separator` outside of all brackets.
fn split(text: &str, separator: &str) -> Vec<Range<usize>> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && at >= from && text[at..].starts_with(separator) => {
                parts.push(from..at);
                from = at + separator.len();
            }
            _ => {}
        }
    }
    parts.push(from..text.len());
    parts
}

/// Where `wanted` stands next outside of brackets; none before a bracket closes that was not opened.
fn top_level(text: &str, from: usize, wanted: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text[from..].char_indices() {
        match c {
            _ if c == wanted && depth == 0 => return Some(from + at),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// The bracket that the one at `close` closes.
fn opening(text: &str, close: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text[..close].char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' if depth == 0 => return Some(at),
            '(' | '[' | '{' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let own = &text[range.clone()];
    let start = range.start + own.len() - own.trim_start().len();
    start..start + own.trim().len()
}

/// Whether a word begins here, and not in a comment.
fn is_word(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..at];
    !before.trim_start().starts_with("//")
        && !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn lines(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut from = 0;
    text.split('\n').map(move |line| {
        let own = (from, from + line.len());
        from = own.1 + 1;
        own
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(language: Language, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        instrument(language, "file", text, &mut found);
        found.into_iter().map(|check| check.text).collect()
    }

    #[test]
    fn every_clause_of_a_refusal_is_a_check() {
        let text = "fn f() {\n    if a(b || c) || !d\n        || e == f\n    {\n        return Err(Fault);\n    }\n    if g { h() }\n    \
                    within(\"x\", 0, 1, 2)?;\n    let fits = a && b.is_some();\n    let other = a.max(b);\n    \
                    if x == y { Ok(()) } else { Err(Fault) }\n}\n";
        let found = texts(Language::Rust, text);
        let expected =
            ["a(b || c)", "!d", "e == f", "within(\"x\", 0, 1, 2)?;", "a", "b.is_some()", "x == y"];
        assert_eq!(found, expected);
        let result = instrument(Language::Rust, "file", text, &mut Vec::new());
        assert!(result.contains("if (!crate::left_out(1) && (a(b || c))) || (!crate::left_out(2) && (!d))"));
        assert!(result.contains("if !crate::left_out(4) { within(\"x\", 0, 1, 2)?; }"));
    }

    #[test]
    fn verdicts_in_assembly_are_checks() {
        let text = "function f() pure {\n if (a || b) revert Bad();\n if (e) {\n  revert Bad();\n }\n if (f) { g(); }\n ok := and(ok, and(lt(x, P), lt(y, P)))\n \
                    if iszero(lt(z, P)) { fail() }\n right = right && c && d;\n}\n";
        let found = texts(Language::Solidity, text);
        assert_eq!(found, ["a", "b", "e", "lt(x, P)", "lt(y, P)", "iszero(lt(z, P))", "c", "d"]);
        let result = instrument(Language::Solidity, "file", text, &mut Vec::new());
        assert!(result.contains("function f() view {"));
        assert!(
            result.contains("and(ok, and(or(eq(number(), 4), lt(x, P)), or(eq(number(), 5), lt(y, P))))")
        );
        assert!(result.contains("if and(iszero(eq(number(), 6)), iszero(lt(z, P))) { fail() }"));
    }
}
