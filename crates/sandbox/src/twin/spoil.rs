//! Listings made empty or too short, in the envelope they came in.

use serde_json::{Map, Value, json};

use crate::wire::{Call, Reply};

/// Whether a call only reads; the Query API lists by POST.
pub(crate) fn is_listing(call: &Call) -> bool {
    call.is_read() || call.path.starts_with("/api/query/")
}

/// Nothing left.
pub(crate) fn emptied(reply: Reply) -> Reply {
    spoiled(reply, &|_| 0, true)
}

/// The last third gone, at least one entry, without a word about it; totals stay.
pub(crate) fn shortened(reply: Reply) -> Reply {
    spoiled(reply, &|len| len - len.div_ceil(3).min(len), false)
}

fn spoiled(reply: Reply, keep: &dyn Fn(usize) -> usize, totals: bool) -> Reply {
    if reply.status != 200 {
        return reply;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    if let Some(map) = body.as_object_mut() {
        spoil_object(map, keep, totals);
    } else {
        cut(&mut body, keep);
    }
    // A list that ends early names no next page either.
    let headers = reply.headers.into_iter().filter(|(name, _)| *name != "link").collect();
    Reply { headers, ..Reply::json(200, &body) }
}

fn spoil_object(map: &mut Map<String, Value>, keep: &dyn Fn(usize) -> usize, totals: bool) {
    if map.contains_key("@odata.context") {
        map.remove("@odata.nextLink");
    }
    // Google: the token of the next page goes with it.
    map.remove("nextPageToken");
    if map.contains_key("Resources") {
        if let Some(resources) = map.get_mut("Resources") {
            cut(resources, keep);
        }
        if totals {
            map.insert("totalResults".to_owned(), json!(0));
            map.insert("itemsPerPage".to_owned(), json!(0));
        }
        return;
    }
    if let Some(pagination) = map.get_mut("pagination").and_then(Value::as_object_mut) {
        pagination.insert("next_cursor".to_owned(), Value::Null);
    }
    match map.get_mut("results") {
        None => {
            for value in map.values_mut() {
                cut(value, keep);
            }
            // Google leaves out a list with nothing in it.
            if map.contains_key("kind") && map.contains_key("etag") {
                map.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
            }
        }
        Some(results) => {
            let inner = results.as_object_mut().filter(|inner| inner.contains_key("results"));
            match inner.and_then(|inner| inner.get_mut("results")) {
                Some(nested) => cut(nested, keep),
                None => spoil_results(results, keep),
            }
        }
    }
}

/// Of `/me` the projects and data views are spoiled, of everything else the collection itself.
fn spoil_results(results: &mut Value, keep: &dyn Fn(usize) -> usize) {
    match results.as_object_mut().filter(|map| map.contains_key("user_id") && map.contains_key("projects")) {
        Some(me) => {
            for field in ["organizations", "projects", "workspaces"] {
                if let Some(part) = me.get_mut(field) {
                    cut(part, keep);
                }
            }
        }
        None => cut(results, keep),
    }
}

fn cut(value: &mut Value, keep: &dyn Fn(usize) -> usize) {
    if let Some(list) = value.as_array_mut() {
        list.truncate(keep(list.len()));
    } else if let Some(map) = value.as_object_mut() {
        let kept = keep(map.len());
        *map = std::mem::take(map).into_iter().take(kept).collect();
    }
}
