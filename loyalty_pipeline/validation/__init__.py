"""Whether raw rows keep what their contract promises, judged once: for the quarantine and for Great Expectations."""
