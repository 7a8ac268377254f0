-- leafd's tables in PostgreSQL: psql -U leafd ids -f schema.postgresql.sql
-- leaf_alloc is Leaf's own table; where it exists it stays as it is.

CREATE TABLE IF NOT EXISTS "leaf_alloc" (
    biz_tag VARCHAR(128) NOT NULL PRIMARY KEY,
    max_id BIGINT NOT NULL DEFAULT 1,
    step INT NOT NULL,
    description VARCHAR(256),
    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS leafd_state (
    name VARCHAR(255) NOT NULL PRIMARY KEY,
    value VARCHAR(256) NOT NULL
);

CREATE TABLE IF NOT EXISTS leafd_agent (
    agent_id VARCHAR(32) NOT NULL PRIMARY KEY,
    host VARCHAR(255) NOT NULL,
    beat BIGINT NOT NULL,
    nonce VARCHAR(32) NOT NULL,
    contested INT NOT NULL DEFAULT 0,
    seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS leafd_worker (
    worker_id INT NOT NULL PRIMARY KEY,
    holder VARCHAR(32) NOT NULL,
    machine VARCHAR(64) NOT NULL,
    host VARCHAR(255) NOT NULL,
    generation BIGINT NOT NULL,
    ts_hi BIGINT NOT NULL,
    seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
