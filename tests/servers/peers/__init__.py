"""The servers that the tests run against: one module each, none of them written here."""
