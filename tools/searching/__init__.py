"""The search for widths and scales (`fixed-search-types`): variables, judges, costs, strategies."""
