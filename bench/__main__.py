"""Runs every benchmark, one after another."""

from bench import analyze, importing, retrain

if __name__ == "__main__":
    for part in (analyze, importing, retrain):
        part.main()
