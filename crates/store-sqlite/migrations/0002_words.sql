-- What people said in their own words, each under the key of the person whom the case is about. The keys are files beside the database, so
-- that destroying one reaches every copy of it. The journal holds the commitments.
CREATE TABLE words (
    case_id    TEXT NOT NULL REFERENCES cases (case_id),
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    sealed     BLOB NOT NULL,
    -- Journal::load_since.
    PRIMARY KEY (case_id, commitment)
) STRICT, WITHOUT ROWID;

-- People::erase_person: the cases about somebody.
CREATE INDEX cases_person ON cases (person_id);
