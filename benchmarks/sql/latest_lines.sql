-- The latest version of every invoice line that can be used. Few lines have several: only those are ranked.
CREATE TEMP VIEW usable_lines AS
SELECT * FROM raw_invoice_lines
WHERE line_id <> '' AND kind IN ('recurring', 'usage', 'one_off') AND amount IS NOT NULL
    AND coalesce(period_end > period_start, kind <> 'recurring');

CREATE TEMP TABLE repeated_lines AS
SELECT line_id FROM usable_lines GROUP BY ALL HAVING count(*) > 1;

CREATE TEMP TABLE ranked_lines AS
SELECT * FROM usable_lines WHERE line_id IN (FROM repeated_lines)
QUALIFY row_number() OVER (PARTITION BY line_id ORDER BY updated_at DESC) = 1;

CREATE TEMP VIEW latest_lines AS
SELECT * FROM usable_lines WHERE line_id NOT IN (FROM repeated_lines)
UNION ALL
FROM ranked_lines;
