"""Passes on C as IR: which file an array stands in, who owns memory, what is called beside the steps."""
