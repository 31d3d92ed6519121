-- How often each article was opened, by day, and how many enquiries came from it, by month (kept with the first day of
-- the month, so that no enquiry can be found again by its day). Totals only: nothing here is about a person.
CREATE TABLE article_count (
    day       TEXT NOT NULL,
    article   TEXT NOT NULL,
    views     BIGINT NOT NULL,
    enquiries BIGINT NOT NULL,
    PRIMARY KEY (day, article)
);
