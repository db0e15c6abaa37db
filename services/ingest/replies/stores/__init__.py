"""Where rules, replies, tickets and claims are kept: one contract, two stores."""
