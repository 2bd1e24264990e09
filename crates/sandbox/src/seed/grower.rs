//! The tools of the seed: chance, time, and short ways to make things.

use jiff::{SignedDuration, Timestamp};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use crate::options::Options;
use crate::shapes::lay_out;
use crate::vendor::stamp;
use crate::world::{Key, Kind, Reach, Who, World};

/// A world under construction.
#[derive(Debug)]
pub(super) struct Grower {
    pub(super) world: World,
    pub(super) now: Timestamp,
    random: ChaCha8Rng,
    /// Content items so far.
    pub(super) made: usize,
}

impl Grower {
    pub(super) fn new(options: &Options, now: Timestamp) -> Self {
        Self {
            world: World::empty(options.seed, options.variant.clone()),
            now,
            random: ChaCha8Rng::seed_from_u64(options.seed),
            made: 0,
        }
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { self.random.random_range(0..limit) }
    }

    /// One of the list.
    pub(super) fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let index = self.below(list.len());
        list.get(index)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// So many hours before the start.
    pub(super) fn hours_ago(&self, hours: i64) -> Timestamp {
        self.now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(self.now)
    }

    /// So many days before the start, as interfaces write it.
    pub(super) fn days_ago(&self, days: i64) -> String {
        stamp(self.hours_ago(days * 24))
    }

    /// Makes a thing; `values` must be an object.
    pub(super) fn make(&mut self, project: u64, kind: Kind, who: &Who, days: i64, reach: Reach, values: Value) -> Key {
        self.made += 1;
        let at = self.days_ago(days);
        let values = object(values);
        self.world.make(project, kind, who, &at, reach, values)
    }

    /// Makes a thing that everybody in the project sees.
    pub(super) fn open(&mut self, project: u64, kind: Kind, who: &Who, days: i64, values: Value) -> Key {
        self.make(project, kind, who, days, Reach::Project, values)
    }

    /// Makes a thing under a name of its own.
    pub(super) fn named(&mut self, project: u64, kind: Kind, name: &str, who: &Who, days: i64, values: Value) -> Key {
        self.made += 1;
        let at = self.days_ago(days);
        self.world.make_named(project, kind, name, who, &at, object(values))
    }

    /// Makes a board with reports of these names and parameters; answers the board and its reports.
    pub(super) fn board(
        &mut self,
        project: u64,
        who: &Who,
        reach: Reach,
        values: Value,
        reports: Vec<(String, Value)>,
    ) -> (u64, Vec<u64>) {
        let days = 20 + i64::try_from(self.below(300)).unwrap_or(0);
        let views = self.below(400);
        let board = self.make(project, Kind::Board, who, days, reach, values);
        let mut ids = Vec::new();
        for (name, params) in reports {
            let values = json!({
                "name": name,
                "params": params,
                "dashboard_id": board,
                "unique_view_count": views / 3,
                "total_view_count": views,
            });
            ids.push(number(&self.make(project, Kind::Report, who, days, reach, values)));
        }
        self.world.edit(project, Kind::Board, &board, |item| {
            item.set("layout", lay_out(&ids));
            item.set("unique_view_count", json!(views / 2));
            item.set("total_view_count", json!(views * 2));
        });
        (number(&board), ids)
    }

    /// Changes a field of something that exists.
    pub(super) fn set(&mut self, project: u64, kind: Kind, key: &Key, field: &str, value: Value) {
        self.world.edit(project, kind, key, |item| item.set(field, value));
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

/// The number of a numeric key; 0 for the others.
pub(super) fn number(key: &Key) -> u64 {
    match key {
        Key::Number(id) => *id,
        Key::Text(_) => 0,
    }
}

/// The parameters of an Insights report of one event.
pub(super) fn insights(event: &str) -> Value {
    json!({
        "sections": {
            "show": [{"type": "event", "name": event, "math": "total"}],
            "filter": [],
            "group": [],
            "cohorts": [],
            "time": [{"unit": "day", "value": 30}],
        },
        "displayOptions": {"chartType": "line", "plotStyle": "standard"},
    })
}
