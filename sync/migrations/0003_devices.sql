-- Who belongs: a register kept from facts, and the one-time codes that are open. Certificates took the place of secrets.

DROP TABLE devices;

CREATE TABLE enrolled_devices (
    device             TEXT PRIMARY KEY CHECK (length(device) = 32),
    station            TEXT NOT NULL,
    role               TEXT NOT NULL CHECK (role IN ('', 'terminal', 'agent', 'office')),
    terminal           INTEGER,
    generation         INTEGER NOT NULL CHECK (generation >= 0),
    serial             TEXT NOT NULL,
    enrolled_at_ms     INTEGER NOT NULL,
    ends_at_ms         INTEGER NOT NULL,
    revoked_generation INTEGER NOT NULL CHECK (revoked_generation >= 0),
    revoked_at_ms      INTEGER,
    revoked_why        TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolled_devices_by_station ON enrolled_devices (station);

-- Codes that a person types once. Only a digest of the secret is kept, and no code outlives its day.
CREATE TABLE enrolment_codes (
    code_id       TEXT PRIMARY KEY CHECK (length(code_id) = 3),
    secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
    station       TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('terminal', 'agent', 'office')),
    terminal      INTEGER,
    expires_at_ms INTEGER NOT NULL,
    tries_left    INTEGER NOT NULL CHECK (tries_left >= 0),
    used_at_ms    INTEGER
) STRICT, WITHOUT ROWID;
