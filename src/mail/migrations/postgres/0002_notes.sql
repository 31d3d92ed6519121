-- Notes to staff are letters without an enquiry. A held enquiry counts as told once a day, however many people read the
-- note. See the twin for SQLite.

ALTER TABLE enquiry ADD COLUMN told_day TEXT;
CREATE INDEX enquiry_received ON enquiry (received_at);
