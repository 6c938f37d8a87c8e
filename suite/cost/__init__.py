"""What waiting costs: the article's arithmetic, the measured run beside it, and the same at the article's size.

Rule: every price and every assumption stands in prices.yaml with its unit, source and date; what was not measured has
no cost.
"""
