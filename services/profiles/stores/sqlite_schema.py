"""The tables of the SQLite store; an index for each order in which profiles are listed and posts are read.

A row of `post` without an author is a tombstone. `analyzed_post` holds each counted post with its text and analysis
until they expire; its rows are appended, with narrow indexes beside them: sorted by author, such wide rows would be
written all over the file by every fold. The index by author tells voice and hour, too, so that the body of no post
that stays is read where another is taken out. `remnant` counts posts that were taken out of a profile without their
figures (see `removal`). `removed_author` says up to which hour an author's posts are gone, `erased` who is gone
for good. `restoration` marks a brand whose profiles or buckets came from a backup: its posts must not add to them.
`feature` has a record of each profile, narrow and in the order of pages, with the number of the profile's last change;
`brand_change` has the last number of each brand, also of one that has no profile any more. `embedding_use` counts a
brand's posts by embedding version, with the hour of the latest.
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
CREATE TABLE IF NOT EXISTS analyzed_post (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    post_key TEXT NOT NULL,
    hour INTEGER NOT NULL,
    voice TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    embedding BLOB
);
CREATE INDEX IF NOT EXISTS analyzed_post_by_author ON analyzed_post (brand, author_key, post_key, hour, voice);
CREATE INDEX IF NOT EXISTS analyzed_post_by_hour ON analyzed_post (brand, hour, post_key, voice);
CREATE INDEX IF NOT EXISTS analyzed_post_by_key ON analyzed_post (brand, post_key, hour);
CREATE INDEX IF NOT EXISTS analyzed_post_by_stored_at ON analyzed_post (stored_at);
CREATE TABLE IF NOT EXISTS bucket (
    brand TEXT NOT NULL,
    span TEXT NOT NULL,
    start INTEGER NOT NULL,
    voice TEXT NOT NULL,
    body TEXT NOT NULL,
    theta INTEGER NOT NULL,
    authors BLOB NOT NULL,
    PRIMARY KEY (brand, span, start, voice)
);
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
CREATE TABLE IF NOT EXISTS erased (
    author_key TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS restoration (
    brand TEXT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (brand, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS profile (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    posts INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    mean_falling REAL NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (brand, author_key)
);
CREATE INDEX IF NOT EXISTS profile_by_posts ON profile (brand, posts, author_key);
CREATE INDEX IF NOT EXISTS profile_by_last_seen ON profile (brand, last_seen, author_key);
CREATE INDEX IF NOT EXISTS profile_by_mean_falling ON profile (brand, mean_falling, author_key);
CREATE TABLE IF NOT EXISTS feature (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    changed INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (brand, author_key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS feature_by_changed ON feature (brand, changed, author_key);
CREATE TABLE IF NOT EXISTS brand_change (
    brand TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS brand_change_by_sequence ON brand_change (sequence);
CREATE TABLE IF NOT EXISTS embedding_use (
    brand TEXT NOT NULL,
    version TEXT NOT NULL,
    posts INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    PRIMARY KEY (brand, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embedding_sum (
    brand TEXT NOT NULL,
    author_key TEXT NOT NULL,
    version TEXT NOT NULL,
    posts INTEGER NOT NULL,
    sums BLOB NOT NULL,
    PRIMARY KEY (brand, author_key, version)
);
CREATE TABLE IF NOT EXISTS embedding_version (
    version TEXT NOT NULL PRIMARY KEY,
    dimensions INTEGER NOT NULL
) WITHOUT ROWID;
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
CREATE TABLE IF NOT EXISTS assigned_run (
    brand TEXT NOT NULL,
    basis TEXT NOT NULL,
    run_id TEXT NOT NULL,
    published INTEGER NOT NULL DEFAULT 0,
    staged_at INTEGER NOT NULL DEFAULT 0,
    leaving INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, basis, run_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (
    brand TEXT NOT NULL,
    basis TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (brand, basis)
) WITHOUT ROWID
"""
