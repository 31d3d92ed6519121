-- How many letters a problem concerned when it was last reported or checked: an alarm is repeated when there are more.
ALTER TABLE trouble ADD COLUMN letters BIGINT NOT NULL DEFAULT 0;
