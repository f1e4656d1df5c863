"""One item's forecast as formulas that other programs can compute: what PMML and ONNX files are written of."""
