"""Settings of the test suite: the project's own, with cheap password hashing and a known key."""

from vestnik.config.settings import *  # noqa: F403

SECRET_KEY = "test-secret-key-that-is-long-enough-for-hs256"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
