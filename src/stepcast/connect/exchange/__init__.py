"""One item's forecast as formulas that other programs can compute: PMML and ONNX are written of them."""
