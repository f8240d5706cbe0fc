"""The devices that can be asked for, by name. Loads at once, as ``devices``, which needs ONNX Runtime, does not."""

DEVICES = {"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA", "webgpu": "WebGPU", "coreml": "CoreML"}
