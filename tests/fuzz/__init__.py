"""What is thrown at each parser, and what must hold for whatever is thrown."""
