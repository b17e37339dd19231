"""`reduce`: a failing model or module and a command, made small by leaving out parts (delta debugging)."""
