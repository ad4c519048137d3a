-- mrr_growth and churn, from the sums over each segment.
CREATE TEMP TABLE published AS
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    money(COLUMNS('.*_(mrr|revenue)$')),
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
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    opening_mrr, fx_mrr, new_mrr, reactivated_mrr, expanded_mrr, contracted_mrr, churned_mrr, closing_mrr, revalued_opening_mrr,
    opening_customers, fx_customers, new_customers, reactivated_customers, expanded_customers, contracted_customers,
    churned_customers, closing_customers,
    0::DECIMAL(18, 2) AS trial_mrr, 0::BIGINT AS paused_customers,
    over_whole(closing_mrr - opening_mrr, opening_mrr) AS mrr_growth_rate,
    over_whole(expanded_mrr - contracted_mrr - churned_mrr, revalued_opening_mrr) AS existing_mrr_growth_rate,
    1 + existing_mrr_growth_rate AS nrr,
    1 - over_whole(contracted_mrr + churned_mrr, revalued_opening_mrr) AS grr,
    over_whole(new_mrr + reactivated_mrr + expanded_mrr, contracted_mrr + churned_mrr) AS quick_ratio,
    over_whole(closing_mrr, closing_customers) AS arpa,
    arr
FROM published
WHERE segment_by = 'all' OR opening_customers > 0 OR closing_customers > 0;

CREATE TEMP TABLE churn AS
SELECT period, period_start, period_end, is_complete, segment_by, segment_value,
    opening_customers, churned_customers, revalued_opening_mrr, churned_mrr, contracted_mrr, expanded_mrr,
    over_whole(churned_customers, opening_customers) AS customer_churn_rate,
    wilson(churned_customers, opening_customers, -1) AS customer_churn_rate_low,
    wilson(churned_customers, opening_customers, 1) AS customer_churn_rate_high,
    over_whole(churned_mrr + contracted_mrr, revalued_opening_mrr) AS gross_mrr_churn_rate,
    over_whole(churned_mrr + contracted_mrr - expanded_mrr, revalued_opening_mrr) AS net_mrr_churn_rate
FROM published WHERE segment_by = 'all' OR opening_customers > 0;
