-- mrr_growth and churn from the raw tables, as a careful analyst would write them in one SQL script.
-- Views raw_customers, raw_invoices, raw_invoice_lines, raw_fx_rates and the variables as_of, zone, reporting_currency,
-- delinquency_days, renewal_grace_days and mrr_floor are there when it starts. Instants are kept as UTC without a zone.

CREATE MACRO local_of(instant) AS timezone(getvariable('zone'), timezone('UTC', instant));
CREATE MACRO utc_of(local) AS timezone('UTC', timezone(getvariable('zone'), local));
CREATE MACRO elapsed(since, until) AS (epoch_us(until) - epoch_us(since))::HUGEINT;
-- DuckDB would keep the product of two decimal(18) at 18 digits.
CREATE MACRO converted(amount, rate) AS
    CASE WHEN rate = 1 THEN amount ELSE round(amount::DECIMAL(20, 4) * rate, 4)::DECIMAL(18, 4) END;
-- Integer division that rounds half away from zero; DuckDB divides decimals as floats.
CREATE MACRO divided(n, d) AS sign(n)::BIGINT * ((2 * abs(n) + d) // (2 * d));
CREATE MACRO units(amount) AS (amount::DECIMAL(18, 4) * 10000)::BIGINT;
CREATE MACRO known(attribute) AS coalesce(nullif(trim(attribute), ''), '(unknown)');
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
SELECT * FROM customer_versions
WHERE customer_id NOT IN (SELECT customer_id FROM customer_versions WHERE replaced_at IS NULL AND deleted_at IS NOT NULL);

CREATE TEMP TABLE merges AS
SELECT customer_id, merged_into_customer_id AS into_id
FROM customer_versions
WHERE replaced_at IS NULL AND merged_into_customer_id <> '';

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
    AND deleted_at IS NULL
    AND issued_at < getvariable('as_of_at');

-- Recurring lines and their MRR in units of 0.0001.
CREATE TEMP TABLE lines AS
WITH latest AS (
    SELECT * FROM raw_invoice_lines
    WHERE line_id <> '' AND kind IN ('recurring', 'usage', 'one_off') AND amount IS NOT NULL
        AND (kind <> 'recurring' OR period_end > period_start)
    QUALIFY row_number() OVER (PARTITION BY line_id ORDER BY updated_at DESC) = 1
),
recurring AS (
    SELECT billed.customer_id, billed.currency, billed.cut_at, plan_id, "interval", coalesce(interval_count, 1) AS n,
        latest.subscription_id,
        units(amount) AS amount, coalesce(proration, false) AS proration,
        period_start AS starts_at, period_end AS ends_at,
        "interval" IS NULL OR coalesce(proration, false) AS by_calendar
    FROM latest JOIN billed ON billed.invoice_id = latest.invoice_id
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

CREATE TEMP TABLE rates AS
WITH latest AS (
    SELECT currency, rate_date, rate::VARCHAR::DECIMAL(24, 12)::DECIMAL(18, 12) AS rate FROM raw_fx_rates
    QUALIFY row_number() OVER (PARTITION BY currency, rate_date ORDER BY updated_at DESC) = 1
),
wanted AS (SELECT boundary, currency FROM boundaries, (SELECT DISTINCT currency FROM held))
SELECT wanted.boundary, wanted.currency,
    CASE WHEN wanted.currency = getvariable('reporting_currency') THEN 1
        ELSE coalesce(latest.rate, (SELECT arg_min(rate, rate_date) FROM latest AS l WHERE l.currency = wanted.currency))
    END::DECIMAL(18, 12) AS rate
FROM wanted ASOF LEFT JOIN latest
    ON latest.currency = wanted.currency AND latest.rate_date <= wanted.boundary - 1;
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

-- One row per customer and period with MRR at either boundary.
CREATE TEMP TABLE customer_state AS
SELECT customer_id, boundary, sum(converted(mrr, rate))::DECIMAL(18, 4) AS mrr
FROM currency_state JOIN rates USING (boundary, currency)
GROUP BY ALL
HAVING sum(converted(mrr, rate)) >= getvariable('mrr_floor');

CREATE TEMP TABLE customer_periods AS
WITH revalued AS (
    SELECT period_id, customer_id, sum(converted(mrr, rate))::DECIMAL(18, 4) AS revalued
    FROM currency_state AS s JOIN periods ON s.boundary = periods.opening
    JOIN rates ON rates.boundary = periods.closing AND rates.currency = s.currency
    GROUP BY ALL
),
openings AS (
    SELECT period_id, customer_id, mrr AS opening, revalued
    FROM customer_state JOIN periods ON boundary = opening JOIN revalued USING (period_id, customer_id)
),
closings AS (
    SELECT period_id, customer_id, mrr AS closing FROM customer_state JOIN periods ON boundary = periods.closing
)
SELECT period_id, customer_id, coalesce(openings.opening, 0) AS opening, coalesce(revalued, 0) AS revalued,
    coalesce(closings.closing, 0) AS closing, p.period_start, p.opening AS opening_on, p.closing AS closing_on,
    first_active_at >= utc_of(p.opening::TIMESTAMP) AS is_newcomer
FROM openings FULL JOIN closings USING (period_id, customer_id)
JOIN periods AS p USING (period_id) JOIN first_active USING (customer_id);

CREATE TEMP TABLE totals AS
WITH segmented AS (
    SELECT period_id,
        known(country) AS country, known(region) AS region, known(language) AS language,
        known(customer_segment) AS customer_segment, known(acquisition_channel) AS acquisition_channel,
        CASE WHEN birth_year IS NULL THEN '(unknown)'
            WHEN year(c.period_start) - birth_year < 25 THEN '<25' WHEN year(c.period_start) - birth_year < 35 THEN '25-34'
            WHEN year(c.period_start) - birth_year < 45 THEN '35-44' WHEN year(c.period_start) - birth_year < 55 THEN '45-54'
            WHEN year(c.period_start) - birth_year < 65 THEN '55-64' ELSE '65+' END AS age_band,
        known(top_plans.plan_id) AS plan,
        opening, revalued, closing, is_newcomer,
        opening > 0 AS was_active, closing > 0 AS is_active
    FROM customer_periods AS c
    JOIN boundaries ON boundaries.boundary = c.closing_on
    LEFT JOIN known_versions AS v ON v.customer_id = c.customer_id
        AND (v.is_first OR v.updated_at < boundaries.at) AND (v.replaced_at IS NULL OR v.replaced_at >= boundaries.at)
    LEFT JOIN top_plans ON top_plans.customer_id = c.customer_id
        AND top_plans.boundary = CASE WHEN opening > 0 THEN opening_on ELSE closing_on END
)
SELECT period_id,
    coalesce(country, region, language, customer_segment, acquisition_channel, age_band, plan, 'all') AS segment_value,
    CASE grouping_id(country, region, language, customer_segment, acquisition_channel, age_band, plan)
        WHEN 63 THEN 'country' WHEN 95 THEN 'region' WHEN 111 THEN 'language' WHEN 119 THEN 'customer_segment'
        WHEN 123 THEN 'acquisition_channel' WHEN 125 THEN 'age_band' WHEN 126 THEN 'plan' ELSE 'all' END AS segment_by,
    sum(opening) AS opening_mrr,
    sum(revalued - opening) AS fx_mrr,
    sum(closing) FILTER (NOT was_active AND is_newcomer) AS new_mrr,
    sum(closing) FILTER (NOT was_active AND NOT is_newcomer) AS reactivated_mrr,
    sum(closing - revalued) FILTER (was_active AND is_active AND closing > revalued) AS expanded_mrr,
    sum(revalued - closing) FILTER (was_active AND is_active AND closing < revalued) AS contracted_mrr,
    sum(revalued) FILTER (NOT is_active) AS churned_mrr,
    sum(closing) AS closing_mrr,
    sum(revalued) AS revalued_opening_mrr,
    count(*) FILTER (was_active) AS opening_customers,
    count(*) FILTER (revalued <> opening) AS fx_customers,
    count(*) FILTER (NOT was_active AND is_newcomer) AS new_customers,
    count(*) FILTER (NOT was_active AND NOT is_newcomer) AS reactivated_customers,
    count(*) FILTER (was_active AND is_active AND closing > revalued) AS expanded_customers,
    count(*) FILTER (was_active AND is_active AND closing < revalued) AS contracted_customers,
    count(*) FILTER (NOT is_active) AS churned_customers,
    count(*) FILTER (is_active) AS closing_customers
FROM segmented
GROUP BY GROUPING SETS ((period_id), (period_id, country), (period_id, region), (period_id, language),
    (period_id, customer_segment), (period_id, acquisition_channel), (period_id, age_band), (period_id, plan));

CREATE MACRO money(amount) AS round(coalesce(amount, 0), 2)::DECIMAL(18, 2);
CREATE MACRO over_whole(part, whole) AS CASE WHEN whole <> 0 THEN part::DOUBLE / whole::DOUBLE END;
CREATE MACRO wilson(part, whole, side) AS CASE WHEN whole > 0 THEN
    (part / whole + 1.959963984540054 ** 2 / (2 * whole)
        + side * 1.959963984540054 * sqrt(part / whole * (1 - part / whole) / whole + 1.959963984540054 ** 2 / (4 * whole ** 2)))
    / (1 + 1.959963984540054 ** 2 / whole) END;

CREATE TEMP TABLE published AS
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    money(opening_mrr) AS opening_mrr, money(fx_mrr) AS fx_mrr, money(new_mrr) AS new_mrr,
    money(reactivated_mrr) AS reactivated_mrr, money(expanded_mrr) AS expanded_mrr, money(contracted_mrr) AS contracted_mrr,
    money(churned_mrr) AS churned_mrr, money(closing_mrr) AS closing_mrr, money(revalued_opening_mrr) AS revalued_opening_mrr,
    coalesce(COLUMNS('.*_customers$'), 0),
    money(12 * closing_mrr) AS arr
FROM (
    SELECT * FROM totals WHERE segment_by <> 'all'
    UNION ALL BY NAME
    SELECT periods.period_id, 'all' AS segment_by, 'all' AS segment_value, t.* EXCLUDE (period_id, segment_by, segment_value)
    FROM periods LEFT JOIN (SELECT * FROM totals WHERE segment_by = 'all') AS t USING (period_id)
)
JOIN periods USING (period_id)
ORDER BY period, period_start, segment_by, segment_value;

CREATE TEMP TABLE mrr_growth AS
SELECT * EXCLUDE (arr), 0::DECIMAL(18, 2) AS trial_mrr, 0::BIGINT AS paused_customers,
    over_whole(closing_mrr - opening_mrr, opening_mrr) AS mrr_growth_rate,
    over_whole(expanded_mrr - contracted_mrr - churned_mrr, revalued_opening_mrr) AS existing_mrr_growth_rate,
    1 + existing_mrr_growth_rate AS nrr,
    1 - over_whole(contracted_mrr + churned_mrr, revalued_opening_mrr) AS grr,
    over_whole(new_mrr + reactivated_mrr + expanded_mrr, contracted_mrr + churned_mrr) AS quick_ratio,
    over_whole(closing_mrr, closing_customers) AS arpa,
    arr
FROM published;

CREATE TEMP TABLE churn AS
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    opening_customers, churned_customers, revalued_opening_mrr, churned_mrr, contracted_mrr, expanded_mrr,
    over_whole(churned_customers, opening_customers) AS customer_churn_rate,
    wilson(churned_customers, opening_customers, -1) AS customer_churn_rate_low,
    wilson(churned_customers, opening_customers, 1) AS customer_churn_rate_high,
    over_whole(churned_mrr + contracted_mrr, revalued_opening_mrr) AS gross_mrr_churn_rate,
    over_whole(churned_mrr + contracted_mrr - expanded_mrr, revalued_opening_mrr) AS net_mrr_churn_rate
FROM published WHERE segment_by = 'all' OR opening_customers > 0;
