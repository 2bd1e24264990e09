//! Groups by which somebody is in, by a query or through another group; whose word a 404 is; and who else is let in.

use leaver_core::provider::GroupKind;
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use serde_json::json;
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use super::{
    ADDRESS, APP, Bench, EVERYBODYS, GROUPS, OTHER, SINCE, USER, USERS, activities, activity, group, groups, html,
    let_in, merged, ok, refusal, user, users,
};

#[tokio::test]
async fn everything_that_gives_the_application_is_read() {
    let bench = Bench::furnished().await;
    let ways = bench.ways().await.unwrap();
    let account = ways.account.as_ref().unwrap();
    assert_eq!((account.id.as_str(), account.status.as_str(), account.sessions_from), (USER, "active", None));
    let expected = [
        ("g-own", GroupKind::Own, true),
        ("g-nested", GroupKind::Imported, true),
        ("g-query", GroupKind::ByRule, true),
        ("g-without", GroupKind::Own, false),
    ];
    let kinds: Vec<(&str, GroupKind, bool)> =
        ways.groups.iter().map(|group| (group.id.as_str(), group.kind, group.member)).collect();
    assert_eq!(kinds, expected);
    assert!(ways.groups.iter().all(|group| group.also.is_none()), "no interface shows what else a group gives");
    assert_eq!((ways.self_service, ways.anyone), (Some(false), None), "no interface shows the organizational units");
    assert!(ways.assignment.is_none() && ways.rules.is_empty() && ways.jobs.is_empty() && ways.features.is_empty());
    assert_eq!(ways.others, 1, "the same twice is one, and the wiki is another application");
    let [asked] = bench.asked(EVERYBODYS).await.try_into().unwrap();
    let query: Vec<(String, String)> = asked.url.query_pairs().into_owned().collect();
    for (key, value) in [
        ("eventName", "login_success"),
        ("startTime", SINCE),
        ("filters", "application_name==Mixpanel"),
        ("customerId", "C0mixer"),
    ] {
        assert!(query.contains(&(key.to_owned(), value.to_owned())), "{query:?}");
    }
    let [asked] = bench.asked(&format!("{USERS}/{USER}")).await.try_into().unwrap();
    assert_eq!(asked.url.query(), Some("projection=full"));
}

#[tokio::test]
async fn a_group_of_two_addresses_is_one_and_a_label_alone_says_that_a_query_fills_it() {
    let bench = Bench::furnished_with(|config| {
        config.groups = vec!["own@acme.example".to_owned(), "alias@acme.example".to_owned()];
    })
    .await;
    bench.gives(&format!("{GROUPS}/alias%40acme.example"), group("g-own", "own@acme.example")).await;
    let filled = json!({"name": "groups/ci-own", "groupKey": {"id": "OWN@acme.example"}, "labels": {"cloudidentity.googleapis.com/groups.dynamic": ""}});
    bench.turns("/v1/groups/ci-own", ok(&filled)).await;
    let groups = bench.ways().await.unwrap().groups;
    assert!(
        matches!(groups.as_slice(), [group] if group.id == "g-own" && group.kind == GroupKind::ByRule),
        "{groups:?}"
    );
    // No groups at all is a configuration, too: then the organizational units alone give the application.
    let bench = Bench::furnished_with(|config| config.groups = Vec::new()).await;
    assert!(bench.ways().await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn an_answer_that_cannot_be_whole_is_none() {
    let (of_user, own) = (format!("{USERS}/{USER}"), format!("{GROUPS}/own%40acme.example"));
    let member = format!("{GROUPS}/g-own/hasMember/{USER}");
    let anything = || json!({"anything": 1});
    let stale = json!({"name": "groups/ci-own", "groupKey": {"id": "own@acme.example"}, "labels": {},
        "dynamicGroupMetadata": {"status": {"status": "UPDATING_MEMBERSHIPS"}}});
    let cases = [
        ("/v1/groups/ci-own", stale, "has not worked out who is in the dynamic group g-own"),
        (of_user.as_str(), json!({}), "has no id"),
        (of_user.as_str(), merged(user(USER, ADDRESS), json!({"suspended": null})), "whether it is suspended"),
        (of_user.as_str(), json!({"id": USER, "suspended": false}), "without its address"),
        // Google leaves the field of an empty list out, and says what the list is of.
        (GROUPS, json!({}), "there is no list"),
        (GROUPS, anything(), "there is no list"),
        (GROUPS, users(&[]), "there is no list"),
        (GROUPS, json!({"kind": "admin#directory#groups", "groups": {}}), "there is no list"),
        (GROUPS, groups(&[json!({"email": "nameless@acme.example"})]), "has no id"),
        (GROUPS, groups(&[group("g-without", "without@acme.example")]), "told both ways"),
        (own.as_str(), json!({}), "has no id"),
        (own.as_str(), json!({"id": "g-own"}), "without its address"),
        (member.as_str(), json!({}), "does not say whether"),
        (member.as_str(), json!({"isMember": "no"}), "does not say whether"),
        (member.as_str(), json!({"isMember": false}), "told both ways"),
        ("/v1/groups:lookup", json!({}), "no name of its own"),
        ("/v1/groups:lookup", json!({"name": "customers/x"}), "no name of its own"),
        ("/v1/groups/ci-own", json!({}), "another group"),
        ("/v1/groups/ci-own", json!({"groupKey": {"id": "other@acme.example"}}), "another group"),
        (EVERYBODYS, json!({}), "there is no list"),
        (EVERYBODYS, activities(&[json!({"id": {}})]), "without its events"),
        (EVERYBODYS, activities(&[activity(OTHER, 1, "login_success", &[])]), "without its application"),
    ];
    for (at, body, why) in cases {
        let bench = Bench::furnished().await;
        bench.turns(at, ok(&body)).await;
        let failure = bench.ways().await.unwrap_err();
        assert!(failure.to_string().contains(why), "{at} {body}: {failure}");
    }
    for at in [of_user.as_str(), GROUPS, &own, &member, "/v1/groups:lookup", "/v1/groups/ci-own", EVERYBODYS] {
        for (answer, expected) in [
            (html(200), Failure::Html),
            (html(403), Failure::Html),
            (refusal(403, "forbidden"), Failure::Forbidden),
            (refusal(400, "invalid"), Failure::Refused { status: 400 }),
            (ResponseTemplate::new(503), Failure::Server { status: 503 }),
        ] {
            let bench = Bench::furnished().await;
            bench.turns(at, answer).await;
            assert_eq!(bench.ways().await.unwrap_err(), expected, "{at}");
        }
    }
    // Nobody at all in the list of somebody's groups, in Google's own words: they are in none by themselves.
    let bench = Bench::furnished().await;
    bench.turns(GROUPS, ok(&json!({"kind": "admin#directory#groups", "etag": "x"}))).await;
    assert_eq!(bench.ways().await.unwrap().groups[0].kind, GroupKind::Imported);
}

#[tokio::test]
async fn only_googles_own_404_says_that_something_is_gone() {
    for id in [USER, "nobody"] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("{USERS}/{id}"), refusal(404, "notFound")).await;
        let ways = bench.read(What::Ways(id.to_owned())).await.unwrap();
        let ways = ways.ways().unwrap();
        assert!(ways.account.is_none() && ways.groups.iter().all(|group| !group.member), "{ways:?}");
        assert_eq!((ways.groups.len(), ways.others > 0), (4, true));
    }
    for (stranger, expected) in [
        (ResponseTemplate::new(404), Failure::NotFound),
        (refusal(404, "domainNotFound"), Failure::NotFound),
        (html(404), Failure::Html),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("{USERS}/{USER}"), stranger).await;
        assert_eq!(bench.ways().await.unwrap_err(), expected);
    }
    // A group of the configuration that is not there hides who is in it under another address.
    let bench = Bench::furnished().await;
    bench.turns(&format!("{GROUPS}/query%40acme.example"), refusal(404, "notFound")).await;
    bench.gives(&format!("{GROUPS}/g-other"), group("g-other", "other@acme.example")).await;
    for failure in
        [bench.ways().await.unwrap_err(), bench.read(What::GroupGives("g-other".to_owned())).await.unwrap_err()]
    {
        assert!(
            matches!(&failure, Failure::Incomplete(why) if why.contains("group 3") && !why.contains('@')),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_group_gives_the_application_where_the_configuration_says_so() {
    let bench = Bench::furnished().await;
    bench.gives(&format!("{GROUPS}/g-other"), group("g-other", "other@acme.example")).await;
    bench.answers(&format!("{GROUPS}/g-gone"), refusal(404, "notFound")).await;
    bench.answers(&format!("{GROUPS}/g-hidden"), refusal(403, "forbidden")).await;
    let gives = async |id: &str| bench.read(What::GroupGives(id.to_owned())).await;
    assert_eq!(gives("g-own").await, Ok(Snapshot::Gives(true)));
    assert_eq!(gives("g-query").await, Ok(Snapshot::Gives(true)));
    // That the configuration does not name it is no word of Google's.
    let other = gives("g-other").await.unwrap_err();
    assert!(matches!(&other, Failure::Incomplete(why) if why.contains("does not name the group g-other")), "{other}");
    assert_eq!(gives("g-gone").await, Ok(Snapshot::Gives(false)));
    assert_eq!(gives("g-hidden").await, Err(Failure::Forbidden));
    assert_eq!(bench.read(What::ProviderRule("g-query".to_owned())).await, Ok(Snapshot::Absent));
    assert!(matches!(bench.read(What::Roster).await, Err(Failure::NotConfigured(_))));
}

#[tokio::test]
async fn the_application_must_have_let_in_somebody_else() {
    // The leaver alone, a stranger without an id, or another application's people: nobody.
    let nameless = merged(let_in(OTHER, 1, APP), json!({"actor": {"email": "x@acme.example"}}));
    for all in [
        vec![],
        vec![let_in(USER, 1, APP)],
        vec![nameless],
        vec![let_in(OTHER, 1, "mixpanel"), let_in("3", 1, "Mixpanel (test)")],
    ] {
        let bench = Bench::furnished().await;
        bench.turns(EVERYBODYS, ok(&activities(&all))).await;
        assert_eq!(bench.ways().await.unwrap().others, 0, "{all:?}");
    }
    // Page after page until somebody is seen, and no further.
    let bench = Bench::furnished().await;
    for (token, all, next) in [
        (None, vec![let_in(USER, 1, APP)], "a"),
        (Some("a"), vec![let_in(OTHER, 1, APP), let_in("3", 1, APP)], "b"),
        (Some("b"), vec![let_in("4", 1, APP)], "c"),
    ] {
        let asked = Mock::given(method("GET")).and(path(EVERYBODYS));
        let asked = match token {
            Some(token) => asked.and(query_param("pageToken", token)),
            None => asked.and(query_param_is_missing("pageToken")),
        };
        let page = merged(activities(&all), json!({"nextPageToken": next}));
        asked.respond_with(ok(&page)).with_priority(1).mount(&bench.server).await;
    }
    assert_eq!(bench.ways().await.unwrap().others, 2);
    assert_eq!(bench.asked(EVERYBODYS).await.len(), 2);
    // A comma cannot stand in a filter: everything is asked for, and only the application's own counts.
    let bench = Bench::furnished_with(|config| config.application = "Mixpanel, Inc.".to_owned()).await;
    bench.turns(EVERYBODYS, ok(&activities(&[let_in(OTHER, 1, APP), let_in("3", 1, "Mixpanel, Inc.")]))).await;
    assert_eq!(bench.ways().await.unwrap().others, 1);
    assert!(bench.asked(EVERYBODYS).await.iter().all(|one| one.url.query_pairs().all(|(key, _)| key != "filters")));
}
