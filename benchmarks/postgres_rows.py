"""A table of invoices in PostgreSQL: seventeen columns of the types that are dear, and an index on `updated_at`."""

TABLE = """
CREATE TABLE invoices (
    invoice_id bigint PRIMARY KEY, customer_id uuid NOT NULL, amount numeric(18, 4) NOT NULL, tax numeric(12, 2),
    fx_rate numeric(30, 12), currency char(3) NOT NULL, plan text, paid boolean NOT NULL, issued_on date NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, local_at timestamp, note text, meta jsonb,
    tags text[], score double precision, quantity integer)
"""
ROWS = """
INSERT INTO invoices SELECT
    g, md5((g % 300000)::text)::uuid, (g * 7919 % 100000000)::numeric / 10000, (g * 104729 % 1000000)::numeric / 100,
    CASE WHEN g % 3 > 0 THEN (g * 15485863 % 1000000007)::numeric / 1000000007 END,
    (ARRAY['EUR', 'USD', 'GBP', 'JPY'])[1 + g % 4], 'plan-' || g % 12, g % 5 > 0, date '2020-01-01' + (g % 2000)::int,
    timestamptz '2020-01-01 00:00:00+00' + g % 2000 * interval '1 day' + g * interval '1 microsecond',
    timestamptz '2020-01-01 00:00:00+00' + g * interval '1 minute', timestamp '2020-01-01' + g * interval '61 seconds',
    CASE WHEN g % 4 = 0 THEN 'note ' || md5(g::text) END, jsonb_build_object('n', g % 100, 's', 'x' || g % 7),
    CASE WHEN g % 6 = 0 THEN ARRAY['a', 'b' || g % 5] END, g / 7.0, g % 100
FROM generate_series(1, {rows}::bigint) g
"""
AFTER = "CREATE INDEX ON invoices (updated_at); VACUUM ANALYZE invoices"


def statements(rows: int) -> str:
    """What makes the table, for psql."""
    return ";".join([TABLE, ROWS.format(rows=rows), AFTER])
