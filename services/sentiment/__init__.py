"""Reads a text: sentiment, subjectivity and language, by an ONNX model."""
