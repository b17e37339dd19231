"""A generated model as a folder that a build system takes: files of the model, an example, descriptions.

The descriptions are `templates/KIND/*` with `$name` and the like filled in; every text in them comes from the model's
C identifier, the board's name and numbers.
"""
