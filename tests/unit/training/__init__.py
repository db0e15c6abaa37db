"""Tests of training: corpora, recipes, evaluation and baselines."""
