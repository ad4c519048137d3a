"""The lines of invoices, written from priced terms."""

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import NEVER, Columns, Ints, pick

KINDS = ["recurring", "usage", "one_off"]
RECURRING, USAGE, ONE_OFF = range(3)


def lines_over(source: Columns, invoice: Ints, kind: int, amount: Ints, plan: Ints) -> Columns:
    """Lines over the whole of the source's period, without a discount."""
    size = invoice.size
    is_recurring = kind == RECURRING
    known = is_recurring & ~source["without_interval"]
    return {
        "invoice": invoice, "sub": source["sub"], "plan": plan, "kind": np.full(size, kind), "net": amount,
        "gross": amount, "discount_kind": np.zeros(size, np.int64), "quantity": np.ones(size, np.int64),
        "start": source["start"], "end": source["end"], "issued": source["issued"],
        "interval": np.where(known, plan, len(of.PLANS)), "proration": np.zeros(size, bool),
    }  # fmt: skip


def base_lines(terms: Columns, invoice: Ints) -> Columns:
    """The plan itself, with its seats and discount, over the whole of each term."""
    kind = np.where(terms["discount"] > 0, terms["discount_kind"], 0)
    lines = lines_over(terms | {"issued": terms["start"]}, invoice, RECURRING, terms["net"], terms["plan"])
    return lines | {"gross": terms["gross"], "quantity": terms["seats"], "discount_kind": kind}


def extra_lines(terms: Columns, invoice: Ints) -> list[Columns]:
    """Support (recurring), usage of the term before and a set-up fee."""
    source = terms | {"issued": terms["start"]}
    parts = []
    for amount, kind, plan in (("extra", RECURRING, terms["support"]), ("usage", USAGE, terms["plan"]),
                               ("storage", USAGE, terms["plan"]),
                               ("setup", ONE_OFF, np.full(invoice.size, of.NO_PLAN))):  # fmt: skip
        keep = terms[amount] > 0
        parts.append(lines_over(pick(source, keep), invoice[keep], kind, terms[amount][keep], plan[keep]))
    parts[-1] |= {
        "start": np.full(parts[-1]["start"].size, NEVER),
        "end": np.full(parts[-1]["end"].size, NEVER),
    }
    return parts


def proration_lines(terms: Columns, invoice: Ints) -> list[Columns]:
    """A credit for what is left of the old price and a charge for the same time at the new one."""
    length = terms["end"] - terms["start"]
    quarters = (terms["end"] - terms["changed"]) * 4 // length
    source = terms | {"start": terms["changed"], "issued": terms["changed"]}
    parts = []
    for sign, plan, seats, suffix in ((-1, "plan", "seats", ""), (1, "plan_after", "seats_after", "_after")):
        net = sign * terms["net" + suffix] * quarters // 4
        lines = lines_over(source, invoice, RECURRING, net, terms[plan])
        parts.append(lines | {"quantity": terms[seats], "gross": net, "proration": np.ones(net.size, bool)})
    return parts
