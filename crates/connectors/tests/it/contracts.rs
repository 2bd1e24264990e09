//! Requests of documented operations against the vendor's own descriptions.
//!
//! The descriptions are looked for in `LEAVER_CONTRACTS`, else beside the workspace.

use std::collections::BTreeSet;
use std::path::PathBuf;

use leaver_connectors::{Capability, Class};
use leaver_core::ids::ProjectId;
use leaver_core::source::{Kind, What};
use leaver_core::write::Write;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Bench, PROJECT};

fn contracts() -> Vec<(String, Value)> {
    let dir = std::env::var_os("LEAVER_CONTRACTS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts")),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(dir.join("mixpanel")) else {
        return Vec::new();
    };
    let mut found: Vec<(String, Value)> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), serde_saphyr::from_str(&text).unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The operation that a documented path template and method name, with the document that it stands in.
fn documented<'a>(contracts: &'a [(String, Value)], method: &str, path: &str) -> Option<(&'a Value, &'a Value)> {
    contracts.iter().find_map(|(_, document)| {
        // The descriptions of the Query API and of the pipelines are served under other bases than those of the App API.
        let server = document["servers"][0]["url"].as_str()?;
        let base = ["/api/query", "/api/2.0"].into_iter().find(|base| server.contains(base)).unwrap_or("/api/app");
        let path = path.strip_prefix(base)?;
        let verb = method.to_ascii_lowercase();
        let mut items = document["paths"].as_object()?.iter().filter(|(template, _)| fits(template, path));
        items.find_map(|(_, item)| Some((document, item.get(&verb)?)))
    })
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(template, part)| template == part || (template.starts_with('{') && !part.is_empty()))
}

fn writes() -> Vec<Write> {
    let text = |text: &str| text.to_owned();
    let mut writes: Vec<Write> = [
        (Kind::Annotation, "5"),
        (Kind::Flag, "f-1"),
        (Kind::Experiment, "e-1"),
        (Kind::WarehouseImport, "6"),
        (Kind::Schema, "event/Buy"),
    ]
    .map(|(kind, id)| Write::Delete { project: PROJECT, kind, id: text(id) })
    .to_vec();
    let contacts = json!({"description": "d", "metadata": {"com.mixpanel": {"contacts": ["a@b.example"]}}});
    writes.extend([
        Write::Describe {
            project: PROJECT,
            kind: Kind::Annotation,
            id: text("5"),
            title: None,
            description: Some(text("d")),
        },
        Write::Describe {
            project: PROJECT,
            kind: Kind::Experiment,
            id: text("e-1"),
            title: Some(text("t")),
            description: Some(text("d")),
        },
        Write::SetSchemaContacts { project: PROJECT, id: text("event/Buy"), body: contacts },
        Write::CreateServiceAccount {
            username: text("u"),
            role: text("consumer"),
            projects: vec![(PROJECT, text("analyst"))],
        },
        Write::AddServiceAccount { id: 7, projects: vec![(PROJECT, text("admin"))] },
        Write::RemoveServiceAccount { id: 7, projects: vec![PROJECT, ProjectId(4)] },
        Write::DeleteServiceAccount { id: 7 },
    ]);
    writes
}

fn reads() -> Vec<What> {
    let mut reads = vec![
        What::ServiceAccounts,
        What::ServiceAccount(7),
        What::ProjectServiceAccounts(PROJECT),
        What::ReportData(PROJECT, "8".to_owned()),
        What::LegacyPipelines(PROJECT),
    ];
    let kinds = [
        (Kind::Annotation, "5"),
        (Kind::Flag, "f"),
        (Kind::Experiment, "e"),
        (Kind::WarehouseImport, "6"),
        (Kind::Schema, "event/Buy"),
    ];
    for (kind, id) in kinds {
        reads.extend([What::List(PROJECT, kind), What::Object(PROJECT, kind, id.to_owned())]);
    }
    reads
}

#[tokio::test]
async fn documented_operations_fit_the_vendors_descriptions() {
    let contracts = contracts();
    if contracts.is_empty() {
        eprintln!(
            "SKIPPED {} documented operations: no contracts found, set LEAVER_CONTRACTS",
            writes().len() + reads().len()
        );
        return;
    }
    let bench = Bench::new().await;
    bench
        .gives(
            "/api/app/me",
            json!({"results": {"user_id": 1, "projects": {"3": {"id": 3, "organization_id": 7}},
                "workspaces": {"31": {"id": 31, "project_id": 3, "is_global": true}}}}),
        )
        .await;
    bench.answers_all(ResponseTemplate::new(200).set_body_json(json!({"status": "ok", "results": []}))).await;
    for what in reads() {
        bench.read(what).await;
    }
    for write in writes() {
        bench.act(&write).await;
    }

    let mut met = BTreeSet::new();
    let mut bodies = 0;
    for request in bench.requests().await.iter().filter(|request| request.url.path() != "/api/app/me") {
        let (method, path) = (request.method.to_string(), request.url.path().to_owned());
        let (document, operation) =
            documented(&contracts, &method, &path).unwrap_or_else(|| panic!("{method} {path} is not documented"));
        met.insert((method.clone(), path.clone()));

        let allowed: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        for (name, _) in request.url.query_pairs() {
            assert!(allowed.iter().any(|parameter| parameter["name"] == *name), "{method} {path} takes no {name}");
        }
        let required = allowed.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        for parameter in required {
            let name = parameter["name"].as_str().unwrap();
            assert!(request.url.query_pairs().any(|(given, _)| given == name), "{method} {path} needs {name}");
        }

        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if request.body.is_empty() {
            let needed = operation["requestBody"]["required"] == true;
            assert!(!needed, "{method} {path} needs a body");
            continue;
        }
        let mut schema = schema.as_object().unwrap_or_else(|| panic!("{method} {path} takes no body")).clone();
        schema.insert("components".to_owned(), document["components"].clone());
        let body: Value = request.body_json().unwrap();
        let validator = jsonschema::validator_for(&Value::Object(schema)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path} {body}: {errors:?}");
        // A schema that takes anything would make this test worthless.
        assert!(!validator.is_valid(&json!("not an object")) || schema_is_open(&path), "{method} {path}");
        bodies += 1;
    }
    assert_eq!(bodies, 6, "writes with a body");

    let all = leaver_connectors::mixpanel::capabilities();
    let missed: Vec<&Capability> = all
        .iter()
        .filter(|capability| {
            capability.class == Class::Documented
                && !capability.name.starts_with("scim")
                && !capability.name.starts_with("me")
        })
        .filter(|capability| {
            let template = capability.path.split('?').next().unwrap();
            !met.iter().any(|(method, path)| {
                let bases = ["/api/app", "/api/query", "/api/2.0"];
                let path = bases.iter().fold(path.as_str(), |path, base| path.trim_start_matches(base));
                method == capability.method && fits(template, path)
            })
        })
        .collect();
    assert!(missed.is_empty(), "documented operations that no request showed: {missed:?}");
}

/// The description of an annotation's body declares no type.
fn schema_is_open(path: &str) -> bool {
    path.contains("/annotations")
}
