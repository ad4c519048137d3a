"""All pages of the data dictionary, and where they lie."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from loyalty_pipeline.dictionary import raw
from loyalty_pipeline.dictionary.index import index
from loyalty_pipeline.dictionary.published import entries, page
from loyalty_pipeline.sources.catalogue import RAW_TABLES

FOLDER = Path("docs") / "dictionary"
MARK = "<!-- Written by `make docs` from the code: do not edit. -->"


def pages() -> dict[str, str]:
    """Every page by its place in the folder, in the order of the catalogue; the index is README.md."""
    published = entries()
    found = {"README.md": _whole(index(published))}
    found |= {f"{entry.name}.md": _whole(page(entry), "README.md") for entry in published}
    found |= {f"raw/{name}.md": _whole(raw.page(name, published), "../README.md") for name in RAW_TABLES}
    return found


def write(folder: Path) -> list[str]:
    """Bring a folder's pages up to date: those that were written, and those of tables that are gone.

    A page that is current is not touched, nor is a file that the dictionary did not write.
    """
    wanted = pages()
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.md")}
    gone = [name for name, path in sorted(there.items()) if name not in wanted and _is_ours(path)]
    for name in gone:
        there[name].unlink()
    stale = [name for name, text in wanted.items() if name not in there or _read(there[name]) != text]
    for name in stale:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(wanted[name], "utf-8", newline="\n")
    return [*stale, *gone]


def _whole(blocks: Iterable[str], home: str = "") -> str:
    return "\n\n".join(_all(blocks, home)) + "\n"


def _all(blocks: Iterable[str], home: str) -> Iterator[str]:
    yield MARK
    yield from (block for block in blocks if block)
    if home:
        yield f"[All tables]({home})"


def _is_ours(path: Path) -> bool:
    return _read(path).startswith(MARK)


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
