"""Settings of the test suite: the project's own, with cheap password hashing, a known key and a database of its own."""

import atexit
import shutil
import tempfile

from vestnik.config.settings import *  # noqa: F403
from vestnik.config.settings import DATABASES

SECRET_KEY = "test-secret-key-that-is-long-enough-for-hs256"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Threads share the database only if it is a file, and test runs side by side must not share it.
    _directory = tempfile.mkdtemp(prefix="vestnik-test-")
    atexit.register(shutil.rmtree, _directory, ignore_errors=True)
    DATABASES["default"]["TEST"] = {"NAME": f"{_directory}/test.sqlite3"}
