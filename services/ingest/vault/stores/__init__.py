"""Where sealed rows lie: one contract, two stores."""
