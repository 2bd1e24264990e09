//! Every error code of the sources has a page, and every page a code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Whether this is `L` and three digits.
fn is_code(text: &str) -> bool {
    text.len() == 4 && text.strip_prefix('L').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The codes that stand as whole string literals in the sources of every crate.
fn codes() -> BTreeSet<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).expect("the crates").flatten() {
        sources(&entry.path().join("src"), &mut files);
    }
    let mut codes = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        codes.extend(text.split('"').filter(|part| is_code(part)).map(str::to_owned));
    }
    codes
}

/// The text of each page, by code.
fn pages() -> BTreeMap<String, String> {
    let folder = root().join("docs/errors");
    let mut pages = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("docs/errors").flatten() {
        let name = entry.file_name().into_string().expect("a plain file name");
        let code = name.strip_suffix(".md").unwrap_or(&name).to_owned();
        if code != "README" {
            pages.insert(code, std::fs::read_to_string(entry.path()).expect("a page"));
        }
    }
    pages
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes = codes();
    assert!(codes.contains("L001") && codes.contains("L101") && codes.contains("L201"), "{codes:?}");
    let pages: BTreeSet<String> = pages().into_keys().collect();
    let missing: Vec<_> = codes.difference(&pages).collect();
    let left_over: Vec<_> = pages.difference(&codes).collect();
    assert!(missing.is_empty(), "write docs/errors/CODE.md for {missing:?}");
    assert!(left_over.is_empty(), "no source uses {left_over:?}: delete the pages");
}

#[test]
fn every_page_says_what_why_and_what_to_do() {
    let index = std::fs::read_to_string(root().join("docs/errors/README.md")).unwrap();
    for (code, page) in pages() {
        let title = page.lines().next().and_then(|line| line.strip_prefix(&format!("# {code}: ")));
        let title = title.unwrap_or_else(|| panic!("{code} begins with another heading"));
        for head in ["## What it means", "## Why it happens", "## What to do", "## Example"] {
            assert!(page.contains(&format!("\n{head}\n\n")), "{code} has no '{head}'");
        }
        assert!(page.contains(&format!("```text\nerror[{code}]: ")), "{code} shows no example message");
        let row = format!("| [{code}]({code}.md) | {title} |\n");
        assert!(index.contains(&row), "docs/errors/README.md has no row: {row}");
    }
    let rows = index.lines().filter(|line| line.starts_with("| [L")).count();
    assert_eq!(rows, pages().len(), "docs/errors/README.md has rows without a page");
}
