-- Letters leave, and held enquiries are listed, by score; 0 if an earlier version stored the enquiry. See the twin for PostgreSQL.
ALTER TABLE enquiry ADD COLUMN score BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN score BIGINT NOT NULL DEFAULT 0;
CREATE INDEX letter_by_score ON letter (score, id) WHERE state = 'waiting';
-- For counting the enquiries of the last hour that were not held.
CREATE INDEX enquiry_mailed ON enquiry (received_at) WHERE state <> 'held' AND released_at IS NULL;
