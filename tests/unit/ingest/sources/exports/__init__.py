"""Tests of the exports of Instagram and Facebook."""
