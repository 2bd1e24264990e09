//! Who bears an address, and what the audit logs tell of them.

use leaver_connectors::Vendor as _;
use leaver_core::ids::{Address, PersonId};
use leaver_core::provider::LogEvent;
use leaver_core::reading::Failure;
use leaver_core::source::What;
use serde_json::json;
use wiremock::Mock;
use wiremock::matchers::{method, path, query_param, query_param_is_missing};

use super::{
    ADDRESS, ADMIN, APP, Bench, OTHER, OWN, SINCE, USER, USERS, activities, activity, html, let_in, merged, ok,
    refusal, user, users,
};

#[tokio::test]
async fn whoever_bears_the_address_is_found_and_a_search_that_finds_nobody_is_not_believed() {
    let by_address = format!("{USERS}/m.lind%40agency.example");
    // The address is a new person's alias; another account has it among its other mail addresses, which only the search finds.
    let bench = Bench::new().await;
    let heir = merged(user("heir", "j.doe@acme.example"), json!({"aliases": ["M.Lind@agency.example"]}));
    bench.gives(&by_address, heir).await;
    let asked = Mock::given(method("GET")).and(path(USERS)).and(query_param("query", format!("email:{ADDRESS}")));
    let asked = asked.and(query_param("customer", "C0mixer"));
    let listed = users(&["heir", USER, "stale", "renamed"].map(|id| json!({"id": id})));
    asked.respond_with(ok(&listed)).mount(&bench.server).await;
    let mails = json!({"suspended": true, "emails": [{"address": ADDRESS, "type": "home"}], "isGuestUser": true});
    bench.gives(&format!("{USERS}/{USER}"), merged(user(USER, "lind@acme.example"), mails)).await;
    bench.answers(&format!("{USERS}/stale"), refusal(404, "notFound")).await;
    // The search is behind: it had the address once.
    bench.gives(&format!("{USERS}/renamed"), user("renamed", "new@acme.example")).await;
    let found = bench.accounts().await.unwrap();
    let [leaver, heir] = found.as_slice() else { panic!("{found:?}") };
    assert!(leaver.id == USER && !leaver.live && leaver.guest && leaver.status == "suspended", "{leaver:?}");
    assert!(heir.id == "heir" && heir.live && !heir.guest && heir.addresses.len() == 2, "{heir:?}");

    for (more, status, live) in [
        (json!({"archived": true}), "archived", false),
        (json!({"archived": null}), "active", true),
        (json!({"nonEditableAliases": [ADDRESS], "primaryEmail": "x@acme.example", "emails": []}), "active", true),
    ] {
        let bench = Bench::new().await;
        bench.gives(&by_address, merged(user(USER, ADDRESS), more)).await;
        bench.gives(USERS, users(&[])).await;
        let [account] = bench.accounts().await.unwrap().try_into().unwrap();
        assert_eq!((account.status.as_str(), account.live), (status, live));
    }

    // Nobody, in a directory that shows somebody; and in one that does not.
    for (somebody, nobody) in [(vec![json!({"id": "x"})], Ok(Vec::new())), (vec![], Err(()))] {
        let bench = Bench::new().await;
        bench.answers(&by_address, refusal(404, "notFound")).await;
        let asked = Mock::given(method("GET")).and(path(USERS)).and(query_param_is_missing("query"));
        asked.respond_with(ok(&users(&somebody))).mount(&bench.server).await;
        let asked = Mock::given(method("GET")).and(path(USERS)).and(query_param("maxResults", "500"));
        asked.respond_with(ok(&json!({"kind": "admin#directory#users"}))).mount(&bench.server).await;
        let found = bench.accounts().await;
        assert_eq!(found.clone().map_err(|_| ()), nobody);
        assert!(found.is_ok() || matches!(&found, Err(Failure::Incomplete(why)) if why.contains("nobody at all")));
    }
    let bench = Bench::new().await;
    bench.answers(&by_address, refusal(403, "forbidden")).await;
    assert_eq!(bench.accounts().await.unwrap_err(), Failure::Forbidden);
    let stranger = What::ProviderAccounts(PersonId::from("person_erased"));
    assert!(matches!(bench.read(stranger).await.unwrap_err(), Failure::NotConfigured(_)));
}

fn leaver_with_quote() -> PersonId {
    PersonId::from("person_quote")
}

#[tokio::test]
async fn an_address_ends_no_query() {
    let bench = Bench::new().await;
    bench.google.meet(&leaver_with_quote(), &[Address::parse("o'brien@agency.example").unwrap()]);
    bench.answers(&format!("{USERS}/o%27brien%40agency.example"), refusal(404, "notFound")).await;
    let asked = Mock::given(method("GET")).and(path(USERS)).and(query_param("query", "email:o\\'brien@agency.example"));
    asked.respond_with(ok(&users(&[json!({"id": "o"})]))).mount(&bench.server).await;
    bench.gives(&format!("{USERS}/o"), user("o", "o'brien@agency.example")).await;
    let found = bench.read(What::ProviderAccounts(leaver_with_quote())).await.unwrap();
    assert_eq!(found.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn the_logs_tell_who_was_let_in_who_was_not_and_whose_sessions_ended() {
    let failed = |actor: &str, minute: u8, kind: &str, application: &str| {
        activity(actor, minute, "login_failure", &[("failure_type", kind), ("application_name", application)])
    };
    let refused = "failure_app_not_enabled_for_user";
    let reset = |minute: u8, whom: &str| activity("3", minute, "RESET_SIGNIN_COOKIES", &[("USER_EMAIL", whom)]);
    let bench = Bench::furnished().await;
    for (name, token, all) in [
        ("login_success", None, vec![let_in(USER, 1, APP), let_in(USER, 2, "Wiki"), let_in(OTHER, 3, APP)]),
        ("login_success", Some("2"), vec![let_in(USER, 4, APP)]),
        (
            "login_failure",
            None,
            vec![
                failed(USER, 11, refused, APP),
                failed(USER, 12, refused, "Wiki"),
                failed(USER, 13, "failure_app_not_configured_for_user", APP),
                failed(USER, 14, "failure_no_passive", APP),
                // The address was somebody else's then.
                failed(OTHER, 15, refused, APP),
                activity(USER, 16, "login_failure", &[("failure_type", refused)]),
            ],
        ),
    ] {
        let asked = Mock::given(method("GET")).and(path(OWN)).and(query_param("eventName", name));
        let asked = asked.and(query_param("startTime", SINCE)).and(query_param("customerId", "C0mixer"));
        let asked = match token {
            Some(token) => asked.and(query_param("pageToken", token)),
            None => asked.and(query_param_is_missing("pageToken")),
        };
        let mut page = activities(&all);
        if name == "login_success" && token.is_none() {
            page = merged(page, json!({"nextPageToken": "2"}));
        }
        asked.respond_with(ok(&page)).mount(&bench.server).await;
    }
    let asked = Mock::given(method("GET")).and(path(ADMIN)).and(query_param("eventName", "RESET_SIGNIN_COOKIES"));
    let asked =
        asked.and(query_param("filters", format!("USER_EMAIL=={ADDRESS}"))).and(query_param("startTime", SINCE));
    let before = merged(reset(21, ADDRESS), json!({"id": {"time": "2025-11-30T09:00:00Z"}}));
    let other = activity("3", 22, "CHANGE_PASSWORD", &[("USER_EMAIL", ADDRESS)]);
    let all = [before, other, reset(23, "somebody@acme.example"), reset(24, "M.Lind@Agency.example")];
    asked.respond_with(ok(&activities(&all))).mount(&bench.server).await;
    let expected = [
        ("11:01", LogEvent::SignedIn),
        ("11:04", LogEvent::SignedIn),
        ("11:11", LogEvent::Refused),
        ("11:24", LogEvent::SessionsEnded),
    ];
    assert_eq!(bench.log().await.unwrap(), expected.map(|(at, event)| (at.to_owned(), event)));

    // An account that is gone: its sign-ins are there by its id, and no address is asked for any more.
    let bench = Bench::furnished().await;
    bench.turns(&format!("{USERS}/{USER}"), refusal(404, "notFound")).await;
    bench.gives(OWN, activities(&[let_in(USER, 1, APP)])).await;
    assert_eq!(bench.log().await.unwrap(), [("11:01".to_owned(), LogEvent::SignedIn)]);

    let untimed = merged(let_in(USER, 1, APP), json!({"id": {}}));
    let whose = merged(let_in(USER, 1, APP), json!({"actor": {}}));
    let what = activity(USER, 1, "login_success", &[]);
    for broken in [untimed, whose, what, json!({"actor": {"profileId": USER}})] {
        let bench = Bench::furnished().await;
        bench.gives(OWN, activities(std::slice::from_ref(&broken))).await;
        bench.gives(ADMIN, activities(&[])).await;
        let read = bench.log().await;
        assert!(matches!(read, Err(Failure::Malformed(_))), "{broken}: {read:?}");
    }
    for (at, answer, expected) in [
        (OWN, refusal(403, "forbidden"), Failure::Forbidden),
        (OWN, ok(&json!({})), Failure::Malformed("there is no list where one was due".to_owned())),
        (ADMIN, html(200), Failure::Html),
    ] {
        let bench = Bench::furnished().await;
        bench.gives(OWN, activities(&[])).await;
        bench.gives(ADMIN, activities(&[])).await;
        bench.turns(at, answer).await;
        assert_eq!(bench.log().await.unwrap_err(), expected);
    }
    // What administrators did may be hidden from us: that sessions ended is not shown then, and that somebody was let in still is.
    for hidden in [ADMIN.to_owned(), format!("{USERS}/{USER}")] {
        let bench = Bench::furnished().await;
        bench.gives(OWN, activities(&[let_in(USER, 1, APP)])).await;
        bench.gives(ADMIN, activities(&[reset(24, ADDRESS)])).await;
        bench.turns(&hidden, refusal(403, "forbidden")).await;
        assert_eq!(bench.log().await.unwrap(), [("11:01".to_owned(), LogEvent::SignedIn)]);
    }
}
