-- The register of devices and open enrolment codes: the tables of SQLite's 0003_devices.sql.

DROP TABLE devices;

CREATE TABLE enrolled_devices (
    device             TEXT PRIMARY KEY CHECK (octet_length(device) = 32),
    station            TEXT NOT NULL,
    role               TEXT NOT NULL CHECK (role IN ('', 'terminal', 'agent', 'office')),
    terminal           BIGINT,
    generation         BIGINT NOT NULL CHECK (generation >= 0),
    serial             TEXT NOT NULL,
    enrolled_at_ms     BIGINT NOT NULL,
    ends_at_ms         BIGINT NOT NULL,
    revoked_generation BIGINT NOT NULL CHECK (revoked_generation >= 0),
    revoked_at_ms      BIGINT,
    revoked_why        TEXT
);
CREATE INDEX enrolled_devices_by_station ON enrolled_devices (station);

-- Codes that a person types once. Only a digest of the secret is kept, and no code outlives its day.
CREATE TABLE enrolment_codes (
    code_id       TEXT PRIMARY KEY CHECK (length(code_id) = 3),
    secret_sha256 BYTEA NOT NULL CHECK (octet_length(secret_sha256) = 32),
    station       TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('terminal', 'agent', 'office')),
    terminal      BIGINT,
    expires_at_ms BIGINT NOT NULL,
    tries_left    BIGINT NOT NULL CHECK (tries_left >= 0),
    used_at_ms    BIGINT
);
