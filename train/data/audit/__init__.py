"""A set looked at before anyone trains on it: what is wrong or odd, and what can be mended."""

from train.data.audit.audit import Audit, audit
from train.data.audit.fix import Fix, apply_fixes, plan_fixes
from train.data.audit.page import write_page

__all__ = ["Audit", "Fix", "apply_fixes", "audit", "plan_fixes", "write_page"]
