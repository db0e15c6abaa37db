"""The tables of the SQLite store; an index for each order in which profiles are listed.

A row of `post` without an author is a tombstone. `contribution` holds what each counted post added; posts counted
before there was that table have none. Its rows are appended, with a narrow index beside them: sorted by author,
such wide rows would be written all over the file by every fold. `remnant` counts posts that were taken out of a
profile without their figures (see `withdrawing`). `removed_author` says up to which hour an author's posts are gone.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS brand (
    brand TEXT NOT NULL PRIMARY KEY,
    profiles INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS post (
    brand TEXT NOT NULL,
    post_key TEXT NOT NULL,
    author_key TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    PRIMARY KEY (brand, post_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contribution (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    post_key TEXT NOT NULL,
    adds TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS contribution_by_author ON contribution (brand, author_key);
CREATE TABLE IF NOT EXISTS remnant (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    posts INTEGER NOT NULL,
    PRIMARY KEY (brand, author_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed_author (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    through INTEGER NOT NULL,
    PRIMARY KEY (brand, author_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS profile (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    posts INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    mean_rising REAL NOT NULL,
    mean_falling REAL NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (brand, author_key)
);
CREATE INDEX IF NOT EXISTS profile_by_posts ON profile (brand, posts, author_key);
CREATE INDEX IF NOT EXISTS profile_by_last_seen ON profile (brand, last_seen, author_key);
CREATE INDEX IF NOT EXISTS profile_by_mean_rising ON profile (brand, mean_rising, author_key);
CREATE INDEX IF NOT EXISTS profile_by_mean_falling ON profile (brand, mean_falling, author_key);
CREATE TABLE IF NOT EXISTS spoken (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (brand, author_key, language)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assignment (
    brand TEXT NOT NULL,
    basis TEXT NOT NULL,
    run_id TEXT NOT NULL,
    author_key TEXT NOT NULL,
    cluster INTEGER NOT NULL,
    PRIMARY KEY (brand, basis, run_id, author_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (
    brand TEXT NOT NULL,
    basis TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (brand, basis)
) WITHOUT ROWID
"""
