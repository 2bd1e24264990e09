//! The page of a pack: what stands on it is true, leads to its raw answers, and does nothing when it is opened.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::world::World;

/// The page of the case's pack.
fn page(world: &World, case: &str, pack: &str) -> String {
    let sealed = world.run(&["evidence", "export", case, "-o", pack]);
    assert_eq!(sealed.code, 0, "{}", sealed.told());
    std::fs::read_to_string(world.path(pack).join("data/report.html")).expect("the pack holds the page")
}

/// The row of a statement, by a part of it.
fn row<'a>(page: &'a str, part: &str) -> &'a str {
    page.split("<tr>").find(|row| row.contains(part)).unwrap_or_else(|| panic!("no row has '{part}'"))
}

/// The pictures of before and after (STATE-3, RECORD-2).
#[test]
fn the_state_sheets_show_what_was_there_and_what_changed() {
    let world = World::new();
    let case = world.opened();
    let sheet = |pack: &str, which: &str| {
        std::fs::read_to_string(world.path(pack).join(format!("data/state-{which}.html"))).expect("a sheet")
    };
    page(&world, &case, "early");
    let before = sheet("early", "before");
    assert!(row(&before, "is not a member").contains("not so: the member list shows the account"));
    assert!(!world.path("early/data/state-after.html").exists(), "nothing ran yet");
    for framed in ["Mixpanel at 127.0.0.1", world.leaver(), "sandbox/service-account", &case, "(UTC)"] {
        assert!(before.contains(framed), "{framed}");
    }
    assert!(row(&before, "<td>individual</td>").contains("Storefront web"), "the grants are told apart");

    world.run(&["approve", &case, "--as", "approver"]);
    world.run(&["worker", "--once"]);
    world.click_everything(&case);
    world.pass(60);
    world.run(&["worker", "--once"]);
    page(&world, &case, "late");
    let unapproved = "for the plan; nobody has approved it.";
    let approved = before.replace(unapproved, "for the plan which was approved.");
    assert!(
        before.contains(unapproved) && sheet("late", "before") == approved,
        "what was approved stays the picture of before"
    );
    let after = sheet("late", "after");
    let gone = row(&after, "is not a member");
    assert!(
        gone.contains("not so: the member list shows") && gone.contains("CHANGED") && gone.contains("so (read)"),
        "{gone}"
    );
    assert!(!row(&after, "every account that looks like").contains("CHANGED"), "the look-alike is where it was");
    for sheet in [&before, &after] {
        for link in sheet.split("href=\"").skip(1) {
            let to = link.split('"').next().expect("an end");
            assert!(world.path("late/data").join(to).is_file(), "{to} is not in the pack");
        }
        assert!(sheet.contains("default-src 'none'") && sheet.contains("href=\"evidence/"));
    }
}

/// A picture is shown from its pixels alone, beside whose word it goes with; the original keeps its bytes (evidence A.2, C1).
#[test]
fn a_picture_that_was_handed_in_stands_on_the_sheet_without_what_came_along_with_it() {
    let world = World::new();
    let case = world.running();
    let original = include_bytes!("../../../../fuzz/corpus/picture/commented.png");
    let comment = b"seen by nobody";
    assert!(original.windows(comment.len()).any(|part| part == comment));
    std::fs::write(world.path("screen.png"), original).expect("a file");
    std::fs::write(world.path("cut.png"), &original[..60]).expect("a file");
    for (claim, file) in [("invitations.gone", "screen.png"), ("mentions.reviewed", "cut.png")] {
        let word = ["attest", &case, claim, "--note", "as the page shows", "--file", file, "--as", "executor"];
        let given = world.run(&word);
        assert!([0, 3].contains(&given.code), "{}", given.told());
    }
    page(&world, &case, "pack");
    let data = world.path("pack/data");
    let sheet = std::fs::read_to_string(data.join("state-after.html")).expect("a sheet");
    let figures: Vec<&str> = sheet.split("<figure>").skip(1).collect();
    let [shown, cut] = figures.as_slice() else { panic!("{} pictures", figures.len()) };
    let copy = shown.split_once("src=\"data:image/png;base64,").expect("a copy").1.split('"').next().expect("an end");
    assert!(BASE64_STANDARD.decode(copy).expect("base64").windows(comment.len()).all(|part| part != comment));
    assert!(shown.contains("no pending invitation") && shown.contains(world.executor()), "{shown}");
    assert!(cut.contains("it cannot be shown") && !cut.contains("<img"), "{cut}");
    assert!(sheet.contains("img-src data:;"), "nothing but what stands in the page is loaded");
    let kept = shown.split_once("href=\"").expect("a link").1.split('"').next().expect("an end");
    assert_eq!(std::fs::read(data.join(kept)).expect("the original"), original);
}

#[test]
fn the_page_says_what_holds_what_does_not_and_who_gave_their_word() {
    let world = World::new();
    let (leaver, evil) = (world.leaver().to_owned(), "\"><img src=x onerror=alert(1)>");
    let asked =
        ["remove", &leaver, "--org", "sandbox", "--reason", "project-completion", "--ticket", evil, "--yes", "--json"];
    let case = world.run(&asked).document(3)["case"].as_str().expect("an id").to_owned();
    let early = page(&world, &case, "early");
    assert!(early.contains("nobody yet") && early.contains("not yet"), "nothing was approved or removed");
    assert!(row(&early, "is not a member").contains("does not hold"), "{}", row(&early, "is not a member"));

    world.run(&["approve", &case, "--as", "approver"]);
    world.run(&["worker", "--once"]);
    world.click_everything(&case);
    let note = "<script>alert(1)</script>";
    world.write("word.txt", "a file");
    let word = ["attest", &case, "mentions.reviewed", "--note", note, "--file", "word.txt", "--as", "executor"];
    let attested = world.run(&word);
    assert!([0, 3].contains(&attested.code), "{}", attested.told());
    world.pass(60);
    world.run(&["worker", "--once"]);
    let late = page(&world, &case, "late");
    assert!(late.contains("Removed"), "every path was closed");
    assert!(row(&late, "is not a member").contains("a read: roster"), "{}", row(&late, "is not a member"));
    let given = row(&late, "alert(1)&#60;/script&#62;");
    assert!(given.contains("a named person&#39;s word") || given.contains("a named person's word"), "{given}");
    for page in [&early, &late] {
        assert!(page.contains("<strong>Rehearsal.</strong>"));
        for active in ["<script", "<img", "<a href=\"http", "javascript:"] {
            assert!(!page.contains(active), "{active} stands on the page");
        }
        assert!(page.contains("default-src 'none'"), "nothing is loaded from elsewhere");
    }
    let mut links = 0;
    for link in late.split("href=\"").skip(1) {
        let to = link.split('"').next().expect("an end");
        assert!(world.path("late/data").join(to).is_file(), "{to} is not in the pack");
        links += 1;
    }
    assert!(links > 20, "{links} raw answers");
}
