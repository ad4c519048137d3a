"""What landing set aside: which rows, why, what they are worth, and judging them again."""
