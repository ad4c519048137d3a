-- customer_retention, advocacy_revenue, cohort_retention and clv, without what fitted models expect.
-- Also starts from the variable gross_margin.

CREATE TEMP TABLE customer_retention AS
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    opening_customers, closing_customers, new_customers, reactivated_customers, retained_customers, transient_customers,
    over_whole(retained_customers, opening_customers) AS crr,
    wilson(retained_customers, opening_customers, -1) AS crr_low,
    wilson(retained_customers, opening_customers, 1) AS crr_high
FROM published
WHERE segment_by = 'all' OR opening_customers + closing_customers + transient_customers > 0;

CREATE TEMP TABLE advocacy_revenue AS
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    total_revenue, advocacy_revenue, downstream_revenue, referred_customers,
    over_whole(advocacy_revenue, total_revenue) AS advocacy_revenue_share
FROM published
WHERE segment_by = 'all' OR total_revenue <> 0 OR advocacy_revenue <> 0 OR downstream_revenue <> 0 OR referred_customers > 0;

-- Cohorts, with the segments of their members at the close of the cohort's month.
CREATE TEMP TABLE members AS
SELECT f.customer_id, p.period_start AS cohort,
    coalesce(country, '(unknown)') AS country, coalesce(region, '(unknown)') AS region,
    coalesce(language, '(unknown)') AS language, coalesce(customer_segment, '(unknown)') AS customer_segment,
    coalesce(acquisition_channel, '(unknown)') AS acquisition_channel,
    age_band(year(p.period_start), birth_year) AS age_band,
    coalesce(plan, '(unknown)') AS plan
FROM first_active AS f
JOIN periods AS p ON p.period = 'month' AND p.period_start = date_trunc('month', local_of(first_active_at))::DATE
JOIN boundaries ON boundaries.boundary = p.closing
LEFT JOIN known_versions AS v ON v.customer_id = f.customer_id
    AND (v.is_first OR v.updated_at < boundaries.at) AND (v.replaced_at IS NULL OR v.replaced_at >= boundaries.at)
LEFT JOIN customer_plans AS c ON c.period_id = p.period_id AND c.customer_id = f.customer_id;

CREATE TEMP TABLE cohort_cells AS
WITH months AS (
    SELECT period_start AS month, closing FROM periods WHERE period = 'month'
),
active AS (
    SELECT customer_id, month, mrr FROM customer_state JOIN months ON boundary = closing
),
seen AS (
    SELECT customer_id, month, mrr, revenue
    FROM active FULL JOIN (SELECT customer_id, month, revenue FROM customer_revenue) USING (customer_id, month)
    -- Members who were not there in their own month after all still make the cohort.
    UNION ALL
    SELECT customer_id, cohort, NULL, NULL FROM members
)
SELECT cohort, month,
    coalesce(country, region, language, customer_segment, acquisition_channel, age_band, plan, 'all') AS segment_value,
    CASE grouping_id(country, region, language, customer_segment, acquisition_channel, age_band, plan)
        WHEN 63 THEN 'country' WHEN 95 THEN 'region' WHEN 111 THEN 'language' WHEN 119 THEN 'customer_segment'
        WHEN 123 THEN 'acquisition_channel' WHEN 125 THEN 'age_band' WHEN 126 THEN 'plan' ELSE 'all' END AS segment_by,
    count(mrr) AS active_customers,
    sum(mrr) AS active_mrr,
    sum(revenue) AS revenue
FROM seen JOIN members USING (customer_id)
WHERE month >= cohort
GROUP BY GROUPING SETS ((cohort, month), (cohort, month, country), (cohort, month, region), (cohort, month, language),
    (cohort, month, customer_segment), (cohort, month, acquisition_channel), (cohort, month, age_band), (cohort, month, plan));

CREATE TEMP TABLE cohort_sizes AS
SELECT cohort, segment_by, segment_value, count(*) AS cohort_customers
FROM (UNPIVOT (SELECT *, 'all' AS "all" FROM members)
    ON "all", country, region, language, customer_segment, acquisition_channel, age_band, plan
    INTO NAME segment_by VALUE segment_value)
GROUP BY ALL;

CREATE TEMP TABLE cohort_retention AS
WITH cells AS (
    SELECT p.*, s.*, coalesce(active_customers, 0) AS active_customers, money(active_mrr) AS active_mrr,
        money(first_value(active_mrr) OVER cohort_months) AS cohort_mrr,
        money(sum(revenue) OVER cohort_months) AS cumulative_revenue
    FROM cohort_sizes AS s JOIN periods AS p ON p.period = 'month' AND p.period_start >= s.cohort
    LEFT JOIN cohort_cells AS c ON c.cohort = s.cohort AND c.month = p.period_start
        AND c.segment_by = s.segment_by AND c.segment_value = s.segment_value
    WINDOW cohort_months AS (PARTITION BY s.cohort, s.segment_by, s.segment_value ORDER BY p.period_start)
)
SELECT period, period_start, period_end, is_complete, segment_by, segment_value, cohort,
    date_diff('month', cohort, period_start) AS months_since,
    cohort_customers, cohort_mrr, active_customers, active_mrr, cumulative_revenue,
    over_whole(active_customers, cohort_customers) AS customer_retention_rate,
    wilson(active_customers, cohort_customers, -1) AS customer_retention_rate_low,
    wilson(active_customers, cohort_customers, 1) AS customer_retention_rate_high,
    over_whole(active_mrr, cohort_mrr) AS mrr_retention_rate,
    over_whole(cumulative_revenue, cohort_customers) AS revenue_per_customer
FROM cells
ORDER BY period_start, cohort, segment_by, segment_value;

DROP TABLE customer_state;
DROP TABLE members;

-- Lifetime value: everybody seen before a closing, with what they had paid by then.
CREATE TEMP TABLE values_so_far AS
WITH running AS (
    SELECT customer_id, month, lead(month) OVER months AS next_month, sum(revenue) OVER months AS revenue
    FROM customer_revenue
    WINDOW months AS (PARTITION BY customer_id ORDER BY month)
),
segmented AS (
    SELECT p.period_id, r.revenue,
        coalesce(country, '(unknown)') AS country, coalesce(region, '(unknown)') AS region,
        coalesce(language, '(unknown)') AS language, coalesce(customer_segment, '(unknown)') AS customer_segment,
        coalesce(acquisition_channel, '(unknown)') AS acquisition_channel,
        age_band(year(p.period_start), birth_year) AS age_band,
        coalesce(plan, '(unknown)') AS plan
    FROM periods AS p
    JOIN boundaries ON boundaries.boundary = p.closing
    JOIN first_seen AS s ON s.seen_at < boundaries.at
    LEFT JOIN running AS r ON r.customer_id = s.customer_id
        AND r.month < p.closing AND (r.next_month IS NULL OR r.next_month >= p.closing)
    LEFT JOIN known_versions AS v ON v.customer_id = s.customer_id
        AND (v.is_first OR v.updated_at < boundaries.at) AND (v.replaced_at IS NULL OR v.replaced_at >= boundaries.at)
    LEFT JOIN customer_plans AS c ON c.period_id = p.period_id AND c.customer_id = s.customer_id
)
SELECT period_id,
    coalesce(country, region, language, customer_segment, acquisition_channel, age_band, plan, 'all') AS segment_value,
    CASE grouping_id(country, region, language, customer_segment, acquisition_channel, age_band, plan)
        WHEN 63 THEN 'country' WHEN 95 THEN 'region' WHEN 111 THEN 'language' WHEN 119 THEN 'customer_segment'
        WHEN 123 THEN 'acquisition_channel' WHEN 125 THEN 'age_band' WHEN 126 THEN 'plan' ELSE 'all' END AS segment_by,
    sum(customers)::BIGINT AS customers,
    coalesce(sum(revenue), 0) AS revenue
FROM (
    SELECT period_id, country, region, language, customer_segment, acquisition_channel, age_band, plan,
        count(*) AS customers, sum(revenue) AS revenue
    FROM segmented GROUP BY ALL
)
GROUP BY GROUPING SETS ((period_id), (period_id, country), (period_id, region), (period_id, language),
    (period_id, customer_segment), (period_id, acquisition_channel), (period_id, age_band), (period_id, plan));

CREATE TEMP TABLE clv AS
WITH churned AS (
    SELECT period_start AS month, segment_by, segment_value, churned_customers::DOUBLE / opening_customers AS churn_rate
    FROM published WHERE period = 'month' AND opening_customers > 0
),
recent AS (
    SELECT p.period_id, segment_by, segment_value, avg(churn_rate) AS churn_rate
    FROM (
        SELECT period_id, date_trunc('month', closing - 1)::DATE AS closing_month,
            CASE WHEN closing = closing_month + INTERVAL 1 MONTH THEN closing_month ELSE closing_month - INTERVAL 1 MONTH END AS last_month
        FROM periods
    ) AS p
    JOIN churned ON month BETWEEN last_month - INTERVAL 11 MONTHS AND last_month
    GROUP BY ALL
)
SELECT p.period, p.period_start, p.period_end, p.is_complete, v.segment_by, v.segment_value,
    v.customers,
    money(v.revenue) AS historic_revenue,
    round(v.revenue::DECIMAL(30, 4) * getvariable('gross_margin')::DECIMAL(5, 4), 2)::DECIMAL(18, 2) AS historic_margin,
    over_whole(
        over_whole(closing_mrr, closing_customers) * getvariable('gross_margin')::DOUBLE, churn_rate
    ) AS simple_clv
FROM values_so_far AS v JOIN periods AS p USING (period_id)
LEFT JOIN published AS t ON t.period = p.period AND t.period_start = p.period_start
    AND t.segment_by = v.segment_by AND t.segment_value = v.segment_value
LEFT JOIN recent AS r ON r.period_id = v.period_id AND r.segment_by = v.segment_by AND r.segment_value = v.segment_value
ORDER BY p.period, p.period_start, v.segment_by, v.segment_value;
