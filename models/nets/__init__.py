"""The face nets: TFLite translated to ONNX."""
