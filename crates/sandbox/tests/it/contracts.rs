//! The twin's answers against the vendor's published specifications. Without the specifications: skipped, and said so.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::client::{Answer, Site};

/// How many answers are checked.
const CHECKS: usize = 33;

fn folder() -> Option<PathBuf> {
    let path = std::env::var_os("LEAVER_CONTRACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts"), PathBuf::from);
    path.join("mixpanel").is_dir().then(|| path.join("mixpanel"))
}

/// A specification, and how many answers it has judged.
struct Judge {
    folder: PathBuf,
    judged: usize,
}

/// `OpenAPI` 3.0 as JSON Schema: `nullable` becomes a type, examples go.
fn plain(value: &mut Value) {
    if let Some(list) = value.as_array_mut() {
        list.iter_mut().for_each(plain);
    }
    let Some(map) = value.as_object_mut() else {
        return;
    };
    map.values_mut().for_each(plain);
    if map.remove("nullable") == Some(json!(true)) {
        let mut inner = std::mem::take(map);
        let description = inner.remove("description");
        let mut outer = Map::new();
        outer.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
        outer.extend(description.map(|text| ("description".to_owned(), text)));
        *map = outer;
    }
}

impl Judge {
    fn check(&mut self, file: &str, path: &str, method: &str, answer: &Answer) {
        self.judged += 1;
        let raw = std::fs::read_to_string(self.folder.join(file)).expect("the specification");
        let mut spec: Value = serde_yaml_ng::from_str(&raw).expect("YAML");
        let responses = &spec["paths"][path][method]["responses"];
        let schema = responses[answer.status.to_string()]["content"]["application/json"]["schema"].clone();
        assert!(
            !responses[answer.status.to_string()].is_null(),
            "{file} {method} {path}: {} undocumented",
            answer.status
        );
        let mut components = spec["components"].take();
        plain(&mut components);
        let mut root = if schema.is_null() { json!({}) } else { schema };
        plain(&mut root);
        root["components"] = components;
        let validator = jsonschema::validator_for(&root).expect("a schema");
        let body = answer.json();
        let errors: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert!(errors.is_empty(), "{file} {method} {path}: {errors:#?}\n{body:#}");
    }
}

#[tokio::test]
async fn documented_answers_fit_their_specifications() {
    let Some(folder) = folder() else {
        println!("SKIPPED {CHECKS} contract checks (no contracts folder)");
        return;
    };
    let site = Site::ordinary().await;
    let mut judge = Judge { folder, judged: 0 };
    service_accounts(&site, &mut judge).await;
    annotations(&site, &mut judge).await;
    experiments(&site, &mut judge).await;
    flags(&site, &mut judge).await;
    warehouse(&site, &mut judge).await;
    schemas(&site, &mut judge).await;
    pipelines_and_query(&site, &mut judge).await;
    assert_eq!(judge.judged, CHECKS);
}

async fn service_accounts(site: &Site, judge: &mut Judge) {
    let file = "service-accounts.openapi.yaml";
    let base = format!("/api/app/organizations/{}/service-accounts", site.organization());
    let list = "/organizations/{organizationId}/service-accounts";
    judge.check(file, list, "get", &site.get(&base).await);
    let made = site.call("POST", &base, &json!({"username": "x", "expires": "2027-01-01T00:00:00Z"})).await;
    judge.check(file, list, "post", &made);
    judge.check(file, list, "post", &site.call("POST", &base, &json!({})).await);
    let id = made.json()["results"]["id"].clone();
    let one = "/organizations/{organizationId}/service-accounts/{serviceAccountId}";
    judge.check(file, one, "get", &site.get(&format!("{base}/{id}")).await);
    let add = json!({"projects": [{"id": site.project_id(0), "role": "analyst"}], "service_account_ids": [id]});
    let path = "/organizations/{organizationId}/service-accounts/add-to-project";
    judge.check(file, path, "post", &site.call("POST", &format!("{base}/add-to-project"), &add).await);
    let of_project = site.get(&format!("{}/service-accounts", site.project(0))).await;
    judge.check(file, "/projects/{projectId}/service-accounts", "get", &of_project);
    let remove = json!({"projects": [{"id": site.project_id(0), "service_account_ids": [id]}]});
    let path = "/organizations/{organizationId}/service-accounts/remove-from-project";
    judge.check(file, path, "post", &site.call("POST", &format!("{base}/remove-from-project"), &remove).await);
    judge.check(file, one, "delete", &site.call("DELETE", &format!("{base}/{id}"), &Value::Null).await);
    judge.check(file, one, "get", &site.get(&format!("{base}/{id}")).await);
}

async fn annotations(site: &Site, judge: &mut Judge) {
    let file = "annotations.openapi.yaml";
    let base = format!("{}/annotations", site.project(0));
    let (list, one, tags) = (
        "/projects/{projectId}/annotations",
        "/projects/{projectId}/annotations/{annotationId}",
        "/projects/{projectId}/annotations/tags",
    );
    judge.check(file, list, "get", &site.get(&base).await);
    let body = json!({"date": "2026-11-01 12:00:00", "description": "x", "tags": []});
    let made = site.call("POST", &base, &body).await;
    judge.check(file, list, "post", &made);
    let path = format!("{base}/{}", made.json()["results"]["id"]);
    judge.check(file, one, "get", &site.get(&path).await);
    judge.check(file, one, "patch", &site.call("PATCH", &path, &json!({"description": "y"})).await);
    judge.check(file, one, "delete", &site.call("DELETE", &path, &Value::Null).await);
    judge.check(file, tags, "get", &site.get(&format!("{base}/tags")).await);
    judge.check(file, tags, "post", &site.call("POST", &format!("{base}/tags"), &json!({"name": "t"})).await);
}

/// The "All Project Data" view of the first project.
async fn view(site: &Site) -> Value {
    site.list(&format!("{}/workspaces/public", site.project(0))).await[0]["id"].clone()
}

async fn experiments(site: &Site, judge: &mut Judge) {
    let file = "experiments.openapi.yaml";
    let base = format!("/api/app/workspaces/{}/experiments", view(site).await);
    let (list, one) =
        ("/workspaces/{workspace_id}/experiments", "/workspaces/{workspace_id}/experiments/{experiment_id}");
    judge.check(file, list, "get", &site.get(&base).await);
    let made = site.call("POST", &base, &json!({"name": "x"})).await;
    judge.check(file, list, "post", &made);
    let path = format!("{base}/{}", made.json()["results"]["id"].as_str().expect("text"));
    judge.check(file, one, "patch", &site.call("PATCH", &path, &json!({"description": "y"})).await);
    let launch = site.call("PUT", &format!("{path}/launch"), &json!({})).await;
    judge.check(file, &format!("{one}/launch"), "put", &launch);
    let decide = site.call("PATCH", &format!("{path}/decide"), &json!({"success": true})).await;
    judge.check(file, &format!("{one}/decide"), "patch", &decide);
    judge.check(file, one, "delete", &site.call("DELETE", &path, &Value::Null).await);
}

async fn flags(site: &Site, judge: &mut Judge) {
    let file = "feature-flags-management.openapi.yaml";
    let base = format!("{}/workspaces/{}/feature-flags", site.project(0), view(site).await);
    let list = "/projects/{project_id}/workspaces/{workspace_id}/feature-flags";
    let one = "/projects/{project_id}/workspaces/{workspace_id}/feature-flags/{flag_id}";
    judge.check(file, list, "get", &site.get(&base).await);
    let body = json!({"name": "x", "key": "x", "tags": [], "context": "distinct_id", "serving_method": "client",
        "ruleset": {"variants": [], "rollout": []}});
    let made = site.call("POST", &base, &body).await;
    judge.check(file, list, "post", &made);
    let path = format!("{base}/{}", made.json()["results"]["id"].as_str().expect("text"));
    judge.check(file, one, "put", &site.call("PUT", &path, &body).await);
    judge.check(file, one, "delete", &site.call("DELETE", &path, &Value::Null).await);
    let bare = site.get(&format!("{}/feature-flags", site.project(0))).await;
    assert_eq!(bare.status, 400, "a data view is required");
}

async fn warehouse(site: &Site, judge: &mut Judge) {
    let file = "warehouse-connectors.openapi.yaml";
    let base = format!("{}/warehouse-sources/imports", site.project(0));
    let (list, one) = (
        "/projects/{projectId}/warehouse-sources/imports",
        "/projects/{projectId}/warehouse-sources/imports/{importId}",
    );
    let imports = site.get(&base).await;
    judge.check(file, list, "get", &imports);
    let path = format!("{base}/{}", imports.results()[0]["id"]);
    let body = json!({"paused": true, "run_every": 86_400_000_000_000_u64});
    judge.check(file, one, "patch", &site.call("PATCH", &path, &body).await);
    assert_eq!(site.call("PATCH", &path, &json!({"paused": true})).await.status, 400, "both are required");
}

async fn schemas(site: &Site, judge: &mut Judge) {
    let file = "lexicon-schemas.openapi.yaml";
    let base = format!("{}/schemas", site.project(0));
    let one = "/projects/{projectId}/schemas/{entityType}/{name}";
    judge.check(file, "/projects/{projectId}/schemas", "get", &site.get(&base).await);
    let path = format!("{base}/event/Campaign%20Clicked");
    let read = site.get(&path).await;
    judge.check(file, one, "get", &read);
    let mut schema = read.json();
    schema["metadata"]["com.mixpanel"]["contacts"] = json!([]);
    judge.check(file, one, "post", &site.call("POST", &path, &schema).await);
}

async fn pipelines_and_query(site: &Site, judge: &mut Judge) {
    let project = site.project_id(0);
    let jobs = site.get(&format!("/api/2.0/nessie/pipeline/jobs?project_id={project}")).await;
    assert_eq!(jobs.json()[project.to_string()][0]["name"], "events-daily-gcs-raw");
    let file = "query.openapi.yaml";
    let cohorts = site.call("POST", &format!("/api/query/cohorts/list?project_id={project}"), &Value::Null).await;
    judge.check(file, "/cohorts/list", "post", &cohorts);
    let reports = site.get(&format!("{}/bookmarks?v=2", site.project(0))).await.results();
    let report = reports["results"][0]["id"].clone();
    let insights = site.get(&format!("/api/query/insights?project_id={project}&bookmark_id={report}")).await;
    judge.check(file, "/insights", "get", &insights);
}
