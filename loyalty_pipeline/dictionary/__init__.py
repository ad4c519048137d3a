"""The data dictionary: a Markdown page for each table, written from its contract, its function and what it reads.

`python -m loyalty_pipeline.dictionary [folder]` writes it to a folder, by default docs/dictionary.
"""
