"""`python -m loyalty_pipeline.dictionary [folder]`: write the data dictionary anew."""

import sys
from pathlib import Path

from loyalty_pipeline.dictionary.pages import FOLDER, write

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
changed = write(folder)
sys.stdout.write("".join(f"{folder / name}\n" for name in changed) or f"{folder} is current\n")
