-- A value derived from CLINIC_SECRET. Copies of the program with different secrets would make each other's links useless,
-- so a copy whose secret gives another value does not start. One row.
CREATE TABLE secret_check (
    id    BIGINT PRIMARY KEY CHECK (id = 1),
    value TEXT NOT NULL
);
