"""Takes posts in: cleans, pseudonymises, has them analysed and folded. The only service that sees a raw id."""
