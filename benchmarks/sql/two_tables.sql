-- What a period did to every customer with MRR at either end of it, and the sums over each segment.
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

DROP TABLE currency_state;
DROP TABLE customer_state;
DROP TABLE held;
DROP TABLE lines;
DROP TABLE billed;

-- Summed over what customers have in common first: the eight cuts below then add up few rows.
CREATE TEMP TABLE alike AS
WITH segmented AS (
    SELECT period_id,
        coalesce(country, '(unknown)') AS country, coalesce(region, '(unknown)') AS region,
        coalesce(language, '(unknown)') AS language, coalesce(customer_segment, '(unknown)') AS customer_segment,
        coalesce(acquisition_channel, '(unknown)') AS acquisition_channel,
        age_band(year(c.period_start), birth_year) AS age_band,
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
    count(*) FILTER (NOT was_active AND is_newcomer) AS new_customers,
    count(*) FILTER (NOT was_active AND NOT is_newcomer) AS reactivated_customers,
    count(*) FILTER (was_active AND is_active AND closing > revalued) AS expanded_customers,
    count(*) FILTER (was_active AND is_active AND closing < revalued) AS contracted_customers,
    count(*) FILTER (NOT is_active) AS churned_customers,
    count(*) FILTER (is_active) AS closing_customers
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
    sum(churned_customers) AS churned_customers, sum(closing_customers) AS closing_customers
FROM alike
GROUP BY GROUPING SETS ((period_id), (period_id, country), (period_id, region), (period_id, language),
    (period_id, customer_segment), (period_id, acquisition_channel), (period_id, age_band), (period_id, plan));
