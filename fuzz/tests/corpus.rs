//! Every change runs through the committed corpus: what was found once is not broken again.

use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("roster", leaver_fuzz::roster),
    ("me", leaver_fuzz::me),
    ("things", leaver_fuzz::things),
    ("page", leaver_fuzz::page),
    ("audit", leaver_fuzz::audit),
    ("limits", leaver_fuzz::limits),
    ("note", leaver_fuzz::note),
    ("proof", leaver_fuzz::proof),
    ("capture", leaver_fuzz::capture),
    ("json", leaver_fuzz::json),
    ("signature", leaver_fuzz::signature),
    ("event", leaver_fuzz::event),
    ("stamp", leaver_fuzz::stamp),
    ("picture", leaver_fuzz::picture),
    ("okta", leaver_fuzz::okta),
    ("entra", leaver_fuzz::entra),
    ("saml_page", leaver_fuzz::saml_page),
    ("google", leaver_fuzz::google),
    ("scim_directory", leaver_fuzz::scim_directory),
];

#[test]
fn no_parser_breaks_a_promise_on_what_is_in_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let mut files: Vec<_> = std::fs::read_dir(corpus.join(name)).expect("a corpus").flatten().collect();
        files.sort_by_key(std::fs::DirEntry::path);
        assert!(files.len() >= 3, "{name} has {} files", files.len());
        for file in files {
            let bytes = std::fs::read(file.path()).expect("a file");
            // What a cut or a changed byte makes of it, too.
            for cut in [bytes.len(), bytes.len() / 2, bytes.len().saturating_sub(1)] {
                target(&bytes[..cut]);
            }
            for at in (0..bytes.len()).step_by(bytes.len() / 64 + 1) {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                target(&changed);
            }
        }
    }
}

#[test]
fn every_target_stands_in_the_corpus_and_every_corpus_has_a_target() {
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).expect("a corpus").flatten();
    let mut folders: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    folders.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(folders, names);
}
