"""ONNX: one item's forecast as a file that ONNX Runtime and other runtimes compute."""
