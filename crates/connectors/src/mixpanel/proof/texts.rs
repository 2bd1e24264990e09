//! Answers as text: every known layout, and much that is none.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::Value;

/// A JSON text before it is written: names may stand twice, in any order.
#[derive(Debug, Clone)]
pub(super) enum Json {
    /// A scalar as it is written.
    Plain(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

pub(super) fn text(text: &str) -> Json {
    Json::Plain(Value::from(text).to_string())
}

impl Json {
    fn write(&self, space: &str, out: &mut String) {
        let inside =
            |out: &mut String, open: &str, close: &str, parts: &mut dyn Iterator<Item = (Option<&str>, &Self)>| {
                out.push_str(open);
                for (at, (key, part)) in parts.enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(space);
                    if let Some(key) = key {
                        // Some names are written with an escape.
                        let key = Value::from(key).to_string();
                        out.push_str(&if space == " " { key.replacen('e', "\\u0065", 1) } else { key });
                        out.push_str(space);
                        out.push(':');
                        out.push_str(space);
                    }
                    part.write(space, out);
                    out.push_str(space);
                }
                out.push_str(space);
                out.push_str(close);
            };
        match self {
            Self::Plain(scalar) => out.push_str(scalar),
            Self::List(elements) => inside(out, "[", "]", &mut elements.iter().map(|element| (None, element))),
            Self::Object(entries) => {
                inside(out, "{", "}", &mut entries.iter().map(|(key, value)| (Some(key.as_str()), value)));
            }
        }
    }

    pub(super) fn written(&self, space: &str) -> String {
        let mut out = space.to_owned();
        self.write(space, &mut out);
        out.push_str(space);
        out
    }
}

fn address() -> impl Strategy<Value = String> {
    (0..12_u32).prop_map(|n| format!("{}{n}@acme.example", if n % 2 == 0 { "Ann" } else { "lee" }))
}

fn plain() -> impl Strategy<Value = Json> {
    let words = [
        "owner",
        "Admin",
        "member",
        "individual",
        "team",
        "all_users",
        "x",
        "",
        "a \"quoted\" {word} [3],",
        "\\",
        "c2",
    ];
    Union::new([
        address().prop_map(|address| text(&address)).boxed(),
        select(words.to_vec()).prop_map(text).boxed(),
        (0..40_u32).prop_map(|number| Json::Plain(number.to_string())).boxed(),
        select(vec!["null", "true", "false", "-1.5e3", "\"7\"", "\"\\u00e9\\ud83d\\ude00\""])
            .prop_map(|raw| Json::Plain(raw.to_owned()))
            .boxed(),
    ])
}

/// Names that some reader looks for, ids and addresses.
fn key() -> impl Strategy<Value = String> {
    let known = [
        "results",
        "items",
        "data",
        "status",
        "error",
        "pagination",
        "next_cursor",
        "total",
        "totalCount",
        "next",
        "has_more",
        "meta",
        "users",
        "members",
        "projects",
        "teams",
        "byProject",
        "grants",
        "access",
        "email",
        "userEmail",
        "name",
        "id",
        "user_id",
        "role",
        "org_role",
        "user",
        "member",
        "account",
        "invited_by",
        "createdBy",
        "note",
        "type",
        "target_type",
        "project_id",
        "workspaces",
        "member_list",
        "is_global",
        "is_default",
        "is_restricted",
        "invited",
        "user_email",
        "organizations",
        "organization_id",
        "owner_id",
        "permissions",
        "active",
        "last_seen",
        "created",
        "7",
        "3",
        "31",
        "4",
        "x",
        "odd \"key\"",
    ];
    Union::new_weighted(vec![(6, select(known.to_vec()).prop_map(str::to_owned).boxed()), (1, address().boxed())])
}

/// Anything at all.
pub(super) fn anything() -> impl Strategy<Value = Json> {
    plain().prop_recursive(5, 60, 6, |inner| {
        Union::new([
            vec(inner.clone(), 0..6).prop_map(Json::List).boxed(),
            vec((key(), inner), 0..7).prop_map(Json::Object).boxed(),
        ])
    })
}

pub(super) fn object(entries: Vec<(&str, Json)>) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The layouts in which a member list may come, with something unexpected beside one person.
pub(super) fn layouts() -> impl Strategy<Value = (&'static str, Json)> {
    let person = (address(), 1..30_u32, select(vec!["owner", "member", "Billing Admin"]), anything());
    (vec(person, 1..8), 0..10_usize).prop_map(|(people, layout)| {
        let number = |id: u32| Json::Plain(id.to_string());
        let rows = |with_address: bool| {
            people.iter().map(move |(address, id, role, odd)| {
                let mut fields = vec![("id", number(*id)), ("role", text(role)), ("odd", odd.clone())];
                if with_address {
                    fields.insert(1, ("email", text(address)));
                }
                object(fields)
            })
        };
        let list = || Json::List(rows(true).collect());
        match layout {
            0 => ("objects", list()),
            1 => ("by address", Json::Object(people.iter().map(|person| person.0.clone()).zip(rows(false)).collect())),
            2 => ("by id", Json::Object(people.iter().map(|person| person.1.to_string()).zip(rows(true)).collect())),
            3 => ("texts", Json::List(people.iter().map(|person| text(&person.0)).collect())),
            4 => ("id to address", Json::Object(people.iter().map(|p| (p.1.to_string(), text(&p.0))).collect())),
            5 => {
                let wrapped = people.iter().map(|(address, id, role, odd)| {
                    let user = object(vec![("id", number(*id)), ("odd", odd.clone()), ("email", text(address))]);
                    object(vec![("id", number(900)), ("user", user), ("role", text(role))])
                });
                ("wrapped", Json::List(wrapped.collect()))
            }
            6 => {
                let team = object(vec![("id", number(70)), ("members", list())]);
                ("by team", object(vec![("teams", Json::List(vec![team.clone(), team])), ("users", list())]))
            }
            8 => {
                let listed = |key, id| object(vec![("users", list()), (key, id), ("name", text("App"))]);
                let projects = vec![listed("id", number(3)), listed("project_id", text("4")), listed("id", text("x"))];
                ("projects listed", object(vec![("projects", Json::List(projects))]))
            }
            7 => {
                let project = object(vec![("name", text("Web")), ("users", list())]);
                ("by project", object(vec![("projects", object(vec![("3", project)])), ("total", number(2))]))
            }
            _ => (
                "nested",
                object(vec![("users", list()), ("total_count", number(3)), ("next", Json::Plain("null".to_owned()))]),
            ),
        }
    })
}

/// An envelope around it, with its fields in any order.
fn enveloped(results: BoxedStrategy<(&'static str, Json)>) -> impl Strategy<Value = (&'static str, Json)> {
    let names = select(vec!["status", "message", "pagination", "total", "has_more", "id", "error"]);
    let cursor =
        plain().prop_map(|cursor| ("pagination", object(vec![("page_size", text("9")), ("next_cursor", cursor)])));
    let beside = vec(Union::new([(names, anything()).boxed(), cursor.boxed()]), 0..4);
    let ok = select(vec!["ok", "ok", "OK", "error", "Error"]);
    (results, beside, ok, any::<bool>(), any::<bool>()).prop_map(
        |((name, results), beside, status, first, enveloped)| {
            if !enveloped {
                return (name, results);
            }
            let mut entries = vec![("results".to_owned(), results)];
            let said = ("status".to_owned(), text(status));
            entries.insert(usize::from(!first), said);
            entries.extend(beside.into_iter().map(|(key, value)| (key.to_owned(), value)));
            (name, Json::Object(entries))
        },
    )
}

pub(super) fn answers() -> impl Strategy<Value = (&'static str, String)> {
    let body = Union::new([
        enveloped(layouts().boxed()).boxed(),
        enveloped(anything().prop_map(|json| ("anything", json)).boxed()).boxed(),
    ]);
    (body, select(vec!["", "", " ", "\n\t "])).prop_map(|((name, json), space)| (name, json.written(space)))
}

/// Something like the answer about ourselves.
pub(super) fn about_us() -> impl Strategy<Value = Json> {
    let person = (address(), 0..9_u32, any::<bool>(), anything());
    let view = (1..6_u32, 2..5_u32, any::<bool>(), vec(person, 0..5), any::<bool>(), anything());
    let shape = select(vec!["map", "list", "odd"]);
    (vec(view, 0..5), shape, anything(), 0..4_u8).prop_map(|(views, shape, odd, twist)| {
        let number = |id: u32| Json::Plain(id.to_string());
        let flag = |flag: bool| Json::Plain(flag.to_string());
        let views = views.into_iter().map(|(id, project, restricted, people, first, odd)| {
            let people = people.into_iter().map(|(address, id, invited, odd)| {
                object(vec![("id", number(id)), ("email", text(&address)), ("invited", flag(invited)), ("odd", odd)])
            });
            let list = ("member_list", Json::List(people.collect()));
            let rest = [
                ("id", number(id)),
                ("project_id", number(project)),
                ("is_restricted", flag(restricted)),
                ("odd", odd),
            ];
            let fields = if first {
                std::iter::once(list).chain(rest).collect()
            } else {
                rest.into_iter().chain([list]).collect()
            };
            (id.to_string(), object(fields))
        });
        let workspaces = match shape {
            "map" => Json::Object(views.collect()),
            "list" => Json::List(views.map(|(_, view)| view).collect()),
            _ => odd.clone(),
        };
        let project =
            |id: u32| object(vec![("organization_id", number(7)), ("owner_id", number(id)), ("name", text("P"))]);
        let projects = object(vec![("3", project(1)), ("4", project(2)), ("5", odd.clone())]);
        let mut fields = vec![("user_id", number(9)), ("workspaces", workspaces), ("projects", projects)];
        match twist {
            0 => fields.push(("workspaces", odd)),
            1 => fields.push(("odd", odd)),
            2 => fields.insert(0, ("organizations", object(vec![("7", object(vec![("role", text("admin"))]))]))),
            _ => {}
        }
        object(fields)
    })
}
