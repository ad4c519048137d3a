"""What PostgreSQL's catalogue says of its relations: which may be read, their columns, types and keys."""

from dataclasses import dataclass

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Column, Relation
from loyalty_pipeline.sources.databases.postgres_session import Session
from loyalty_pipeline.sources.databases.postgres_types import Type

OURS = """
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
"""Tables, partitioned tables, views, materialised views and foreign tables, without the system's own."""

LISTED = f"""
SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END
{OURS} AND NOT c.relispartition AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
"""

FOUND = f"""
SELECT c.oid::int8, n.nspname::text, c.relname::text, pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
    c.relkind = 'f' OR (c.relkind = 'r' AND c.relhassubclass)
{OURS} AND ((c.relname = $1 AND pg_catalog.pg_table_is_visible(c.oid)) OR n.nspname || '.' || c.relname = $1)
ORDER BY c.relname <> $1, n.nspname LIMIT 1
"""

# A domain is what it is made of, and a column that was declared not null may hold nulls of before.
COLUMNS = """
WITH RECURSIVE made_of(attnum, type, typmod) AS (
    SELECT attnum, atttypid, atttypmod FROM pg_catalog.pg_attribute
    WHERE attrelid = $1::int8::oid AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT m.attnum, t.typbasetype, t.typtypmod
    FROM made_of m JOIN pg_catalog.pg_type t ON t.oid = m.type WHERE t.typtype = 'd')
SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
    CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname::text ELSE '' END,
    t.typcategory::text, m.typmod,
    a.attnotnull AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)),
    coalesce(k.place, 0)::int4, pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM made_of m
JOIN pg_catalog.pg_type t ON t.oid = m.type AND t.typtype <> 'd'
JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::int8::oid AND a.attnum = m.attnum
LEFT JOIN (
    SELECT u.attnum, u.place FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
    WHERE i.indrelid = $1::int8::oid AND i.indisprimary AND u.place <= i.indnkeyatts) k ON k.attnum = a.attnum
ORDER BY a.attnum
"""

# Names and files are not subject to snapshots: of a table that was truncated or took the name of another, who looked before
# sees no row. Checked after the rows were read, while the lock that reading takes is still held.
REWRITTEN = """
WITH RECURSIVE behind(oid) AS (
    SELECT $1::int8::oid
    UNION
    SELECT next.oid FROM behind JOIN pg_catalog.pg_class c ON c.oid = behind.oid, LATERAL (
        SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = behind.oid
        UNION ALL
        SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d
            ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_catalog.pg_class'::regclass
        WHERE r.ev_class = behind.oid AND c.relkind = 'v') AS next(oid))
SELECT c.oid::regclass::text FROM behind JOIN pg_catalog.pg_class c ON c.oid = behind.oid
WHERE c.relkind = 'r' AND c.relfilenode <> coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)
AND c.relfilenode <> 0
UNION ALL
SELECT $2 WHERE pg_catalog.to_regclass($2)::oid::int8 IS DISTINCT FROM $1::int8
"""


@dataclass(frozen=True)
class Described:
    """A relation as it is asked for, its name in SQL, and more of its columns than others need to know."""

    relation: Relation
    number: int
    sql: str
    types: dict[str, Type]


def described(session: Session, name: str) -> Described | None:
    """The relation of that name; None where it is not there. Raises `SourceError` where it may not be read."""
    with session.faults(f"{name} cannot be looked up"):
        found = session.rows(FOUND, (name,))
        if not found:
            return None
        number, schema, table, may_enter, is_loose = found[0]
        columns = session.rows(COLUMNS, (number,)) if may_enter else []
    readable = [column for column in columns if column[-1]]
    if not readable:
        message = f"{session.address.place}: {name} may not be read: the user needs USAGE on its schema and SELECT on it"
        raise SourceError(message)
    types = {
        column: Type(made_of, category, typmod, not_null=not_null and not is_loose)
        for column, _, made_of, category, typmod, not_null, *_ in readable
    }
    shown = {column: Column(said, types[column].kind) for column, said, *_ in readable}
    # Tables that inherit from one are read with it, and its key does not hold for them; nobody enforces a foreign one.
    key = (
        ()
        if is_loose
        else tuple(column[0] for column in sorted(columns, key=lambda column: column[6]) if column[6])
    )
    relation = Relation(name, shown, key if set(key) <= shown.keys() else ())
    return Described(relation, number, f"{quoted(schema)}.{quoted(table)}", types)


def listed(session: Session) -> list[str]:
    """The names of all relations that may be read, without the partitions of others."""
    with session.faults("its relations cannot be listed"):
        return sorted(name for (name,) in session.rows(LISTED))


def rewritten(session: Session, relation: Described) -> str:
    """A table behind the relation that is no longer what the session saw at its start; empty where there is none."""
    found = session.rows(REWRITTEN, (relation.number, relation.sql))
    return str(found[0][0]) if found else ""


def quoted(name: str) -> str:
    """A name in SQL, whatever it is made of."""
    return '"' + name.replace('"', '""') + '"'
