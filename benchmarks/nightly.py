"""What a night costs, beside the same tables in DuckDB and pandas from the same raw files.

Run by hand, never by the test suite: `python -m benchmarks.nightly --folder <a folder>`. It makes companies there (once), runs the
steps (`--only full`, `nights`, `peers`, `scale`: some of them) and prints and keeps what they told. A step that was measured before
on the same company stays as it was until it is run again.
"""

import json
import tomllib
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path

from benchmarks.company import company_in
from benchmarks.figures import keep
from benchmarks.machine import machine, use_cores
from benchmarks.processes import Bench, Told
from benchmarks.report import markdown
from benchmarks.steps import STEPS

RESULTS = Path(__file__).with_name("results")


def main() -> None:
    """Measure, print, keep."""
    options = parsed()
    use_cores(options.cores)
    company = company_in(options.folder, options.customers, options.months, options.company)
    settings = tomllib.loads((company.made / "loyalty.toml").read_text())
    as_of = date.fromisoformat(str(settings["as_of"]))
    bench = Bench(
        options.folder,
        options.customers,
        options.months,
        as_of,
        shards=options.shards,
        night_shards=options.night_shards,
        company=company,
    )
    told = measured(bench, options.only)
    keep(told, markdown, options.results / "nightly.json")


def parsed() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, required=True, help="where companies and data folders go")
    parser.add_argument("--only", choices=STEPS, nargs="+", default=list(STEPS), help="the steps to run")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--company", type=Path, help="folder of a company of that size that is made already")
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 8], help="of the full runs")
    parser.add_argument(
        "--night-shards", type=int, nargs="+", default=[1], help="of the nights, some of --shards"
    )
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are kept")
    return parser.parse_args()


def measured(bench: Bench, only: list[str]) -> Told:
    """What every step told, those of now and those kept from before."""
    kept = bench.folder / f"told-{bench.customers}x{bench.months}.json"
    told: Told = json.loads(kept.read_text()) if kept.exists() else {}
    told |= {"customers": bench.customers, "months": bench.months, "as_of": bench.as_of.isoformat()}
    for name in (name for name in STEPS if name in only):
        print(f"{name} ...", flush=True)
        told[name] = STEPS[name](bench) | {"machine": machine()}
        kept.write_text(json.dumps(told, indent=1))
    return told


if __name__ == "__main__":
    main()
