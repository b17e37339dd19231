"""Ensembles of decision trees (ai.onnx.ml), as ONNX nodes that walk all trees at once."""
