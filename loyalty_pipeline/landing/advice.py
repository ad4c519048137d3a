"""What to do next, in the words of errors."""

from loyalty_pipeline.validation.rule import NO_COLUMN_LOST


def missing_column(table: str) -> str:
    """What to do about a column that is gone, or of another type."""
    return (
        f'Bring it back, or say <column> = "" in [tables.{table}.columns] if it is gone for good; to take another type, '
        f"make {NO_COLUMN_LOST} a warning in expectations/{table}.yaml for a night"
    )
