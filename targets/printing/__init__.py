"""Programs of the `emitc` level as text; the printers spell and decide nothing."""
