//! A template, its data, and what comes out.

use jiff::Timestamp;

use crate::pdf;

const TEMPLATE: &str = r#"
#let data = json("/data.json")
#set document(title: data.title, date: auto)
#set text(lang: "en")
= #data.title
"#;

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn set(title: &str) -> crate::Made {
    pdf(TEMPLATE, format!(r#"{{"title":"{title}"}}"#).as_bytes(), at()).unwrap()
}

#[test]
fn the_same_text_and_time_give_the_same_bytes() {
    let made = set("Removal of a collaborator");
    assert_eq!(made, set("Removal of a collaborator"));
    assert_ne!(made.bytes, set("Removal of another").bytes);
    assert!(made.bytes.starts_with(b"%PDF-1.7"));
}

#[test]
fn a_text_in_the_fonts_is_archival_and_a_name_in_another_script_is_still_a_document() {
    let made = set("Zoë Åström, Čapek");
    assert!(made.archival);
    assert!(made.bytes.windows(14).any(|bytes| bytes == b"pdfaid:part>2<"), "the file says that it is PDF/A-2");
    let made = set("山田太郎");
    assert!(!made.archival);
    assert!(made.bytes.starts_with(b"%PDF-"));
}

#[test]
fn a_template_reaches_nothing_but_its_data() {
    for outside in [
        "#read(\"/etc/hostname\")",
        "#import \"/other.typ\"",
        "#import \"@preview/example:0.1.0\"",
        "#image(\"../a.png\")",
    ] {
        assert!(pdf(outside, b"{}", at()).is_err(), "{outside}");
    }
    let said = pdf("#let data = json(\"/data.json\")", b"no json", at()).unwrap_err().to_string();
    assert!(said.contains("JSON"), "{said}");
}
