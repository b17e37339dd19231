"""How much work a form is, in the units of the cost model (targets/costs.py)."""
