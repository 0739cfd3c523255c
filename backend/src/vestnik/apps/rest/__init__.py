"""The foundation of every HTTP endpoint: one shape of errors, bodies by msgspec structs, pages, the OpenAPI schema."""
