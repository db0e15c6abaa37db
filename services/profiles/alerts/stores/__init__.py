"""Where alert rules, alerts and webhooks are kept."""
