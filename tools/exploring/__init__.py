"""`tinyml explore`: many candidates, each measured once, and the front that no other one beats."""
