"""Where erasures are kept: one contract, two stores."""
