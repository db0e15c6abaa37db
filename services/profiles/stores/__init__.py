"""Where profiles are kept: one contract, two stores."""
