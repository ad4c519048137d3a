"""A generated company with the answers to its own metrics: for trying the pipeline out, and for testing it."""

from loyalty_pipeline.demo.company import DemoCompany, write_company
from loyalty_pipeline.demo.mess import ALL_MESS

__all__ = ["ALL_MESS", "DemoCompany", "write_company"]
