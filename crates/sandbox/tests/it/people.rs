//! What people do by hand: role rules, the page, and what stays.

use serde_json::{Value, json};

use crate::client::Site;

fn delete(who: &str, target: &str) -> Value {
    json!({"as": who, "does": "delete-member", "target": target})
}

fn role(who: &str, target: &str, role: &str) -> Value {
    json!({"as": who, "does": "set-role", "target": target, "role": role})
}

#[tokio::test]
async fn only_people_below_are_removed() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    assert_eq!(site.deed(&delete(&people.requester, &people.leaver)).await, 403, "a member removes nobody");
    assert_eq!(site.deed(&delete(&people.approver, &people.owner)).await, 403, "an admin no owner");
    assert_eq!(site.deed(&delete(&people.owner, &people.executor)).await, 403, "an owner no owner");
    assert_eq!(site.deed(&delete("nobody@else.example", &people.leaver)).await, 403);
    assert_eq!(site.deed(&delete(&people.owner, "nobody@else.example")).await, 404);
    assert_eq!(site.deed(&delete(&people.owner, &people.approver)).await, 200, "an owner an admin");
    assert_eq!(site.deed(&delete(&people.owner, &people.leaver)).await, 200);
}

#[tokio::test]
async fn an_owner_is_lowered_before_removal_and_one_stays() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    assert_eq!(site.deed(&role(&people.approver, &people.successor, "owner")).await, 403);
    assert_eq!(site.deed(&role(&people.executor, &people.owner, "member")).await, 200);
    assert_eq!(site.deed(&role(&people.executor, &people.executor, "member")).await, 409, "the last owner");
    assert_eq!(site.deed(&delete(&people.executor, &people.owner)).await, 200);
    assert_eq!(site.member(&people.owner).await, Value::Null);
}

#[tokio::test]
async fn the_only_owner_can_be_the_leaver() {
    let site = Site::variant("only-owner").await;
    let people = site.people().clone();
    assert_eq!(site.member(&people.leaver).await["role"], "owner");
    assert_eq!(site.deed(&delete(&people.executor, &people.leaver)).await, 409);
    assert_eq!(site.deed(&role(&people.leaver, &people.executor, "owner")).await, 200);
    assert_eq!(site.deed(&role(&people.executor, &people.leaver, "member")).await, 200);
    assert_eq!(site.deed(&delete(&people.executor, &people.leaver)).await, 200);
}

#[tokio::test]
async fn removal_ends_access_and_leaves_everything_else() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let before = site.state().await;
    let id = site.member(&people.leaver).await["id"].clone();
    assert_eq!(site.deed(&delete(&people.executor, &people.leaver.to_uppercase())).await, 200);
    let after = site.state().await;
    assert_eq!(before["projects"][0]["content"], after["projects"][0]["content"]);
    assert_eq!(before["service_accounts"], after["service_accounts"]);
    assert!(after["projects"][0]["content"]["board"].to_string().contains(&people.leaver));
    assert!(after["projects"][2]["content"]["digest"].to_string().contains(&people.leaver));
    assert!(!after["members"].to_string().contains(&people.leaver));
    assert!(!after["teams"].to_string().contains(&id.to_string()));
    assert!(!after["projects"][0]["data_views"].to_string().contains(&id.to_string()));
    assert!(!site.member(&people.lookalike).await.is_null(), "somebody else");
}

#[tokio::test]
async fn whoever_is_invited_again_is_a_new_user() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let invite = json!({"as": people.owner, "does": "invite", "target": people.leaver});
    assert_eq!(site.deed(&invite).await, 409);
    let old = site.member(&people.leaver).await["id"].clone();
    assert_eq!(site.deed(&delete(&people.owner, &people.leaver)).await, 200);
    assert_eq!(site.deed(&invite).await, 200);
    let new = site.member(&people.leaver).await;
    assert!(new["id"].is_u64() && new["id"] != old);
}

#[tokio::test]
async fn grants_end_one_by_one() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let leave = |who: &str, index: usize| json!({"as": who, "does": "leave-project", "target": people.leaver, "project": site.project_id(index)});
    let kinds = |member: Value| {
        let grants = member["grants"].as_array().expect("a list").clone();
        grants.iter().map(|grant| grant["kind"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(site.member(&people.leaver).await), ["individual", "team", "all-users"]);
    assert_eq!(site.deed(&leave(&people.successor, 0)).await, 200);
    assert_eq!(site.deed(&leave(&people.successor, 1)).await, 403, "a team grant needs an organization admin");
    assert_eq!(site.deed(&leave(&people.approver, 1)).await, 200);
    assert_eq!(site.deed(&leave(&people.approver, 2)).await, 409, "an all-users grant is nobody's own");
    assert_eq!(kinds(site.member(&people.leaver).await), ["all-users"]);
    let view = site.state().await["projects"][0]["data_views"][1]["id"].clone();
    let deed = json!({"as": people.owner, "does": "leave-data-view", "target": people.leaver, "data_view": view});
    assert_eq!(site.deed(&deed).await, 200);
    assert_eq!(site.member(&people.leaver).await["data_views"], json!([]));
}

#[tokio::test]
async fn a_team_is_left_by_the_word_of_an_admin() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let team = site.member(&people.leaver).await["teams"][0].clone();
    let leave =
        |who: &str, team: &Value| json!({"as": who, "does": "leave-team", "target": people.leaver, "team": team});
    assert_eq!(site.deed(&leave(&people.successor, &team)).await, 403, "only owners and admins");
    assert_eq!(site.deed(&leave(&people.approver, &json!(1))).await, 404);
    assert_eq!(site.deed(&leave(&people.approver, &team)).await, 200);
    let after = site.member(&people.leaver).await;
    assert_eq!(after["teams"], json!([]));
    assert!(!after["grants"].to_string().contains("\"kind\":\"team\""), "its grant went with it: {after}");
    assert_eq!(site.deed(&leave(&people.approver, &team)).await, 409, "nobody leaves twice");
}

#[tokio::test]
async fn the_other_deeds_change_what_they_say() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let state = site.state().await;
    let content = &state["projects"][0]["content"];
    let find = |kind: &str, field: &str, value: &Value| {
        let items = content[kind].as_array().expect("a list");
        items.iter().find(|item| item["fields"][field] == *value).expect("exists").clone()
    };
    let public = find("board", "num_active_public_links", &json!(1));
    let weekly = find("board", "title", &json!("Executive weekly"));
    let flow = find("agent_flow", "name", &json!("Monday summary"));
    let invited = state["invitations"][0]["email"].clone();
    let deeds = [
        json!({"as": people.owner, "does": "disable-public-link", "target": public["id"]}),
        json!({"as": people.owner, "does": "pause-automation", "target": flow["id"]}),
        json!({"as": people.owner, "does": "unshare", "target": weekly["id"], "address": people.leaver}),
        json!({"as": people.owner, "does": "revoke-invitation", "target": invited}),
    ];
    for deed in &deeds {
        let mut stranger = deed.clone();
        stranger["as"] = json!("ravi.menon@nowhere.example");
        assert_eq!(site.deed(&stranger).await, 403, "{deed}");
        assert_eq!(site.deed(deed).await, 200, "{deed}");
    }
    let after = site.state().await;
    assert!(!after["invitations"].to_string().contains(invited.as_str().expect("text")));
    let boards = after["projects"][0]["content"]["board"].to_string();
    assert!(!boards.contains("\"num_active_public_links\":1"));
    let flow = site.get(&format!("{}/agent-flows/{}", site.project(0), flow["id"].as_str().expect("text"))).await;
    assert_eq!(flow.results()["status"], "paused");
    let shares = site.get(&format!("{}/shared-entities/dashboards/{}", site.project(0), weekly["id"])).await;
    let shares = shares.results()["userShares"].to_string();
    assert!(!shares.contains(&people.leaver) && shares.contains(&people.successor));
}

#[tokio::test]
async fn the_page_deletes_and_is_logged_as_page() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let id = site.member(&people.leaver).await["id"].to_string();
    let page = site.get("/settings/org").await;
    assert!(page.text.contains("Users &amp; Teams") && page.text.contains(&people.leaver));
    let person = site.get(&format!("/settings/org/users/{id}")).await;
    for grant in ["Individual Grant", "Team Grant (Agency)", "All Users Grant"] {
        assert!(person.text.contains(grant), "{grant}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let send = |who: &str| format!("as={}&user={id}", who.replace('@', "%40"));
    let refused = site
        .raw("POST", "/settings/org/users/delete", &form, send(&people.requester).as_bytes())
        .await
        .expect("an answer");
    assert_eq!(refused.status, 403);
    let done = site
        .raw("POST", "/settings/org/users/delete", &form, send(&people.executor).as_bytes())
        .await
        .expect("an answer");
    assert!(done.status == 200 && done.text.contains("1 user was deleted."));
    assert_eq!(site.member(&people.leaver).await, Value::Null);
    let log = site.requests().await;
    let last = log.last().expect("logged");
    assert_eq!((&last["via"], &last["acted"]), (&json!("page"), &json!(true)));
    assert_eq!(last["effect"], json!({"kind": "member", "op": "delete", "id": id, "from": null}));
    let refused = &log[log.len() - 2];
    assert_eq!((&refused["acted"], &refused["effect"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn names_cannot_write_into_the_page() {
    let site = Site::ordinary().await;
    let owner = &site.people().owner;
    let evil = json!({"as": owner, "does": "invite", "target": "x@y.example", "name": "<script>alert(1)</script>"});
    assert_eq!(site.deed(&evil).await, 200);
    let page = site.get("/settings/org").await;
    assert!(!page.text.contains("<script>") && page.text.contains("&lt;script&gt;"));
}
