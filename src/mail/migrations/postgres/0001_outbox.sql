-- An outbox: enquiries, and one letter per recipient. Times are milliseconds since 1970. See the twin for SQLite.
-- Every later migration must let the program of the version before run beside it: add, never rename or drop.

CREATE TABLE counter (
    name TEXT PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);
INSERT INTO counter (name, last) VALUES ('enquiry', 0);

CREATE TABLE enquiry (
    number         BIGINT PRIMARY KEY,
    reference      TEXT NOT NULL UNIQUE,
    nonce          TEXT,
    fingerprint    TEXT,
    day            TEXT NOT NULL,
    corrects       BIGINT,
    received_at    BIGINT NOT NULL,
    state          TEXT NOT NULL,
    content        TEXT,
    delivered_at   BIGINT,
    answered_at    BIGINT,
    released_at    BIGINT,
    marked_spam_at BIGINT,
    told_first_at  BIGINT,
    told_times     BIGINT NOT NULL DEFAULT 0,
    erased_at      BIGINT
);
CREATE INDEX enquiry_nonce ON enquiry (nonce);
CREATE INDEX enquiry_fingerprint ON enquiry (fingerprint);

CREATE TABLE letter (
    id           BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    kind         TEXT NOT NULL DEFAULT 'enquiry',
    number       BIGINT REFERENCES enquiry (number) ON DELETE CASCADE,
    copy         BIGINT NOT NULL DEFAULT 1,
    recipient    TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    dated_at     BIGINT NOT NULL,
    state        TEXT NOT NULL DEFAULT 'waiting',
    queued_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL DEFAULT 0,
    claim        TEXT,
    attempts     BIGINT NOT NULL DEFAULT 0,
    stage        TEXT,
    fault        TEXT,
    done_at      BIGINT,
    once         TEXT UNIQUE,
    body         TEXT
);
CREATE INDEX letter_number ON letter (number);
CREATE INDEX letter_waiting ON letter (id) WHERE state = 'waiting';
CREATE INDEX letter_aside ON letter (id) WHERE state = 'set-aside';

CREATE TABLE relay (
    name         TEXT PRIMARY KEY NOT NULL,
    failures     BIGINT NOT NULL,
    paused_until BIGINT NOT NULL
);
INSERT INTO relay (name, failures, paused_until) VALUES ('staff', 0, 0);

CREATE TABLE trouble (
    kind         TEXT PRIMARY KEY NOT NULL,
    since        BIGINT NOT NULL,
    told_at      BIGINT,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0
);

-- Where health writes as much as the largest enquiry, to know that one could be kept.
CREATE TABLE probe (filling TEXT NOT NULL);
INSERT INTO probe (filling) VALUES ('');
