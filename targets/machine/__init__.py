"""Machine operations and blocks of them, as C spells them."""
