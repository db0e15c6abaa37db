"""What authors are compared by: from the tables that profiles gives to matrices. Pure."""
