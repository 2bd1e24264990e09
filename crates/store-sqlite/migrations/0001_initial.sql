-- The first schema. Times are integer milliseconds since 1970. A migration that was released is never changed: add another.

-- "leav": tells our databases from those of other programs (open.rs).
PRAGMA application_id = 1818583414;

-- The read model of cases, the work that they are owed, and who holds them.
CREATE TABLE cases (
    case_id         TEXT    NOT NULL PRIMARY KEY,
    org             TEXT    NOT NULL,
    -- Unsigned at the vendor, stored bit for bit.
    vendor_org      INTEGER NOT NULL,
    person_id       TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    -- The number of events.
    version         INTEGER NOT NULL CHECK (version >= 0),
    opened_at       INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- Owed by the state of the case: written by append and release.
    next_at         INTEGER,
    -- Asked for by a person: written by wake, so that no append or release can lose it.
    wake_at         INTEGER,
    -- A wake that the present lease is about to answer. Cleared by release only: if the worker dies, it is due again.
    claimed_wake_at INTEGER,
    due_at          INTEGER GENERATED ALWAYS AS (
        nullif(
            min(
                coalesce(next_at, 9223372036854775807),
                coalesce(wake_at, 9223372036854775807),
                coalesce(claimed_wake_at, 9223372036854775807)
            ),
            9223372036854775807
        )
    ) VIRTUAL,
    -- How often the case was handed out or taken over.
    fence           INTEGER NOT NULL DEFAULT 0,
    lease_until     INTEGER,
    lease_worker    TEXT
) STRICT;

-- Work::claim_due: longest due first. Work::next_due: the first that nobody holds.
CREATE INDEX cases_due ON cases (due_at, case_id, lease_until);

-- Work::next_due: the few that somebody holds. Work::take_over.
CREATE INDEX cases_leased ON cases (lease_until) WHERE lease_until IS NOT NULL;

-- The journal of all cases. Its rows are the leaves of the log.
CREATE TABLE events (
    seq     INTEGER NOT NULL PRIMARY KEY,
    case_id TEXT    NOT NULL REFERENCES cases (case_id),
    version INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    bytes   BLOB    NOT NULL,
    leaf    BLOB    NOT NULL CHECK (length(leaf) = 32),
    -- Journal::load_since.
    UNIQUE (case_id, version)
) STRICT;

CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN
    SELECT raise(ABORT, 'events never change');
END;

CREATE TRIGGER events_never_go BEFORE DELETE ON events
BEGIN
    SELECT raise(ABORT, 'events are never deleted');
END;

-- Also stops INSERT OR REPLACE, which deletes without asking the trigger above.
CREATE TRIGGER events_follow_each_other BEFORE INSERT ON events
WHEN new.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM events)
    OR new.version <> (SELECT coalesce(max(version) + 1, 1) FROM events WHERE case_id = new.case_id)
BEGIN
    SELECT raise(ABORT, 'events are numbered without gaps');
END;

-- Effects that were begun and have no outcome yet: at most one per vendor object.
CREATE TABLE open_intents (
    vendor_org INTEGER NOT NULL,
    target     TEXT    NOT NULL,
    case_id    TEXT    NOT NULL REFERENCES cases (case_id),
    effect     TEXT    NOT NULL,
    -- Journal::append: is the target busy?
    PRIMARY KEY (vendor_org, target)
) STRICT, WITHOUT ROWID;

-- Journal::append: frees the targets of an effect.
CREATE INDEX open_intents_effect ON open_intents (case_id, effect);

-- What counts towards the cap of an organization.
CREATE TABLE removals (
    removal_id INTEGER NOT NULL PRIMARY KEY,
    org        TEXT    NOT NULL,
    person_id  TEXT    NOT NULL,
    case_id    TEXT    NOT NULL REFERENCES cases (case_id),
    at         INTEGER NOT NULL
) STRICT;

-- Organizations::removals_since.
CREATE INDEX removals_org_at ON removals (org, at);

-- Names, addresses and titles stand in the next four tables and nowhere else, so that they can be erased.
CREATE TABLE people (
    person_id TEXT NOT NULL PRIMARY KEY,
    name      TEXT,
    -- Set once; the row stays, so that a late write cannot bring the person back.
    erased_at INTEGER,
    CHECK (erased_at IS NULL OR name IS NULL)
) STRICT;

CREATE TABLE person_addresses (
    -- People::person_by_address.
    address   TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (person_id)
) STRICT, WITHOUT ROWID;

-- People::person, People::erase_person.
CREATE INDEX person_addresses_person ON person_addresses (person_id);

CREATE TABLE person_vendor_ids (
    vendor_org INTEGER NOT NULL,
    vendor_id  TEXT    NOT NULL,
    person_id  TEXT    NOT NULL REFERENCES people (person_id),
    -- People::person_by_vendor_id.
    PRIMARY KEY (vendor_org, vendor_id)
) STRICT, WITHOUT ROWID;

-- People::person, People::erase_person.
CREATE INDEX person_vendor_ids_person ON person_vendor_ids (person_id);

CREATE TABLE labels (
    vendor_org INTEGER NOT NULL,
    object     TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    -- People::labels, People::erase_labels.
    PRIMARY KEY (vendor_org, object)
) STRICT, WITHOUT ROWID;

-- What was learned or decided about an organization, each with its own version.
CREATE TABLE org_facts (
    org     TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    value   BLOB    NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    at      INTEGER NOT NULL,
    -- Organizations::org_fact.
    PRIMARY KEY (org, key)
) STRICT, WITHOUT ROWID;
