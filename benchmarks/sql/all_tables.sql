-- Payments and advocates beside MRR: what a period did to every customer, and the sums over each segment.
-- Also starts from the views raw_refunds and raw_referrals and the variable advocacy_window_months.

-- Who brought whom: the earliest conversion that counts.
CREATE TEMP TABLE advocacy AS
WITH created AS (
    SELECT root AS customer_id, min(created_at) AS created_at
    FROM customer_versions JOIN roots USING (customer_id)
    WHERE replaced_at IS NULL AND deleted_at IS NULL
    GROUP BY ALL
),
conversions AS (
    SELECT referral_id, advocates.root AS advocate_id, referred.root AS customer_id, converted_at
    FROM (
        SELECT * FROM raw_referrals WHERE referral_id <> ''
        QUALIFY row_number() OVER (PARTITION BY referral_id ORDER BY updated_at DESC) = 1
    ) AS latest
    JOIN roots AS advocates ON advocates.customer_id = advocate_customer_id
    JOIN roots AS referred ON referred.customer_id = referred_customer_id
    JOIN created ON created.customer_id = advocates.root
    WHERE deleted_at IS NULL AND converted_at IS NOT NULL
        AND advocates.root <> referred.root AND created.created_at < converted_at
),
earliest AS (
    SELECT DISTINCT ON (customer_id) * FROM conversions ORDER BY converted_at, referral_id
)
SELECT e.customer_id, e.converted_at,
    utc_of(local_of(e.converted_at) + to_months(getvariable('advocacy_window_months'))) AS window_ends_at,
    coalesce(advocate.converted_at < e.converted_at, false) AS is_downstream
FROM earliest AS e LEFT JOIN earliest AS advocate ON advocate.customer_id = e.advocate_id;

-- Lines of paid invoices by paid_at, less refunds by refunded_at.
CREATE TEMP TABLE payments AS
WITH refunded AS (
    SELECT * FROM raw_refunds
    WHERE refund_id <> '' AND amount > 0
        AND (currency = getvariable('reporting_currency') OR currency IN (SELECT currency FROM raw_fx_rates))
    QUALIFY row_number() OVER (PARTITION BY refund_id ORDER BY updated_at DESC) = 1
),
refunded_invoices AS (
    SELECT invoice_id, customer_id, deleted_at FROM raw_invoices
    WHERE invoice_id IN (SELECT invoice_id FROM refunded)
    QUALIFY row_number() OVER (PARTITION BY invoice_id ORDER BY updated_at DESC) = 1
),
amounts AS (
    SELECT invoice_id, sum(amount) AS amount FROM latest_lines WHERE deleted_at IS NULL GROUP BY ALL
),
events AS (
    SELECT customer_id, currency, paid_at AS occurred_at, coalesce(amount, 0) AS amount
    FROM billed LEFT JOIN amounts USING (invoice_id)
    WHERE cut_at IS NULL
    UNION ALL
    SELECT roots.root, currency, refunded_at, -amount
    FROM refunded JOIN refunded_invoices AS i ON i.invoice_id = refunded.invoice_id JOIN roots ON roots.customer_id = i.customer_id
    WHERE refunded.deleted_at IS NULL AND i.deleted_at IS NULL AND refunded_at < getvariable('as_of_at')
)
SELECT customer_id, currency, occurred_at, local_of(occurred_at)::DATE AS day, sum(amount)::DECIMAL(18, 4) AS amount
FROM events GROUP BY ALL;

DROP TABLE billed;

-- Everybody's first line or payment.
CREATE TEMP TABLE first_seen AS
SELECT customer_id, min(seen_at) AS seen_at
FROM (SELECT customer_id, starts_at AS seen_at FROM lines UNION ALL SELECT customer_id, occurred_at FROM payments)
GROUP BY ALL;
DROP TABLE lines;

CREATE TEMP TABLE customer_revenue AS
SELECT customer_id, date_trunc('month', day)::DATE AS month,
    sum(converted(amount, rate))::DECIMAL(18, 4) AS revenue,
    sum(converted(amount, rate)) FILTER (is_inside)::DECIMAL(18, 4) AS advocacy_revenue,
    sum(converted(amount, rate)) FILTER (is_inside AND is_downstream)::DECIMAL(18, 4) AS downstream_revenue,
    coalesce(bool_or(is_inside), false) AS has_advocacy
FROM (
    SELECT p.*, is_downstream, occurred_at >= converted_at AND occurred_at < window_ends_at AS is_inside
    FROM payments AS p LEFT JOIN advocacy USING (customer_id)
)
JOIN daily_rates USING (day, currency)
GROUP BY ALL;

DROP TABLE payments;

CREATE TEMP TABLE period_months AS
SELECT p.period_id, m.period_start AS month
FROM periods AS p JOIN periods AS m ON m.period = 'month' AND m.period_start >= p.period_start AND m.period_start < p.period_end;

-- Everybody with MRR at either end, a payment, or a line that came and went.
CREATE TEMP TABLE customer_periods AS
WITH openings AS (
    SELECT period_id, s.customer_id, any_value(s.mrr) AS opening, sum(converted(c.mrr, rate))::DECIMAL(18, 4) AS revalued
    FROM customer_state AS s JOIN periods ON s.boundary = periods.opening
    JOIN currency_state AS c ON c.customer_id = s.customer_id AND c.boundary = s.boundary
    JOIN rates ON rates.boundary = periods.closing AND rates.currency = c.currency
    GROUP BY ALL
),
closings AS (
    SELECT period_id, customer_id, mrr AS closing FROM customer_state JOIN periods ON boundary = periods.closing
),
starts AS (
    SELECT DISTINCT period_id, customer_id
    FROM (
        SELECT DISTINCT customer_id, date_trunc('month', local_of(starts_at))::DATE AS month FROM held WHERE mrr > 0
    )
    JOIN period_months USING (month)
),
paid AS (
    SELECT period_id, customer_id, sum(revenue) AS revenue, sum(advocacy_revenue) AS advocacy_revenue,
        sum(downstream_revenue) AS downstream_revenue, bool_or(has_advocacy) AS has_advocacy
    FROM customer_revenue JOIN period_months USING (month)
    GROUP BY ALL
)
SELECT period_id, customer_id, p.period_start, p.opening AS opening_on, p.closing AS closing_on,
    coalesce(openings.opening, 0) AS opening, coalesce(revalued, 0) AS revalued, coalesce(closings.closing, 0) AS closing,
    openings.opening IS NOT NULL AS was_active, closings.closing IS NOT NULL AS is_active,
    coalesce(first_active_at >= utc_of(p.opening::TIMESTAMP), false) AS is_newcomer,
    starts.customer_id IS NOT NULL AS has_started,
    revenue, advocacy_revenue, downstream_revenue, coalesce(has_advocacy, false) AS has_advocacy
FROM openings FULL JOIN closings USING (period_id, customer_id)
FULL JOIN starts USING (period_id, customer_id)
FULL JOIN paid USING (period_id, customer_id)
JOIN periods AS p USING (period_id) LEFT JOIN first_active USING (customer_id);

DROP TABLE currency_state;
DROP TABLE held;

-- The plan of a customer in a period, where it was active.
CREATE TEMP TABLE customer_plans AS
SELECT period_id, c.customer_id, known(plan_id) AS plan
FROM customer_periods AS c JOIN top_plans AS t ON t.customer_id = c.customer_id
    AND t.boundary = CASE WHEN was_active THEN opening_on ELSE closing_on END
WHERE was_active OR is_active;

DROP TABLE top_plans;

-- Summed over what customers have in common first: the eight cuts below then add up few rows.
CREATE TEMP TABLE alike AS
WITH segmented AS (
    SELECT c.*,
        coalesce(country, '(unknown)') AS country, coalesce(region, '(unknown)') AS region,
        coalesce(language, '(unknown)') AS language, coalesce(customer_segment, '(unknown)') AS customer_segment,
        coalesce(acquisition_channel, '(unknown)') AS acquisition_channel,
        age_band(year(c.period_start), birth_year) AS age_band,
        coalesce(plan, '(unknown)') AS plan
    FROM customer_periods AS c
    JOIN boundaries ON boundaries.boundary = c.closing_on
    LEFT JOIN known_versions AS v ON v.customer_id = c.customer_id
        AND (v.is_first OR v.updated_at < boundaries.at) AND (v.replaced_at IS NULL OR v.replaced_at >= boundaries.at)
    LEFT JOIN customer_plans AS p ON p.period_id = c.period_id AND p.customer_id = c.customer_id
)
SELECT period_id, country, region, language, customer_segment, acquisition_channel, age_band, plan,
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
    count(*) FILTER (NOT was_active AND is_active AND is_newcomer) AS new_customers,
    count(*) FILTER (NOT was_active AND is_active AND NOT is_newcomer) AS reactivated_customers,
    count(*) FILTER (was_active AND is_active AND closing > revalued) AS expanded_customers,
    count(*) FILTER (was_active AND is_active AND closing < revalued) AS contracted_customers,
    count(*) FILTER (was_active AND NOT is_active) AS churned_customers,
    count(*) FILTER (is_active) AS closing_customers,
    count(*) FILTER (was_active AND is_active) AS retained_customers,
    count(*) FILTER (NOT was_active AND NOT is_active AND has_started) AS transient_customers,
    count(*) FILTER (has_advocacy) AS referred_customers,
    sum(revenue) AS total_revenue,
    sum(advocacy_revenue) AS advocacy_revenue,
    sum(downstream_revenue) AS downstream_revenue
FROM segmented
GROUP BY ALL;

DROP TABLE customer_periods;

CREATE TEMP TABLE totals AS
SELECT period_id,
    coalesce(country, region, language, customer_segment, acquisition_channel, age_band, plan, 'all') AS segment_value,
    CASE grouping_id(country, region, language, customer_segment, acquisition_channel, age_band, plan)
        WHEN 63 THEN 'country' WHEN 95 THEN 'region' WHEN 111 THEN 'language' WHEN 119 THEN 'customer_segment'
        WHEN 123 THEN 'acquisition_channel' WHEN 125 THEN 'age_band' WHEN 126 THEN 'plan' ELSE 'all' END AS segment_by,
    sum(opening_mrr) AS opening_mrr, sum(fx_mrr) AS fx_mrr, sum(new_mrr) AS new_mrr,
    sum(reactivated_mrr) AS reactivated_mrr, sum(expanded_mrr) AS expanded_mrr, sum(contracted_mrr) AS contracted_mrr,
    sum(churned_mrr) AS churned_mrr, sum(closing_mrr) AS closing_mrr, sum(revalued_opening_mrr) AS revalued_opening_mrr,
    sum(opening_customers) AS opening_customers, sum(fx_customers) AS fx_customers, sum(new_customers) AS new_customers,
    sum(reactivated_customers) AS reactivated_customers, sum(expanded_customers) AS expanded_customers, sum(contracted_customers) AS contracted_customers,
    sum(churned_customers) AS churned_customers, sum(closing_customers) AS closing_customers, sum(retained_customers) AS retained_customers,
    sum(transient_customers) AS transient_customers, sum(referred_customers) AS referred_customers, sum(total_revenue) AS total_revenue,
    sum(advocacy_revenue) AS advocacy_revenue, sum(downstream_revenue) AS downstream_revenue
FROM alike
GROUP BY GROUPING SETS ((period_id), (period_id, country), (period_id, region), (period_id, language),
    (period_id, customer_segment), (period_id, acquisition_channel), (period_id, age_band), (period_id, plan));
