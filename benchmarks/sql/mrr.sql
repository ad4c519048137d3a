-- MRR of every customer at every boundary, from the raw tables: what two_tables.sql and all_tables.sql both start with.
-- Views raw_<table>, latest_lines (a view or a table) and the variables as_of, zone, reporting_currency, delinquency_days,
-- renewal_grace_days and mrr_floor are there when it starts. Instants are kept as UTC without a zone.

CREATE MACRO local_of(instant) AS timezone(getvariable('zone'), timezone('UTC', instant));
CREATE MACRO utc_of(local) AS timezone('UTC', timezone(getvariable('zone'), local));
CREATE MACRO elapsed(since, until) AS (epoch_us(until) - epoch_us(since))::HUGEINT;
-- DuckDB would keep the product of two decimal(18) at 18 digits.
CREATE MACRO converted(amount, rate) AS
    CASE WHEN rate = 1 THEN amount ELSE round(amount::DECIMAL(20, 4) * rate, 4)::DECIMAL(18, 4) END;
-- Integer division that rounds half away from zero; DuckDB divides decimals as floats.
CREATE MACRO divided(n, d) AS sign(n)::BIGINT * ((2 * abs(n) + d) // (2 * d));
CREATE MACRO units(amount) AS (amount::DECIMAL(18, 4) * 10000)::BIGINT;
CREATE MACRO known(attribute) AS CASE WHEN trim(attribute) <> '' THEN attribute ELSE '(unknown)' END;
CREATE MACRO age_band(period_year, birth_year) AS CASE
    WHEN birth_year IS NULL THEN '(unknown)'
    WHEN period_year - birth_year < 25 THEN '<25' WHEN period_year - birth_year < 35 THEN '25-34'
    WHEN period_year - birth_year < 45 THEN '35-44' WHEN period_year - birth_year < 55 THEN '45-54'
    WHEN period_year - birth_year < 65 THEN '55-64' ELSE '65+' END;
CREATE MACRO money(amount) AS round(coalesce(amount, 0), 2)::DECIMAL(18, 2);
CREATE MACRO over_whole(part, whole) AS CASE WHEN whole <> 0 THEN part::DOUBLE / whole::DOUBLE END;
CREATE MACRO wilson(part, whole, side) AS CASE WHEN whole > 0 THEN
    (part / whole + 1.959963984540054 ** 2 / (2 * whole)
        + side * 1.959963984540054 * sqrt(part / whole * (1 - part / whole) / whole + 1.959963984540054 ** 2 / (4 * whole ** 2)))
    / (1 + 1.959963984540054 ** 2 / whole) END;
SET VARIABLE as_of_at = utc_of(getvariable('as_of')::TIMESTAMP);

-- Customers: every version with the time it holds; merges followed to the root.
CREATE TEMP TABLE customer_versions AS
SELECT *,
    row_number() OVER versions = 1 AS is_first,
    lead(updated_at) OVER versions AS replaced_at
FROM (SELECT DISTINCT ON (customer_id, updated_at) * FROM raw_customers WHERE customer_id <> '')
WINDOW versions AS (PARTITION BY customer_id ORDER BY updated_at);

-- Who is deleted at the source keeps no attributes.
CREATE TEMP TABLE known_versions AS
SELECT customer_id, is_first, updated_at, replaced_at, birth_year,
    known(country) AS country, known(region) AS region, known(language) AS language,
    known(customer_segment) AS customer_segment, known(acquisition_channel) AS acquisition_channel
FROM customer_versions
WHERE customer_id NOT IN (SELECT customer_id FROM customer_versions WHERE replaced_at IS NULL AND deleted_at IS NOT NULL);

CREATE TEMP TABLE merges AS
SELECT customer_id, merged_into_customer_id AS into_id
FROM customer_versions
WHERE replaced_at IS NULL AND deleted_at IS NULL AND merged_into_customer_id <> '';

CREATE TEMP TABLE roots AS
WITH RECURSIVE chain AS (
    SELECT customer_id, into_id AS root FROM merges
    UNION
    SELECT chain.customer_id, merges.into_id FROM chain JOIN merges ON merges.customer_id = chain.root
)
SELECT customer_id, root FROM chain WHERE root NOT IN (SELECT customer_id FROM merges)
UNION ALL
SELECT customer_id, customer_id FROM customer_versions
WHERE is_first AND customer_id NOT IN (SELECT customer_id FROM merges);

-- Invoices that count, and when an unpaid one stops to.
CREATE TEMP TABLE billed AS
SELECT invoice_id, roots.root AS customer_id, currency,
    CASE WHEN status = 'paid' AND coalesce(paid_at, issued_at) < getvariable('as_of_at')
        THEN NULL
        ELSE coalesce(due_at, issued_at) + to_days(getvariable('delinquency_days'))
    END AS cut_at,
    CASE WHEN status = 'paid' THEN coalesce(paid_at, issued_at) END AS paid_at
FROM (
    SELECT * FROM raw_invoices WHERE invoice_id <> ''
    QUALIFY row_number() OVER (PARTITION BY invoice_id ORDER BY updated_at DESC) = 1
) AS latest
JOIN roots ON roots.customer_id = latest.customer_id
WHERE status IN ('open', 'paid', 'uncollectible')
    AND (currency = getvariable('reporting_currency') OR currency IN (SELECT currency FROM raw_fx_rates))
    AND deleted_at IS NULL
    AND issued_at < getvariable('as_of_at');

-- Recurring lines and their MRR in units of 0.0001.
CREATE TEMP TABLE lines AS
WITH recurring AS (
    SELECT billed.customer_id, billed.currency, billed.cut_at, plan_id, "interval", coalesce(interval_count, 1) AS n,
        latest_lines.subscription_id,
        units(amount) AS amount, coalesce(proration, false) AS proration,
        period_start AS starts_at, period_end AS ends_at,
        "interval" IS NULL OR coalesce(proration, false) AS by_calendar
    FROM latest_lines JOIN billed ON billed.invoice_id = latest_lines.invoice_id
    WHERE kind = 'recurring' AND deleted_at IS NULL AND period_start < getvariable('as_of_at')
),
measured AS (
    SELECT *,
        CASE WHEN by_calendar THEN local_of(starts_at) END AS starts_local,
        CASE WHEN by_calendar THEN local_of(ends_at) END AS ends_local,
        date_diff('month', starts_local, ends_local)::INTEGER AS months,
        CASE "interval" WHEN 'day' THEN to_days(n::INTEGER) WHEN 'week' THEN to_days(7 * n::INTEGER)
            WHEN 'month' THEN to_months(n::INTEGER) WHEN 'quarter' THEN to_months(3 * n::INTEGER)
            WHEN 'year' THEN to_months(12 * n::INTEGER) END AS whole
    FROM recurring
),
counted AS (
    SELECT *,
        CASE WHEN proration THEN elapsed(utc_of(ends_local - whole), ends_at) END AS parent,
        CASE WHEN by_calendar THEN elapsed(starts_at, ends_at) END AS length,
        months - CASE WHEN ends_local - to_months(months) >= starts_local THEN 0 ELSE 1 END AS k
    FROM measured
),
rated AS (
    SELECT *,
        CASE
            WHEN "interval" = 'month' AND NOT proration THEN divided(amount, n)
            WHEN "interval" = 'quarter' AND NOT proration THEN divided(amount, 3 * n)
            WHEN "interval" = 'year' AND NOT proration THEN divided(amount, 12 * n)
            WHEN "interval" = 'week' AND NOT proration THEN divided(amount * 52, 12 * n)
            WHEN "interval" = 'day' AND NOT proration THEN divided(amount * 365, 12 * n)
            WHEN "interval" IN ('month', 'quarter', 'year')
                THEN divided(amount::HUGEINT * parent, length * n
                    * CASE "interval" WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END)
            WHEN "interval" = 'week'
                THEN divided(amount::HUGEINT * parent * 52, length * n * 12)
            WHEN "interval" = 'day'
                THEN divided(amount::HUGEINT * parent * 365, length * n * 12)
            WHEN months >= 1 AND (starts_local + to_months(months) = ends_local
                    OR ends_local - to_months(months) = starts_local)
                THEN divided(amount, months)
            ELSE divided(
                amount::HUGEINT * elapsed(utc_of(ends_local - to_months(k + 1)), utc_of(ends_local - to_months(k))),
                k * elapsed(utc_of(ends_local - to_months(k + 1)), utc_of(ends_local - to_months(k)))
                    + elapsed(starts_at, utc_of(ends_local - to_months(k))))
        END AS mrr_units
    FROM counted
)
SELECT customer_id, subscription_id, plan_id, currency, starts_at, ends_at, cut_at, mrr_units::BIGINT AS mrr FROM rated;

-- Late renewals: where the next stretch of a subscription starts within the grace, what ends before it lasts until then.
CREATE TEMP TABLE gaps AS
SELECT subscription_id, ends_at, next_start
FROM (
    SELECT subscription_id,
        max(ends_at) OVER (so_far ROWS UNBOUNDED PRECEDING) AS ends_at,
        lead(starts_at) OVER so_far AS next_start
    FROM lines WHERE subscription_id IS NOT NULL
    WINDOW so_far AS (PARTITION BY subscription_id ORDER BY starts_at)
)
WHERE next_start > ends_at AND next_start <= ends_at + to_days(getvariable('renewal_grace_days'));

CREATE TEMP TABLE held AS
SELECT customer_id, plan_id, currency, starts_at, mrr,
    least(coalesce(gaps.next_start, lines.ends_at), cut_at) AS ends_at
FROM lines LEFT JOIN gaps ON gaps.subscription_id = lines.subscription_id AND gaps.ends_at = lines.ends_at
WHERE cut_at IS NULL OR cut_at > starts_at;

CREATE TEMP TABLE first_active AS
SELECT customer_id, min(starts_at) AS first_active_at FROM held WHERE mrr > 0 GROUP BY customer_id;

-- Periods, their boundaries, and the rates of the day before each.
CREATE TEMP TABLE periods AS
WITH months AS (
    SELECT unnest(generate_series(
        date_trunc('month', local_of(least(
            (SELECT min(starts_at) FROM lines),
            (SELECT min(paid_at) FROM billed WHERE paid_at < getvariable('as_of_at'))
        ))),
        getvariable('as_of')::TIMESTAMP - INTERVAL 1 DAY, INTERVAL 1 MONTH))::DATE AS day
),
named AS (
    SELECT DISTINCT period, date_trunc(period, day)::DATE AS period_start,
        (date_trunc(period, day) + CASE period WHEN 'month' THEN INTERVAL 1 MONTH WHEN 'quarter' THEN INTERVAL 3 MONTH
            ELSE INTERVAL 1 YEAR END)::DATE AS period_end
    FROM months, (VALUES ('month'), ('quarter'), ('year')) AS kinds(period)
)
SELECT row_number() OVER () AS period_id, *, period_start AS opening,
    least(period_end, getvariable('as_of')::DATE) AS closing,
    period_end <= getvariable('as_of')::DATE AS is_complete
FROM named;

CREATE TEMP TABLE boundaries AS
SELECT boundary, utc_of(boundary::TIMESTAMP) AS at
FROM (SELECT opening AS boundary FROM periods UNION SELECT closing FROM periods);

CREATE TEMP TABLE known_rates AS
SELECT currency, rate_date, rate::VARCHAR::DECIMAL(24, 12)::DECIMAL(18, 12) AS rate FROM raw_fx_rates
WHERE currency <> ''
QUALIFY row_number() OVER (PARTITION BY currency, rate_date ORDER BY updated_at DESC) = 1;

-- Before the first rate the first one holds.
CREATE TEMP TABLE daily_rates AS
WITH days AS (
    SELECT unnest(generate_series((SELECT min(boundary) FROM boundaries) - 1, getvariable('as_of')::DATE, INTERVAL 1 DAY))::DATE AS day
)
SELECT day, currencies.currency,
    CASE WHEN currencies.currency = getvariable('reporting_currency') THEN 1
        ELSE coalesce(k.rate, (SELECT arg_min(rate, rate_date) FROM known_rates AS f WHERE f.currency = currencies.currency))
    END::DECIMAL(18, 12) AS rate
FROM days CROSS JOIN (SELECT DISTINCT currency FROM billed) AS currencies
ASOF LEFT JOIN known_rates AS k ON k.currency = currencies.currency AND k.rate_date <= days.day;

CREATE TEMP TABLE rates AS
SELECT boundary, currency, rate FROM boundaries JOIN daily_rates ON day = boundary - 1;
SELECT error('no rate at all for ' || currency) FROM rates WHERE rate IS NULL;

-- MRR at the boundaries.
CREATE TEMP TABLE plan_state AS
SELECT customer_id, boundary, currency, plan_id, (sum(mrr)::DECIMAL(18, 0) * 0.0001)::DECIMAL(18, 4) AS mrr
FROM held JOIN boundaries ON held.starts_at < boundaries.at AND boundaries.at <= held.ends_at
GROUP BY ALL;

CREATE TEMP TABLE currency_state AS
SELECT customer_id, boundary, currency, sum(mrr)::DECIMAL(18, 4) AS mrr FROM plan_state GROUP BY ALL;

CREATE TEMP TABLE top_plans AS
SELECT customer_id, boundary, plan_id
FROM (
    SELECT customer_id, boundary, plan_id, sum(converted(mrr, rate)) AS mrr
    FROM plan_state JOIN rates USING (boundary, currency) GROUP BY ALL
)
QUALIFY row_number() OVER (PARTITION BY customer_id, boundary ORDER BY mrr DESC, plan_id NULLS LAST) = 1;

DROP TABLE plan_state;

-- What is below the floor is no MRR.
CREATE TEMP TABLE customer_state AS
SELECT customer_id, boundary, sum(converted(mrr, rate))::DECIMAL(18, 4) AS mrr
FROM currency_state JOIN rates USING (boundary, currency)
GROUP BY ALL
HAVING sum(converted(mrr, rate)) >= getvariable('mrr_floor');
