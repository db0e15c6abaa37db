"""The tables of the SQLite store; an index for each order in which profiles are listed."""

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
